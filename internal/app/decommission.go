package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/sqldb"
	"bystander/match/vault"
	"bystander/policy/sitestore"
	"bystander/sink/spool"
)

// goneName is the certificate where the data were.
const goneName = "decommissioned.json"

// Errors of decommissioning.
var (
	errSiteOpen = errors.New("SITE_OPEN: the site is not closed")
	errNoExport = errors.New("EXPORT_MISSING: nothing was exported")
	// ErrBadExport reports an export that proves nothing.
	ErrBadExport = errors.New("EXPORT_REFUSED: the export is no evidence that the data were taken out")
)

// DestroyedFile is a kind of thing that was destroyed.
type DestroyedFile struct {
	What  string `json:"what"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows,omitempty"` // of tables on a server
	How   string `json:"how"`
}

// DestructionCertificate says that an installation was destroyed. It is signed
// with the edge's key, whose private half is destroyed last; the public half is
// what readers of the log have. Signature covers the rest, as JSON without it.
type DestructionCertificate struct {
	Format    int             `json:"format"`
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Site      string          `json:"site,omitempty"`
	Edge      string          `json:"edge"`
	LastSeq   uint64          `json:"last_seq"` // of the log
	LastHash  string          `json:"last_hash"`
	By        string          `json:"by"`
	Witness   string          `json:"witness"`
	Reason    string          `json:"reason"`
	Export    string          `json:"export,omitempty"` // SHA-256 of the list of the export, which was checked
	Destroyed []DestroyedFile `json:"destroyed"`
	// Remains is what this program cannot reach, for people to see to.
	Remains   []string `json:"remains"`
	Program   string   `json:"program"`
	PublicKey []byte   `json:"public_key"`
	Signature []byte   `json:"signature,omitempty"`
}

// signedPart is what the signature covers.
func (c DestructionCertificate) signedPart() ([]byte, error) {
	c.Signature = nil
	b, err := json.Marshal(c)
	return append([]byte("bystander destruction v1\x00"), b...), err
}

// DecommissionOptions say who ends an installation, and why.
type DecommissionOptions struct {
	Witness     string
	Reason      string
	Export      string // folder of ExportAll's output
	NoExport    bool   // nobody needs the data
	Confirm     string // the edge's name, as a seat belt
	Certificate string // new file
	Stdout      io.Writer
}

// Decommission destroys an installation for good: keys first, which makes every
// copy and backup of what they seal unreadable, then all data, overwritten. Its
// site must be closed, which means that the notice period is over and the exit
// plan is done (A-23, A-36, B-59). With store.postgres the control's schemas go as
// well; every replica has to be stopped. Interrupted, it goes on when called again.
func Decommission(ctx context.Context, cfg config.Config, o DecommissionOptions) error {
	d := &decommissioning{cfg: cfg, o: o}
	if err := d.check(ctx); err != nil {
		return err
	}
	if exists(filepath.Join(cfg.Data, goneName)) {
		return d.destroyLate()
	}
	return d.destroy(ctx)
}

type decommissioning struct {
	cfg  config.Config
	o    DecommissionOptions
	key  ed25519.PrivateKey
	cert DestructionCertificate
}

func (d *decommissioning) check(ctx context.Context) error {
	edge := chainID(d.cfg.Events.Edge)
	switch {
	case strings.TrimSpace(d.o.Witness) == "" || strings.TrimSpace(d.o.Reason) == "" || d.o.Certificate == "":
		return fmt.Errorf("%w: name a --witness, a --reason and a file for the --certificate", ErrUsage)
	case d.o.Confirm != edge:
		return fmt.Errorf("%w: --confirm: repeat the edge's name, %s: everything below %s and %s is destroyed, and this process's key in %s", ErrUsage, edge, d.cfg.Data, d.cfg.Keys, d.cfg.Peers.Dir)
	case osUser() == "local:"+d.o.Witness:
		return fmt.Errorf("%w: --witness: somebody else must have seen it", ErrUsage)
	case within(filepath.Dir(d.o.Certificate), d.cfg.Data), within(filepath.Dir(d.o.Certificate), d.cfg.Keys):
		return fmt.Errorf("%w: --certificate: %s lies among what is destroyed: name a file elsewhere", ErrUsage, d.o.Certificate)
	case exists(filepath.Join(d.cfg.Data, goneName)):
		if slices.ContainsFunc(d.late(), exists) {
			return nil // cut off after signing
		}
		return fmt.Errorf("%w: it was done already; see %s", ErrUsage, filepath.Join(d.cfg.Data, goneName))
	}
	if err := d.begun(); err != nil || d.key != nil {
		return err
	}
	site, err := d.site(ctx)
	if err != nil {
		return err
	}
	head, err := d.head()
	if err != nil {
		return err
	}
	export, err := d.export(ctx, head)
	if err != nil {
		return err
	}
	if d.key, err = signingKey(d.cfg.Keys, "edge"); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	d.cert = DestructionCertificate{
		Format: 1, ID: id.String(), At: time.Now().UTC().Truncate(time.Second), Site: site, Edge: edge,
		By: osUser(), Witness: d.o.Witness, Reason: d.o.Reason, Export: export, Program: Version,
		PublicKey: d.key.Public().(ed25519.PublicKey),
		LastSeq:   head.Seq, LastHash: head.Hash.String(),
	}
	return nil
}

// site refuses while the site is open, with what is missing in words of the
// interface, which answers 409 to the same.
func (d *decommissioning) site(ctx context.Context) (string, error) {
	there, err := sqldb.Exists(ctx, siteDB(d.cfg))
	if err != nil {
		return "", err
	}
	if !there {
		return "", d.rightServer(ctx)
	}
	var id string
	err = withSite(ctx, d.cfg, func(s *sitestore.Store) error {
		all, err := sitestore.List[sitestore.Site](ctx, s)
		if err != nil || len(all) == 0 {
			return err
		}
		id = all[0].ID
		if all[0].State == sitestore.SiteIsClosed {
			return nil
		}
		return fmt.Errorf("%w (%s): announce its end, wait out the notice period, finish the exit plan and close it at /office; people can ask for their data until then", errSiteOpen, all[0].State)
	})
	return id, err
}

// head reads where the log ends, which also shows that no program writes to it.
func (d *decommissioning) head() (event.Head, error) {
	dir := filepath.Join(d.cfg.Data, "spool")
	if !exists(dir) {
		return event.Head{}, nil
	}
	sp, err := spool.Open(dir, spool.Options{MaxBytes: int64(d.cfg.Events.SpoolMax)})
	if errors.Is(err, spool.ErrLocked) {
		return event.Head{}, errors.New("decommission: the program is still running; stop it first")
	}
	if err != nil {
		return event.Head{}, err
	}
	return sp.Head(), sp.Close()
}

// destroy overwrites keys, then removes what lies on a server, then overwrites
// data; then it signs, and destroys the key that signed.
func (d *decommissioning) destroy(ctx context.Context) error {
	out, err := newCertificate(d.o.Certificate)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := d.inUse(ctx); err != nil {
		return err
	}
	if err := d.remains(); err != nil {
		return fmt.Errorf("decommission: %w", err)
	}
	if err := d.note(); err != nil {
		return fmt.Errorf("decommission: %w", err)
	}
	late := d.late()
	keep := func(p string) bool { return slices.Contains(late, p) }
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"keys", func() error {
			return errors.Join(d.wipePeer(), d.wipe("keys", d.cfg.Keys, func(p string) bool {
				return keep(p) || strings.HasSuffix(p, ".pub") || strings.HasSuffix(p, ".vkey")
			}))
		}},
		{"server", func() error { return d.drop(ctx) }},
		{"data", func() error {
			return d.wipe("data", d.cfg.Data, func(p string) bool {
				return keep(p) || strings.HasPrefix(p, filepath.Clean(d.cfg.Keys)+string(filepath.Separator))
			})
		}},
	} {
		if err := errors.Join(step.do(), d.note()); err != nil {
			return fmt.Errorf("decommission: %s: %w; nothing can be read without the keys that are destroyed; run it again", step.what, err)
		}
		if step.what != "server" || d.cfg.Store.Shared() {
			fmt.Fprintf(d.o.Stdout, "destroyed: %s\n", step.what)
		}
	}
	return d.signOff(out)
}

// late are the files that go last: the way to the server, the key that signs, and
// the note by which an interrupted call goes on.
func (d *decommissioning) late() []string {
	return append(serverSecrets(d.cfg), filepath.Join(d.cfg.Keys, "edge.pem"), filepath.Join(d.cfg.Data, destroyingName))
}

func (d *decommissioning) destroyLate() error {
	for _, p := range d.late() {
		if err := overwrite(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("decommission: %w", err)
		}
	}
	clear(d.key)
	return nil
}

// signOff writes the certificate and destroys what was needed until now: the key
// that signed last of all.
func (d *decommissioning) signOff(out *os.File) error {
	d.cert.Destroyed = append(d.cert.Destroyed, DestroyedFile{What: "the key that signed this", Files: 1, How: "overwritten and removed after signing"})
	msg, err := d.cert.signedPart()
	if err != nil {
		return err
	}
	d.cert.Signature = ed25519.Sign(d.key, msg)
	b, err := json.MarshalIndent(d.cert, "", " ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if _, err := out.Write(b); err != nil {
		return fmt.Errorf("decommission: certificate: %w", err)
	}
	if err := errors.Join(out.Sync(), os.WriteFile(filepath.Join(d.cfg.Data, goneName), b, 0o644)); err != nil { //nolint:gosec // public
		return fmt.Errorf("decommission: certificate: %w", err)
	}
	if err := d.destroyLate(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.o.Stdout, "destroyed. Certificate %s in %s; hand it to the privacy officer with what remains to be done by people:\n  %s\n",
		d.cert.ID, d.o.Certificate, strings.Join(d.cert.Remains, "\n  "))
	return err
}

// wipe overwrites and removes the files below dir, and counts them by what is at
// the top of it.
func (d *decommissioning) wipe(what, dir string, skip func(string) bool) error {
	err := filepath.WalkDir(below(dir), func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || skip(filepath.Clean(p)) {
			return err
		}
		st, err := e.Info()
		if err != nil {
			return err
		}
		if err := overwrite(p); err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		top = strings.TrimSuffix(strings.TrimSuffix(top, "-wal"), "-shm")
		d.count(DestroyedFile{What: what + ": " + top, Files: 1, Bytes: st.Size(), How: "overwritten with random bytes and removed"})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err
}

// overwrite fills a file with random bytes, on the disk, and removes it. Media
// that write elsewhere than they are told keep the old bytes until they are
// destroyed: that is why keys go first.
func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // below the installation's folders
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, rand.Reader, st.Size())
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}

func (d *decommissioning) remains() error {
	links, err := d.links()
	if err != nil {
		return err
	}
	d.cert.Remains = append(links, d.outside()...)
	add := func(text string) { d.cert.Remains = append(d.cert.Remains, text) }
	if os.Getenv(vault.EnvMasterKey) != "" || os.Getenv(vault.EnvMasterKeyFile) != "" {
		add("the master key at " + vault.EnvMasterKey + ", which lies elsewhere: destroy it there")
	}
	if len(d.cfg.Events.Kafka.Brokers) > 0 {
		add("events on Kafka; they are pseudonymous and their sealed parts unreadable now; the topics end with their retention, or remove them")
	}
	if len(d.cfg.Events.ClickHouse.Addrs) > 0 {
		add("rows in ClickHouse of this edge: drop them with the database, or keep them for as long as the law asks")
	}
	if d.cfg.Store.Shared() {
		add("the PostgreSQL server's disk, its write-ahead log, archives, standbys and dumps: what was dropped lies there until it is overwritten; end them by their own means")
		add("other replicas, and their copies of the folder of keys: run bystander decommission on each")
	}
	add("backups: destroy those of keys; those of data expire by your rule")
	add("the media: solid state disks keep old blocks; erase them by their own command, or shred them, and have the witness see it")
	add("cameras, cables, signs and network rules, as the exit plan lists them")
	return nil
}

// VerifyDestruction checks a certificate against the edge's public key, or,
// without one, against the key that it names itself.
func VerifyDestruction(file, pub string, stdout io.Writer) error {
	b, err := os.ReadFile(file) //nolint:gosec // the caller's file
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	var c DestructionCertificate
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	key := ed25519.PublicKey(c.PublicKey)
	if pub != "" {
		if key, err = readPublic(pub); err != nil {
			return fmt.Errorf("%w: --key: %w", ErrUsage, err)
		}
	}
	msg, err := c.signedPart()
	if err != nil {
		return err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, msg, c.Signature) {
		return errors.New("certificate: the signature does not fit: it was altered, or another edge signed it")
	}
	_, err = fmt.Fprintf(stdout, "genuine: %s, edge %s, destroyed %s by %s, seen by %s; the log ended at number %d\n",
		c.ID, c.Edge, c.At.Format(time.RFC3339), c.By, c.Witness, c.LastSeq)
	return err
}

// serveGone answers every request with 410 and the certificate, where an
// installation was. It returns false when none was decommissioned there.
func serveGone(ctx context.Context, cfg config.Config, stdout io.Writer) (bool, error) {
	b, err := os.ReadFile(filepath.Join(cfg.Data, goneName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.Listen)
	if err != nil {
		return true, fmt.Errorf("server.listen: %w", err)
	}
	fmt.Fprintf(stdout, "this installation was decommissioned; http://%s answers 410 with the certificate\n", ln.Addr())
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusGone)
		_, _ = w.Write(b) // whoever went away needs no answer
	})}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) //nolint:contextcheck // it has ended
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return true, err
	}
	return true, nil
}
