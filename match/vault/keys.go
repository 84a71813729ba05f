package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// EnvMasterKeyFile names the environment variable that points at the file with
// the master key, in place of the one in the key folder.
const EnvMasterKeyFile = "BYSTANDER_MASTER_KEY_FILE"

// File names in the key folder.
const (
	MasterKeyName   = "template-master.key"
	IdentityKeyName = "identity.key"
)

// Errors about key files.
var (
	// ErrKeyFile reports a key file that is missing, damaged or open to others.
	ErrKeyFile = errors.New("vault: key file")
	// ErrKeyAddress reports a master key's address that nobody here serves.
	ErrKeyAddress = errors.New("vault: master key address")
	// ErrWrongKey reports data that the key does not open.
	ErrWrongKey = errors.New("vault: the key does not open this data")
)

// OpenKey reads an AES-256-GCM key (a Tink keyset in JSON) from a file. A file
// that is missing is made with a fresh random key, mode 0600, only when create
// allows it; there is no default key. It fails with ErrKeyFile when others may
// read the file.
func OpenKey(path string, create bool) (tink.AEAD, error) {
	b, err := readKey(path)
	if errors.Is(err, os.ErrNotExist) {
		if !create {
			return nil, fmt.Errorf("%w: %s is missing; put it back from its backup: without it nothing can be read", ErrKeyFile, path)
		}
		if err = makeKey(path); err == nil {
			b, err = readKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	defer clear(b)
	return parseKey(b, path)
}

// parseKey reads a keyset in the clear; where names its place in errors.
func parseKey(b []byte, where string) (tink.AEAD, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no Tink keyset", ErrKeyFile, where)
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no AEAD key", ErrKeyFile, where)
	}
	return a, nil
}

func readKey(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o); run: chmod 600 %s", path, st.Mode().Perm(), path)
	}
	if st.Size() > 1<<20 {
		return nil, fmt.Errorf("%s is too large for a key", path)
	}
	return os.ReadFile(path)
}

// makeKey writes a fresh key. The file appears whole or not at all, and never
// replaces one that another process made meanwhile.
func makeKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	defer func() { clear(buf.Bytes()) }()
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&buf)); err != nil {
		return err
	}
	return writeOnce(path, buf.Bytes())
}

// writeOnce writes a file of mode 0600 that is there as a whole or not at all,
// and never replaces one that is there already.
func writeOnce(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, werr := f.Write(b)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
