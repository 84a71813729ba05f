package app

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bystander/audit/access"
	"bystander/audit/verify"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/match/vault"
	"bystander/policy/sitestore"
	persons "bystander/policy/store"
	"bystander/schema"
	"bystander/sink/spool"
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
	key, err := signingKey(cfg.Keys, "edge")
	if err != nil {
		return err
	}
	if err := beginExport(o.Out, chainID(cfg.Events.Edge), key); err != nil {
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

type exporting struct {
	cfg     config.Config
	o       ExportAllOptions
	key     ed25519.PrivateKey
	left    []string
	written int
	head    event.Head          // of this machine's log
	sums    map[string]TableSum // by STORE/TABLE
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

// log writes the stored events, and apart from them those that this machine has
// not carried into the store yet.
func (x *exporting) log(ctx context.Context) error {
	if err := x.write("log/event-v1.schema.json", schema.Event()); err != nil {
		return err
	}
	x.written++
	ends, err := exportRows(ctx, x.cfg, ExportOptions{Out: filepath.Join(x.o.Out, "log", "events.jsonl"), Purpose: x.o.Purpose, Stdout: io.Discard})
	if err != nil {
		return err
	}
	return x.waiting(ctx, ends)
}

// waiting writes the events that stand in the spool alone. ends are the last
// numbers that are in the store, by chain.
func (x *exporting) waiting(ctx context.Context, ends map[string]uint64) (err error) {
	dir := filepath.Join(x.cfg.Data, "spool")
	if !exists(dir) {
		return nil
	}
	f, err := x.create("log/waiting.jsonl")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	defer func() { err = errors.Join(err, w.Flush(), f.Close()) }()
	end := ends[chainID(x.cfg.Events.Edge)]
	in, err := spool.Inspect(dir, func(e *event.Event) error {
		if err := ctx.Err(); err != nil || e.Seq <= ends[e.ChainID] {
			return err
		}
		return verify.WriteRow(w, e.ChainID, verify.Row{Seq: e.Seq, Event: e})
	})
	if err != nil {
		return err
	}
	x.head = in.Head
	if in.Oldest > end+1 {
		x.left = append(x.left, fmt.Sprintf("events %d to %d of the log: they are neither in the store nor in the spool", end+1, in.Oldest-1))
	}
	if in.Damaged > 0 {
		x.left = append(x.left, fmt.Sprintf("%d places of the spool, which cannot be read", in.Damaged))
	}
	return nil
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
