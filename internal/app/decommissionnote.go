package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bystander/internal/config"
	"bystander/internal/sqldb"
)

// destroyingName is the certificate so far, among the data, from when the first
// key is destroyed until the last: whoever was interrupted goes on by it, when
// neither site nor export can be looked at any more.
const destroyingName = "decommissioning.json"

// goneSchema is where a server says that its stores were destroyed.
const goneSchema = "decommissioned"

// note writes down how far it has come.
func (d *decommissioning) note() error {
	b, err := json.MarshalIndent(d.cert, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(d.cfg.Data, destroyingName)
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // among the data
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	// On the disk before anything is destroyed: an empty note could not be gone by.
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// below is a folder as a walk is to begin: at what it points to where it is a link.
func below(dir string) string { return filepath.Clean(dir) + string(filepath.Separator) }

// links tells of the links among keys and data: what they point to lies elsewhere,
// and other programs may use it.
func (d *decommissioning) links() (out []string, err error) {
	for _, dir := range []string{d.cfg.Keys, d.cfg.Data} {
		err := filepath.WalkDir(below(dir), func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.Type()&fs.ModeSymlink == 0 {
				return err
			}
			to, err := os.Readlink(p)
			text := p + " is a link to " + to + ": what lies there was not touched; destroy it there"
			if err == nil && !slices.Contains(out, text) {
				out = append(out, text)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}

// rightServer refuses where the server knows nothing of an installation, not even
// that it ended: its site may be open elsewhere.
func (d *decommissioning) rightServer(ctx context.Context) error {
	if !d.cfg.Store.Shared() {
		return nil
	}
	for _, s := range controlStores() {
		if there, err := sqldb.Exists(ctx, controlSchema(d.cfg.Store, s)); err != nil || there {
			return err
		}
	}
	text, err := sqldb.Ended(ctx, controlSchema(d.cfg.Store, goneSchema))
	if err == nil && text == nil {
		err = fmt.Errorf("%w: store.postgres: there is nothing of an installation on this server; name the one that holds its data", ErrUsage)
	}
	return err
}

// begun takes up where an earlier call was cut off. It leaves key nil where there
// was none.
func (d *decommissioning) begun() error {
	b, err := os.ReadFile(filepath.Join(d.cfg.Data, destroyingName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("decommission: %w", err)
	}
	var c DestructionCertificate
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("decommission: %s: %w", destroyingName, err)
	}
	if c.Witness != d.o.Witness || c.Reason != d.o.Reason {
		return fmt.Errorf("%w: it was begun at %s with --witness %q and --reason %q, and cut off: give the same to go on",
			ErrUsage, c.At.Format("2006-01-02T15:04:05Z07:00"), c.Witness, c.Reason)
	}
	if !exists(filepath.Join(d.cfg.Keys, "edge.pem")) {
		return fmt.Errorf("decommission: %s is gone, with which the certificate is signed; what is left below %s and %s has to be removed by hand",
			filepath.Join(d.cfg.Keys, "edge.pem"), d.cfg.Data, d.cfg.Keys)
	}
	key, err := signingKey(d.cfg.Keys, "edge")
	if err != nil {
		return err
	}
	d.cert, d.key = c, key
	fmt.Fprintf(d.o.Stdout, "going on with what was begun at %s\n", c.At.Format("2006-01-02T15:04:05Z07:00"))
	return nil
}

// newCertificate opens the file of the certificate: a new one, or the empty one of
// a call that was cut off.
func newCertificate(path string) (*os.File, error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a certificate is public
	if st, e := os.Lstat(path); errors.Is(err, fs.ErrExist) && e == nil && st.Mode().IsRegular() && st.Size() == 0 {
		out, err = os.OpenFile(path, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: --certificate: %w", ErrUsage, err)
	}
	return out, nil
}

// count adds to what was destroyed.
func (d *decommissioning) count(f DestroyedFile) {
	i, there := slices.BinarySearchFunc(d.cert.Destroyed, f.What, func(a DestroyedFile, what string) int { return strings.Compare(a.What, what) })
	if !there {
		d.cert.Destroyed = slices.Insert(d.cert.Destroyed, i, f)
		return
	}
	has := &d.cert.Destroyed[i]
	has.Files, has.Bytes, has.Rows = has.Files+f.Files, has.Bytes+f.Bytes, has.Rows+f.Rows
}

// inUse refuses, before anything is destroyed, while replicas run on the server.
func (d *decommissioning) inUse(ctx context.Context) error {
	if !d.cfg.Store.Shared() {
		return nil
	}
	if err := sqldb.Alone(ctx, controlSchema(d.cfg.Store, goneSchema)); err != nil {
		return fmt.Errorf("decommission: store.postgres: %w", err)
	}
	return nil
}

// drop removes the control's stores from the server. The keys to what is sealed in
// them are destroyed by then.
func (d *decommissioning) drop(ctx context.Context) error {
	if !d.cfg.Store.Shared() {
		return nil
	}
	text, err := json.Marshal(d.cert)
	if err != nil {
		return err
	}
	var places []string
	for _, s := range controlStores() {
		places = append(places, controlSchema(d.cfg.Store, s))
	}
	gone, err := sqldb.Drop(ctx, places, controlSchema(d.cfg.Store, goneSchema), text)
	for _, g := range gone {
		d.count(DestroyedFile{What: "server: " + g.Schema, Files: g.Tables, Bytes: g.Bytes, Rows: g.Rows, How: "dropped on the PostgreSQL server"})
		fmt.Fprintf(d.o.Stdout, "dropped: %s, %d tables, %d rows\n", g.Schema, g.Tables, g.Rows)
	}
	return err
}

// checkEnded refuses to begin anew where an installation is being destroyed, or on
// a server whose stores were.
func checkEnded(ctx context.Context, cfg config.Config) error {
	if exists(filepath.Join(cfg.Data, destroyingName)) {
		return fmt.Errorf("%w: data: %s is being decommissioned; finish that with the same bystander decommission …", ErrUsage, cfg.Data)
	}
	if !cfg.Store.Shared() {
		return nil
	}
	text, err := sqldb.Ended(ctx, controlSchema(cfg.Store, goneSchema))
	if err != nil {
		return fmt.Errorf("store.postgres: %w", err)
	}
	if text == nil {
		return nil
	}
	var c DestructionCertificate
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("store.postgres: %w: its note cannot be read: %w", sqldb.ErrEnded, err)
	}
	return fmt.Errorf("%w: store.postgres: %w: %s decommissioned it at %s; run bystander decommission here, too, or name another database",
		ErrUsage, sqldb.ErrEnded, c.Edge, c.At.Format("2006-01-02T15:04:05Z07:00"))
}

// serverSecrets are the files that a connection to the server needs, where they
// lie among keys or data: they go after it.
func serverSecrets(cfg config.Config) (out []string) {
	if !cfg.Store.Shared() {
		return nil
	}
	files := []string{cfg.Store.PasswordFile}
	if u, err := url.Parse(cfg.Store.Postgres); err == nil {
		q := u.Query()
		files = append(files, q.Get("sslrootcert"), q.Get("sslcert"), q.Get("sslkey"))
	}
	for _, f := range files {
		for _, dir := range []string{cfg.Keys, cfg.Data} {
			if f != "" && strings.HasPrefix(filepath.Clean(f), filepath.Clean(dir)+string(filepath.Separator)) {
				out = append(out, filepath.Clean(f))
				break
			}
		}
	}
	return out
}
