package kafkax

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"time"
)

// Secret is text that must not be shown: it prints as stars wherever it goes.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Format keeps the value out of every verb: fmt would print a value as it is
// whose verb does not fit its type, such as %d.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText keeps the value out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// The mechanisms by which a user signs in. The plain one is left out on
// purpose: it hands the password to whoever answers.
const (
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

// Config says how a cluster is reached.
type Config struct {
	Brokers []string `yaml:"brokers"` // host:port
	TLS     TLS      `yaml:"tls"`
	SASL    SASL     `yaml:"sasl"`
	// TopicPrefix stands before each topic's name; "bystander" when empty.
	TopicPrefix string `yaml:"topic_prefix"`
	// Compression of what is produced: lz4 (default, costs hardly more than none),
	// zstd (a third smaller at twice the cost, for narrow lines), none.
	Compression string `yaml:"compression"`
	// Timeout bounds one request, its acknowledgement by all replicas included;
	// 10 s when 0.
	Timeout time.Duration `yaml:"timeout"`

	// ClientID is how the brokers' logs and quotas name this process.
	ClientID string `yaml:"-"`
	// Path is where these settings stand, for messages; "events.kafka" when empty.
	Path string `yaml:"-"`
}

// TLS says how the connection is kept private. It is on when anything is set.
type TLS struct {
	Enabled bool   `yaml:"enabled"`
	CA      string `yaml:"ca"`   // file of PEM certificates; the system's when empty
	Cert    string `yaml:"cert"` // file; with Key this side shows a certificate (mTLS)
	Key     string `yaml:"key"`
	// ServerName is the name in the broker's certificate, where it is not the
	// one in Brokers.
	ServerName string `yaml:"server_name"`
}

func (t TLS) on() bool { return t != (TLS{}) }

// SASL says who signs in. It is off when Mechanism is empty.
type SASL struct {
	Mechanism    string `yaml:"mechanism"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"` // read at each sign-in, so it can be changed at any time
	Password     Secret `yaml:"-"`             // for tests and embedders; PasswordFile goes first
}

func (c *Config) path() string        { return cmp.Or(c.Path, "events.kafka") }
func (c *Config) prefix() string      { return cmp.Or(c.TopicPrefix, "bystander") }
func (c *Config) compression() string { return cmp.Or(c.Compression, "lz4") }

func (c *Config) timeout() time.Duration {
	if c.Timeout <= 0 {
		return 10 * time.Second
	}
	return c.Timeout
}

var prefixForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$`)

// Check returns every fault of the settings, joined, each ErrConfig with its key.
func (c *Config) Check() error {
	var errs []error
	bad := func(key, format string, a ...any) {
		errs = append(errs, fmt.Errorf("%w: %s.%s: %s", ErrConfig, c.path(), key, fmt.Sprintf(format, a...)))
	}
	if len(c.Brokers) == 0 {
		bad("brokers", "name at least one broker as host:port")
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			bad("brokers", "%q is not host:port", b)
		}
	}
	if !prefixForm.MatchString(c.prefix()) {
		bad("topic_prefix", "%q: use up to 100 of a-z, A-Z, 0-9, dot, _ and -", c.TopicPrefix)
	}
	if !slices.Contains([]string{"zstd", "lz4", "none"}, c.compression()) {
		bad("compression", "%q is not one of zstd, lz4, none", c.Compression)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		bad("tls", "cert and key belong together; one of them is missing")
	}
	switch s := c.SASL; {
	case s == SASL{}:
	case s.Mechanism != ScramSHA256 && s.Mechanism != ScramSHA512:
		bad("sasl.mechanism", "%q is not one of %s, %s", s.Mechanism, ScramSHA256, ScramSHA512)
	case s.User == "":
		bad("sasl.user", "is missing")
	case s.PasswordFile == "" && s.Password == "":
		bad("sasl.password_file", "is missing")
	}
	return errors.Join(errs...)
}

// password reads the password anew, without the line end that editors leave.
func (c *Config) password() (Secret, error) {
	if c.SASL.PasswordFile == "" {
		return c.SASL.Password, nil
	}
	b, err := os.ReadFile(c.SASL.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("%w: %s.sasl.password_file: %w", ErrConfig, c.path(), err)
	}
	if b = bytes.TrimRight(b, "\r\n"); len(b) == 0 {
		return "", fmt.Errorf("%w: %s.sasl.password_file: %s is empty", ErrConfig, c.path(), c.SASL.PasswordFile)
	}
	return Secret(b), nil
}

func (c *Config) tlsConfig() (*tls.Config, error) {
	if !c.TLS.on() {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLS.ServerName}
	if c.TLS.CA != "" {
		b, err := os.ReadFile(c.TLS.CA)
		if err != nil {
			return nil, fmt.Errorf("%w: %s.tls.ca: %w", ErrConfig, c.path(), err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("%w: %s.tls.ca: %s holds no PEM certificate", ErrConfig, c.path(), c.TLS.CA)
		}
	}
	if c.TLS.Cert == "" {
		return out, nil
	}
	if _, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key); err != nil {
		return nil, fmt.Errorf("%w: %s.tls.cert and .key: %w", ErrConfig, c.path(), err)
	}
	// Read at each handshake, so that a renewed certificate needs no restart.
	cert, key := c.TLS.Cert, c.TLS.Key
	out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		return &pair, err
	}
	return out, nil
}
