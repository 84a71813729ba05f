package observe_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/observe"
)

// TestTheBudgetsAreTheBounds: what the stages may take adds up to what the whole
// way may.
func TestTheBudgetsAreTheBounds(t *testing.T) {
	require.Equal(t, observe.BoundHeld, observe.Sum(observe.Budgets(8, 25)))
	require.Equal(t, observe.BoundLive, observe.Sum(observe.Budgets(0, 25)))
	require.Equal(t, observe.BoundHeld, observe.Sum(observe.Budgets(8, 0)), "a rate that is not known")
	for i, b := range observe.Budgets(8, 25) {
		require.Equal(t, observe.Stage(i), b.Stage, "every stage has its budget, in order") //nolint:gosec // a dozen
		if b.Stage != observe.Spare {
			require.Positive(t, b.Most, b.Stage.String())
		}
	}
	slow := observe.Budgets(8, 10)
	require.Equal(t, 800*time.Millisecond, slow[observe.Hold].Most, "a slow camera's pictures are held for longer")
}

func TestStagesAreMeasuredPerCamera(t *testing.T) {
	reg := prometheus.NewRegistry()
	timing, err := observe.NewTiming(reg)
	require.NoError(t, err)
	door, hall := timing.Camera("door"), timing.Camera("hall")
	require.Same(t, door, timing.Camera("door"))
	door.Took(observe.Look, 30*time.Millisecond, "")
	door.Took(observe.Stage(99), time.Second, "")
	hall.Whole(time.Second, "")
	door.Part(observe.PartFaces, 20*time.Millisecond)
	require.Equal(t, 2*observe.Stages, count(t, reg, "bystander_stage_duration_seconds"))
	timing.Drop("door")
	require.Equal(t, observe.Stages, count(t, reg, "bystander_stage_duration_seconds"))
	_, err = observe.NewTiming(reg)
	require.Error(t, err, "twice the same metrics")

	var none *observe.Timing
	none.Camera("x").Took(observe.Look, time.Second, "")
	none.Camera("x").Whole(time.Second, "")
	none.Camera("x").Part(observe.PartGuard, 0)
	none.Drop("x")
	(*observe.Events)(nil).Took(observe.EventLog, time.Second, "")
}

func count(t *testing.T, reg *prometheus.Registry, name string) int {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return len(f.GetMetric())
		}
	}
	return 0
}

func TestMeasuringDoesNotAllocate(t *testing.T) {
	timing, err := observe.NewTiming(prometheus.NewRegistry())
	require.NoError(t, err)
	c, q := timing.Camera("door"), observe.NewQueue(3)
	now := time.Now()
	require.Zero(t, testing.AllocsPerRun(200, func() {
		c.Took(observe.Encode, time.Millisecond, "")
		c.Part(observe.PartMatch, time.Millisecond)
		c.Whole(time.Millisecond, "")
		q.In(now)
		q.Out()
		_ = q.State(now)
	}))
}

// TestQueueIsFirstInFirstOut compares with a plain list.
func TestQueueIsFirstInFirstOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		q := observe.NewQueue(limit)
		now := time.Unix(1_700_000_000, 0)
		var list []time.Time
		dropped := uint64(0)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms")) * time.Millisecond)
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0, 1:
				q.In(now)
				list = append(list, now)
			case 2:
				q.Out()
				list = list[min(1, len(list)):]
			case 3:
				q.Drop()
				dropped++
				list = list[min(1, len(list)):]
			}
			want := observe.QueueState{Depth: len(list), Limit: limit, Dropped: dropped}
			if len(list) > 0 {
				want.Oldest = now.Sub(list[0])
			}
			require.Equal(t, want, q.State(now))
		}
	})
	var none *observe.Queue
	none.In(time.Now())
	none.Out()
	require.Zero(t, none.State(time.Now()))
}
