package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// Item is one file to be backed up. Items are taken in the order given, one at
// a time.
type Item struct {
	Path string // in the backup, with slashes
	Mode fs.FileMode
	Size int64 // about, for progress
	Pack bool  // worth compressing
	// Open returns the bytes as they are then. fs.ErrNotExist leaves the file
	// out: it has gone meanwhile.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// WriteOptions say how a backup is written.
type WriteOptions struct {
	Dir        string // of this backup; an unfinished one there is gone on with
	State      string // folder on the data's side, where an unfinished run is noted
	Kind       Kind
	Recipients []string
	Signer     ed25519.PrivateKey
	Program    string
	Keep       time.Duration // until it expires; 0 for never
	Facts      func() map[string]string
	Now        func() time.Time
	Progress   func(Progress)
}

// state is what an unfinished run has done. It names files, and therefore lies
// with the data rather than with the backup.
type state struct {
	ID    string          `json:"id"`
	Dir   string          `json:"dir"`
	Kind  Kind            `json:"kind"`
	To    []string        `json:"to"`
	Files map[string]File `json:"files"`
	Parts map[string]Part `json:"parts"`
}

type writer struct {
	o    WriteOptions
	to   []age.Recipient
	st   state
	path string // of st
	p    Progress
	next int
}

// Write writes a backup of the items, or goes on with one that was interrupted:
// what is done and still there is not done again. It fails with ErrRecipient,
// ErrExists, ErrRoom and the system's errors; calling it again goes on.
func Write(ctx context.Context, o WriteOptions, items []Item) (Head, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	w := &writer{o: o}
	var err error
	if w.to, err = recipients(o.Recipients); err != nil {
		return Head{}, err
	}
	if err := w.begin(); err != nil {
		return Head{}, err
	}
	if err := w.room(items); err != nil {
		return Head{}, err
	}
	for _, i := range items {
		w.p.Total += i.Size
	}
	w.p.Of = len(items)
	files := make([]File, 0, len(items))
	parts := make([]Part, 0, len(items))
	for _, i := range items {
		f, p, err := w.item(ctx, i)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Head{}, fmt.Errorf("backup: %s: %w", i.Path, roomy(err))
		}
		files, parts = append(files, f), append(parts, p)
	}
	return w.finish(files, parts)
}

// roomy names a full disk.
func roomy(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w; make room and run the same backup again: it goes on where it stopped", ErrRoom, err)
	}
	return err
}

func (w *writer) begin() error {
	if _, err := os.Stat(filepath.Join(w.o.Dir, HeadName)); err == nil {
		return fmt.Errorf("%w: %s is a finished backup; name another folder", ErrExists, w.o.Dir)
	}
	if err := os.MkdirAll(filepath.Join(w.o.Dir, partsDir), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.MkdirAll(w.o.State, 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	w.path = filepath.Join(w.o.State, "unfinished-"+string(w.o.Kind)+".json")
	abs, err := filepath.Abs(w.o.Dir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	var old state
	b, err := os.ReadFile(w.path)
	if err == nil && json.Unmarshal(b, &old) == nil && old.Dir == abs && equal(old.To, w.o.Recipients) {
		w.st = old
		for range old.Parts {
			w.next++
		}
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(w.o.Dir, partsDir))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%w: %s holds parts of another run that cannot be gone on with; remove it, or name another folder", ErrExists, w.o.Dir)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	w.st = state{ID: id.String(), Dir: abs, Kind: w.o.Kind, To: w.o.Recipients, Files: map[string]File{}, Parts: map[string]Part{}}
	return w.save()
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// room refuses to begin what cannot end. Compression may make it smaller; that
// is not counted on.
func (w *writer) room(items []Item) error {
	var need int64
	for _, i := range items {
		if f, ok := w.st.Files[i.Path]; !ok || f.Part == "" {
			need += i.Size
		}
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(w.o.Dir, &fs); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < need {
		return fmt.Errorf("%w: %s has %d MB left and up to %d MB are needed", ErrRoom, w.o.Dir, free>>20, need>>20)
	}
	return nil
}

func (w *writer) save() error {
	b, err := json.Marshal(w.st)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return writeWhole(w.path, b, 0o600)
}

// item writes one part, unless an earlier run has.
func (w *writer) item(ctx context.Context, i Item) (File, Part, error) {
	if err := ctx.Err(); err != nil {
		return File{}, Part{}, err
	}
	defer func() {
		w.p.Done += i.Size
		w.p.Files++
		w.o.Progress(w.p)
	}()
	if f, ok := w.st.Files[i.Path]; ok {
		p := w.st.Parts[f.Part]
		if st, err := os.Stat(filepath.Join(w.o.Dir, partsDir, p.Name)); err == nil && st.Size() == p.Bytes {
			return f, p, nil
		}
	}
	src, err := i.Open(ctx)
	if err != nil {
		return File{}, Part{}, err
	}
	defer src.Close()
	w.next++
	name := fmt.Sprintf("%06d.age", w.next)
	f := File{Path: i.Path, Mode: i.Mode.Perm(), Part: name, Packed: i.Pack}
	p, plain, n, err := w.encrypt(ctx, filepath.Join(partsDir, name), src, i.Pack)
	if err != nil {
		return File{}, Part{}, err
	}
	p.Name = name
	f.SHA256, f.Bytes = plain, n
	w.st.Files[i.Path], w.st.Parts[name] = f, p
	return f, p, w.save()
}

// encrypt writes src as one encrypted file, whole or not at all.
func (w *writer) encrypt(ctx context.Context, name string, src io.Reader, pack bool) (_ Part, sum string, n int64, err error) {
	path := filepath.Join(w.o.Dir, name)
	f, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the caller's folder
	if err != nil {
		return Part{}, "", 0, err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path+".part"))
			return
		}
		err = os.Rename(path+".part", path)
	}()
	out := &counted{w: f, sum: sha256.New()}
	buffered := bufio.NewWriterSize(out, 1<<20)
	enc, err := age.Encrypt(buffered, w.to...)
	if err != nil {
		return Part{}, "", 0, err
	}
	inner := enc
	if pack {
		inner, err = gzip.NewWriterLevel(enc, gzip.BestSpeed)
		if err != nil {
			return Part{}, "", 0, err
		}
	}
	plain := sha256.New()
	n, err = io.Copy(io.MultiWriter(inner, plain), &patient{ctx, src})
	if err == nil && pack {
		err = inner.Close()
	}
	if err = errors.Join(err, enc.Close()); err != nil {
		return Part{}, "", 0, err
	}
	if err = errors.Join(buffered.Flush(), f.Sync()); err != nil {
		return Part{}, "", 0, err
	}
	return Part{Bytes: out.n, SHA256: hex.EncodeToString(out.sum.Sum(nil))}, hex.EncodeToString(plain.Sum(nil)), n, nil
}

// finish writes the lists and makes the backup one.
//
//nolint:contextcheck // the last step is not broken off
func (w *writer) finish(files []File, parts []Part) (Head, error) {
	m := Manifest{ID: w.st.ID, Files: files, Facts: map[string]string{}}
	if w.o.Facts != nil {
		m.Facts = w.o.Facts()
	}
	b, err := json.Marshal(m)
	if err != nil {
		return Head{}, fmt.Errorf("backup: %w", err)
	}
	mp, _, _, err := w.encrypt(context.Background(), manifestName, bytesReader(b), true)
	if err != nil {
		return Head{}, fmt.Errorf("backup: %w", roomy(err))
	}
	mp.Name = manifestName
	now := w.o.Now().UTC().Truncate(time.Millisecond)
	h := Head{
		Format: format, ID: w.st.ID, Kind: w.o.Kind, MadeAt: now, Program: w.o.Program,
		Recipients: w.o.Recipients, Manifest: mp, Parts: parts, Signer: w.o.Signer.Public().(ed25519.PublicKey),
	}
	if w.o.Keep > 0 {
		h.ExpiresAt = now.Add(w.o.Keep)
	}
	if err := w.prune(parts); err != nil {
		return Head{}, err
	}
	msg, err := h.signed()
	if err != nil {
		return Head{}, err
	}
	h.Signature = ed25519.Sign(w.o.Signer, msg)
	if b, err = json.MarshalIndent(h, "", " "); err != nil {
		return Head{}, fmt.Errorf("backup: %w", err)
	}
	if err := writeWhole(filepath.Join(w.o.Dir, HeadName), append(b, '\n'), 0o600); err != nil {
		return Head{}, roomy(err)
	}
	return h, os.Remove(w.path)
}

// prune removes parts of files that have gone since an earlier run.
func (w *writer) prune(parts []Part) error {
	want := map[string]bool{}
	for _, p := range parts {
		want[p.Name] = true
	}
	entries, err := os.ReadDir(filepath.Join(w.o.Dir, partsDir))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		if want[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(w.o.Dir, partsDir, e.Name())); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	return nil
}

// counted counts and hashes what passes.
type counted struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.sum.Write(b[:n])
	c.n += int64(n)
	return n, err
}

// patient is a reader that ends with its context.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}
