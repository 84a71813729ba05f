package access_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/audit/access"
	"bystander/internal/sqldb/sqldbtest"
)

// Two replicas write one chain: no number comes twice, none is missing, and each
// row names the one before.
func TestReplicasWriteOneChain(t *testing.T) {
	path := sqldbtest.Place(t, filepath.Join(t.TempDir(), "a.db"))
	a, b := open(t, path, nil), open(t, path, nil)
	var wg sync.WaitGroup
	for w, l := range []*access.Log{a, b, a, b} {
		wg.Go(func() {
			for i := range 10 {
				if _, err := l.Record(ctx, entry(w*10+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	h, err := b.Verify(ctx, access.Head{})
	require.NoError(t, err)
	require.Equal(t, uint64(40), h.Seq)
}
