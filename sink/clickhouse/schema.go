package clickhouse

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	ddl "bystander/deploy/clickhouse"
)

// Variant says for what server a schema is made.
type Variant struct {
	Database string // "bystander" when empty
	// Cluster names the cluster over which tables are replicated and sharded
	// by chain; empty for one node. Its nodes need the macros shard and replica.
	Cluster string
	Days    map[string]int // by table, where they differ from Rules
}

// K is the count below which people who are no auditors are told nothing
// (requirements 4.3).
const K = 5

// Step is one migration, rendered.
type Step struct {
	Version    int
	Name       string
	SHA256     string // of the template, the same for every variant
	Statements []string
}

func (v Variant) database() string { return cmp.Or(v.Database, "bystander") }

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

func (v Variant) check() error {
	if !plainName.MatchString(v.database()) {
		return fmt.Errorf("%w: database %q: use letters, digits and _", ErrVariant, v.Database)
	}
	if v.Cluster != "" && !plainName.MatchString(v.Cluster) {
		return fmt.Errorf("%w: cluster %q: use letters, digits and _", ErrVariant, v.Cluster)
	}
	for table, n := range v.Days {
		if _, ok := defaultRule(table); !ok {
			return fmt.Errorf("%w: days of %q: no such table", ErrVariant, table)
		}
		if n < 1 {
			return fmt.Errorf("%w: days of %s: %d, want at least 1", ErrVariant, table, n)
		}
	}
	return nil
}

// name is the table that queries and inserts use.
func (v Variant) name(table string) string { return "`" + v.database() + "`.`" + table + "`" }

// table is the table that holds the rows: on a cluster, of one shard.
func (v Variant) table(table string) string {
	if v.Cluster != "" {
		table += "_local"
	}
	return v.name(table)
}

func (v Variant) on() string {
	if v.Cluster == "" {
		return ""
	}
	return " ON CLUSTER `" + v.Cluster + "`"
}

func (v Variant) engine(kind, table string, args ...string) string {
	if v.Cluster != "" {
		kind = "Replicated" + kind
		path := fmt.Sprintf("'/clickhouse/tables/{shard}/%s/%s'", v.database(), table)
		args = append([]string{path, "'{replica}'"}, args...)
	}
	return kind + "(" + strings.Join(args, ", ") + ")"
}

// settings of every table. Blocks offered again are passed over by their token
// also where there is no replica to remember it. What was written is on the disk
// before it is acknowledged, and merged files before those that they replace go;
// then these need not stay for long, which an erasure waits for.
func (v Variant) settings() string {
	window := "non_replicated_deduplication_window"
	if v.Cluster != "" {
		window = "replicated_deduplication_window"
	}
	return window + " = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 3"
}

// distributed is the table over all shards. By chain, unless another key is
// given: rows of one chain meet their duplicates on one shard.
func (v Variant) distributed(table string, key ...string) string {
	if v.Cluster == "" {
		return ""
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s AS %s ENGINE = Distributed('%s', '%s', '%s_local', %s);\n",
		v.name(table), v.on(), v.table(table), v.Cluster, v.database(), table, append(key, "cityHash64(chain_id)")[0])
}

// ttl is the expression by which a table's rows go. A time beyond the range of
// the server's DateTime, which a broken clock can give, must not wrap round to
// one that is long past.
func (v Variant) ttl(table string) string {
	return "toDateTime(least(ts, toDateTime64('2100-01-01 00:00:00', 3, 'UTC'))) + toIntervalDay(" + strconv.Itoa(v.days(table)) + ")"
}

func (v Variant) days(table string) int {
	if n := v.Days[table]; n > 0 {
		return n
	}
	r, _ := defaultRule(table)
	return r.Days
}

func (v Variant) funcs() template.FuncMap {
	return template.FuncMap{
		"database":    func() string { return "`" + v.database() + "`" },
		"name":        v.name,
		"table":       v.table,
		"on":          v.on,
		"engine":      v.engine,
		"settings":    v.settings,
		"distributed": v.distributed,
		"ttl":         v.ttl,
		"days":        v.days,
		"k":           func() int { return K },
		"definer":     func() string { return "DEFINER = CURRENT_USER SQL SECURITY DEFINER" },
	}
}

func (v Variant) render(name, text string, more template.FuncMap) ([]string, error) {
	t, err := template.New(name).Funcs(v.funcs()).Funcs(more).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrVariant, name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrVariant, name, err)
	}
	return split(b.String()), nil
}

// split cuts a script into statements, each of which ends at a line that ends
// in a semicolon, and leaves comments out.
func split(script string) []string {
	var out []string
	var cur []string
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, " \r\n")
		if line == "" || strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		last := strings.HasSuffix(line, ";")
		cur = append(cur, strings.TrimSuffix(line, ";"))
		if last {
			out, cur = append(out, strings.Join(cur, "\n")), nil
		}
	}
	if len(cur) > 0 {
		out = append(out, strings.Join(cur, "\n"))
	}
	return out
}

var stepName = regexp.MustCompile(`^(\d{4})_([a-z_]+)\.sql$`)

// Steps renders every migration, in order. It fails with ErrVariant.
func Steps(v Variant) ([]Step, error) { return steps(ddl.Steps, v) }

func steps(from fs.FS, v Variant) ([]Step, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	names, err := fs.Glob(from, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	slices.Sort(names)
	var out []Step
	for _, name := range names {
		m := stepName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("%w: %s is not named NNNN_name.sql", ErrVariant, name)
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("clickhouse: %w", err)
		}
		n, _ := strconv.Atoi(m[1])
		if n != len(out)+1 {
			return nil, fmt.Errorf("%w: %s: number %d is missing", ErrVariant, name, len(out)+1)
		}
		stmts, err := v.render(name, string(text), nil)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, Step{Version: n, Name: m[2], SHA256: hex.EncodeToString(sum[:]), Statements: stmts})
	}
	return out, nil
}

// Print renders the whole schema, roles included, for a person to read or to
// apply with another client.
func Print(v Variant) (string, error) {
	all, err := Steps(v)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "-- %04d %s, SHA-256 %s\n", s.Version, s.Name, s.SHA256)
		for _, q := range s.Statements {
			b.WriteString(q + ";\n\n")
		}
	}
	roles, err := Roles(v)
	if err != nil {
		return "", err
	}
	b.WriteString("-- roles\n")
	for _, q := range roles {
		b.WriteString(q + ";\n")
	}
	return b.String(), nil
}

var (
	createTable = regexp.MustCompile("CREATE TABLE IF NOT EXISTS `[^`]+`\\.`([^`]+)`")
	classed     = regexp.MustCompile(`(?m)^\s+(?:ADD COLUMN IF NOT EXISTS )?(\w+) .* COMMENT '(L[1-4])\b`)
	alterTable  = regexp.MustCompile("^ALTER TABLE `[^`]+`\\.`([^`]+)`")
)

// Classes tells the data class of each column, by table, as the steps declare
// them. The engine holds the same in the columns' comments.
func Classes() map[string]map[string]string {
	all, err := Steps(Variant{})
	if err != nil {
		panic(err) // the steps are part of the program, and a test renders them
	}
	out := map[string]map[string]string{}
	for _, s := range all {
		for _, q := range s.Statements {
			m := createTable.FindStringSubmatch(q)
			if m == nil {
				m = alterTable.FindStringSubmatch(q)
			}
			if m == nil {
				continue
			}
			for _, c := range classed.FindAllStringSubmatch(q, -1) {
				if out[m[1]] == nil {
					out[m[1]] = map[string]string{}
				}
				out[m[1]][c[1]] = c[2]
			}
		}
	}
	return out
}

// tables lists the tables of the schema in alphabetical order.
func tables() []string { return slices.Sorted(maps.Keys(Classes())) }

// columnsOf lists the columns whose class is one of want, in order.
func columnsOf(classes map[string]string, want []string) []string {
	var out []string
	for _, c := range slices.Sorted(maps.Keys(classes)) {
		if slices.Contains(want, classes[c]) {
			out = append(out, c)
		}
	}
	return out
}
