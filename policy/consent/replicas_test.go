package consent_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/consent"
)

// Two replicas take the same act at once, and both withdraw it: one consent comes
// of it, each change stands once on the log, and each version has one receipt.
// On a file there is one process, so this is for a server.
func TestReplicasTakeOneAct(t *testing.T) {
	if !sqldbtest.OnPostgres() {
		t.Skip("a SQLite file is one process's; TestOnPostgreSQL runs this")
	}
	var mu sync.Mutex
	told := map[string]int{} // events, by id
	var shared consent.Config
	a := newDesk(t, func(c *consent.Config) {
		c.Emit = func(e event.Event) {
			mu.Lock()
			defer mu.Unlock()
			told[e.ID]++
		}
		shared = *c
	})
	db, err := consent.OpenDB(t.Context(), a.db.Path)
	require.NoError(t, err)
	defer db.Close()
	shared.DB = db
	b, err := consent.New(shared)
	require.NoError(t, err)

	who := a.person().Enrollee
	act := a.given(who, policy.PurposeMatch)
	both := func(do func(s *consent.Service) error) (won int32) {
		var n atomic.Int32
		var wg sync.WaitGroup
		for _, s := range []*consent.Service{a.Service, b} {
			wg.Go(func() {
				err := do(s)
				var no *consent.Refusal
				switch {
				case err == nil:
					n.Add(1)
				case !errors.As(err, &no):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return n.Load()
	}
	require.Equal(t, int32(1), both(func(s *consent.Service) error {
		_, err := s.Give(t.Context(), act)
		return err
	}))
	own, err := a.store.ConsentsOf(t.Context(), who)
	require.NoError(t, err)
	require.Len(t, own, 1)
	require.Equal(t, policy.ConsentGiven, own[0].State)
	require.Equal(t, int32(2), both(func(s *consent.Service) error { return s.Settle(t.Context()) }))
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(t, told)
	for id, n := range told {
		require.Equal(t, 1, n, id)
	}
}
