package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The ways in which a move is refused.
var (
	// ErrNotEmpty reports a server that holds rows of such stores already.
	ErrNotEmpty = errors.New("sqldb: there are rows already")
	// ErrDiffers reports a copy that is not what was copied.
	ErrDiffers = errors.New("sqldb: the copy differs")
)

// Moving is one store on its way from a file to a server.
type Moving struct {
	From string // the SQLite file
	To   string // Place on the server; the store has been opened there, so its tables are made
}

// Moved is one table that was copied: how many rows, and a digest of them, the
// same on either side.
type Moved struct {
	Schema, Table string
	Rows          int64
	Digest        string
}

// seeded are tables that opening a store fills: their rows are replaced, as long
// as nothing else has been stored.
var seeded = []string{"lease_serial", "revision", "key_check"}

// Move copies stores from files to a server, in one transaction: all of them or
// nothing. Each table is counted and digested on both sides before that is
// committed. The files are only read; nobody may change them meanwhile. It fails
// with ErrNotEmpty and ErrDiffers.
func Move(ctx context.Context, stores []Moving, progress func(Moved)) (_ []Moved, err error) {
	if len(stores) == 0 {
		return nil, nil
	}
	srv, pg, err := dial(ctx, stores[0].To)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pg.Close(context.WithoutCancel(ctx))) }()
	var out []Moved
	err = pgx.BeginFunc(ctx, pg, func(tx pgx.Tx) error {
		for _, s := range stores {
			done, err := moveStore(ctx, tx, s, srv)
			if err != nil {
				return fmt.Errorf("sqldb: move %s: %w", s.From, err)
			}
			for _, m := range done {
				if progress != nil {
					progress(m)
				}
			}
			out = append(out, done...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func moveStore(ctx context.Context, tx pgx.Tx, s Moving, first *server) (out []Moved, err error) {
	to, err := openServer(s.To)
	if err != nil {
		return nil, err
	}
	if !to.sameDatabase(first) {
		return nil, fmt.Errorf("%w: all stores move to one database", ErrPlace)
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(to.place.schema)); err != nil {
		return nil, explain(err)
	}
	if _, err := tx.Exec(ctx, `SET LOCAL search_path = `+pgx.Identifier{to.place.schema}.Sanitize()); err != nil {
		return nil, err
	}
	from, err := sql.Open("sqlite", fileURI(s.From)+"?mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(ON)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	read, err := from.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer read.Rollback() //nolint:errcheck // read only
	tables, err := tablesOf(ctx, read)
	if err != nil {
		return nil, err
	}
	if err := clearSeeds(ctx, tx, tables); err != nil {
		return nil, err
	}
	for _, t := range tables {
		m, err := moveTable(ctx, read, tx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		m.Schema = to.place.schema
		out = append(out, m)
	}
	return out, nil
}

// tablesOf lists a file's tables by name; those that others refer to come first
// by it.
func tablesOf(ctx context.Context, q *sql.Tx) ([]string, error) {
	return texts(ctx, q, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		AND name <> '`+migrationsTable+`' ORDER BY name`)
}

// clearSeeds makes sure that nothing is overwritten.
func clearSeeds(ctx context.Context, tx pgx.Tx, tables []string) error {
	for _, t := range tables {
		if slices.Contains(seeded, t) {
			continue
		}
		var some bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+pgx.Identifier{t}.Sanitize()+`)`).Scan(&some); err != nil {
			return err
		}
		if some {
			return fmt.Errorf("%w: %s: move into an empty database, or drop the schemas bystander_* of one that is not in use", ErrNotEmpty, t)
		}
	}
	for _, t := range tables {
		if slices.Contains(seeded, t) {
			if _, err := tx.Exec(ctx, `DELETE FROM `+pgx.Identifier{t}.Sanitize()); err != nil {
				return err
			}
		}
	}
	return nil
}

func moveTable(ctx context.Context, from *sql.Tx, to pgx.Tx, table string) (m Moved, err error) {
	m.Table = table
	name := pgx.Identifier{table}.Sanitize()
	rows, err := from.QueryContext(ctx, `SELECT * FROM `+name) //nolint:rowserrcheck // tableSource.Err does
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return m, err
	}
	var want tally
	src := &tableSource{rows: rows, columns: len(columns), sum: &want}
	if m.Rows, err = to.CopyFrom(ctx, pgx.Identifier{table}, columns, src); err != nil {
		return m, fmt.Errorf("row %d: %w", want.rows, err)
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	got, err := tallied(ctx, to, `SELECT `+strings.Join(quoted, ", ")+` FROM `+name)
	if err != nil {
		return m, err
	}
	if got.rows != want.rows || got.String() != want.String() {
		return m, fmt.Errorf("%w: %d rows with digest %s became %d with %s", ErrDiffers, want.rows, &want, got.rows, &got)
	}
	m.Digest = got.String()
	return m, goOn(ctx, to, table)
}

// goOn lets numbers that the server gives follow on those that were copied.
func goOn(ctx context.Context, tx pgx.Tx, table string) error {
	var column *string
	err := tx.QueryRow(ctx, `SELECT max(column_name) FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'`, table).Scan(&column)
	if err != nil || column == nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence(quote_ident(current_schema()) || '.' || quote_ident($1), $2),
		coalesce(max(%s), 0) + 1, false) FROM %s`, pgx.Identifier{*column}.Sanitize(), pgx.Identifier{table}.Sanitize()), table, *column)
	return err
}

// tableSource hands a file's rows on and tallies them. It implements
// pgx.CopyFromSource.
type tableSource struct {
	rows    *sql.Rows
	columns int
	sum     *tally
	row     []any
	err     error
}

// Next implements pgx.CopyFromSource.
func (s *tableSource) Next() bool {
	if s.err != nil || !s.rows.Next() {
		return false
	}
	s.row = make([]any, s.columns)
	to := make([]any, s.columns)
	for i := range to {
		to[i] = &s.row[i]
	}
	if s.err = s.rows.Scan(to...); s.err != nil {
		return false
	}
	for i, v := range s.row {
		if b, ok := v.([]byte); ok && b == nil {
			s.row[i] = []byte{} // empty, not missing
		}
	}
	s.err = s.sum.add(s.row)
	return s.err == nil
}

// Values implements pgx.CopyFromSource.
func (s *tableSource) Values() ([]any, error) { return s.row, nil }

// Err implements pgx.CopyFromSource.
func (s *tableSource) Err() error { return errors.Join(s.err, s.rows.Err()) }

func tallied(ctx context.Context, tx pgx.Tx, query string) (t tally, err error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.Values()
		if err == nil {
			err = t.add(row)
		}
		if err != nil {
			return t, err
		}
	}
	return t, rows.Err()
}

// tally counts rows and digests them in whatever order they come: the sum of
// their SHA-256 values.
type tally struct {
	rows int64
	sum  big.Int
}

var modulus = new(big.Int).Lsh(big.NewInt(1), 256)

// add takes up a row: each value by its kind, its length and its bytes.
func (t *tally) add(row []any) error {
	var b []byte
	put := func(kind byte, v []byte) {
		b = append(b, kind)
		b = binary.BigEndian.AppendUint64(b, uint64(len(v)))
		b = append(b, v...)
	}
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			put('n', nil)
		case int64:
			put('i', binary.BigEndian.AppendUint64(nil, uint64(v)))
		case float64:
			put('f', binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
		case string:
			put('s', []byte(v))
		case []byte:
			put('b', v)
		default:
			return fmt.Errorf("sqldb: a value of type %T", v)
		}
	}
	h := sha256.Sum256(b)
	t.sum.Add(&t.sum, new(big.Int).SetBytes(h[:]))
	t.sum.Mod(&t.sum, modulus)
	t.rows++
	return nil
}

// String is the digest in hex.
func (t *tally) String() string {
	var b [32]byte
	return hex.EncodeToString(t.sum.FillBytes(b[:]))
}
