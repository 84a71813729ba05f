package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"bystander/internal/event"
)

// Place is one number of a chain as a store's file holds it.
type Place struct {
	Seq   uint64
	Event *event.Event // nil for a skeleton, or when the row is none
	// Of a skeleton.
	Prev, Hash event.Digest
	TS         time.Time
	Rule       string
	Err        error // the row holds what no event holds
}

// Inspector reads a store's file without changing it, whatever somebody did to
// its tables: it goes by no index or constraint of theirs.
type Inspector struct {
	db     *sql.DB
	fields []event.Field
}

// Inspect opens the file at path for reading alone.
func Inspect(path string) (*Inspector, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(ON)")
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return &Inspector{db: db, fields: event.Fields()}, nil
}

// Close releases the file.
func (in *Inspector) Close() error { return in.db.Close() }

// Chains lists the chains that have left a trace.
func (in *Inspector) Chains(ctx context.Context) ([]string, error) {
	return chains(ctx, in.db)
}

// Floor returns the number up to which even skeletons are gone, zero if none.
func (in *Inspector) Floor(ctx context.Context, chain string) (event.Head, error) {
	h := event.Head{ChainID: chain}
	var hash []byte
	err := in.db.QueryRowContext(ctx, `SELECT seq, row_hash FROM chain_floor WHERE chain_id = ?`, chain).Scan(&h.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return event.Head{}, nil
	}
	if err != nil || len(hash) != len(h.Hash) {
		return event.Head{}, fmt.Errorf("sqlite: floor of %s cannot be read: %w", chain, err)
	}
	copy(h.Hash[:], hash)
	return h, nil
}

// Walk calls fn with a chain's rows and skeletons numbered from to to (both
// included; to 0 means the end), by number.
func (in *Inspector) Walk(ctx context.Context, chain string, from, to uint64, fn func(Place) error) error {
	if to == 0 {
		to = 1<<63 - 1
	}
	names := make([]string, len(in.fields))
	bare := make([]string, len(in.fields))
	for i, f := range in.fields {
		names[i], bare[i] = f.Name, "NULL"
		switch f.Name {
		case "seq", "ts", "prev_hash", "row_hash":
			bare[i] = f.Name
		}
	}
	// A number that is no number is read too, so that it shows.
	where := ` WHERE chain_id = ?1 AND NOT (typeof(seq) = 'integer' AND (seq < ?2 OR seq > ?3))`
	rows, err := in.db.QueryContext(ctx, `SELECT '' AS rule, 0 AS skeleton, `+strings.Join(names, ", ")+` FROM events`+where+`
		UNION ALL SELECT rule, 1, `+strings.Join(bare, ", ")+` FROM skeleton`+where+` ORDER BY seq, skeleton`, chain, from, to)
	if err != nil {
		return fmt.Errorf("sqlite: inspect: %w", err)
	}
	defer rows.Close()
	vals := make([]any, len(in.fields)+2)
	ptrs := make([]any, len(vals))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	for rows.Next() {
		if err := rows.Scan(ptrs...); err != nil {
			return fmt.Errorf("sqlite: inspect: %w", err)
		}
		if err := fn(in.place(vals)); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("sqlite: inspect: %w", err)
	}
	return nil
}

func (in *Inspector) place(vals []any) Place {
	e := new(event.Event)
	var errs []error
	for i, f := range in.fields {
		if err := (column{f.Ref(e)}).Scan(vals[i+2]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Name, err))
		}
	}
	p := Place{Seq: e.Seq, Err: errors.Join(errs...)}
	if skeleton, _ := vals[1].(int64); skeleton == 0 {
		if p.Err == nil {
			p.Event = e
		}
		return p
	}
	p.Prev, p.Hash, p.TS = e.PrevHash, e.RowHash, e.TS
	p.Rule, _ = vals[0].(string)
	return p
}
