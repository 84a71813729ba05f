package store_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/sqldb/sqldbtest"
	"bystander/policy"
	"bystander/policy/store"
)

// Two processes move one consent at the same time: of each step one succeeds, the
// other is told, and the versions count without a gap.
func TestTwoProcessesMoveOneConsent(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "policy.db"))
	var replicas [2]*store.Store
	for i := range replicas {
		var err error
		replicas[i], err = store.Open(t.Context(), path)
		require.NoError(t, err)
		defer replicas[i].Close()
	}
	c := consent("c1")
	active, err := c.Become(policy.ConsentGiven, noon, "given")
	require.NoError(t, err)
	require.NoError(t, replicas[0].PutConsents(t.Context(), c, active))
	const rounds = 10
	var mu sync.Mutex
	won, told := 0, 0
	for range rounds {
		last, err := replicas[1].Consent(t.Context(), "c1")
		require.NoError(t, err)
		next := policy.ConsentReconfirm
		if last.State == policy.ConsentReconfirm {
			next = policy.ConsentGiven
		}
		var wg sync.WaitGroup
		for _, s := range replicas {
			wg.Go(func() {
				n, err := move(last, next)
				if err == nil {
					err = s.PutConsents(t.Context(), n)
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, policy.ErrExists):
					told++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	require.Equal(t, rounds, won)
	require.Equal(t, rounds, told)
	h, err := replicas[1].ConsentHistory(t.Context(), "c1")
	require.NoError(t, err)
	require.Len(t, h, 2+rounds)
	for i := range h {
		require.Equal(t, uint32(i+1), h[i].Version)
	}
}

func move(c policy.Consent, to policy.ConsentState) (policy.Consent, error) {
	at := c.ChangedAt.Add(time.Millisecond)
	if to == policy.ConsentGiven {
		act := c.Act
		act.At = at
		return c.Reconfirm(policy.Renewal{Act: act, NoticeVersion: c.NoticeVersion, ExpiresAt: c.ExpiresAt}, at, "again")
	}
	return c.Become(to, at, "the notice changed")
}

// Serials and policy versions of two processes never come twice.
func TestTwoProcessesCountOn(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "policy.db"))
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 2 {
		s, err := store.Open(t.Context(), path)
		require.NoError(t, err)
		defer s.Close()
		wg.Go(func() {
			for range 20 {
				n, err := s.NextSerial(t.Context())
				mu.Lock()
				if err != nil || seen[n] {
					t.Errorf("serial %d: %v", n, err)
				}
				seen[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 40)
}
