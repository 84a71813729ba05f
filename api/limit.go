package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"bystander/api/actor"
	"bystander/api/peer"
	"bystander/api/problem"
)

// How much an address may ask of us before it has said who it is: a burst, then
// one request in so many seconds.
const (
	openBurst    = 30
	openEvery    = time.Second
	maxAddresses = 10_000
)

// openPaths are where anybody may send something: sign-in, set-up, public forms.
var openPaths = []string{"/v1/session", "/v1/setup", "/v1/public", "/v1/me", "/v1/rights/requests"}

// limiter holds one bucket for each address. It is bounded: when it is full,
// those who have their whole burst left are forgotten first.
type limiter struct {
	now func() time.Time

	mu sync.Mutex
	by map[string]*rate.Limiter
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, by: map[string]*rate.Limiter{}}
}

// wait says how long an address has to wait before its next request; nothing when
// it may go on.
func (l *limiter) wait(address string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.by[address]
	if b == nil {
		if len(l.by) >= maxAddresses {
			l.shrink(now)
		}
		b = rate.NewLimiter(rate.Every(openEvery), openBurst)
		l.by[address] = b
	}
	if b.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - b.TokensAt(now)) * float64(openEvery))
}

func (l *limiter) shrink(now time.Time) {
	for address, b := range l.by {
		if b.TokensAt(now) >= openBurst {
			delete(l.by, address)
		}
	}
	if len(l.by) >= maxAddresses { // an attack from everywhere: begin anew
		clear(l.by)
	}
}

// limit refuses what comes too often from where nobody has signed in.
func (a *API) limit(w http.ResponseWriter, r *http.Request) bool {
	counted := r.Method != http.MethodGet && r.Method != http.MethodHead || strings.HasPrefix(r.URL.Path, "/v1/session/oidc/")
	if !counted || !below(r.URL.Path, openPaths) || actor.From(r.Context()).Known() {
		return false
	}
	wait := a.limiter.wait(peer.Address(r, a.cfg.Proxied))
	if wait <= 0 {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	a.answerProblem(w, r, *problem.New(http.StatusTooManyRequests, "RATE", "too many requests from this address; wait a moment"))
	return true
}
