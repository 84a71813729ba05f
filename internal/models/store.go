package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxBytes bounds a model file; nothing larger is read into memory.
const maxBytes = 512 << 20

// EnvMirrors names an environment variable with more mirrors, separated by
// commas, tried before the default ones.
const EnvMirrors = "BYSTANDER_MODEL_MIRRORS"

// Options says where models are looked for.
type Options struct {
	// CacheDir holds verified copies; empty means bystander/models in the
	// user's cache directory.
	CacheDir string
	// Mirrors are directories and http(s) addresses, tried in order before
	// upstream. nil means DefaultMirrors.
	Mirrors []string
	// Offline keeps upstream addresses from being asked. Mirrors still are.
	Offline bool
	// Client fetches over HTTP; nil means one with a ten-minute limit.
	Client *http.Client
	// Warn is told of trouble that was survived, e.g. a mirror with a wrong
	// file; nil drops it.
	Warn func(error)
}

// Store looks models up. It is safe for concurrent use, also by several
// processes over one cache.
type Store struct {
	infos []Info
	o     Options
}

// Open reads the embedded manifest. No file is touched yet.
func Open(o Options) (*Store, error) {
	infos, err := ParseManifest(manifest)
	if err != nil {
		return nil, err
	}
	return newStore(infos, o)
}

// OpenManifest is Open with another manifest, for tests and for sites with
// models of their own.
func OpenManifest(manifest []byte, o Options) (*Store, error) {
	infos, err := ParseManifest(manifest)
	if err != nil {
		return nil, err
	}
	return newStore(infos, o)
}

func newStore(infos []Info, o Options) (*Store, error) {
	if o.CacheDir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("models: no cache directory: %w (set XDG_CACHE_HOME, or name one)", err)
		}
		o.CacheDir = filepath.Join(dir, "bystander", "models")
	}
	if o.Mirrors == nil {
		o.Mirrors = DefaultMirrors()
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Minute}
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	return &Store{infos: infos, o: o}, nil
}

// DefaultMirrors are those of EnvMirrors, models/ in BYSTANDER_SHARED, and
// ../shared/models beside the checkout that the working directory or the
// program lies in. Only existing directories are listed.
func DefaultMirrors() []string {
	var m []string
	for s := range strings.SplitSeq(os.Getenv(EnvMirrors), ",") {
		if s = strings.TrimSpace(s); s != "" {
			m = append(m, s)
		}
	}
	add := func(dir string) {
		if st, err := os.Stat(dir); err == nil && st.IsDir() && !slices.Contains(m, dir) {
			m = append(m, dir)
		}
	}
	if s := os.Getenv("BYSTANDER_SHARED"); s != "" {
		add(filepath.Join(s, "models"))
	}
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		if root := checkout(dir); root != "" {
			add(filepath.Join(filepath.Dir(root), "shared", "models"))
		}
	}
	return m
}

// checkout finds the folder with go.mod at or above dir.
func checkout(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// List returns every model of the manifest, in its order.
func (s *Store) List() []Info { return slices.Clone(s.infos) }

// CacheDir is where verified copies lie.
func (s *Store) CacheDir() string { return s.o.CacheDir }

// Mirrors are the places asked before upstream.
func (s *Store) Mirrors() []string { return slices.Clone(s.o.Mirrors) }

// Info finds a model by name; it fails with ErrUnknown.
func (s *Store) Info(name string) (Info, error) {
	var names []string
	for _, i := range s.infos {
		if i.Name == name {
			return i, nil
		}
		names = append(names, i.Name)
	}
	return Info{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(names, ", "))
}

// Cached tells the path of a model in the cache and whether it is there. It
// does not hash it.
func (s *Store) Cached(name string) (string, bool) {
	i, err := s.Info(name)
	if err != nil {
		return "", false
	}
	p := s.path(i)
	st, err := os.Stat(p)
	return p, err == nil && st.Mode().IsRegular()
}

func (s *Store) path(i Info) string { return filepath.Join(s.o.CacheDir, i.File) }

// Resolve returns the path of a verified copy of the model, fetching it into
// the cache when it is not there. Where the cache cannot be written, a copy in
// a mirror directory is used in place. It fails with ErrUnknown, ErrHash for a
// wrong file in the cache, and ErrMissing naming every place tried.
func (s *Store) Resolve(ctx context.Context, name string) (string, Info, error) {
	_, path, i, err := s.find(ctx, name)
	return path, i, err
}

// Load is Resolve that returns the verified bytes themselves, so that what was
// hashed is what runs.
func (s *Store) Load(ctx context.Context, name string) ([]byte, Info, error) {
	b, _, i, err := s.find(ctx, name)
	return b, i, err
}

func (s *Store) find(ctx context.Context, name string) ([]byte, string, Info, error) {
	i, err := s.Info(name)
	if err != nil {
		return nil, "", Info{}, err
	}
	b, err := readVerified(i, s.path(i),
		"somebody or something changed it: delete it, then run `bystander models pull "+i.Name+"`")
	switch {
	case err == nil:
		return b, s.path(i), i, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, "", i, err
	}
	b, from, err := s.fetch(ctx, i, nil)
	if err != nil {
		return nil, "", i, err
	}
	path := s.path(i)
	if err := writeAtomic(path, b); err != nil {
		if !filepath.IsAbs(from) {
			return nil, "", i, err
		}
		s.o.Warn(err)
		path = from
	}
	return b, path, i, nil
}

// readVerified reads a file and checks its hash.
func readVerified(i Info, path, wayOut string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("models: %s: %w", i.Name, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("models: %s: %w", i.Name, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, i.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("models: %s: read %s: %w", i.Name, path, err)
	}
	return b, verify(i, path, b, max(st.Size(), int64(len(b))), wayOut)
}

func verify(i Info, from string, b []byte, size int64, wayOut string) error {
	sum := sha256.Sum256(b)
	got := hex.EncodeToString(sum[:])
	if got == i.SHA256 {
		return nil
	}
	if size > int64(len(b)) {
		// Only the head was read; its hash would mislead.
		got = "another (the file is longer)"
	}
	return &HashError{Model: i.Name, File: from, Expected: i.SHA256, Got: got, Bytes: size, WayOut: wayOut}
}

// writeAtomic writes a file such that no reader ever sees a part of it.
func writeAtomic(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("models: make the cache: %w", err)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("models: write to the cache: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("models: write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	_, err = io.Copy(f, bytes.NewReader(b))
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
