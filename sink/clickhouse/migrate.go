package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	ddl "bystander/deploy/clickhouse"
)

const migrationsTable = "schema_migrations"

// Report tells what Migrate did.
type Report struct {
	From, To int      // versions
	Applied  []string // names of the steps
	Periods  []string // tables whose retention period was changed
	Room     []string // tables that now leave room on the disk
	// NoRoles says why roles and policies could not be made; empty when they
	// were. The store works without; who may read it is then up to the server.
	NoRoles string
}

// Migrate brings the database up to date: steps that it lacks are applied and
// noted with their hash, retention periods are made what v says, inserts leave
// room on the disk, roles and row policies are made. It can be repeated, also after it was cut short: each step
// repeats what was done of it. It fails with ErrVariant, ErrAltered, ErrNewer,
// ErrServer and the server's errors.
func Migrate(ctx context.Context, conn driver.Conn, v Variant) (Report, error) {
	return migrate(ctx, conn, v, ddl.Steps)
}

func migrate(ctx context.Context, conn driver.Conn, v Variant, from fs.FS) (Report, error) {
	all, err := steps(from, v)
	if err != nil {
		return Report{}, err
	}
	if err := checkServer(ctx, conn); err != nil {
		return Report{}, err
	}
	if err := makeMigrations(ctx, conn, v); err != nil {
		return Report{}, err
	}
	done, err := checkApplied(ctx, conn, v, all)
	if err != nil {
		return Report{}, err
	}
	rep := Report{From: done, To: done}
	for _, s := range all[done:] {
		if err := apply(ctx, conn, v, s); err != nil {
			return rep, err
		}
		rep.To, rep.Applied = s.Version, append(rep.Applied, s.Name)
	}
	if rep.Periods, err = setPeriods(ctx, conn, v); err != nil {
		return rep, err
	}
	if rep.Room, err = keepRoom(ctx, conn, v); err != nil {
		return rep, err
	}
	rep.NoRoles, err = makeRoles(ctx, conn, v)
	return rep, err
}

// Current reports with ErrOlder or ErrNewer a database that is not at this
// program's version, and with ErrAltered one that was set up by other steps.
func Current(ctx context.Context, conn driver.Conn, v Variant) error {
	all, err := Steps(v)
	if err != nil {
		return err
	}
	var there uint64
	err = conn.QueryRow(ctx, `SELECT count() FROM system.tables WHERE database = ? AND name = ?`, v.database(), migrationsTable).Scan(&there)
	if err != nil {
		return fmt.Errorf("clickhouse: version: %w", err)
	}
	done := 0
	if there > 0 {
		if done, err = checkApplied(ctx, conn, v, all); err != nil {
			return err
		}
	}
	if done < len(all) {
		return fmt.Errorf("%w: it is at %d, this program needs %d: run bystander clickhouse migrate", ErrOlder, done, len(all))
	}
	return nil
}

func checkServer(ctx context.Context, conn driver.Conn) error {
	var version string
	if err := conn.QueryRow(ctx, `SELECT version()`).Scan(&version); err != nil {
		return fmt.Errorf("clickhouse: version: %w", err)
	}
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil || a < 24 || (a == 24 && b < 8) {
		return fmt.Errorf("%w: %s: the schema needs 24.8 or newer", ErrServer, version)
	}
	return nil
}

func makeMigrations(ctx context.Context, conn driver.Conn, v Variant) error {
	// Without a shard in its path, so that every node of a cluster knows.
	engine := "ReplacingMergeTree"
	if v.Cluster != "" {
		engine = fmt.Sprintf("ReplicatedReplacingMergeTree('/clickhouse/tables/%s/%s', '{shard}-{replica}')", v.database(), migrationsTable)
	}
	for _, q := range []string{
		"CREATE DATABASE IF NOT EXISTS `" + v.database() + "`" + v.on(),
		"CREATE TABLE IF NOT EXISTS " + v.name(migrationsTable) + v.on() + ` (
			version UInt32 COMMENT 'L1', name String COMMENT 'L1', sha256 String COMMENT 'L1', applied_at DateTime('UTC') COMMENT 'L1'
		) ENGINE = ` + engine + ` ORDER BY version COMMENT 'What was done to the schema.'`,
	} {
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("clickhouse: migrate: %w", err)
		}
	}
	return nil
}

// checkApplied compares what was applied with what is known and returns how
// many steps are done.
func checkApplied(ctx context.Context, conn driver.Conn, v Variant, all []Step) (int, error) {
	rows, err := conn.Query(ctx, `SELECT version, name, sha256 FROM `+v.name(migrationsTable)+` FINAL ORDER BY version`)
	if err != nil {
		return 0, fmt.Errorf("clickhouse: migrations: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	done := 0
	for rows.Next() {
		var n uint32
		var name, sum string
		if err := rows.Scan(&n, &name, &sum); err != nil {
			return 0, fmt.Errorf("clickhouse: migrations: %w", err)
		}
		if int(n) > len(all) {
			return 0, fmt.Errorf("%w: it has step %d (%s), this program knows %d: use the later program", ErrNewer, n, name, len(all))
		}
		if n == 0 || int(n) != done+1 || all[n-1].SHA256 != sum {
			return 0, fmt.Errorf("%w: %d (%s)", ErrAltered, n, name)
		}
		done++
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("clickhouse: migrations: %w", err)
	}
	return done, nil
}

func apply(ctx context.Context, conn driver.Conn, v Variant, s Step) error {
	for i, q := range s.Statements {
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("clickhouse: step %d (%s), statement %d: %w", s.Version, s.Name, i+1, err)
		}
	}
	err := conn.Exec(ctx, `INSERT INTO `+v.name(migrationsTable)+` (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)`,
		uint32(s.Version), s.Name, s.SHA256, time.Now().UTC())
	if err != nil {
		return fmt.Errorf("clickhouse: step %d (%s): %w", s.Version, s.Name, err)
	}
	return nil
}

var ttlOf = regexp.MustCompile(`(?s)\bTTL (.+?) \+ toIntervalDay\((\d+)\)`)

// setPeriods makes each table's TTL what its rule says, for a rule may change
// after the table was made.
func setPeriods(ctx context.Context, conn driver.Conn, v Variant) ([]string, error) {
	var changed []string
	for _, r := range Rules(v) {
		if r.Days == 0 {
			continue
		}
		table := r.Table
		if v.Cluster != "" {
			table += "_local"
		}
		var def string
		err := conn.QueryRow(ctx, `SELECT create_table_query FROM system.tables WHERE database = ? AND name = ?`, v.database(), table).Scan(&def)
		if err != nil {
			return changed, fmt.Errorf("clickhouse: retention of %s: %w", table, err)
		}
		m := ttlOf.FindStringSubmatch(def)
		if m == nil {
			return changed, fmt.Errorf("%w: %s has no TTL, and its rule says %d days", ErrAltered, table, r.Days)
		}
		if m[2] == strconv.Itoa(r.Days) {
			continue
		}
		err = conn.Exec(ctx, fmt.Sprintf("ALTER TABLE %s%s MODIFY TTL %s + toIntervalDay(%d)", v.table(r.Table), v.on(), m[1], r.Days))
		if err != nil {
			return changed, fmt.Errorf("clickhouse: retention of %s: %w", table, err)
		}
		changed = append(changed, r.Table)
	}
	return changed, nil
}

// The server's codes for who keeps no roles of its own, and for who may not
// make any.
const (
	codeNoAccessStorage = 514
	codeAccessDenied    = 497
)

func makeRoles(ctx context.Context, conn driver.Conn, v Variant) (why string, err error) {
	stmts, err := Roles(v)
	if err != nil {
		return "", err
	}
	for _, q := range stmts {
		err := conn.Exec(ctx, q)
		if e := (*ch.Exception)(nil); errors.As(err, &e) && (e.Code == codeNoAccessStorage || e.Code == codeAccessDenied) {
			return e.Message, nil
		}
		if err != nil {
			return "", fmt.Errorf("clickhouse: roles: %w", err)
		}
	}
	return "", nil
}

// Things lists the tables that tell of things and rules, not of people: a
// tenant may read its own rows of them, without the columns of class L3.
func Things() []string {
	return []string{"camera_health", "gate_changes", "notice_changes", "scene_changes", "zone_changes"}
}

// openViews are the counts that people who are no auditors may see.
var openViews = [...]string{"open_hours", "open_matches", "open_minutes"}

// Roles renders the roles of the whole store.
func Roles(v Variant) ([]string, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	return v.render("roles.sql", ddl.Roles, template.FuncMap{"tables": tables, "things": Things})
}

var siteName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// SiteRole is the role of the people of one site.
func SiteRole(site string) string { return "bystander_site_" + site }

// Site renders what the people of one site may see, to be applied once for each
// site that shares the store. It fails with ErrVariant.
func Site(v Variant, site string) ([]string, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	if !siteName.MatchString(site) {
		return nil, fmt.Errorf("%w: site %q: use letters, digits, '_', '.' and '-'", ErrVariant, site)
	}
	classes := Classes()
	return v.render("site.sql", ddl.Site, template.FuncMap{
		"site":     func() string { return "'" + site + "'" },
		"role":     func() string { return "`" + SiteRole(site) + "`" },
		"things":   Things,
		"counts":   func() []string { return openViews[:] },
		"siteview": func(view string) string { return v.name(view + "_" + site) },
		"columns": func(table string, want ...string) string {
			return strings.Join(columnsOf(classes[table], want), ", ")
		},
	})
}

// AddSite applies Site.
func AddSite(ctx context.Context, conn driver.Conn, v Variant, site string) error {
	stmts, err := Site(v, site)
	if err != nil {
		return err
	}
	for _, q := range stmts {
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("clickhouse: site %s: %w", site, err)
		}
	}
	return nil
}
