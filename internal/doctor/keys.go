package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// oldKey is the age from which on a key should be changed.
	oldKey = 2 * 365 * 24 * time.Hour
	// soon and verySoon are how long before its end a certificate is told of.
	soon, verySoon = 30 * 24 * time.Hour, 7 * 24 * time.Hour
)

const whyKeys = "whoever reads these keys signs as this edge, opens templates, or reads cameras' passwords"

// Keys looks at the folder of keys: who owns it and may read it, and how old the
// keys are. uid is who runs the program.
func Keys(dir string, uid uint32, now time.Time) []Finding {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return []Finding{fine("keys", "none yet; they are made at the first start in "+dir)}
	}
	if err != nil {
		return []Finding{bad("keys", err.Error(), whyKeys, "set keys: to a folder that this user can read")}
	}
	var out []Finding
	if info.Mode().Perm()&0o077 != 0 {
		out = append(out, bad("keys", fmt.Sprintf("%s can be looked into by others (%v)", dir, info.Mode().Perm()), whyKeys, "chmod 700 "+dir))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return append(out, bad("keys", err.Error(), whyKeys, "run this as the program's own user"))
	}
	n, old := 0, ""
	for _, e := range entries {
		if !e.Type().IsRegular() || public(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // replaced meanwhile
		}
		n++
		path := filepath.Join(dir, e.Name())
		if info.Mode().Perm()&0o077 != 0 {
			out = append(out, bad("keys", fmt.Sprintf("%s can be read by others (%v)", path, info.Mode().Perm()), whyKeys, "chmod 600 "+path))
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != uid {
			out = append(out, bad("keys", fmt.Sprintf("%s belongs to user %d, the program runs as %d", path, st.Uid, uid),
				"its owner can change or read it, or the program cannot", fmt.Sprintf("chown %d %s", uid, path)))
		}
		if strings.HasSuffix(e.Name(), ".pem") && now.Sub(info.ModTime()) > oldKey {
			old = e.Name()
		}
	}
	if old != "" {
		out = append(out, warn("keys", old+" is more than two years old", "the longer a key is in use, the more copies of it there may be",
			"plan a new edge key with your auditors: it begins a new chain (events.edge)"))
	}
	if len(out) == 0 {
		out = append(out, fine("keys", fmt.Sprintf("%d in %s, closed to others", n, dir)))
	}
	return out
}

// public tells files that anybody may read.
func public(name string) bool {
	for _, s := range []string{".pub", ".vkey", ".crt"} {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// MasterKey says whether the key that opens templates lies on the same disk as
// they do. address is BYSTANDER_MASTER_KEY, file the key that is made by default.
func MasterKey(address, file string) Finding {
	const name = "master key"
	if address != "" {
		kind, _, _ := strings.Cut(address, ":")
		return fine(name, "lies apart ("+kind+")")
	}
	if _, err := os.Stat(file); err != nil {
		return fine(name, "none yet")
	}
	return warn(name, file+" lies beside what it opens", "whoever takes this disk has the templates and the key to them",
		"set BYSTANDER_MASTER_KEY to a file on another medium or a key service (docs/privacy.md), or encrypt the disk")
}

// Certificates says when each certificate of the files ends. A file that does not
// exist is left to whoever needs it.
func Certificates(now time.Time, files ...string) []Finding {
	const name, why = "certificate", "once it is over no connection is made, and events or edges wait"
	var out []Finding
	for _, path := range files {
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			out = append(out, bad(name, err.Error(), why, "make it readable for the program's user"))
			continue
		}
		found := false
		for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				out = append(out, bad(name, fmt.Sprintf("%s: %v", path, err), why, "put the certificate there anew"))
				continue
			}
			found = true
			out = append(out, certificate(path, c, now))
		}
		if !found {
			out = append(out, bad(name, path+" holds no certificate in PEM", why, "put the certificate there"))
		}
	}
	return out
}

func certificate(path string, c *x509.Certificate, now time.Time) Finding {
	const name, why = "certificate", "once it is over no connection is made, and events or edges wait"
	what := fmt.Sprintf("%s (%s)", path, c.Subject.CommonName)
	left, term := c.NotAfter.Sub(now), c.NotAfter.Sub(c.NotBefore)
	// One that holds for a month is renewed in its last third, by itself.
	soon, verySoon := min(soon, term/3-term/15), min(verySoon, term/10)
	day := c.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case now.Before(c.NotBefore):
		return bad(name, what+" is not valid before "+c.NotBefore.UTC().Format(time.RFC3339), why, "set this machine's clock")
	case left <= 0:
		return bad(name, what+" ended on "+day, why, "renew it now")
	case left < verySoon:
		return bad(name, what+" ends on "+day, why, "renew it this week")
	case left < soon:
		return warn(name, what+" ends on "+day, why, "renew it before")
	}
	return fine(name, what+" holds until "+day)
}
