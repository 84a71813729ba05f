package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// RuleErasure is the rule that rows erased on request were disposed of under.
const RuleErasure = "erasure"

// personal names the columns by which rows belong to a person, by table.
var personal = map[string][]string{
	"events":          {"subject_ref", "consent_ref", "template_ref"},
	"match_log":       {"subject_ref", "consent_ref", "template_ref"},
	"consent_changes": {"consent_ref"},
	"access_log":      {"subject_ref"},
}

// byConsent names the tables whose rows know a person by consent alone. Their
// rows go first, while the events still tell which consents are the person's.
var byConsent = []string{"consent_days"}

// Delete erases every row that belongs to one of refs, be it a pseudonym, a
// consent or a template, from every table that holds such rows, by mutation, and
// waits until the server has rewritten its files and removed the old ones. The
// skeleton stays, so that the chain still verifies; what was erased is noted in
// table disposed, and a replay does not bring it back. It returns how many rows
// each table lost. An error leaves the rest to be done: call it again.
func (s *Store) Delete(ctx context.Context, refs []event.Digest) (map[string]int64, error) {
	out := map[string]int64{}
	refs = slices.DeleteFunc(slices.Clone(refs), event.Digest.IsZero)
	if len(refs) == 0 {
		return out, nil
	}
	s.mu.Lock() // no Append in between
	defer s.mu.Unlock()
	if err := s.noteDisposed(ctx, refs); err != nil {
		return out, err
	}
	if !s.o.Legacy {
		if err := s.deleteByConsent(ctx, refs, out); err != nil {
			return out, err
		}
	}
	for table, columns := range personal {
		if s.o.Legacy && table != "events" {
			continue
		}
		n, err := s.mutate(ctx, table, belongs(columns, refs))
		if err != nil {
			return out, err
		}
		out[table] = n
	}
	for table, n := range out {
		if n > 0 {
			if err := s.filesGone(ctx, table); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// deleteByConsent erases the rows that name one of refs, or a consent that an
// event of theirs relied on.
func (s *Store) deleteByConsent(ctx context.Context, refs []event.Digest, out map[string]int64) error {
	consents, err := s.consentsOf(ctx, refs)
	if err != nil {
		return err
	}
	for _, table := range byConsent {
		n, err := s.mutate(ctx, table, belongs([]string{"consent_ref"}, append(consents, refs...)))
		if err != nil {
			return err
		}
		out[table] = n
	}
	return nil
}

// consentsOf lists the consents that events which belong to refs relied on.
func (s *Store) consentsOf(ctx context.Context, refs []event.Digest) ([]event.Digest, error) {
	rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT DISTINCT lower(hex(consent_ref)) FROM %s WHERE %s AND consent_ref != toFixedString('', 32)",
		s.v.name("events"), belongs(personal["events"], refs)))
	if err != nil {
		return nil, fmt.Errorf("clickhouse: erase: whose consents: %w", err)
	}
	defer rows.Close() //nolint:errcheck // read to its end below
	var out []event.Digest
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("clickhouse: erase: whose consents: %w", err)
		}
		var d event.Digest
		if err := d.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("clickhouse: erase: whose consents: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

func belongs(columns []string, refs []event.Digest) string {
	list := make([]string, len(refs))
	for i, d := range refs {
		list[i] = "toFixedString(unhex('" + d.String() + "'), 32)"
	}
	in := " IN (" + strings.Join(list, ", ") + ")"
	return "(" + strings.Join(columns, in+" OR ") + in + ")"
}

func (s *Store) noteDisposed(ctx context.Context, refs []event.Digest) error {
	now := fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", s.o.Now().UnixMilli())
	if s.o.Legacy {
		now = fmt.Sprintf("toInt64(%d)", s.o.Now().UnixMilli())
	}
	err := s.conn.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (chain_id, seq, ts, row_hash, rule, at)
		SELECT DISTINCT chain_id, seq, ts, row_hash, '%s', %s FROM %s WHERE %s`,
		s.v.name("disposed"), RuleErasure, now, s.v.name("events"), belongs(personal["events"], refs)))
	if err != nil {
		return fmt.Errorf("clickhouse: erase: note what goes: %w", err)
	}
	return nil
}

// mutate deletes rows for good and returns how many there were, duplicates that
// were not yet merged counted once.
func (s *Store) mutate(ctx context.Context, table, where string) (int64, error) {
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM "+s.v.name(table)+" FINAL WHERE "+where).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("clickhouse: erase from %s: %w", table, err)
	}
	if n == 0 {
		return 0, nil
	}
	if !s.o.Legacy {
		ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"mutations_sync": 2}))
	}
	if err := s.conn.Exec(ctx, "ALTER TABLE "+s.v.table(table)+s.v.on()+" DELETE WHERE "+where); err != nil {
		return 0, fmt.Errorf("clickhouse: erase from %s: %w", table, err)
	}
	return int64(n), s.await(ctx, table, "mutations", "NOT is_done", "mutations that are not done", nil)
}

// filesGone waits until the server has removed the files that a mutation
// replaced, which it does when they are a few seconds old and it next looks.
// Dropping a partition that cannot exist makes it look.
func (s *Store) filesGone(ctx context.Context, table string) error {
	var look func() error
	if !s.o.Legacy && s.v.Cluster == "" {
		look = func() error {
			return s.conn.Exec(ctx, "ALTER TABLE "+s.v.table(table)+" DROP PARTITION ID '190001'")
		}
	}
	return s.await(ctx, table, "parts", "NOT active AND rows > 0", "files of before", look)
}

// patience bounds the wait for the server's own housekeeping.
const patience = 5 * time.Minute

// await waits until a system table lists no row of a table that satisfies cond;
// nudge is called before each pause.
// On a cluster it asks every replica.
func (s *Store) await(ctx context.Context, table, system, cond, what string, nudge func() error) error {
	from := "system." + system
	if s.v.Cluster != "" {
		table += "_local"
		from = fmt.Sprintf("clusterAllReplicas('%s', system.%s)", s.v.Cluster, system)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q := fmt.Sprintf("SELECT count() FROM %s WHERE database = '%s' AND table = '%s' AND %s", from, s.v.database(), table, cond)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		var n uint64
		if err := s.conn.QueryRow(ctx, q).Scan(&n); err != nil {
			return fmt.Errorf("clickhouse: erase: %w", err)
		}
		if n == 0 {
			return nil
		}
		if nudge != nil {
			if err := nudge(); err != nil {
				return fmt.Errorf("clickhouse: erase: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("clickhouse: erase from %s: %d %s: %w", table, n, what, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// Rules lists the retention rules in force.
func (s *Store) Rules() []Rule { return Rules(s.v) }

// Enforce notes from where on each chain's skeleton remains, disposes of rows
// that have outlived their rule and that the server has not yet removed by its
// TTL, and reports on every table. The error joins the failures.
func (s *Store) Enforce(ctx context.Context) ([]sqldb.Outcome, error) {
	var out []sqldb.Outcome
	var errs []error
	if err := s.raiseFloors(ctx); err != nil {
		return nil, err // without a floor, what goes would look lost
	}
	for _, r := range s.Rules() {
		o := sqldb.Outcome{Table: r.Table, Class: r.Class, Period: time.Duration(r.Days) * 24 * time.Hour, Basis: r.Basis}
		if err := s.enforce(ctx, r, &o); err != nil {
			o.Err = err.Error()
			errs = append(errs, err)
		}
		out = append(out, o)
	}
	return out, errors.Join(errs...)
}

func (s *Store) enforce(ctx context.Context, r Rule, o *sqldb.Outcome) error {
	if r.Days == 0 {
		return nil
	}
	before := s.o.Now().AddDate(0, 0, -r.Days)
	where := fmt.Sprintf("ts < fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", before.UnixMilli())
	switch {
	case strings.HasSuffix(r.Table, "_hours"):
		where = fmt.Sprintf("hour < toDateTime(%d, 'UTC')", before.Unix())
	case strings.HasSuffix(r.Table, "_days"):
		where = fmt.Sprintf("day < toDate(toDateTime(%d, 'UTC'))", before.Unix())
	}
	overdue := func() (n uint64, err error) {
		err = s.conn.QueryRow(ctx, "SELECT count() FROM "+s.v.name(r.Table)+" FINAL WHERE "+where).Scan(&n)
		return n, err
	}
	n, err := overdue()
	if err == nil && n > 0 {
		if o.Disposed, err = s.mutate(ctx, r.Table, where); err == nil {
			n, err = overdue()
		}
	}
	o.Overdue = int64(n)
	if err != nil {
		return fmt.Errorf("clickhouse: retention of %s: %w", r.Table, err)
	}
	return nil
}

// floorLead is how long before the skeleton's TTL its floor is noted, so that
// the server never removes a row before.
const floorLead = 7 * 24 * time.Hour

// raiseFloors notes for each chain the last number below all that must stay.
func (s *Store) raiseFloors(ctx context.Context) error {
	before := s.o.Now().AddDate(0, 0, -s.v.days("skeleton")).Add(floorLead)
	err := s.conn.Exec(ctx, fmt.Sprintf(`INSERT INTO %[1]s (chain_id, seq, row_hash, at)
		SELECT chain_id, max(seq) AS top, argMax(row_hash, seq), fromUnixTimestamp64Milli(toInt64(%[2]d), 'UTC')
		FROM %[3]s AS old LEFT JOIN (
			SELECT chain_id, min(seq) AS stays FROM %[3]s WHERE ts >= %[4]s GROUP BY chain_id) AS young USING (chain_id)
		WHERE ts < %[4]s AND (stays = 0 OR seq < stays) GROUP BY chain_id HAVING top > 0`,
		s.v.name("chain_floor"), s.o.Now().UnixMilli(), s.v.name("skeleton"),
		fmt.Sprintf("fromUnixTimestamp64Milli(toInt64(%d), 'UTC')", before.UnixMilli())))
	if err != nil {
		return fmt.Errorf("clickhouse: floors: %w", err)
	}
	return nil
}
