package backup

import (
	"compress/gzip"
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
	"strings"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// Archive is a backup to be checked or restored.
type Archive struct {
	Head
	dir string
}

// Open reads a backup's head and looks whether every part is there, in full.
// With signers, one of them must have signed it. It fails with ErrTorn,
// ErrAltered, ErrSigner and ErrVersion.
func Open(dir string, signers []ed25519.PublicKey) (*Archive, error) {
	h, err := readHead(dir, signers)
	if err != nil {
		return nil, err
	}
	a := &Archive{h, dir}
	for _, p := range append([]Part{h.Manifest}, h.Parts...) {
		path, err := a.part(p.Name)
		if err != nil {
			return nil, err
		}
		st, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%w: part %s is missing", ErrTorn, p.Name)
		}
		if st.Size() != p.Bytes {
			return nil, fmt.Errorf("%w: part %s has %d bytes, want %d", ErrTorn, p.Name, st.Size(), p.Bytes)
		}
	}
	return a, nil
}

func (a *Archive) part(name string) (string, error) {
	if name == manifestName {
		return filepath.Join(a.dir, name), nil
	}
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%w: a part is called %q", ErrAltered, name)
	}
	return filepath.Join(a.dir, partsDir, name), nil
}

// Verify reads every part and compares it with its hash; no identity is needed.
func (a *Archive) Verify(ctx context.Context, progress func(Progress)) error {
	p := Progress{Total: a.Bytes(), Of: len(a.Parts) + 1}
	for _, part := range append([]Part{a.Manifest}, a.Parts...) {
		path, err := a.part(part.Name)
		if err != nil {
			return err
		}
		sum, err := hashFile(ctx, path)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if sum != part.SHA256 {
			return fmt.Errorf("%w: part %s is not what was written", ErrAltered, part.Name)
		}
		p.Done += part.Bytes
		p.Files++
		if progress != nil {
			progress(p)
		}
	}
	return nil
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the caller's folder
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, &patient{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// List decrypts the list of files.
func (a *Archive) List(ids []age.Identity) (Manifest, error) {
	var m Manifest
	r, done, err := a.open(a.Manifest, true, ids)
	if err != nil {
		return m, err
	}
	defer done()
	if err := json.NewDecoder(r).Decode(&m); err != nil {
		return m, fmt.Errorf("%w: the list of files: %w", ErrAltered, err)
	}
	if m.ID != a.ID {
		return m, fmt.Errorf("%w: the list of files is another backup's", ErrAltered)
	}
	return m, nil
}

func (a *Archive) open(p Part, packed bool, ids []age.Identity) (io.Reader, func(), error) {
	path, err := a.part(p.Name)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path) //nolint:gosec // the caller's folder
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	fail := func(err error) (io.Reader, func(), error) { return nil, nil, errors.Join(err, f.Close()) }
	if len(ids) == 0 {
		return fail(fmt.Errorf("%w: none was given", ErrWrongKey))
	}
	r, err := age.Decrypt(f, ids...)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return fail(fmt.Errorf("%w: it was encrypted to %s", ErrWrongKey, strings.Join(a.Recipients, ", ")))
		}
		return fail(fmt.Errorf("%w: part %s: %w", ErrAltered, p.Name, err))
	}
	if packed {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fail(fmt.Errorf("%w: part %s: %w", ErrAltered, p.Name, err))
		}
		r = z
	}
	return r, func() { f.Close() }, nil
}

// Extract writes every file that want takes below dest. Files that are there
// already with the right content stay, so that an interrupted run is gone on
// with by calling it again. Want may give another path, or an empty one to leave
// a file out.
func (a *Archive) Extract(ctx context.Context, m Manifest, ids []age.Identity, dest string, want func(File) string, progress func(Progress)) error {
	var p Progress
	targets := make([]string, len(m.Files))
	for i, f := range m.Files {
		if targets[i] = want(f); targets[i] == "" {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(targets[i])) {
			return fmt.Errorf("%w: a file is called %q", ErrAltered, targets[i])
		}
		p.Total += f.Bytes
		p.Of++
	}
	if err := os.MkdirAll(dest, 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dest, &st); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if free := int64(st.Bavail) * st.Bsize; free < p.Total-sizeOf(dest) {
		return fmt.Errorf("%w: %s has %d MB left and %d MB are needed", ErrRoom, dest, free>>20, p.Total>>20)
	}
	parts := map[string]Part{}
	for _, part := range a.Parts {
		parts[part.Name] = part
	}
	for i, f := range m.Files {
		if targets[i] == "" {
			continue
		}
		part, ok := parts[f.Part]
		if !ok {
			return fmt.Errorf("%w: the part of a file is not in the list", ErrAltered)
		}
		if err := a.extract(ctx, f, part, ids, filepath.Join(dest, filepath.FromSlash(targets[i]))); err != nil {
			return err
		}
		p.Done += f.Bytes
		p.Files++
		if progress != nil {
			progress(p)
		}
	}
	return nil
}

func sizeOf(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error { // a guess is enough
		if err == nil && e.Type().IsRegular() {
			if i, err := e.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}

func (a *Archive) extract(ctx context.Context, f File, part Part, ids []age.Identity, path string) (err error) {
	if sum, err := hashFile(ctx, path); err == nil && sum == f.SHA256 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	r, done, err := a.open(part, f.Packed, ids)
	if err != nil {
		return err
	}
	defer done()
	out, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, f.Mode.Perm()&0o755) //nolint:gosec // below dest
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path+".part"))
		}
	}()
	sum := sha256.New()
	// One byte more than there should be is enough to tell.
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(&patient{ctx, r}, f.Bytes+1))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			return roomy(fmt.Errorf("backup: %w", err))
		}
		return fmt.Errorf("%w: part %s: %w", ErrAltered, part.Name, err)
	}
	if n != f.Bytes || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: part %s does not hold what was backed up", ErrAltered, part.Name)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}
