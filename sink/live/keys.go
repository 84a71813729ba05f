package live

import (
	"sync"
	"time"
)

// keyLimiter passes on requests for a key picture, at most one in every
// interval; those that come meanwhile become one request at its end, unless a
// key picture arrives before.
type keyLimiter struct {
	every time.Duration
	ask   func()

	mu     sync.Mutex
	last   time.Time
	timer  *time.Timer // a request on its way, nil when there is none
	closed bool
	wg     sync.WaitGroup // the timer's goroutine; stop waits for it
}

func (k *keyLimiter) want(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.timer != nil {
		return
	}
	var wait time.Duration
	if !k.last.IsZero() {
		wait = max(0, k.every-now.Sub(k.last))
	}
	k.wg.Add(1)
	k.timer = time.AfterFunc(wait, k.fire)
}

func (k *keyLimiter) fire() {
	defer k.wg.Done()
	k.mu.Lock()
	k.timer = nil
	k.last = time.Now()
	closed := k.closed
	k.mu.Unlock()
	if !closed {
		k.ask()
	}
}

// satisfied drops the request that waits: a key picture has come.
func (k *keyLimiter) satisfied() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop()
}

func (k *keyLimiter) drop() {
	if k.timer != nil && k.timer.Stop() {
		k.timer = nil
		k.wg.Done()
	}
}

func (k *keyLimiter) stop() {
	k.mu.Lock()
	k.closed = true
	k.drop()
	k.mu.Unlock()
	k.wg.Wait()
}
