package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"bystander/internal/event"
)

// The legacy variant is for tests alone: servers of 2018, such as Debian's, are
// real ones for native TCP, kill and restart, but know no TTL, CODEC, DateTime64,
// Map or window function. It is made from the same columns and has no derived
// tables; Options.Legacy chooses it. Nothing should be kept in it.

func legacyTime() writable {
	return &col[int64]{
		named: "ts", typed: "Int64",
		get:  func(e *event.Event) int64 { return e.TS.UnixMilli() },
		into: func(r *row) any { return &r.ms },
	}
}

func legacyDetail() []writable {
	return []writable{
		&col[[]string]{
			named: "detail_keys", typed: "Array(String)",
			get:  func(e *event.Event) []string { k, _ := sortedDetail(e.Detail); return k },
			into: func(r *row) any { return &r.keys },
		},
		&col[[]string]{
			named: "detail_values", typed: "Array(String)",
			get:  func(e *event.Event) []string { _, v := sortedDetail(e.Detail); return v },
			into: func(r *row) any { return &r.values },
		},
	}
}

// MigrateLegacy makes the tables of the legacy variant, for tests.
func MigrateLegacy(ctx context.Context, conn driver.Conn, v Variant) error {
	if err := v.check(); err != nil {
		return err
	}
	var defs []string
	for _, c := range columns(true) {
		defs = append(defs, c.name()+" "+c.wire())
	}
	const chain = "chain_id String, seq UInt64, "
	for _, q := range []string{
		"CREATE DATABASE IF NOT EXISTS `" + v.database() + "`",
		"CREATE TABLE IF NOT EXISTS " + v.name("events") + " (" + strings.Join(defs, ", ") + ", arrived Int64) ENGINE = ReplacingMergeTree ORDER BY (chain_id, seq, row_hash)",
		"CREATE TABLE IF NOT EXISTS " + v.name("skeleton") + " (" + chain + "ts Int64, prev_hash FixedString(32), row_hash FixedString(32)) ENGINE = ReplacingMergeTree ORDER BY (chain_id, seq, row_hash)",
		"CREATE MATERIALIZED VIEW IF NOT EXISTS " + v.name("skeleton_mv") + " TO " + v.name("skeleton") + " AS SELECT chain_id, seq, ts, prev_hash, row_hash FROM " + v.name("events"),
		"CREATE TABLE IF NOT EXISTS " + v.name("disposed") + " (" + chain + "ts Int64, row_hash FixedString(32), rule String, at Int64) ENGINE = ReplacingMergeTree ORDER BY (chain_id, seq)",
		"CREATE TABLE IF NOT EXISTS " + v.name("chain_floor") + " (" + chain + "row_hash FixedString(32), at Int64) ENGINE = ReplacingMergeTree(seq) ORDER BY chain_id",
	} {
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("clickhouse: legacy: %w", err)
		}
	}
	return nil
}
