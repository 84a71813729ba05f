package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// Run is a run of numbers of a chain, both ends included.
type Run struct {
	From, To uint64
	Aged     uint64 // of them gone under a retention rule; the rest were erased
}

// Disposed returns the runs of numbers whose content is gone, in order.
func (s *Store) Disposed(ctx context.Context, chain string) ([]Run, error) {
	tx, err := s.db.R.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("sqlite: disposed: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // read only
	var out []Run
	var floor uint64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE((SELECT seq FROM chain_floor WHERE chain_id = ?), 0)`, chain).Scan(&floor); err != nil {
		return nil, fmt.Errorf("sqlite: disposed: %w", err)
	}
	if floor > 0 {
		out = append(out, Run{From: 1, To: floor, Aged: floor})
	}
	rows, err := tx.QueryContext(ctx, `SELECT MIN(seq), MAX(seq), SUM(rule <> ?2) FROM (
		SELECT seq, rule, seq - ROW_NUMBER() OVER (ORDER BY seq) AS run FROM skeleton WHERE chain_id = ?1)
		GROUP BY run ORDER BY 1`, chain, ruleErasure)
	if err != nil {
		return nil, fmt.Errorf("sqlite: disposed: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r Run
		if err := rows.Scan(&r.From, &r.To, &r.Aged); err != nil {
			return nil, fmt.Errorf("sqlite: disposed: %w", err)
		}
		if n := len(out); n > 0 && out[n-1].To+1 == r.From {
			out[n-1].To, out[n-1].Aged = r.To, out[n-1].Aged+r.Aged
			continue
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Erased returns the runs of numbers whose rows were erased on request, by chain.
func (s *Store) Erased(ctx context.Context) (map[string][]Run, error) {
	rows, err := s.db.R.QueryContext(ctx, `SELECT chain_id, MIN(seq), MAX(seq) FROM (
		SELECT chain_id, seq, seq - ROW_NUMBER() OVER (PARTITION BY chain_id ORDER BY seq) AS run FROM skeleton WHERE rule = ?)
		GROUP BY chain_id, run ORDER BY 1, 2`, ruleErasure)
	if err != nil {
		return nil, fmt.Errorf("sqlite: erased: %w", err)
	}
	defer rows.Close()
	out := map[string][]Run{}
	for rows.Next() {
		var chain string
		var r Run
		if err := rows.Scan(&chain, &r.From, &r.To); err != nil {
			return nil, fmt.Errorf("sqlite: erased: %w", err)
		}
		out[chain] = append(out[chain], r)
	}
	return out, rows.Err()
}
