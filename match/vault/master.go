package vault

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// EnvMasterKey names the environment variable that says where the master key
// is, as Options.MasterKey does.
const EnvMasterKey = "BYSTANDER_MASTER_KEY"

// WrappedKeyName is the file in the key folder that holds the master key,
// encrypted by a key management service.
const WrappedKeyName = "template-master.wrapped"

// KMS is a key management service that can encrypt and decrypt under a key of
// its own; Tink's clients for the public clouds and for HashiCorp Vault are
// such, and FileKMS is.
type KMS interface {
	// Supported tells whether the service serves the key's address.
	Supported(keyURI string) bool
	// GetAEAD returns the key at the address. It never leaves the service.
	GetAEAD(keyURI string) (tink.AEAD, error)
}

// FileKMS serves addresses of the form file:/path/of/keyset: a key kept on
// another medium, such as a removable disk or a mounted secret, which may be
// taken away once the vault is open.
type FileKMS struct{}

var _ KMS = FileKMS{}

// Supported implements KMS.
func (FileKMS) Supported(uri string) bool { return strings.HasPrefix(uri, "file:") }

// GetAEAD implements KMS. The file is never made.
func (FileKMS) GetAEAD(uri string) (tink.AEAD, error) {
	path, err := filePath(uri)
	if err != nil {
		return nil, err
	}
	return OpenKey(path, false)
}

// filePath is the path of file:/path, file:///path or file:path.
func filePath(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || u.Path+u.Opaque == "" {
		return "", fmt.Errorf("%w: %q is not of the form file:/path/of/key", ErrKeyAddress, uri)
	}
	return u.Path + u.Opaque, nil
}

// openMaster opens the master key of a vault. Beside an existing vault none is
// made.
func openMaster(o Options, fresh bool) (tink.AEAD, error) {
	switch scheme, rest, _ := strings.Cut(o.MasterKey, ":"); {
	case o.MasterKey != "" && o.MasterKeyFile != "":
		return nil, fmt.Errorf("%w: both %s and %s are set; keep one", ErrKeyAddress, EnvMasterKey, EnvMasterKeyFile)
	case o.MasterKeyFile != "":
		return OpenKey(o.MasterKeyFile, false)
	case o.MasterKey == "":
		return OpenKey(filepath.Join(o.KeyDir, MasterKeyName), fresh)
	case scheme == "file":
		path, err := filePath(o.MasterKey)
		if err != nil {
			return nil, err
		}
		return OpenKey(path, false)
	case scheme == "env":
		return envKey(rest)
	case scheme == "kms":
		return kmsKey(o, rest, fresh)
	default:
		// The address itself is not repeated: somebody may have put the key there.
		return nil, fmt.Errorf("%w: it must begin with file:, env: or kms:; see docs/privacy.md", ErrKeyAddress)
	}
}

// envKey takes a keyset in JSON from an environment variable, which is removed
// so that child processes do not inherit it. The process's first environment
// stays readable to its own user under /proc; a file or a KMS is better.
func envKey(name string) (tink.AEAD, error) {
	v := os.Getenv(name)
	if name == "" || v == "" {
		return nil, fmt.Errorf("%w: env:%s: the variable is not set", ErrKeyAddress, name)
	}
	a, err := parseKey([]byte(v), "env:"+name)
	if err != nil {
		return nil, err
	}
	if err := os.Unsetenv(name); err != nil {
		return nil, fmt.Errorf("%w: env:%s: %w", ErrKeyAddress, name, err)
	}
	return a, nil
}

// kmsKey opens the master key that lies in the key folder encrypted by a key
// management service, which is asked once.
func kmsKey(o Options, uri string, fresh bool) (tink.AEAD, error) {
	kek, err := fromKMS(o.KMS, uri)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.KeyDir, WrappedKeyName)
	wrapped, err := readKey(path)
	if errors.Is(err, os.ErrNotExist) && fresh {
		if err = makeWrapped(path, kek); err == nil {
			wrapped, err = readKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), kek, ad("master key"))
	if err != nil {
		return nil, fmt.Errorf("%w: the service's key does not open %s", ErrWrongKey, path)
	}
	return aead.New(h)
}

func makeWrapped(path string, kek tink.AEAD) error {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&buf), kek, ad("master key")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeOnce(path, buf.Bytes())
}

// fromKMS asks the services given, then those registered with Tink.
func fromKMS(list []KMS, uri string) (tink.AEAD, error) {
	for _, k := range append(list[:len(list):len(list)], FileKMS{}) {
		if k.Supported(uri) {
			a, err := k.GetAEAD(uri)
			if err != nil {
				return nil, fmt.Errorf("vault: key management service: %w", err)
			}
			return a, nil
		}
	}
	k, err := registry.GetKMSClient(uri)
	if err != nil {
		scheme, _, _ := strings.Cut(uri, ":")
		return nil, fmt.Errorf("%w: no key management service here serves kms:%s:…; this program has kms:file:/path, others are linked in at build time", ErrKeyAddress, scheme)
	}
	a, err := k.GetAEAD(uri)
	if err != nil {
		return nil, fmt.Errorf("vault: key management service: %w", err)
	}
	return a, nil
}
