package match

import (
	"fmt"
	"sync"
	"time"
)

// ClaimWindow is how long a presence claim holds.
const ClaimWindow = 8 * time.Second

// maxClaims bounds the claims waiting at one zone: in claim mode one person at
// a time stands there.
const maxClaims = 8

// Claims holds presence claims: a card, code or phone said that an enrollee is
// at a zone. It is safe for concurrent use.
type Claims struct {
	mu sync.Mutex
	by map[string][]claim
}

type claim struct {
	enrollee string
	until    time.Time
	resolved bool
}

// NewClaims returns an empty holder.
func NewClaims() *Claims { return &Claims{by: map[string][]claim{}} }

// Claim records that the enrollee claims to be at the zone from now on. A
// second claim of the same person renews the first.
func (c *Claims) Claim(zone, enrollee string, now time.Time) error {
	if zone == "" || enrollee == "" {
		return fmt.Errorf("%w: a claim needs zone and enrollee", ErrConfig)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.by[zone]
	for i := range list {
		if list[i].enrollee == enrollee && now.Before(list[i].until) {
			list[i] = claim{enrollee, now.Add(ClaimWindow), false}
			return nil
		}
	}
	if len(list) >= maxClaims {
		return fmt.Errorf("%w: %d claims wait at zone %s already", ErrConfig, len(list), zone)
	}
	c.by[zone] = append(list, claim{enrollee, now.Add(ClaimWindow), false})
	return nil
}

// at reports whether an unexpired claim of the enrollee stands at the zone.
func (c *Claims) at(zone, enrollee string, now time.Time) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.by[zone] {
		if k.enrollee == enrollee && now.Before(k.until) {
			return true
		}
	}
	return false
}

// resolve notes that the claim was proved; it reports true the first time.
func (c *Claims) resolve(zone, enrollee string) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range c.by[zone] {
		if k.enrollee == enrollee && !k.resolved {
			c.by[zone][i].resolved = true
			return true
		}
	}
	return false
}

// expired removes the zone's claims that are over and returns the enrollees
// whose claim was never proved.
func (c *Claims) expired(zone string, now time.Time) []string {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	keep := c.by[zone][:0]
	for _, k := range c.by[zone] {
		switch {
		case now.Before(k.until):
			keep = append(keep, k)
		case !k.resolved:
			out = append(out, k.enrollee)
		}
	}
	c.by[zone] = keep
	return out
}
