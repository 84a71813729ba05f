package main

import (
	"strconv"
	"sync"
	"time"
)

// sessions keeps the connections of requests that name a session.
type sessions struct {
	lib *library
	mu  sync.Mutex
	by  map[string]*kept
}

type kept struct {
	*session
	busy  bool
	timer *time.Timer
}

const (
	sessionTimeout    = time.Minute
	maxSessionTimeout = time.Hour
)

func newSessions(lib *library) *sessions { return &sessions{lib: lib, by: map[string]*kept{}} }

// take returns the session's connection, or a fresh one without a name. done
// gives it back.
func (s *sessions) take(id, timeout string) (c *session, done func(), err error) {
	if id == "" {
		if c, err = s.lib.connect(); err != nil {
			return nil, nil, err
		}
		return c, c.close, nil
	}
	d := sessionTimeout
	if n, err := strconv.Atoi(timeout); err == nil && n > 0 {
		d = min(time.Duration(n)*time.Second, maxSessionTimeout)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.by[id]
	switch {
	case k == nil:
		if c, err = s.lib.connect(); err != nil {
			return nil, nil, err
		}
		k = &kept{session: c}
		s.by[id] = k
	case k.busy:
		return nil, nil, raise(codeSessionLocked, "Session %s is locked by a concurrent client. (SESSION_IS_LOCKED)", id)
	case k.timer != nil:
		k.timer.Stop()
	}
	k.busy = true
	return k.session, func() { s.giveBack(id, k, d) }, nil
}

func (s *sessions) giveBack(id string, k *kept, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.busy = false
	k.timer = time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !k.busy && s.by[id] == k {
			delete(s.by, id)
			k.close()
		}
	})
}
