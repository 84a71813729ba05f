package app

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/api/peer/line"
)

// controls are several behind one name: an address each, or one address that
// answers for each in turn.
type controls struct {
	mu    sync.Mutex
	names []string
	turns bool
	n     int
}

func (c *controls) lookup(context.Context, string) ([]string, error) {
	if c.turns {
		return []string{"10.0.0.1"}, nil
	}
	return []string{"10.0.0.1", "10.0.0.2"}, nil
}

func (c *controls) dial(_ context.Context, addr string) (net.Conn, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := 0
	switch {
	case c.turns:
		c.n++
		i = c.n % len(c.names)
	case addr == "10.0.0.2:8443":
		i = 1
	}
	if c.names[i] == "" {
		return nil, "", errors.New("connection refused")
	}
	mine, theirs := net.Pipe()
	return mine, c.names[i], theirs.Close()
}

func TestEachControlBehindAnAddressIsAsked(t *testing.T) {
	for name, turns := range map[string]bool{"an address each": false, "one address for all": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &controls{names: []string{"one", "two"}, turns: turns}
				var mu sync.Mutex
				asked := map[string]int{}
				end := make(chan struct{}) // of the asking of "two"
				r := &replicas{
					host: "control", port: "8443", lookup: c.lookup, dial: c.dial, log: zerolog.Nop(),
					lost: make(chan struct{}, 1), known: map[string]bool{},
					ask: func(ctx context.Context, name string, to line.Dial) {
						for range 5 { // each connection reaches the same one
							conn, err := to(ctx, "tcp", "control:8443")
							if err != nil {
								t.Error(err)
								return
							}
							_ = conn.Close()
						}
						mu.Lock()
						asked[name]++
						mu.Unlock()
						over := end
						if name == "one" {
							over = nil
						}
						select {
						case <-ctx.Done():
						case <-over:
						}
					},
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); r.run(ctx) }()
				rest(time.Minute)
				mu.Lock()
				require.Equal(t, map[string]int{"one": 1, "two": 1}, asked, "each once")
				mu.Unlock()
				end <- struct{}{}
				rest(time.Minute)
				mu.Lock()
				require.Equal(t, map[string]int{"one": 1, "two": 2}, asked, "one that was lost is found again")
				mu.Unlock()
				cancel()
				<-done
			})
		})
	}
}

func TestAControlThatIsGoneIsNotReached(t *testing.T) {
	c := &controls{names: []string{"one", ""}}
	r := &replicas{host: "control", port: "8443", lookup: c.lookup, dial: c.dial, log: zerolog.Nop()}
	_, err := r.to("two")(t.Context(), "tcp", "control:8443")
	require.Error(t, err)
	require.Equal(t, []string{"one"}, r.look(t.Context()))
}
