package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// Cost is what checking a password costs: memory in KiB, passes, lanes.
type Cost struct {
	Memory  uint32
	Passes  uint32
	Lanes   uint8
	AtOnce  int           // checked at the same time; each takes Memory
	Waiting time.Duration // at most, for a turn
}

// DefaultCost is OWASP's first choice for argon2id (Password Storage Cheat
// Sheet): 46 MiB, one pass, one lane. Four at once bound the memory to 184 MiB.
func DefaultCost() Cost {
	return Cost{Memory: 47104, Passes: 1, Lanes: 1, AtOnce: 4, Waiting: 3 * time.Second}
}

// Bounds of what a stored hash may ask for, so that an altered file cannot
// exhaust memory.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 8
	saltBytes = 16
	keyBytes  = 32
)

// hasher makes and checks argon2id hashes, a few at a time.
type hasher struct {
	cost  Cost
	turns chan struct{}
	dummy string // what an unknown account is checked against
}

func newHasher(c Cost) (*hasher, error) {
	if c == (Cost{}) {
		c = DefaultCost()
	}
	if c.AtOnce < 1 || c.Memory < 8 || c.Passes < 1 || c.Lanes < 1 || c.Memory > maxMemory || c.Passes > maxPasses || c.Lanes > maxLanes {
		return nil, fmt.Errorf("%w: cost of passwords", ErrInvalid)
	}
	h := &hasher{cost: c, turns: make(chan struct{}, c.AtOnce)}
	h.dummy = h.make(rand.Text())
	return h, nil
}

// turn waits until a password may be checked; done gives the turn back.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	back := func() { <-h.turns }
	select {
	case h.turns <- struct{}{}:
		return back, nil
	default:
	}
	wait := time.NewTimer(h.cost.Waiting)
	defer wait.Stop()
	select {
	case h.turns <- struct{}{}:
		return back, nil
	case <-wait.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, errors.Join(ErrBusy, ctx.Err())
	}
}

// hash returns the password's PHC string.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return h.make(password), nil
}

func (h *hasher) make(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	return phc{h.cost.Memory, h.cost.Passes, h.cost.Lanes, salt, argon2.IDKey([]byte(password), salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, keyBytes)}.String()
}

// check reports whether the password fits the PHC string. An empty one is
// checked against a hash that nothing fits, which takes as long.
func (h *hasher) check(ctx context.Context, stored, password string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key))) //nolint:gosec // 16 to 64
	return subtle.ConstantTimeCompare(got, p.key) == 1 && known, nil
}

// weaker reports whether a stored hash was made at another cost than today's.
func (h *hasher) weaker(stored string) bool {
	p, err := parsePHC(stored)
	return err == nil && (p.memory != h.cost.Memory || p.passes != h.cost.Passes || p.lanes != h.cost.Lanes)
}

// phc is an argon2id hash in the PHC string format
// (github.com/P-H-C/phc-string-format).
type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

// String returns $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (p phc) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes, b.EncodeToString(p.salt), b.EncodeToString(p.key))
}

// parsePHC reads what String writes, and refuses everything else.
func parsePHC(s string) (phc, error) {
	bad := fmt.Errorf("%w: stored password hash", ErrInvalid)
	parts := strings.Split(s, "$")
	if len(s) > 256 || len(parts) != 6 {
		return phc{}, bad
	}
	var p phc
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil {
		return phc{}, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return phc{}, bad
	}
	b := base64.RawStdEncoding.Strict()
	var serr, kerr error
	p.salt, serr = b.DecodeString(parts[4])
	p.key, kerr = b.DecodeString(parts[5])
	switch {
	case serr != nil, kerr != nil, len(p.salt) < 8, len(p.salt) > 64, len(p.key) < 16, len(p.key) > 64,
		p.memory < 8, p.memory > maxMemory, p.passes < 1, p.passes > maxPasses, p.lanes < 1, p.lanes > maxLanes,
		p.String() != s: // one way to write it
		return phc{}, bad
	}
	return p, nil
}
