package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the published legacy scheme, behind a switch (B-41)
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"bystander/api/problem"
)

// Headers of a signed request.
const (
	HeaderKey     = "X-Sign-Key"     // id of the key
	HeaderVersion = "X-Sign-Version" // hmac_sha256
	HeaderTime    = "X-Sign-Time"    // seconds since 1970, when it was signed
	HeaderNonce   = "X-Sign-Nonce"   // 16 to 64 of A–Z a–z 0–9 . _ -, never used before
	HeaderSign    = "X-Sign"         // in hex
)

// Versions of signing.
const (
	SignSHA256 = "hmac_sha256"
	SignSHA1   = "hmac_sha1" // legacy
)

// Key is a client's key. Its secret is wiped after the call that it was read for.
type Key struct {
	ID     string
	Secret []byte
	// Scenes that the client may name; empty means none.
	Scenes []string
}

// Keys finds clients' keys; *KeyStore is one.
type Keys interface {
	// Key returns a key that is in force, or ErrNotFound.
	Key(ctx context.Context, id string) (Key, error)
}

// Nonces remembers which nonces were used.
type Nonces interface {
	// Use notes a nonce of a key until the given time and reports whether it
	// was new. It fails with ErrBusy when it can remember no more.
	Use(ctx context.Context, key, nonce string, now, until time.Time) (bool, error)
}

// ErrBusy reports more calls than can be told apart.
var ErrBusy = errors.New("verify: busy")

// Signature returns the signature of a request under hmac_sha256: the HMAC of
// version, key id, method, path, SHA-256 of the body in hex, time and nonce,
// each on a line of its own. Clients do the same.
func Signature(secret []byte, keyID, method, path string, body []byte, unix int64, nonce string) string {
	sum := sha256.Sum256(body)
	m := hmac.New(sha256.New, secret)
	for _, s := range []string{SignSHA256, keyID, method, path, hex.EncodeToString(sum[:]), strconv.FormatInt(unix, 10), nonce} {
		m.Write([]byte(s))
		m.Write([]byte{'\n'})
	}
	return hex.EncodeToString(m.Sum(nil))
}

// signed is what a request says of its signature.
type signed struct {
	version, key, sign, nonce string
	at, until                 time.Time
	raw                       string // hmac_sha1: what was signed
}

func badSign(code, detail string) *problem.Problem {
	return problem.New(http.StatusUnauthorized, code, detail)
}

// unsigned is the answer to every signature that does not hold, so that nobody
// learns whether the key, the secret or the text was wrong.
func unsigned() *problem.Problem {
	return badSign("SIGN_INVALID", "the signature does not fit the request, or the key is not known; see docs/verify.md")
}

// fromHeaders reads a hmac_sha256 signature; ok is false when there is none.
func fromHeaders(header func(string) string) (s signed, ok bool, p *problem.Problem) {
	s = signed{version: header(HeaderVersion), key: header(HeaderKey), sign: header(HeaderSign), nonce: header(HeaderNonce)}
	if s.version == "" && s.key == "" && s.sign == "" {
		return s, false, nil
	}
	if s.version != SignSHA256 {
		return s, true, badSign("SIGN_VERSION", HeaderVersion+" must be "+SignSHA256)
	}
	unix, err := strconv.ParseInt(header(HeaderTime), 10, 64)
	if err != nil || !goodNonce(s.nonce) {
		return s, true, badSign("SIGN_INCOMPLETE", "the headers "+HeaderTime+" (seconds since 1970) and "+HeaderNonce+" (16 to 64 letters, digits, . _ -) are needed")
	}
	s.at = time.Unix(unix, 0)
	return s, true, nil
}

func goodNonce(n string) bool {
	const taken = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-"
	return len(n) >= 16 && len(n) <= 64 && !strings.ContainsFunc(n, func(r rune) bool { return !strings.ContainsRune(taken, r) })
}

// fromField reads the published hmac_sha1 form: base64 of the HMAC followed by
// "a=<key>&b=<expires>&c=<now>&d=<nonce>".
func fromField(sign string) (signed, *problem.Problem) {
	b, err := base64.StdEncoding.DecodeString(sign)
	if err != nil || len(b) <= sha1.Size {
		return signed{}, unsigned()
	}
	s := signed{version: SignSHA1, sign: string(b[:sha1.Size]), raw: string(b[sha1.Size:])}
	q, err := url.ParseQuery(s.raw)
	if err != nil {
		return s, unsigned()
	}
	expires, err1 := strconv.ParseInt(q.Get("b"), 10, 64)
	made, err2 := strconv.ParseInt(q.Get("c"), 10, 64)
	s.key, s.nonce = q.Get("a"), q.Get("d")
	if err1 != nil || err2 != nil || s.key == "" || s.nonce == "" || len(s.nonce) > 64 {
		return s, unsigned()
	}
	s.at, s.until = time.Unix(made, 0), time.Unix(expires, 0)
	return s, nil
}

// authenticate checks signature, time and nonce, in this order, and returns the
// key without its secret.
func (m *Module) authenticate(ctx context.Context, s signed, method, path string, body []byte) (Key, *problem.Problem) {
	k, err := m.cfg.Keys.Key(ctx, s.key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Key{}, problem.New(http.StatusServiceUnavailable, "KEYS", "the keys cannot be read; see /healthz")
	}
	known := err == nil
	defer clear(k.Secret)
	if !known {
		k.Secret = []byte("nobody's secret") // the same work for a key that is not known
	}
	if !s.holds(k.Secret, method, path, body) || !known {
		return Key{}, unsigned()
	}
	now := m.cfg.Now()
	late := s.at.Before(now.Add(-m.cfg.Window)) || s.at.After(now.Add(m.cfg.Window))
	if s.version == SignSHA1 {
		late = late || s.until.Before(now)
	}
	// What was signed before this process began may have been used already.
	if late || s.at.Before(m.began) {
		return Key{}, badSign("SIGN_TIME", "the request was signed too long ago, or by a clock that is wrong; sign it anew")
	}
	fresh, err := m.cfg.Nonces.Use(ctx, s.key, s.nonce, now, s.at.Add(m.cfg.Window))
	switch {
	case err != nil:
		return Key{}, problem.New(http.StatusServiceUnavailable, "BUSY", "too many calls at once; come again in a moment")
	case !fresh:
		return Key{}, badSign("SIGN_REPLAYED", "this nonce was used already; sign each request with a new one")
	}
	return Key{ID: k.ID, Scenes: k.Scenes}, nil
}

func (s signed) holds(secret []byte, method, path string, body []byte) bool {
	if s.version == SignSHA1 {
		m := hmac.New(sha1.New, secret)
		m.Write([]byte(s.raw))
		return hmac.Equal(m.Sum(nil), []byte(s.sign))
	}
	want := Signature(secret, s.key, method, path, body, s.at.Unix(), s.nonce)
	return hmac.Equal([]byte(want), []byte(strings.ToLower(s.sign)))
}

// MemoryNonces keeps nonces in memory. It is safe for concurrent use.
type MemoryNonces struct {
	mu   sync.Mutex
	most int
	by   map[string]time.Time // until when, by key and nonce
	next time.Time            // when the old ones are looked for
}

// NewMemoryNonces returns an empty memory for at most so many nonces at a time;
// 0 is 100,000.
func NewMemoryNonces(most int) *MemoryNonces {
	if most <= 0 {
		most = 100_000
	}
	return &MemoryNonces{most: most, by: map[string]time.Time{}}
}

// Use implements Nonces.
func (n *MemoryNonces) Use(_ context.Context, key, nonce string, now, until time.Time) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.by) >= n.most || now.After(n.next) {
		for k, t := range n.by {
			if t.Before(now) {
				delete(n.by, k)
			}
		}
		n.next = now.Add(time.Minute)
	}
	id := key + "\x00" + nonce
	if _, used := n.by[id]; used {
		return false, nil
	}
	if len(n.by) >= n.most {
		return false, ErrBusy
	}
	n.by[id] = until
	return true, nil
}
