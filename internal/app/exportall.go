package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"bystander/audit/access"
	"bystander/internal/config"
	"bystander/internal/sqldb"
	"bystander/match/vault"
	"bystander/policy/sitestore"
	persons "bystander/policy/store"
	"bystander/schema"
)

// ExportAllOptions say where everything goes, and why.
type ExportAllOptions struct {
	Out        string // new folder
	Purpose    string // kept in the access log
	Recordings bool
	Stdout     io.Writer
}

// notExported are stores that no other program can use, or that would let
// somebody act as somebody else, each with the reason.
var notExported = map[string]string{
	storeTemplates: "templates fit this program's models alone, and are no one's to pass on; enrol again from a new consent",
	storeTokens:    "credentials",
	storeAccounts:  "credentials",
	storeSamples:   "encrypted pictures kept with consent for this program's own tests",
}

// ExportAll writes everything that an installation keeps in open formats: the
// log as JSON lines that "bystander audit verify" and others can check, every
// table as CSV and Parquet with its schema, the site, names, public keys, and a
// signed list of it all.
func ExportAll(ctx context.Context, cfg config.Config, o ExportAllOptions) error {
	if !exists(filepath.Join(cfg.Data, "events.db")) {
		return fmt.Errorf("%w: data: %s holds no installation", ErrUsage, cfg.Data)
	}
	if err := emptyFolder(o.Out); err != nil {
		return err
	}
	key, err := signingKey(cfg.Keys, "edge")
	if err != nil {
		return err
	}
	x := &exporting{cfg: cfg, o: o, key: key}
	for _, step := range []func(context.Context) error{x.recorded, x.log, x.tables, x.names, x.site, x.files, x.list} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	_, err = fmt.Fprintf(o.Stdout, "%d files exported to %s. It holds personal data in the clear: keep it as you keep the installation, and hand it over encrypted.\n", x.written, o.Out)
	return err
}

// unfinishedName marks the folder of an export that was cut off: what lies in it
// is this program's own, and is written anew.
const unfinishedName = "UNFINISHED"

// emptyFolder makes the folder of an export, or empties that of one that was cut
// off. Any other folder has to be empty.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	mark := filepath.Join(dir, unfinishedName)
	if len(entries) > 0 && !exists(mark) {
		return fmt.Errorf("%w: --out: %s is not empty", ErrUsage, dir)
	}
	for _, e := range entries {
		if e.Name() == unfinishedName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	return os.WriteFile(mark, []byte("bystander export was cut off here; the same command begins anew\n"), 0o600)
}

type exporting struct {
	cfg     config.Config
	o       ExportAllOptions
	key     ed25519.PrivateKey
	left    []string
	written int
}

// recorded puts the export on the access log before anything is read.
func (x *exporting) recorded(ctx context.Context) (err error) {
	log, err := access.Open(ctx, controlPlace(x.cfg, storeAccess), access.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	_, err = log.Record(ctx, access.Entry{
		Actor: fmt.Sprintf("uid:%d", os.Getuid()), Role: "administrator", Purpose: x.o.Purpose, Action: "export.all", Query: []byte(x.o.Out),
	})
	return err
}

func (x *exporting) create(name string) (*os.File, error) {
	path := filepath.Join(x.o.Out, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	x.written++
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // below the folder given
}

func (x *exporting) write(name string, b []byte) error {
	f, err := x.create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

func (x *exporting) log(ctx context.Context) error {
	if err := x.write("log/event-v1.schema.json", schema.Event()); err != nil {
		return err
	}
	x.written++
	return AuditExport(ctx, x.cfg, ExportOptions{Out: filepath.Join(x.o.Out, "log", "events.jsonl"), Purpose: x.o.Purpose, Stdout: io.Discard})
}

// table writes one table as CSV, where bytes are base64, and as Parquet, where
// each value is kept in its own type as SQLite tells it.
func (x *exporting) table(ctx context.Context, tx *sql.Tx, to, name string) (cols []column, n int, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, 0, err
	}
	group := parquet.Group{}
	head := make([]string, len(types))
	for i, t := range types {
		head[i] = t.Name()
		cols = append(cols, column{t.Name(), declared(t.DatabaseTypeName())})
		group[t.Name()] = parquet.Optional(nodeOf(cols[i].Type))
	}
	text, err := x.create(to + ".csv")
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	columnar, err := x.create(to + ".parquet")
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, columnar.Close()) }()
	lines := csv.NewWriter(text)
	if err := lines.Write(head); err != nil {
		return nil, 0, err
	}
	sch := parquet.NewSchema(name, group)
	place := map[string]int{}
	for i, path := range sch.Columns() {
		place[path[0]] = i
	}
	out := parquet.NewWriter(columnar, sch, parquet.Compression(&parquet.Zstd))
	vals, line := make([]any, len(cols)), make([]string, len(cols))
	ptrs := make([]any, len(cols))
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(ptrs...); err != nil {
			return nil, n, err
		}
		row := make(parquet.Row, len(cols))
		for i, v := range vals {
			line[i] = textOf(v)
			at := place[cols[i].Name]
			pv, level := parquetOf(cols[i].Type, v)
			row[at] = pv.Level(0, level, at)
		}
		if err := lines.Write(line); err != nil {
			return nil, n, err
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return nil, n, err
		}
	}
	lines.Flush()
	return cols, n, errors.Join(rows.Err(), lines.Error(), out.Close())
}

func nodeOf(declared string) parquet.Node {
	switch declared {
	case "INTEGER":
		return parquet.Int(64)
	case "REAL":
		return parquet.Leaf(parquet.DoubleType)
	case "BLOB":
		return parquet.Leaf(parquet.ByteArrayType)
	}
	return parquet.String()
}

func parquetOf(declared string, v any) (parquet.Value, int) {
	if v == nil {
		return parquet.NullValue(), 0
	}
	switch declared {
	case "INTEGER":
		if n, ok := v.(int64); ok {
			return parquet.Int64Value(n), 1
		}
		return parquet.NullValue(), 0
	case "REAL":
		switch f := v.(type) {
		case float64:
			return parquet.DoubleValue(f), 1
		case int64:
			return parquet.DoubleValue(float64(f)), 1
		}
		return parquet.NullValue(), 0
	case "BLOB":
		if b, ok := v.([]byte); ok {
			return parquet.ByteArrayValue(b), 1
		}
	}
	return parquet.ByteArrayValue([]byte(textOf(v))), 1
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// names writes who stands behind each id, which the store keeps encrypted.
func (x *exporting) names(ctx context.Context) (err error) {
	path := controlPlace(x.cfg, storeNames)
	if there, err := sqldb.Exists(ctx, path); err != nil || !there {
		return err
	}
	k, err := vault.OpenKey(filepath.Join(x.cfg.Keys, vault.IdentityKeyName), false)
	if err != nil {
		return err
	}
	v, err := persons.OpenIdentity(ctx, path, k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	ids, err := v.Persons(ctx)
	if err != nil {
		return err
	}
	f, err := x.create("names.csv")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	lines := [][]string{{"enrollee", "name"}}
	for _, id := range ids {
		name, err := v.Name(ctx, id)
		if err != nil {
			return err
		}
		lines = append(lines, []string{id, name})
	}
	return w.WriteAll(lines)
}

func (x *exporting) site(ctx context.Context) error {
	if x.cfg.Site != "" {
		b, err := os.ReadFile(x.cfg.Site)
		if err != nil {
			return err
		}
		return x.write("site.yml", b)
	}
	if there, err := sqldb.Exists(ctx, siteDB(x.cfg)); err != nil || !there {
		return err
	}
	var b strings.Builder
	err := SiteExport(ctx, x.cfg, &b)
	if errors.Is(err, sitestore.ErrNotMet) || errors.Is(err, sitestore.ErrGone) {
		x.left = append(x.left, "site.yml: "+err.Error()+"; its history is in tables/site")
		return nil
	}
	if err != nil {
		return err
	}
	return x.write("site.yml", []byte(b.String()))
}

// files copies what is in an open format as it is: the log of hashes, public
// keys, and recordings with their receipts.
func (x *exporting) files(context.Context) error {
	from := map[string]string{"log/merkle": filepath.Join(x.cfg.Data, "log")}
	if x.o.Recordings {
		from["recordings"] = filepath.Join(x.cfg.Data, "recordings")
	}
	for to, dir := range from {
		err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || transient(e.Name()) || strings.HasSuffix(e.Name(), ".db") || strings.Contains(p, "/.state/") {
				return err
			}
			rel, err := filepath.Rel(dir, p)
			if err != nil {
				return err
			}
			return x.copy(p, filepath.Join(to, rel))
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, pattern := range []string{"*.pub", "*.vkey"} {
		keys, err := filepath.Glob(filepath.Join(x.cfg.Keys, pattern))
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := x.copy(k, filepath.Join("keys", filepath.Base(k))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *exporting) copy(from, to string) error {
	src, err := os.Open(from) //nolint:gosec // of the installation
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := x.create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// ExportManifest lists an export; Signature covers the rest, as JSON without it.
type ExportManifest struct {
	Format    int               `json:"format"`
	Edge      string            `json:"edge"`
	MadeAt    time.Time         `json:"made_at"`
	Program   string            `json:"program"`
	Files     map[string]string `json:"files"` // SHA-256 by path
	LeftOut   []string          `json:"left_out"`
	PublicKey []byte            `json:"public_key"`
	Signature []byte            `json:"signature,omitempty"`
}

func (x *exporting) list(ctx context.Context) error {
	m := ExportManifest{
		Format: 1, Edge: chainID(x.cfg.Events.Edge), MadeAt: time.Now().UTC().Truncate(time.Second), Program: Version,
		Files: map[string]string{}, LeftOut: x.left, PublicKey: x.key.Public().(ed25519.PublicKey),
	}
	if !x.o.Recordings && exists(filepath.Join(x.cfg.Data, "recordings")) {
		m.LeftOut = append(m.LeftOut, "recordings: not asked for (--recordings); tables/index lists them")
	}
	err := filepath.WalkDir(x.o.Out, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || p == filepath.Join(x.o.Out, unfinishedName) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(p) //nolint:gosec // written above
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		rel, err := filepath.Rel(x.o.Out, p)
		m.Files[filepath.ToSlash(rel)] = hex.EncodeToString(h.Sum(nil))
		return err
	})
	if err != nil {
		return err
	}
	msg, err := json.Marshal(m)
	if err != nil {
		return err
	}
	m.Signature = ed25519.Sign(x.key, msg)
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if err := x.write("manifest.json", append(b, '\n')); err != nil {
		return err
	}
	return os.Remove(filepath.Join(x.o.Out, unfinishedName))
}
