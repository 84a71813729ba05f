package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bystander/internal/event"
)

const (
	// unfinishedName marks the folder of an export that was cut off.
	unfinishedName = "UNFINISHED"
	manifestName   = "manifest.json"
	manifestFormat = 2 // with log and tables; 1 had neither
)

// exportedNames are what an export writes at the top of its folder.
var exportedNames = []string{unfinishedName, manifestName, "log", "tables", "recordings", "keys", "names.csv", "site.yml"}

// ExportManifest lists an export; Signature covers the rest, as JSON without it.
type ExportManifest struct {
	Format  int               `json:"format"`
	Edge    string            `json:"edge"`
	MadeAt  time.Time         `json:"made_at"`
	Program string            `json:"program"`
	Files   map[string]string `json:"files"` // SHA-256 by path
	// Log is where this machine's log ended, and Tables what was in the stores, by
	// STORE/TABLE: by them it can be told whether anything was added since.
	Log       event.Head          `json:"log"`
	Tables    map[string]TableSum `json:"tables"`
	LeftOut   []string            `json:"left_out"`
	PublicKey []byte              `json:"public_key"`
	Signature []byte              `json:"signature,omitempty"`
}

// signedPart is what the signature covers.
func (m ExportManifest) signedPart() ([]byte, error) {
	m.Signature = nil
	return json.Marshal(m)
}

// file is the list as it is written; there is one way to write each.
func (m ExportManifest) file() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", " ")
	return append(b, '\n'), err
}

// exportMark is the mark of an export that was begun. Signature covers what
// signedPart says: whoever holds the key began it, so it may begin anew.
type exportMark struct {
	Note      string `json:"note"`
	Edge      string `json:"edge"`
	Signature []byte `json:"signature"`
}

func (m exportMark) signedPart() []byte { return []byte("bystander export begun v1\x00" + m.Edge) }

// beginExport makes the folder of an export, or empties that of one which this
// installation began and which was cut off. Any other folder has to be empty.
func beginExport(dir, edge string, key ed25519.PrivateKey) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	if len(entries) > 0 {
		if err := resumable(dir, edge, key.Public().(ed25519.PublicKey), entries); err != nil {
			return err
		}
		for _, e := range entries {
			if e.Name() == unfinishedName {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: --out: %w", ErrUsage, err)
	}
	m := exportMark{Note: "bystander export was cut off here; the same command begins anew", Edge: edge}
	m.Signature = ed25519.Sign(key, m.signedPart())
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, unfinishedName), append(b, '\n'), 0o600)
}

// resumable refuses a folder unless it holds nothing but what this installation's
// own export, cut off, has written: all of it will be removed.
func resumable(dir, edge string, key ed25519.PublicKey, entries []fs.DirEntry) error {
	i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == unfinishedName })
	if i < 0 {
		return fmt.Errorf("%w: --out: %s is not empty; name a new folder", ErrUsage, dir)
	}
	mark := filepath.Join(dir, unfinishedName)
	var b []byte
	var err error
	if entries[i].Type().IsRegular() {
		if b, err = os.ReadFile(mark); err != nil { //nolint:gosec // in the folder given
			return fmt.Errorf("%w: --out: %w", ErrUsage, err)
		}
	}
	var m exportMark
	if err := json.Unmarshal(b, &m); err != nil || m.Edge != edge || !ed25519.Verify(key, m.signedPart(), m.Signature) {
		return fmt.Errorf("%w: --out: %s is not of an export that this installation (%s) began, so nothing in %s is removed: name a new folder, or see what it holds and remove it yourself",
			ErrUsage, mark, edge, dir)
	}
	for _, e := range entries {
		if !slices.Contains(exportedNames, e.Name()) {
			return fmt.Errorf("%w: --out: no export wrote %s, which would be removed: move it away, or name a new folder", ErrUsage, filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

// list writes the signed list of everything that was written, and takes the mark
// away.
func (x *exporting) list(ctx context.Context) error {
	m := ExportManifest{
		Format: manifestFormat, Edge: chainID(x.cfg.Events.Edge), MadeAt: time.Now().UTC().Truncate(time.Second), Program: Version,
		Log: x.head, Tables: x.sums, LeftOut: x.left, PublicKey: x.key.Public().(ed25519.PublicKey),
	}
	if !x.o.Recordings && exists(filepath.Join(x.cfg.Data, "recordings")) {
		m.LeftOut = append(m.LeftOut, "recordings: not asked for (--recordings); tables/index lists them")
	}
	var err error
	if m.Files, err = digests(ctx, x.o.Out); err != nil {
		return err
	}
	delete(m.Files, unfinishedName)
	msg, err := m.signedPart()
	if err != nil {
		return err
	}
	m.Signature = ed25519.Sign(x.key, msg)
	b, err := m.file()
	if err != nil {
		return err
	}
	if err := x.write(manifestName, b); err != nil {
		return err
	}
	return os.Remove(filepath.Join(x.o.Out, unfinishedName))
}

// errNoFile reports what an export cannot hold, such as a link.
var errNoFile = errors.New("is no plain file, and no export wrote it")

// digests reads SHA-256 of every file below a folder, by path.
func digests(ctx context.Context, dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(below(dir), func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s %w", p, errNoFile)
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = digestOf(p)
		return err
	})
	return out, err
}

func digestOf(path string) (_ string, err error) {
	f, err := os.Open(path) //nolint:gosec // below a folder given
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// readManifest reads the list of an export as it was signed, and nothing that
// could be read in two ways.
func readManifest(path string) (m ExportManifest, b []byte, err error) {
	if b, err = os.ReadFile(path); err != nil { //nolint:gosec // the caller's folder
		return m, nil, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, b, fmt.Errorf("%s: %w", path, err)
	}
	if m.Format != manifestFormat {
		return m, b, fmt.Errorf("%s is of format %d, where this program writes %d: export again with this one", path, m.Format, manifestFormat)
	}
	as, err := m.file()
	if err == nil && !bytes.Equal(as, b) {
		err = fmt.Errorf("%s is not as an export writes it: it was altered; export again", path)
	}
	return m, b, err
}
