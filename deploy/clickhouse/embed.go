// Package clickhouse holds the schema of the event store in ClickHouse 24.8 and
// newer: numbered steps that package sink/clickhouse renders and applies. Once
// released a step never changes.
package clickhouse

import "embed"

// Steps holds NNNN_name.sql, in text/template form; the functions they use are
// those of sink/clickhouse.Variant. A statement ends at a line that ends in a
// semicolon.
//
//go:embed [0-9]*.sql
var Steps embed.FS

// Site is the template of what one tenant gets: a role, row policies and grants.
//
//go:embed site.sql
var Site string

// Roles is the template of the roles of the whole store.
//
//go:embed roles.sql
var Roles string
