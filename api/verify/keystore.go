package verify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// AEAD encrypts and decrypts; Tink's AEAD is one.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// KeyStore keeps clients' keys in one file, encrypted as a whole. A MAC's secret
// is needed to check it, so it cannot be kept as a hash. The file is read anew
// for every call: a key that was revoked, by whichever process, is refused at
// once. It is safe for concurrent use, also by several processes.
type KeyStore struct {
	path string
	aead AEAD
	now  func() time.Time
}

var _ Keys = (*KeyStore)(nil)

// KeyInfo is what may be shown of a key.
type KeyInfo struct {
	ID      string     `json:"id"`
	Label   string     `json:"label"` // whose it is
	Scenes  []string   `json:"scenes"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

type storedKey struct {
	KeyInfo
	Secret []byte `json:"secret,omitempty"`
}

// secretBytes is the length of a secret.
const secretBytes = 32

var keyFileAD = []byte("bystander verify clients v1")

// NewKeyStore keeps keys in the file at path under a; now nil is time.Now.
func NewKeyStore(path string, a AEAD, now func() time.Time) *KeyStore {
	if now == nil {
		now = time.Now
	}
	return &KeyStore{path, a, now}
}

// Key implements Keys.
func (s *KeyStore) Key(_ context.Context, id string) (Key, error) {
	list, err := s.load()
	if err != nil {
		return Key{}, err
	}
	defer wipeKeys(list)
	for _, k := range list {
		if k.ID == id && k.Revoked == nil && s.now().Before(k.Expires) && len(k.Secret) == secretBytes {
			return Key{ID: k.ID, Secret: slices.Clone(k.Secret), Scenes: k.Scenes}, nil
		}
	}
	return Key{}, fmt.Errorf("%w: key", ErrNotFound)
}

// Create makes a key for the scenes named and returns it with its secret, in
// base64, which is shown this once.
func (s *KeyStore) Create(_ context.Context, label string, scenes []string, expires time.Time) (info KeyInfo, secret string, err error) {
	if label == "" || len(label) > 200 || len(scenes) == 0 || !expires.After(s.now()) {
		return info, "", fmt.Errorf("%w: a key needs a label, at least one scene, and an end in the future", ErrConfig)
	}
	raw := make([]byte, secretBytes)
	defer clear(raw)
	id := make([]byte, 12)
	_, _ = rand.Read(raw) // never fails; it ends the program instead
	_, _ = rand.Read(id)
	info = KeyInfo{
		ID: base64.RawURLEncoding.EncodeToString(id), Label: label, Scenes: slices.Clone(scenes),
		Made: s.now().UTC(), Expires: expires.UTC(),
	}
	err = s.change(func(list []storedKey) ([]storedKey, error) {
		return append(list, storedKey{info, slices.Clone(raw)}), nil
	})
	if err != nil {
		return KeyInfo{}, "", err
	}
	return info, base64.StdEncoding.EncodeToString(raw), nil
}

// Revoke ends a key and destroys its secret. It fails with ErrNotFound.
func (s *KeyStore) Revoke(_ context.Context, id string) error {
	return s.change(func(list []storedKey) ([]storedKey, error) {
		i := slices.IndexFunc(list, func(k storedKey) bool { return k.ID == id && k.Revoked == nil })
		if i < 0 {
			return nil, fmt.Errorf("%w: key", ErrNotFound)
		}
		now := s.now().UTC()
		list[i].Revoked = &now
		clear(list[i].Secret)
		list[i].Secret = nil
		return list, nil
	})
}

// List shows every key, without secrets.
func (s *KeyStore) List(context.Context) ([]KeyInfo, error) {
	list, err := s.load()
	if err != nil {
		return nil, err
	}
	defer wipeKeys(list)
	out := make([]KeyInfo, len(list))
	for i, k := range list {
		out[i] = k.KeyInfo
	}
	return out, nil
}

func wipeKeys(list []storedKey) {
	for _, k := range list {
		clear(k.Secret)
	}
}

func (s *KeyStore) load() ([]storedKey, error) {
	b, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify: keys: %w", err)
	}
	plain, err := s.aead.Decrypt(b, keyFileAD)
	if err != nil {
		return nil, fmt.Errorf("verify: keys: %s does not open with this installation's key", s.path)
	}
	defer clear(plain)
	var list []storedKey
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, fmt.Errorf("verify: keys: %s is damaged", s.path)
	}
	return list, nil
}

// change rewrites the file under a lock that other processes respect. It is
// there as a whole or not at all.
func (s *KeyStore) change(f func([]storedKey) ([]storedKey, error)) (err error) {
	dir := filepath.Dir(s.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("verify: keys: %w", err)
	}
	lock, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("verify: keys: %w", err)
	}
	defer lock.Close() // which unlocks
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("verify: keys: lock: %w", err)
	}
	list, err := s.load()
	if err != nil {
		return err
	}
	defer func() { wipeKeys(list) }()
	if list, err = f(list); err != nil {
		return err
	}
	plain, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("verify: keys: %w", err)
	}
	defer clear(plain)
	sealed, err := s.aead.Encrypt(plain, keyFileAD)
	if err != nil {
		return fmt.Errorf("verify: keys: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".clients-*") // mode 0600
	if err != nil {
		return fmt.Errorf("verify: keys: %w", err)
	}
	_, werr := tmp.Write(sealed)
	if err = errors.Join(werr, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), s.path)
	}
	if err != nil {
		return fmt.Errorf("verify: keys: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
