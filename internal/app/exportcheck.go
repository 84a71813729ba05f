package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/sqldb"
)

// export wants an export that holds everything as it is now, or that somebody said
// none is needed. It returns SHA-256 of the export's list. head is where the log
// ends.
func (d *decommissioning) export(ctx context.Context, head event.Head) (string, error) {
	dir := d.o.Export
	switch {
	case dir != "" && d.o.NoExport:
		return "", fmt.Errorf("%w: --export and --no-export: say which of the two", ErrUsage)
	case d.o.NoExport:
		return "", nil
	case dir == "":
		return "", fmt.Errorf("%w: %w: run bystander export first and name it with --export, or say --no-export", ErrUsage, errNoExport)
	}
	for _, own := range []string{d.cfg.Data, d.cfg.Keys} {
		if within(dir, own) {
			return "", refusedExport("%s lies in %s, which is destroyed: move the export to another disk", dir, own)
		}
	}
	if !exists(filepath.Join(d.cfg.Keys, "edge.pem")) {
		return "", refusedExport("%s is gone, by which the export's signature is told from anybody else's: put it back from the backup of keys, or say --no-export", filepath.Join(d.cfg.Keys, "edge.pem"))
	}
	key, err := signingKey(d.cfg.Keys, "edge")
	if err != nil {
		return "", err
	}
	m, sum, err := checkedExport(ctx, dir, chainID(d.cfg.Events.Edge), key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	if err := upToDate(ctx, d.cfg, m, head); err != nil {
		return "", err
	}
	fmt.Fprintf(d.o.Stdout, "export checked: %d files of %s, signed by this installation, with all that is here\n", len(m.Files), m.MadeAt.Format("2006-01-02T15:04:05Z07:00"))
	return sum, nil
}

// refusedExport says why, and what to do.
func refusedExport(format string, args ...any) error {
	return fmt.Errorf("%w: --export: %w: %w", ErrUsage, ErrBadExport, fmt.Errorf(format, args...))
}

// within reports whether path lies in dir, links followed.
func within(path, dir string) bool {
	real := func(p string) string {
		if abs, err := filepath.Abs(p); err == nil {
			p = abs
		}
		if to, err := filepath.EvalSymlinks(p); err == nil {
			p = to
		}
		return p
	}
	rel, err := filepath.Rel(real(dir), real(path))
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// checkedExport checks that an export is whole, as it was written, and of this
// installation. It returns its list, and that one's SHA-256.
func checkedExport(ctx context.Context, dir, edge string, key ed25519.PublicKey) (m ExportManifest, sum string, err error) {
	if mark := filepath.Join(dir, unfinishedName); linked(mark) {
		return m, "", refusedExport("%s: the export was cut off: run the same bystander export again, which finishes it", mark)
	}
	path := filepath.Join(dir, manifestName)
	m, b, err := readManifest(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, "", refusedExport("there is no %s: name the folder that bystander export wrote, as it wrote it", path)
	case err != nil:
		return m, "", refusedExport("%w", err)
	case m.Edge != edge:
		return m, "", refusedExport("%s is of edge %q, and this is %s: name this installation's own export", path, m.Edge, edge)
	case !bytes.Equal(m.PublicKey, key):
		return m, "", refusedExport("%s was signed with another key than this installation's: it is another's export, or of before the key was changed; export again", path)
	}
	msg, err := m.signedPart()
	if err != nil {
		return m, "", err
	}
	if !ed25519.Verify(key, msg, m.Signature) {
		return m, "", refusedExport("%s: the signature does not fit: it was altered; export again", path)
	}
	if err := wholeExport(ctx, dir, m); err != nil {
		return m, "", err
	}
	h := sha256.Sum256(b)
	return m, hex.EncodeToString(h[:]), nil
}

// linked reports whether there is anything of this name, be it a broken link.
func linked(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// wholeExport compares an export's files with its list: each is there, as it was
// written, and nothing else is.
func wholeExport(ctx context.Context, dir string, m ExportManifest) error {
	found, err := digests(ctx, dir)
	if errors.Is(err, errNoFile) {
		return refusedExport("%w; export again, and copy the folder as it is", err)
	}
	if err != nil {
		return fmt.Errorf("decommission: --export: %w", err)
	}
	delete(found, manifestName)
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		at := filepath.Join(dir, filepath.FromSlash(name))
		switch sum, there := found[name]; {
		case !there:
			return refusedExport("%s is on the list and missing: copy the folder as a whole, or export again", at)
		case sum != m.Files[name]:
			return refusedExport("%s is not what was exported: it was changed or damaged; copy it anew from where it was written, or export again", at)
		}
		delete(found, name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		return refusedExport("%s is not on the list: no export wrote it; move it away", filepath.Join(dir, filepath.FromSlash(name)))
	}
	return nil
}

// upToDate compares an export with what is here now. Whatever was changed since
// would be lost, so it has to be exported again.
func upToDate(ctx context.Context, cfg config.Config, m ExportManifest, head event.Head) error {
	const again = "it was changed since the export of %s: with the program stopped, export again"
	if m.Log != head {
		return refusedExport("the log ends at number %d and was exported up to %d; "+again, head.Seq, m.Log.Seq, m.MadeAt.Format("2006-01-02T15:04:05Z07:00"))
	}
	x := &exporting{cfg: cfg}
	stores, err := x.stores(ctx)
	if err != nil {
		return fmt.Errorf("decommission: %w", err)
	}
	for _, s := range stores {
		now, err := sumsOf(ctx, s)
		if err != nil {
			return fmt.Errorf("decommission: %s: %w", s.name, err)
		}
		for _, name := range slices.Sorted(maps.Keys(now)) {
			switch was, there := m.Tables[name]; {
			case !there:
				return refusedExport("table %s is not in it; "+again, name, m.MadeAt.Format("2006-01-02T15:04:05Z07:00"))
			case was != now[name]:
				return refusedExport("table %s holds %d rows and had %d; "+again, name, now[name].Rows, was.Rows, m.MadeAt.Format("2006-01-02T15:04:05Z07:00"))
			}
		}
	}
	return nil
}

// sumsOf reads the sums of a store's tables as they are at one moment.
func sumsOf(ctx context.Context, s exported) (_ map[string]TableSum, err error) {
	tx, end, err := sqldb.View(ctx, s.place)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	ddl, err := sqldb.Tables(ctx, tx, s.place)
	if err != nil {
		return nil, err
	}
	out := map[string]TableSum{}
	for name := range ddl {
		if out[s.name+"/"+name], err = eachRow(ctx, tx, name, nil, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}
