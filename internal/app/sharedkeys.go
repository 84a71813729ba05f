package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"bystander/internal/config"
	"bystander/match/vault"
)

// signedAlike are the keys that control replicas sign with: policy and receipts
// are checked by one public half, whichever replica made them.
func signedAlike() []string { return []string{"policy", "consent"} }

// sealedAlike are the keys that open what control replicas share in one store.
func sealedAlike() []string {
	return []string{vault.MasterKeyName, vault.IdentityKeyName, "accounts.key", "cameras.key", "notes.key", "rights.key", "samples.key"}
}

// maxKeyFile bounds what is read of a key.
const maxKeyFile = 1 << 20

// sharedKeyFiles are all of them. What else lies in the folder of keys belongs to
// one machine: the key of its log, its certificate, its journal of erasures.
func sharedKeyFiles() []string {
	out := sealedAlike()
	for _, name := range signedAlike() {
		out = append(out, name+".pem", name+".pub")
	}
	slices.Sort(out)
	return out
}

// ControlKeysMake makes, in a folder, the keys that control replicas have in
// common, before the first of them starts. A key that is there stays.
func ControlKeysMake(dir string, out io.Writer) error {
	for _, name := range signedAlike() {
		if _, err := signingKey(dir, name); err != nil {
			return err
		}
	}
	for _, name := range sealedAlike() {
		if _, err := vault.OpenKey(filepath.Join(dir, name), true); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%d files in %s\n\nWhoever has them reads consents, names and templates: back them up apart from the data.\n"+
		"%s opens templates and is best kept apart from the others (BYSTANDER_MASTER_KEY).\n"+
		"On each replica, before its first start: bystander control keys take %s\n", len(sharedKeyFiles()), dir, vault.MasterKeyName, dir)
	return err
}

// ControlKeysTake copies the keys that replicas have in common into this one's
// folder, readable by its user alone. It may be repeated, as before each start.
// A key that differs from the one here is refused: what was written with this one
// could not be read with the other.
func ControlKeysTake(cfg config.Config, from string, out io.Writer) error {
	if err := os.MkdirAll(cfg.Keys, 0o700); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	lacking := map[string][]byte{}
	defer func() {
		for _, b := range lacking {
			clear(b)
		}
	}()
	here := 0
	for _, name := range sharedKeyFiles() { // all are looked at before one is written
		b, err := readKeyFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) && name == vault.MasterKeyName {
			continue // kept apart
		}
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s lacks %s; make the folder whole with: bystander control keys make DIR", ErrUsage, from, name)
		}
		if err != nil {
			return err
		}
		is, err := hasKey(filepath.Join(cfg.Keys, name), b)
		switch {
		case err != nil:
			clear(b)
			return err
		case is:
			clear(b)
			here++
		default:
			lacking[name] = b
		}
	}
	for name, b := range lacking {
		if err := keepKey(filepath.Join(cfg.Keys, name), b); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%s: %d keys taken from %s, %d were there\n", cfg.Keys, len(lacking), from, here)
	return err
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%w: %s is no key", ErrUsage, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return b, nil
}

// hasKey reports whether a key is there already; it fails where another one is.
func hasKey(path string, b []byte) (bool, error) {
	have, err := readKeyFile(path)
	defer clear(have)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !bytes.Equal(have, b):
		return false, fmt.Errorf("%w: %s is another key than the one that replicas share; what was written with it could not be read any more. "+
			"If this replica has written nothing yet, move its folder of keys away", ErrUsage, path)
	}
	return true, nil
}

// keepKey writes a key where none is, whole or not at all. One that another process
// wrote meanwhile stays, and is told of.
func keepKey(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	mode := fs.FileMode(0o600)
	if filepath.Ext(path) == ".pub" {
		mode = 0o644
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		_, err = hasKey(path, b)
		return err
	}
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}
