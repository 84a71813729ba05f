// Package release lists, signs and checks the files of a release: SHA256SUMS,
// which "sha256sum -c" reads, and SHA256SUMS.sig, an Ed25519 signature (RFC 8032)
// over its bytes, which "openssl pkeyutl -verify -rawin" checks as well.
package release

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files that stand beside a release's own.
const (
	SumsFile      = "SHA256SUMS"
	SignatureFile = "SHA256SUMS.sig"
)

// maxSums bounds the list; a release has a handful of files.
const maxSums = 1 << 20

// What may be wrong with a release.
var (
	ErrUnsigned  = errors.New("release: not signed with this key")
	ErrAltered   = errors.New("release: altered")
	ErrMissing   = errors.New("release: missing")
	ErrUnlisted  = errors.New("release: not part of it")
	ErrMalformed = errors.New("release: the list cannot be read")
)

// Sign lists every file of dir with its digest, and signs the list. What stood
// there of an earlier signing is replaced.
func Sign(dir string, key ed25519.PrivateKey) error {
	names, err := files(dir)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("release: %s has no files", dir)
	}
	var list bytes.Buffer
	for _, n := range names {
		sum, err := digest(filepath.Join(dir, n))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s  %s\n", sum, n)
	}
	if err := os.WriteFile(filepath.Join(dir, SumsFile), list.Bytes(), 0o644); err != nil { //nolint:gosec // public
		return fmt.Errorf("release: %w", err)
	}
	sig := ed25519.Sign(key, list.Bytes())
	if err := os.WriteFile(filepath.Join(dir, SignatureFile), sig, 0o644); err != nil { //nolint:gosec // public
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// Verify checks that the list in dir is signed by key, that every file on it is
// there and unaltered, and that there is no other. It returns the names of the
// files, or every fault at once. Nothing of an unsigned list is looked at.
func Verify(dir string, key ed25519.PublicKey) ([]string, error) {
	list, err := readBounded(filepath.Join(dir, SumsFile))
	if err != nil {
		return nil, err
	}
	sig, err := readBounded(filepath.Join(dir, SignatureFile))
	if err != nil {
		return nil, err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, list, sig) {
		return nil, fmt.Errorf("%w: %s", ErrUnsigned, filepath.Join(dir, SumsFile))
	}
	sums, names, err := parse(list)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, n := range names {
		got, err := digest(filepath.Join(dir, n))
		switch {
		case errors.Is(err, os.ErrNotExist):
			errs = append(errs, fmt.Errorf("%w: %s", ErrMissing, n))
		case err != nil:
			errs = append(errs, err)
		case got != sums[n]:
			errs = append(errs, fmt.Errorf("%w: %s", ErrAltered, n))
		}
	}
	there, err := files(dir)
	if err != nil {
		errs = append(errs, err)
	}
	for _, n := range there {
		if _, ok := sums[n]; !ok {
			errs = append(errs, fmt.Errorf("%w: %s", ErrUnlisted, n))
		}
	}
	return names, errors.Join(errs...)
}

// parse reads a list as Sign writes it, and nothing else.
func parse(list []byte) (sums map[string]string, names []string, err error) {
	sums = map[string]string{}
	for line := range strings.Lines(string(list)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, herr := hex.DecodeString(sum)
		plain := name != "" && name == filepath.Base(name) && !strings.HasPrefix(name, ".") && name != SumsFile && name != SignatureFile
		if !ok || herr != nil || len(raw) != sha256.Size || sum != strings.ToLower(sum) || !plain || sums[name] != "" || !strings.HasSuffix(line, "\n") {
			return nil, nil, fmt.Errorf("%w: line %d", ErrMalformed, len(names)+1)
		}
		sums[name] = sum
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%w: it is empty", ErrMalformed)
	}
	return sums, names, nil
}

// files are the names in dir that a list must hold, in order. A folder or a link
// in there is a fault: it could not be told by a digest.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() == SumsFile || e.Name() == SignatureFile {
			continue
		}
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("%w: %s is no plain file", ErrUnlisted, e.Name())
		}
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names, nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("release: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("release: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, maxSums+1))
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	if len(b) > maxSums {
		return nil, fmt.Errorf("%w: %s is too long", ErrMalformed, path)
	}
	return b, nil
}
