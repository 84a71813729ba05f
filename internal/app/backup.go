package app

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bystander/internal/backup"
	"bystander/internal/config"
	"bystander/match/vault"
)

// Names in an installation's folders that backups treat apart.
const (
	vaultName    = "templates.db" // goes with the keys: it holds each enrollee's own
	erasuresName = "erasures.db"
	backupState  = ".backup"
	// stonesPath is where each backup has the tombstones as they were at its end.
	stonesPath = "tombstones/" + erasuresName
)

// keysKeep is how long a backup of keys holds, unless said otherwise: shorter
// than data are kept, so that who was erased is out of reach for good soon.
const keysKeep = 30 * 24 * time.Hour

// BackupOptions say what is backed up, and to where.
type BackupOptions struct {
	Out        string // folder of this backup; empty for a new one below Under
	Under      string
	To         []string // age public keys
	Keys       bool     // the keys and templates instead of the data
	Recordings bool
	Keep       time.Duration // until a backup of keys expires
	Stdout     io.Writer
	Stderr     io.Writer // progress
	// WithoutControl backs up this machine's own data alone, where the control's
	// lie on a PostgreSQL server.
	WithoutControl bool
}

// Backup writes an encrypted backup of the installation's data, or of its keys,
// while it runs.
func Backup(ctx context.Context, cfg config.Config, o BackupOptions) error {
	if !exists(cfg.Data) {
		return fmt.Errorf("%w: data: %s does not exist; there is nothing to back up", ErrUsage, cfg.Data)
	}
	if !o.WithoutControl {
		if err := notInFiles(cfg, "this backup", "back those up with pg_dump, and add --without-control for what lies on this machine"); err != nil {
			return err
		}
	}
	kind := backup.KindData
	if o.Keys {
		kind = backup.KindKeys
		if err := keysApart(cfg, o.To); err != nil {
			return err
		}
	}
	key, err := signingKey(cfg.Keys, "edge")
	if err != nil {
		return err
	}
	b := &backupSource{cfg: cfg, o: o, stage: filepath.Join(cfg.Data, backupState, "snapshot")}
	if err := os.RemoveAll(b.stage); err != nil { // of a run that was cut off
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.MkdirAll(b.stage, 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(b.stage) //nolint:errcheck // removed at the next run as well
	items, err := b.items(kind)
	if err != nil {
		return err
	}
	dir := o.Out
	if dir == "" {
		dir = backup.Unfinished(filepath.Join(cfg.Data, backupState), kind, o.Under)
	}
	if dir == "" {
		dir = filepath.Join(o.Under, string(kind)+"-"+time.Now().UTC().Format("20060102T150405Z"))
	}
	bar := newBackupBar(o.Stderr)
	h, err := backup.Write(ctx, backup.WriteOptions{
		Dir: dir, State: filepath.Join(cfg.Data, backupState), Kind: kind, Recipients: o.To, Signer: key,
		Program: Version, Keep: keepOf(o), Facts: b.facts, Progress: bar.show,
	}, items)
	bar.done()
	if err != nil {
		return err
	}
	if err := checkAgain(ctx, dir, key); err != nil {
		return err
	}
	if err := backup.NoteRun(cfg.Data, h, dir); err != nil {
		return err
	}
	return b.report(h, dir)
}

func keepOf(o BackupOptions) time.Duration {
	switch {
	case !o.Keys:
		return 0
	case o.Keep > 0:
		return o.Keep
	}
	return keysKeep
}

// keysApart refuses to encrypt keys to whoever can read the data: together they
// would undo every erasure.
func keysApart(cfg config.Config, to []string) error {
	for _, r := range backup.LastRuns(cfg.Data)[backup.KindData].Recipients {
		if slices.Contains(to, r) {
			return fmt.Errorf("%w: --to: the data are backed up to this key, too; a backup of keys needs one of its own, kept elsewhere, or an erased person could be read again from the two", ErrUsage)
		}
	}
	return nil
}

// checkAgain reads back what was written: a backup that nobody has read is none.
func checkAgain(ctx context.Context, dir string, key ed25519.PrivateKey) error {
	a, err := backup.Open(dir, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)})
	if err != nil {
		return err
	}
	return a.Verify(ctx, nil)
}

// backupSource lists an installation's files.
type backupSource struct {
	cfg   config.Config
	o     BackupOptions
	stage string
	left  []string // what was left out, to be said
}

// items lists what is backed up, in the order in which it has to be read: the
// spool before the stores that it fills, so that an event is in one of them at
// least; the log's checkpoint before its tiles, which only grow; tombstones last,
// so that none is older than what they bury.
func (b *backupSource) items(kind backup.Kind) ([]backup.Item, error) {
	var items []backup.Item
	root, skip := b.cfg.Data, b.skipData
	if kind == backup.KindKeys {
		root, skip = b.cfg.Keys, func(rel string, _ fs.DirEntry) bool { return strings.HasPrefix(rel, erasuresName) }
	}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil || rel == "." {
			return err
		}
		if rel = filepath.ToSlash(rel); skip(rel, e) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e.IsDir() || !e.Type().IsRegular() || transient(rel) {
			return nil
		}
		i, err := b.item(string(kind)+"/"+rel, p, e)
		if err == nil {
			items = append(items, i)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	slices.SortStableFunc(items, func(x, y backup.Item) int { return rank(x.Path) - rank(y.Path) })
	more, err := b.further(kind)
	return append(items, more...), err
}

func rank(p string) int {
	switch {
	case strings.HasPrefix(p, "data/spool/"):
		return 0
	case strings.HasSuffix(p, ".db") && !strings.HasPrefix(p, "data/recordings/"):
		return 1
	case strings.HasPrefix(p, "data/log/") && (path.Base(p) == "checkpoint" || strings.Contains(p, "/.state/")):
		return 2
	case strings.HasPrefix(p, "data/recordings/"):
		return 4
	}
	return 3
}

// skipData leaves out what is not data, and what goes with the keys.
func (b *backupSource) skipData(rel string, e fs.DirEntry) bool {
	switch {
	case rel == backupState, rel == backup.RunsName, strings.HasPrefix(rel, vaultName):
		return true
	case filepath.Clean(filepath.Join(b.cfg.Data, filepath.FromSlash(rel))) == filepath.Clean(b.cfg.Keys):
		return true
	case rel == "recordings" && e.IsDir() && !b.o.Recordings:
		b.left = append(b.left, "recordings (add them with --recordings)")
		return true
	}
	return false
}

// transient tells what a running program makes and clears up by itself.
func transient(rel string) bool {
	base := path.Base(rel)
	for _, suffix := range []string{"-wal", "-shm", "-journal", ".part", ".lock", ".tmp"} {
		if strings.HasSuffix(base, suffix) {
			return true
		}
	}
	return base == "lock" || base == "LOCK"
}

// further are the configuration, the vault and the tombstones.
func (b *backupSource) further(kind backup.Kind) ([]backup.Item, error) {
	list := map[string]string{"config/bystander.yml": b.cfg.From, "config/site.yml": b.cfg.Site}
	if kind == backup.KindKeys {
		list = map[string]string{}
		if !b.cfg.Store.Shared() {
			list["vault/"+vaultName] = filepath.Join(b.cfg.Data, vaultName)
		}
		if os.Getenv(vault.EnvMasterKey) != "" || os.Getenv(vault.EnvMasterKeyFile) != "" {
			b.left = append(b.left, "the master key, which lies elsewhere ("+vault.EnvMasterKey+"): back it up there")
		}
	}
	list[stonesPath] = filepath.Join(b.cfg.Keys, erasuresName)
	var out []backup.Item
	for _, name := range slices.Sorted(maps.Keys(list)) {
		st, err := os.Stat(list[name])
		if list[name] == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		i, err := b.item(name, list[name], fs.FileInfoToDirEntry(st))
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(x, y backup.Item) int {
		return strings.Compare(strconv.FormatBool(x.Path == stonesPath), strconv.FormatBool(y.Path == stonesPath))
	})
	return out, nil
}

func (b *backupSource) item(name, file string, e fs.DirEntry) (backup.Item, error) {
	st, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return backup.Item{Path: name, Open: func(context.Context) (io.ReadCloser, error) { return nil, fs.ErrNotExist }}, nil
	}
	if err != nil {
		return backup.Item{}, err
	}
	return backup.Item{
		Path: name, Mode: st.Mode(), Size: st.Size(), Pack: !strings.HasSuffix(name, ".mp4"),
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			f, err := os.Open(file) //nolint:gosec // of the installation
			if err != nil {
				return nil, err
			}
			var magic [16]byte
			n, err := io.ReadFull(f, magic[:])
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, errors.Join(err, f.Close())
			}
			if string(magic[:n]) == "SQLite format 3\x00" {
				if err := f.Close(); err != nil {
					return nil, err
				}
				return b.snapshot(ctx, file)
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return f, nil
		},
	}, nil
}

// snapshot copies a database as it stands in one moment, others writing on, and
// removes the copy once it was read. The copy lies among the data, on the same
// disk.
func (b *backupSource) snapshot(ctx context.Context, file string) (_ io.ReadCloser, err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?_pragma=busy_timeout(10000)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	to := filepath.Join(b.stage, "snapshot.db")
	if err := os.RemoveAll(to); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
		return nil, fmt.Errorf("snapshot: %w", errors.Join(err, os.RemoveAll(to)))
	}
	f, err := os.Open(to) //nolint:gosec // made above
	if err != nil {
		return nil, err
	}
	return &passing{f}, nil
}

// passing is a file that goes when it is closed.
type passing struct{ *os.File }

// Close closes and removes the file.
func (p *passing) Close() error { return errors.Join(p.File.Close(), os.Remove(p.Name())) }

// facts are what a restorer must know: whose log it is, so that it is never gone
// on with from an earlier place.
func (b *backupSource) facts() map[string]string {
	return map[string]string{"edge": chainID(b.cfg.Events.Edge), "program": Version}
}

func (b *backupSource) report(h backup.Head, dir string) error {
	var t strings.Builder
	fmt.Fprintf(&t, "%s backed up to %s: %d files, %.1f MB, encrypted to %s; read back and whole\n",
		h.Kind, dir, len(h.Parts), float64(h.Bytes())/1e6, strings.Join(h.Recipients, ", "))
	if !h.ExpiresAt.IsZero() {
		fmt.Fprintf(&t, "It expires on %s: destroy it then, since it could open templates of people erased later.\n", h.ExpiresAt.Format(time.DateOnly))
	}
	for _, l := range b.left {
		fmt.Fprintf(&t, "left out: %s\n", l)
	}
	if h.Kind == backup.KindData {
		fmt.Fprintf(&t, "Keys and templates are not in it: bystander backup --keys --to ANOTHER-KEY\n")
	}
	_, err := io.WriteString(b.o.Stdout, t.String())
	return err
}

// BackupVerify checks that a backup is whole and unaltered; nothing is decrypted.
func BackupVerify(ctx context.Context, dir, signedBy string, stdout, stderr io.Writer) error {
	signers, err := signersOf(signedBy)
	if err != nil {
		return err
	}
	a, err := backup.Open(dir, signers)
	if err != nil {
		return err
	}
	bar := newBackupBar(stderr)
	err = a.Verify(ctx, bar.show)
	bar.done()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "whole: %s of %s, %d files, %.1f MB\n", a.Kind, a.MadeAt.Format(time.RFC3339), len(a.Parts), float64(a.Bytes())/1e6)
	return err
}

func signersOf(file string) ([]ed25519.PublicKey, error) {
	if file == "" {
		return nil, nil
	}
	k, err := readPublic(file)
	if err != nil {
		return nil, fmt.Errorf("%w: --signed-by: %w", ErrUsage, err)
	}
	return []ed25519.PublicKey{k}, nil
}

// BackupNewKey makes a key pair for backups: the secret half into a new file, the
// public half to the output.
func BackupNewKey(file string, stdout io.Writer) error {
	secret, public, err := backup.NewKey()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller's file
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", public, secret)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "%s\nThat is the public half, for --to. Move %s to where neither the data nor the backups are; without it no backup can be opened.\n", public, file)
	return err
}

// backupBar shows progress, a line a second at most.
type backupBar struct {
	out  io.Writer
	last time.Time
	any  bool
}

func newBackupBar(out io.Writer) *backupBar { return &backupBar{out: out} }

func (b *backupBar) show(p backup.Progress) {
	if b.out == nil || time.Since(b.last) < time.Second && p.Files < p.Of {
		return
	}
	b.last, b.any = time.Now(), true
	fmt.Fprintf(b.out, "\r%d of %d files, %.1f of %.1f MB ", p.Files, p.Of, float64(p.Done)/1e6, float64(p.Total)/1e6)
}

func (b *backupBar) done() {
	if b.any {
		fmt.Fprintln(b.out)
	}
}
