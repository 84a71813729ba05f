package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Rule says how long a table's rows are kept, how they go, and why that long.
type Rule struct {
	Table  string
	Class  string        // of the data, for reports: "match events", "access log", …
	Period time.Duration // 0 keeps rows for as long as the database exists
	Column string        // that holds the row's time in ms since 1970; unless Period is 0
	Basis  string        // legal or operational ground
	// Dispose removes the rows older than before (ms since 1970) in tx and
	// returns how many. Nil deletes them. Self, when true, tells that the
	// table's owner disposes by itself and Enforce only counts what is overdue.
	Dispose func(ctx context.Context, tx *sql.Tx, before int64) (int64, error)
	Self    bool
}

func (r Rule) check() error {
	switch {
	case r.Table == "" || r.Class == "" || r.Basis == "":
		return fmt.Errorf("%w: %q: table, class and basis must be given", ErrNoRule, r.Table)
	case r.Period < 0, r.Period > 0 && r.Column == "":
		return fmt.Errorf("%w: %q: a period needs the column of the row's time", ErrNoRule, r.Table)
	}
	return nil
}

// Outcome is what Enforce did to one table.
type Outcome struct {
	Table    string        `json:"table"`
	Class    string        `json:"class"`
	Period   time.Duration `json:"period"`
	Basis    string        `json:"basis"`
	Disposed int64         `json:"disposed"` // rows
	Overdue  int64         `json:"overdue"`  // rows that should be gone and are not
	Err      string        `json:"error,omitempty"`
}

// Rules lists the database's retention rules.
func (d *DB) Rules() []Rule { return append([]Rule(nil), d.schema.Rules...) }

// Enforce disposes of what has outlived its rule at now and reports on every
// table, also on those that failed; the error joins the failures.
func (d *DB) Enforce(ctx context.Context, now time.Time) ([]Outcome, error) {
	var out []Outcome
	var errs []error
	for _, r := range d.schema.Rules {
		o := Outcome{Table: r.Table, Class: r.Class, Period: r.Period, Basis: r.Basis}
		if err := d.enforce(ctx, r, now, &o); err != nil {
			o.Err = err.Error()
			errs = append(errs, fmt.Errorf("sqldb: retention of %s: %w", r.Table, err))
		}
		out = append(out, o)
	}
	return out, errors.Join(errs...)
}

func (d *DB) enforce(ctx context.Context, r Rule, now time.Time, o *Outcome) error {
	if r.Period == 0 {
		return nil
	}
	before := now.Add(-r.Period).UnixMilli()
	var failed error
	if !r.Self {
		failed = d.Tx(ctx, func(tx *sql.Tx) (err error) {
			if r.Dispose != nil {
				o.Disposed, err = r.Dispose(ctx, tx, before)
				return err
			}
			res, err := tx.ExecContext(ctx, `DELETE FROM `+r.Table+` WHERE `+r.Column+` < ?`, before)
			if err != nil {
				return err
			}
			o.Disposed, err = res.RowsAffected()
			return err
		})
		if failed != nil {
			o.Disposed = 0
		}
	}
	err := d.R.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+r.Table+` WHERE `+r.Column+` < ?`, before).Scan(&o.Overdue)
	return errors.Join(failed, err)
}
