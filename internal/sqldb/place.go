package sqldb

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrPlace reports an address of a PostgreSQL server that is not taken.
var ErrPlace = errors.New("sqldb: address of the PostgreSQL server")

// The parameters of an address that are this package's own.
const (
	schemaParam   = "schema"        // one store's tables
	passwordParam = "password_file" // read anew for each connection
)

// params are what an address may say besides.
var params = []string{
	schemaParam, passwordParam, "sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "connect_timeout", silenceParam, "application_name",
}

var schemaForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// IsPostgres reports whether a place is an address rather than a file's path.
func IsPostgres(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Place is where one store's tables lie on a PostgreSQL server: the address as
// it is configured, the store's schema, and the file that holds the password
// (empty for none). It holds no secret, so it may be shown.
func Place(address, schema, passwordFile string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // CheckAddress and Open say what is wrong
	}
	q := u.Query()
	q.Set(schemaParam, schema)
	if passwordFile != "" {
		q.Set(passwordParam, passwordFile)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// CheckAddress refuses an address that this package would not connect to. It
// fails with ErrPlace; the text says what to write instead.
func CheckAddress(address string) error {
	_, _, err := parsePlace(address)
	return err
}

// place is what an address says besides what pgx reads from it.
type place struct {
	schema       string
	passwordFile string
	silence      time.Duration // after which a line is given up; 0 for the system's
}

// parsePlace reads an address. The password is left out: see place.password.
func parsePlace(address string) (*pgx.ConnConfig, place, error) {
	var p place
	fail := func(format string, args ...any) (*pgx.ConnConfig, place, error) {
		return nil, p, fmt.Errorf("%w: %w", ErrPlace, fmt.Errorf(format, args...))
	}
	u, err := url.Parse(address)
	if err != nil {
		return fail("it cannot be read; write postgres://USER@HOST:5432/DATABASE") // err would show a password
	}
	if _, has := u.User.Password(); has {
		return fail("it holds a password; put that into a file of its own and name it by password_file")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fail("its parameters cannot be read: %w", err)
	}
	for name := range q {
		if !slices.Contains(params, name) {
			return fail("%s: is not known; there are %s", name, strings.Join(params, ", "))
		}
	}
	p.schema, p.passwordFile = q.Get(schemaParam), q.Get(passwordParam)
	if p.schema != "" && !schemaForm.MatchString(p.schema) {
		return fail("schema: %q should be small letters, digits and _", p.schema)
	}
	if p.silence, err = readSilence(q.Get(silenceParam)); err != nil {
		return fail("%w", err)
	}
	q.Del(schemaParam)
	q.Del(passwordParam)
	q.Del(silenceParam)
	if strings.Trim(u.Path, "/") == "" || u.User.Username() == "" {
		return fail("user and database must be given: postgres://USER@HOST:5432/DATABASE")
	}
	if !q.Has("sslmode") {
		q.Set("sslmode", "verify-full")
	}
	mode := q.Get("sslmode")
	u.RawQuery = q.Encode()
	c, err := pgx.ParseConfig(u.String())
	if err != nil {
		return fail("%w", err)
	}
	c.Password = "" // not PGPASSWORD's, nor ~/.pgpass's
	if mode != "verify-full" && !allNear(c) {
		return fail("sslmode=%s would let others read or pose as the server; leave it out, and name the authority by sslrootcert", mode)
	}
	return c, p, nil
}

// allNear reports whether every host is this machine: a socket or a loopback
// address.
func allNear(c *pgx.ConnConfig) bool {
	near := func(host string) bool {
		ip := net.ParseIP(host)
		return filepath.IsAbs(host) || host == "localhost" || ip != nil && ip.IsLoopback()
	}
	for _, f := range c.Fallbacks {
		if !near(f.Host) {
			return false
		}
	}
	return near(c.Host)
}

// password reads the password as it is now, so that it can be changed while the
// program runs.
func (p place) password() (string, error) {
	if p.passwordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(p.passwordFile)
	if err != nil {
		return "", fmt.Errorf("%w: password_file: %w", ErrPlace, err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
