package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/rs/zerolog"

	"bystander/audit/erase"
	"bystander/internal/backup"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/sink/spool"
	"bystander/sink/sqlite"
)

// restoredName is the note among restored data that keeps the log from being
// forked.
const restoredName = "restored.json"

// errForked reports data from a backup under the name that they were written
// under.
var errForked = errors.New("the log would be forked")

// restored says what data came out of a backup.
type restored struct {
	Backup string    `json:"backup"`
	MadeAt time.Time `json:"made_at"`
	At     time.Time `json:"at"`
	Chain  string    `json:"chain"` // the log that they belong to
	Seq    uint64    `json:"seq"`   // its last number then
	Whole  bool      `json:"whole"` // nothing was written after the backup: said by whoever restored
}

// RestoreOptions say what is restored.
type RestoreOptions struct {
	From       string   // folder of a backup of data
	KeysFrom   string   // of keys and templates; empty keeps the keys that are there
	Identities []string // files of age identities
	SignedBy   string   // the edge's public key; default keys/edge.pub where it is
	Stones     []string // further journals of erasures (keys/erasures.db of an installation)
	AnySigner  bool     // take a backup although nothing tells whose it is
	Whole      bool     // nothing was written after the backup, so the log may go on
	Stdout     io.Writer
	Stderr     io.Writer
}

// Restore puts an installation back from its backups. Who was erased meanwhile
// is erased again before the data are where the program would serve them from.
// Interrupted, it goes on when called again.
func Restore(ctx context.Context, cfg config.Config, o RestoreOptions) error {
	if err := notInFiles(cfg, "restore", "put those back with pg_restore first, then this machine's own data with a configuration that leaves store: out"); err != nil {
		return err
	}
	r := &restoring{cfg: cfg, o: o, tmp: filepath.Clean(cfg.Data) + ".restoring"}
	for _, step := range []func(context.Context) error{r.open, r.keys, r.extract, r.stones, r.replay, r.settle, r.place} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	return r.report()
}

type restoring struct {
	cfg  config.Config
	o    RestoreOptions
	tmp  string
	ids  []age.Identity
	data *backup.Archive
	list backup.Manifest

	keysArchive *backup.Archive
	keysList    backup.Manifest
	journals    []string // of erasures, out of the backups
	fresh       int64    // tombstones that were new
	again       int      // people erased again
	head        event.Head
}

func (r *restoring) open(ctx context.Context) error {
	if err := r.takeBack(); err != nil {
		return err
	}
	if entries, err := os.ReadDir(r.cfg.Data); err == nil && len(entries) > 0 && !onlyKeys(r.cfg, entries) {
		return fmt.Errorf("%w: %s; move it away first, or restore to another place with --data", backup.ErrExists, r.cfg.Data)
	}
	var err error
	if r.ids, err = backup.ReadIdentities(r.o.Identities); err != nil {
		return err
	}
	if r.o.SignedBy == "" {
		if pub := filepath.Join(r.cfg.Keys, "edge.pub"); exists(pub) {
			r.o.SignedBy = pub
		} else if !r.o.AnySigner {
			return fmt.Errorf("%w: nothing tells whose backup this should be: give the edge's public key with --signed-by, or --any-signer", ErrUsage)
		}
	}
	if r.data, r.list, err = r.archive(ctx, r.o.From, backup.KindData); err != nil {
		return err
	}
	if r.o.KeysFrom == "" {
		return nil
	}
	r.keysArchive, r.keysList, err = r.archive(ctx, r.o.KeysFrom, backup.KindKeys)
	return err
}

// onlyKeys tells whether the folder of data holds the folder of keys alone.
func onlyKeys(cfg config.Config, entries []fs.DirEntry) bool {
	return len(entries) == 1 && filepath.Join(cfg.Data, entries[0].Name()) == filepath.Clean(cfg.Keys)
}

func (r *restoring) archive(ctx context.Context, dir string, kind backup.Kind) (*backup.Archive, backup.Manifest, error) {
	signers, err := signersOf(r.o.SignedBy)
	if err != nil {
		return nil, backup.Manifest{}, err
	}
	a, err := backup.Open(dir, signers)
	if err != nil {
		return nil, backup.Manifest{}, err
	}
	if a.Kind != kind {
		return nil, backup.Manifest{}, fmt.Errorf("%w: %s is a backup of %s, not of %s", ErrUsage, dir, a.Kind, kind)
	}
	if err := a.Verify(ctx, nil); err != nil {
		return nil, backup.Manifest{}, err
	}
	m, err := a.List(r.ids)
	return a, m, err
}

// keys puts the keys back where there are none. Existing ones are never written
// over.
func (r *restoring) keys(ctx context.Context) error {
	if r.keysArchive == nil {
		return nil
	}
	have := exists(filepath.Join(r.cfg.Keys, "edge.pem"))
	if have {
		fmt.Fprintf(r.o.Stdout, "%s holds keys already, and keeps them; templates come from the backup\n", r.cfg.Keys)
	}
	return r.keysArchive.Extract(ctx, r.keysList, r.ids, r.tmp, func(f backup.File) string {
		switch rel, isKey := strings.CutPrefix(f.Path, "keys/"); {
		case isKey && have:
			return ""
		case isKey:
			return "keys.restoring/" + rel
		case f.Path == "vault/"+vaultName:
			return vaultName
		case f.Path == stonesPath:
			return "stones.restoring/keys.db"
		}
		return ""
	}, nil)
}

func (r *restoring) extract(ctx context.Context) error {
	if err := r.clean(); err != nil {
		return err
	}
	bar := newBackupBar(r.o.Stderr)
	defer bar.done()
	return r.data.Extract(ctx, r.list, r.ids, r.tmp, func(f backup.File) string {
		if rel, ok := strings.CutPrefix(f.Path, "data/"); ok {
			return rel
		}
		if f.Path == stonesPath {
			return "stones.restoring/data.db"
		}
		return "restored-" + f.Path // the configuration, to be compared with
	}, bar.show)
}

// clean removes the logs of databases that an interrupted run had open: they do
// not belong to what is put there now.
func (r *restoring) clean() error {
	err := filepath.WalkDir(r.tmp, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && (strings.HasSuffix(p, "-wal") || strings.HasSuffix(p, "-shm")) {
			err = os.Remove(p)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// stones puts the keys in place, and takes over every tombstone there is before
// anything else is looked at.
func (r *restoring) stones(ctx context.Context) error {
	from := filepath.Join(r.tmp, "keys.restoring")
	if exists(from) {
		if err := os.MkdirAll(r.cfg.Keys, 0o700); err != nil {
			return err
		}
		if err := moveInto(from, r.cfg.Keys); err != nil {
			return err
		}
	}
	found, err := filepath.Glob(filepath.Join(r.tmp, "stones.restoring", "*.db"))
	if err != nil {
		return err
	}
	r.journals = append(found, r.o.Stones...)
	for _, j := range r.journals {
		n, err := erase.Merge(ctx, filepath.Join(r.cfg.Keys, erasuresName), j)
		if err != nil {
			return err
		}
		r.fresh += n
	}
	return os.RemoveAll(filepath.Join(r.tmp, "stones.restoring"))
}

// moveInto moves files into a folder, writing nothing over.
func moveInto(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		src, dst := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if exists(dst) {
			continue
		}
		if err := os.Rename(src, dst); err == nil {
			continue
		}
		if err := copyAcross(src, dst, e); err != nil {
			return err
		}
	}
	return os.RemoveAll(from)
}

// copyAcross moves between file systems.
func copyAcross(src, dst string, e fs.DirEntry) error {
	if e.IsDir() {
		return os.CopyFS(dst, os.DirFS(src))
	}
	b, err := os.ReadFile(src) //nolint:gosec // a key's file, small
	if err != nil {
		return err
	}
	return os.WriteFile(dst, b, 0o600)
}

// replay erases again, within the restored data, whoever has a tombstone. Rows
// go as well; the word on the log is the edge's, once it runs.
func (r *restoring) replay(ctx context.Context) (err error) {
	cfg := r.cfg
	cfg.Data = r.tmp
	store, err := sqlite.Open(ctx, filepath.Join(r.tmp, "events.db"), sqlite.Options{Days: sqlite.Days{Events: int(cfg.Events.MaxAge.Hours() / 24)}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := r.drain(ctx, store); err != nil {
		return err
	}
	places, done, err := placesOf(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	h := &offline{cfg: cfg, store: store}
	x, err := openErasing(ctx, cfg, erasingParts{
		store: store, places: places, video: h.recordings, log: zerolog.Nop(),
		settle: func(context.Context) error { return nil }, // drained above
		record: func(_ context.Context, e event.Event) (event.Event, error) { return e, errElsewhere },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	r.again, err = x.Replay(ctx)
	return err
}

// drain brings what waited in the spool into the store, and learns where the log
// was.
func (r *restoring) drain(ctx context.Context, store *sqlite.Store) (err error) {
	dir := filepath.Join(r.tmp, "spool")
	if !exists(dir) {
		return nil
	}
	sp, err := spool.Open(dir, spool.Options{MaxBytes: int64(r.cfg.Events.SpoolMax)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	r.head = sp.Head()
	cursor, err := sp.Consumer("sqlite")
	if err != nil {
		return err
	}
	return spool.NewPump(cursor, store, spool.PumpOptions{}).Drain(ctx)
}

// settle decides whether the log goes on or another one begins. Events written
// after the backup are known elsewhere under numbers that must not be given out
// twice.
func (r *restoring) settle(context.Context) error {
	note := restored{
		Backup: r.data.ID, MadeAt: r.data.MadeAt, At: time.Now().UTC().Truncate(time.Second),
		Chain: r.head.ChainID, Seq: r.head.Seq, Whole: r.o.Whole,
	}
	if note.Chain == "" {
		note.Chain = r.list.Facts["edge"]
	}
	if dir := filepath.Join(r.tmp, "spool"); exists(dir) && !r.o.Whole {
		if err := os.Rename(dir, filepath.Join(r.tmp, "spool-before-restore")); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(note, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.tmp, restoredName), append(b, '\n'), 0o600)
}

// keysWithin returns where the keys are below the folder of data, empty when
// they are elsewhere.
func (r *restoring) keysWithin() string {
	rel, err := filepath.Rel(r.cfg.Data, r.cfg.Keys)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return ""
	}
	return rel
}

// place makes the restored data the installation's, in one step. Keys that lie
// below come along.
func (r *restoring) place(context.Context) error {
	if rel := r.keysWithin(); rel != "" && exists(r.cfg.Keys) {
		if err := os.Rename(r.cfg.Keys, filepath.Join(r.tmp, rel)); err != nil {
			return err
		}
	}
	if err := os.Remove(r.cfg.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(r.tmp, r.cfg.Data)
}

// takeBack undoes the first half of place, where it was cut off.
func (r *restoring) takeBack() error {
	rel := r.keysWithin()
	if rel == "" || exists(r.cfg.Keys) || !exists(filepath.Join(r.tmp, rel)) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.cfg.Keys), 0o700); err != nil {
		return err
	}
	return os.Rename(filepath.Join(r.tmp, rel), r.cfg.Keys)
}

func (r *restoring) report() error {
	var t strings.Builder
	fmt.Fprintf(&t, "restored %s from the backup of %s\n", r.cfg.Data, r.data.MadeAt.Format(time.RFC3339))
	fmt.Fprintf(&t, "%d tombstones were new; %d people had come back and were erased again\n", r.fresh, r.again)
	if r.keysArchive == nil && !exists(filepath.Join(r.cfg.Data, vaultName)) {
		fmt.Fprintf(&t, "No templates: nobody is recognised until they enrol again, or restore with --keys-from.\n")
	}
	if !r.o.Whole && r.head.Seq > 0 {
		fmt.Fprintf(&t, "The log %q ended at number %d. What was written after the backup may be known elsewhere, so it must not go on:\n"+
			"give this edge another name before it starts (events.edge: %s-2), and writers its key under that name.\n", r.head.ChainID, r.head.Seq, r.head.ChainID)
	}
	_, err := io.WriteString(r.o.Stdout, t.String())
	return err
}

// readRestored reads the note; nil for data that were never restored.
func readRestored(data string) (*restored, error) {
	b, err := os.ReadFile(filepath.Join(data, restoredName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var n restored
	if err := json.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("%s: %w", restoredName, err)
	}
	return &n, nil
}

// checkRestored refuses to go on with a log from an earlier place: two events
// would have one number, and every proof would fail.
func checkRestored(cfg config.Config) error {
	n, err := readRestored(cfg.Data)
	if err != nil || n == nil || n.Whole || chainID(cfg.Events.Edge) != n.Chain {
		return err
	}
	return fmt.Errorf("%w: %w: these data were restored from a backup of %s, in which the log %q ended at number %d; "+
		"give this edge another name (events.edge: %s-2)", ErrUsage, errForked, n.MadeAt.Format(time.RFC3339), n.Chain, n.Seq, n.Chain)
}
