package mlog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Key signs a log's checkpoints: Ed25519 in the signed-note form, whose name is
// the log's origin.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	vkey     string
}

// OpenKey reads the signing key of origin from path, and makes it at first use:
// there is no default key. The verifier key, one line of text, is written
// beside it with the ending .vkey for whoever checks. It fails with ErrKey when
// others may read the file or when it is another origin's.
func OpenKey(path, origin string) (*Key, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path, origin); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	defer clear(b)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s can be read by others; run: chmod 600 %s", ErrKey, path, path)
	}
	skey := strings.TrimSpace(string(b))
	signer, verifier, err := fnote.NewEd25519SignerVerifier(skey)
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no signed-note key; restore it from your backup", ErrKey, path)
	}
	if signer.Name() != origin {
		return nil, fmt.Errorf("%w: %s is the key of %q, this log is %q: name the log as before, or give it another key file", ErrKey, path, signer.Name(), origin)
	}
	vkey, err := os.ReadFile(vkeyPath(path))
	if err != nil {
		return nil, fmt.Errorf("%w: the public half %w", ErrKey, err)
	}
	k := &Key{signer: signer, verifier: verifier, vkey: strings.TrimSpace(string(vkey))}
	if v, err := note.NewVerifier(k.vkey); err != nil || v.KeyHash() != signer.KeyHash() || v.Name() != origin {
		return nil, fmt.Errorf("%w: %s does not belong to %s", ErrKey, vkeyPath(path), path)
	}
	return k, nil
}

// Origin is the log's name.
func (k *Key) Origin() string { return k.signer.Name() }

// Verifier checks the key's signatures.
func (k *Key) Verifier() note.Verifier { return k.verifier }

// VKey is the verifier key in the form that tools for signed notes read.
func (k *Key) VKey() string { return k.vkey }

func vkeyPath(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".vkey" }

func checkOrigin(origin string) error {
	if origin == "" || len(origin) > 255 || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r == '+' || r > 0x7e }) {
		return fmt.Errorf("%w: origin %q: use a name such as venue.example/edge-1, without spaces and plus signs", ErrKey, origin)
	}
	return nil
}

func makeKey(path, origin string) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// The public half first: a crash in between leaves no key that nobody can
	// verify with.
	if err := writeFile(vkeyPath(path), []byte(vkey+"\n"), 0o644); err != nil {
		return err
	}
	return writeFile(path, []byte(skey+"\n"), 0o600)
}

// writeFile puts a file in place as a whole or not at all.
func writeFile(path string, b []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
