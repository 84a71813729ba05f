package app

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/frame"
	"bystander/redact"
)

// told keeps what the redactor says of each picture.
type told struct {
	seq   []uint64
	stats []redact.Stats
}

func (k *told) take(o redact.Out) error {
	defer o.Release()
	k.seq, k.stats = append(k.seq, o.Meta.Seq), append(k.stats, o.Stats)
	return nil
}

func (r *rig) tell(may redact.Permission) (*told, error) {
	out := &told{}
	p := &pipeline{
		id: "test", src: r.src, redact: redact.DefaultConfig(), may: may, out: out, stats: &cameraStats{},
		looker: &looker{eyes: r.eyes, cadence: config.Default().Detect, now: r.now},
	}
	return out, p.run(context.Background())
}

// leased permits everything until its lease is over.
type leased struct{ over atomic.Bool }

func (l *leased) May(uint64, redact.Rule) bool { return !l.over.Load() }

// TestNobodyIsClearOnceTheLeaseIsOver: the mask is back on the first picture that
// leaves after the end, though it was permitted when the picture was seen.
//
// proves: A-20, INV-5
func TestNobodyIsClearOnceTheLeaseIsOver(t *testing.T) {
	may := &leased{}
	r := newRig(aFace, steady(60))
	r.src.make = func(i int) (frame.Size, frame.Meta, bool) {
		if i == 30 {
			may.over.Store(true)
		}
		return steady(60)(i)
	}
	out, err := r.tell(may)
	require.NoError(t, err)
	require.Len(t, out.seq, 60)
	clear := 0
	for i, s := range out.stats {
		if out.seq[i] < 15 { // left before the end: eight are held, and a few lie between
			clear += s.Clear
		}
		if out.seq[i] >= 30 {
			require.Zero(t, s.Clear+s.ClearRecord, "picture %d", out.seq[i])
			require.Equal(t, s.Faces, s.Masked)
		}
	}
	require.NotZero(t, clear, "the face was clear while the lease ran")
}

// TestNoMemoryNoPicture: where no picture can be had any more the camera ends,
// and what is still held leaves masked.
func TestNoMemoryNoPicture(t *testing.T) {
	r := newRig(aFace, steady(60))
	r.src.pool = frame.NewPool(5) // fewer than are held
	out, err := r.tell(redact.Nobody{})
	require.ErrorIs(t, err, frame.ErrExhausted)
	require.Zero(t, r.src.pool.Lent(), "a picture was not given back")
	require.Len(t, out.seq, 5)
	for _, s := range out.stats {
		require.Equal(t, 1, s.Masked)
		require.Positive(t, s.Area)
	}
}

// TestTheGuardsLookIsTold: a picture on which the guard sees nothing move ends
// what it saw before; one after a break, of which it knows nothing, does not.
func TestTheGuardsLookIsTold(t *testing.T) {
	r := newRig(aFace, steady(3))
	l := &looker{eyes: r.eyes, cadence: config.Default().Detect, now: time.Now}
	for i := 0; ; i++ {
		raw, err := r.src.Next(t.Context())
		if errors.Is(err, io.EOF) {
			require.Equal(t, 3, i)
			break
		}
		require.NoError(t, err)
		s := seen{raw: raw}
		l.look(t.Context(), &s)
		require.Equal(t, i > 0, s.sighting.Guard, "picture %d", i)
		raw.Release()
	}
}
