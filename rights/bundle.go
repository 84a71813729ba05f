package rights

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// A bundle is a ZIP file with everything that is kept of one person: JSON files
// that any program reads, consent receipts, and video. manifest.json names each
// file with its size and SHA-256, and how many records of each store it holds;
// manifest.sig is the Ed25519 signature over bundleDomain and manifest.json, in
// base64.

const bundleDomain = "bystander/bundle/v1\x00"

// The names of the two files that vouch for the others.
const (
	manifestName  = "manifest.json"
	signatureName = "manifest.sig"
)

// MaxBundle bounds what VerifyBundle unpacks, in bytes.
const MaxBundle = 8 << 30

// ErrBundle reports a bundle that is not what its signer wrote.
var ErrBundle = errors.New("rights: bundle")

// Manifest says what is in a bundle.
type Manifest struct {
	Request string         `json:"request_id"`
	Made    time.Time      `json:"made"`
	Files   []BundleFile   `json:"files"`
	Records map[string]int `json:"records"` // rows by store
}

// BundleFile is one file of a bundle.
type BundleFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Bundler writes a bundle.
type Bundler struct {
	zip      *zip.Writer
	manifest Manifest
}

// NewBundler begins a bundle for a request on w.
func NewBundler(w io.Writer, request string, made time.Time) *Bundler {
	return &Bundler{zip.NewWriter(w), Manifest{Request: request, Made: made.UTC(), Files: []BundleFile{}, Records: map[string]int{}}}
}

// Records adds the rows of one store as a JSON file, and counts them.
func (b *Bundler) Records(store string, rows any, n int) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("rights: bundle: %s: %w", store, err)
	}
	b.manifest.Records[store] = n
	return b.File(store+".json", bytes.NewReader(text))
}

// File adds a file.
func (b *Bundler) File(name string, r io.Reader) error {
	if name == manifestName || name == signatureName || !plainName(name) ||
		slices.ContainsFunc(b.manifest.Files, func(f BundleFile) bool { return f.Name == name }) {
		return fmt.Errorf("%w: no file may be called %q", ErrBundle, name)
	}
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.manifest.Made})
	if err != nil {
		return fmt.Errorf("rights: bundle: %w", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), r)
	if err != nil {
		return fmt.Errorf("rights: bundle: %s: %w", name, err)
	}
	b.manifest.Files = append(b.manifest.Files, BundleFile{name, n, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// Close signs the bundle and ends it.
func (b *Bundler) Close(key ed25519.PrivateKey) error {
	text, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("rights: bundle: %w", err)
	}
	sig := ed25519.Sign(key, append([]byte(bundleDomain), text...))
	for name, content := range map[string][]byte{
		manifestName: text, signatureName: []byte(base64.StdEncoding.EncodeToString(sig) + "\n"),
	} {
		w, err := b.zip.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			return fmt.Errorf("rights: bundle: %w", err)
		}
	}
	if err := b.zip.Close(); err != nil {
		return fmt.Errorf("rights: bundle: %w", err)
	}
	return nil
}

// plainName reports whether a name stays in the folder that it is unpacked in.
func plainName(name string) bool {
	return name != "" && path.Clean(name) == name && !path.IsAbs(name) && !strings.HasPrefix(name, "..") &&
		!strings.ContainsAny(name, "\\:") && len(name) < 256
}

// VerifyBundle checks that a bundle is whole, unaltered and signed by the key.
func VerifyBundle(r io.ReaderAt, size int64, pub ed25519.PublicKey) (Manifest, error) {
	var m Manifest
	z, err := zip.NewReader(r, size)
	if err != nil {
		return m, fmt.Errorf("%w: no ZIP file: %w", ErrBundle, err)
	}
	text, err := small(z, manifestName)
	if err != nil {
		return m, err
	}
	sigText, err := small(z, signatureName)
	if err != nil {
		return m, err
	}
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(sigText)))
	if err != nil || !ed25519.Verify(pub, append([]byte(bundleDomain), text...), sig) {
		return m, fmt.Errorf("%w: the signature does not fit the manifest and this key", ErrBundle)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: manifest: %w", ErrBundle, err)
	}
	want := map[string]BundleFile{}
	for _, f := range m.Files {
		want[f.Name] = f
	}
	left := int64(MaxBundle)
	for _, f := range z.File {
		if f.Name == manifestName || f.Name == signatureName {
			continue
		}
		w, ok := want[f.Name]
		if !ok {
			return m, fmt.Errorf("%w: %q is not in the manifest, or there twice", ErrBundle, f.Name)
		}
		delete(want, f.Name)
		if left -= w.Bytes; left < 0 {
			return m, fmt.Errorf("%w: larger than %d bytes", ErrBundle, int64(MaxBundle))
		}
		if err := w.check(f); err != nil {
			return m, err
		}
	}
	for name := range want {
		return m, fmt.Errorf("%w: %q is missing", ErrBundle, name)
	}
	return m, nil
}

// check reads one byte more than promised at most, so that a small file that
// unpacks to a huge one does no harm.
func (w BundleFile) check(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %q: %w", ErrBundle, w.Name, err)
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, w.Bytes+1))
	if err != nil {
		return fmt.Errorf("%w: %q: %w", ErrBundle, w.Name, err)
	}
	if n != w.Bytes || hex.EncodeToString(sum.Sum(nil)) != w.SHA256 {
		return fmt.Errorf("%w: %q is not as the manifest says", ErrBundle, w.Name)
	}
	return nil
}

func small(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is missing", ErrBundle, name)
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBundle, name, err)
	}
	return b, nil
}
