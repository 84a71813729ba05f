package config

import (
	"net/url"
	"os"
	"strings"
)

// Store says where the control's data lie: consents, site, accounts, requests.
// Without it they are files in the data folder, which one machine has alone.
type Store struct {
	// Postgres is the address of a PostgreSQL server, for several machines that
	// share the data: postgres://USER@HOST:5432/DATABASE. The connection is
	// encrypted and the server's name verified; sslrootcert, sslcert and sslkey
	// may be given as parameters.
	Postgres string `yaml:"postgres"`
	// PasswordFile holds the user's password. It is read for each connection.
	PasswordFile string `yaml:"password_file"`
}

// Shared reports whether the control's data lie on a server.
func (s Store) Shared() bool { return s.Postgres != "" }

func (s Store) check(k *checker, isEdge bool) {
	if s.Postgres == "" {
		if s.PasswordFile != "" {
			k.fail("store.password_file", "is of no use without store.postgres; set that to the server's address, or drop this")
		}
		return
	}
	if isEdge {
		k.fail("store.postgres", "is the control's; an edge asks its control. Leave store: out where role is edge")
	}
	u, err := url.Parse(s.Postgres)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.User.Username() == "" || strings.Trim(u.Path, "/") == "":
		k.fail("store.postgres", "should be an address such as postgres://bystander@db.example:5432/bystander")
		return
	case u.Query().Has("schema") || u.Query().Has("password_file"):
		k.fail("store.postgres", "schema and password_file are no parameters of the address; each store takes a schema of its own, and the password's file is store.password_file")
	}
	if _, has := u.User.Password(); has {
		k.fail("store.postgres", "holds a password; put that into a file and name it by store.password_file")
	}
	if s.PasswordFile != "" {
		if _, err := os.Stat(s.PasswordFile); err != nil {
			k.fail("store.password_file", "%v", err)
		}
	}
}
