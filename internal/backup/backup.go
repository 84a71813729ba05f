// Package backup writes and reads encrypted backups: a folder with one part for
// each file, encrypted with age (age-encryption.org/v1) to public keys, an
// encrypted list of what the parts are, and a signed list of the parts.
//
// Whoever writes a backup cannot read it. Whoever stores it can check that it is
// whole and learns from it sizes, and no name. What was interrupted goes on with
// the first part that is missing.
package backup

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// Kind is what a backup is of.
type Kind string

// The kinds. They are kept apart: data without keys say nothing about an erased
// person, and keys expire sooner.
const (
	KindData Kind = "data"
	KindKeys Kind = "keys"
)

// Names in a backup's folder.
const (
	HeadName     = "backup.json"
	manifestName = "manifest.age"
	partsDir     = "parts"
)

const format = 1

// Head is what everybody may read of a backup. It is written last, and signed.
type Head struct {
	Format    int       `json:"format"`
	ID        string    `json:"id"`
	Kind      Kind      `json:"kind"`
	MadeAt    time.Time `json:"made_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Program   string    `json:"program"`
	// Recipients are the public keys that it was encrypted to.
	Recipients []string `json:"recipients"`
	Manifest   Part     `json:"manifest"`
	Parts      []Part   `json:"parts"`
	Signer     []byte   `json:"signer"` // Ed25519
	Signature  []byte   `json:"signature,omitempty"`
}

// Part is one encrypted file.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Bytes is the size of all parts.
func (h Head) Bytes() int64 {
	n := h.Manifest.Bytes
	for _, p := range h.Parts {
		n += p.Bytes
	}
	return n
}

// signed is what the signature covers.
func (h Head) signed() ([]byte, error) {
	h.Signature = nil
	b, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return append([]byte("bystander backup v1\x00"), b...), nil
}

// File is one file in a backup, as the encrypted list names it.
type File struct {
	Path   string      `json:"path"` // below the place restored to, with slashes
	Mode   fs.FileMode `json:"mode"`
	Bytes  int64       `json:"bytes"`
	SHA256 string      `json:"sha256"`
	Part   string      `json:"part"`
	Packed bool        `json:"packed,omitempty"` // gzip inside of age
}

// Manifest is the encrypted list. Facts are what the writer wants to be known at
// restoring, such as how far its log had got.
type Manifest struct {
	ID    string            `json:"id"`
	Facts map[string]string `json:"facts"`
	Files []File            `json:"files"`
}

// NewKey makes a key pair for backups. The identity opens them and has to be
// kept where neither the data nor the backups are.
func NewKey() (identity, recipient string, err error) {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("backup: %w", err)
	}
	return k.String(), k.Recipient().String(), nil
}

func recipients(list []string) ([]age.Recipient, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: name at least one (age1…); make one with: bystander backup new-key", ErrRecipient)
	}
	out := make([]age.Recipient, len(list))
	for i, text := range list {
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
			return nil, fmt.Errorf("%w: that is a secret key; give the public one (age1…), and make a new pair, since this one may have been logged", ErrRecipient)
		}
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no age public key", ErrRecipient, text)
		}
		out[i] = r
	}
	return out, nil
}

// ReadIdentities reads files of age identities, such as NewKey's.
func ReadIdentities(paths []string) ([]age.Identity, error) {
	var out []age.Identity
	for _, p := range paths {
		f, err := os.Open(p) //nolint:gosec // the caller's file
		if err != nil {
			return nil, fmt.Errorf("backup: identity: %w", err)
		}
		list, err := age.ParseIdentities(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%w: %s holds no age identity", ErrWrongKey, p)
		}
		out = append(out, list...)
	}
	return out, nil
}

// readHead reads and checks a backup's head. Without signers any signature that
// fits its own key will do.
func readHead(dir string, signers []ed25519.PublicKey) (Head, error) {
	var h Head
	b, err := os.ReadFile(filepath.Join(dir, HeadName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, partsDir)); err == nil {
			return h, fmt.Errorf("%w: %s was not finished; run the same backup again to go on with it", ErrTorn, dir)
		}
		return h, fmt.Errorf("%w: %s holds no %s", ErrTorn, dir, HeadName)
	}
	if err != nil {
		return h, fmt.Errorf("backup: %w", err)
	}
	if err := json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("%w: %s: %w", ErrAltered, HeadName, err)
	}
	if h.Format > format {
		return h, fmt.Errorf("%w: %d; use the later program", ErrVersion, h.Format)
	}
	msg, err := h.signed()
	if err != nil {
		return h, err
	}
	if len(h.Signer) != ed25519.PublicKeySize || !ed25519.Verify(h.Signer, msg, h.Signature) {
		return h, fmt.Errorf("%w: the signature of %s does not fit", ErrAltered, HeadName)
	}
	if len(signers) == 0 {
		return h, nil
	}
	for _, s := range signers {
		if s.Equal(ed25519.PublicKey(h.Signer)) {
			return h, nil
		}
	}
	return h, fmt.Errorf("%w: %s", ErrSigner, base64.StdEncoding.EncodeToString(h.Signer))
}

// Progress tells how far a run has got.
type Progress struct {
	Done, Total int64 // bytes
	Files, Of   int
}
