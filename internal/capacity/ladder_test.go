package capacity_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/capacity"
)

// seconds lets the same second pass n times and returns the steps.
func seconds(l *capacity.Ladder, n int, load capacity.Load) (steps []capacity.Step) {
	for range n {
		if s := l.Tick(load); s != nil {
			steps = append(steps, *s)
		}
	}
	return steps
}

func overloaded(cameras ...capacity.CameraLoad) capacity.Load {
	for i := range cameras {
		cameras[i].Dropped = 5
	}
	return capacity.Load{Busy: 0.98, Cameras: cameras}
}

// The costliest camera gives first, and everybody gives before anybody gives
// twice.
func TestTheCostliestGivesFirst(t *testing.T) {
	l := capacity.NewLadder()
	load := overloaded(capacity.CameraLoad{ID: "calm", Cores: 0.2}, capacity.CameraLoad{ID: "busy", Cores: 2}, capacity.CameraLoad{ID: "other", Cores: 0.3})
	var order []string
	for _, s := range seconds(l, 9, load) {
		order = append(order, s.Camera)
		require.NotEmpty(t, s.Reason)
	}
	require.Equal(t, []string{"busy", "other", "calm"}, order)
	steps := seconds(l, 100, load)
	for _, id := range []string{"busy", "calm", "other"} {
		at, why := l.At(id)
		require.Equal(t, len(capacity.Rungs())-1, at)
		require.NotEmpty(t, why)
	}
	require.Len(t, steps, 9)
}

// A full machine that loses nothing is left alone, and so is one that loses
// pictures for another reason than its load.
func TestOnlyTroubleMakesSteps(t *testing.T) {
	l := capacity.NewLadder()
	require.Empty(t, seconds(l, 100, capacity.Load{Busy: 1, Cameras: []capacity.CameraLoad{{ID: "a", Cores: 1}}}))
	require.Empty(t, seconds(l, 100, capacity.Load{Busy: 0.3, Late: 3, Cameras: []capacity.CameraLoad{{ID: "a", Cores: 1, Dropped: 9}}}))
	require.Empty(t, seconds(l, 2, overloaded(capacity.CameraLoad{ID: "a"})), "a moment is no trouble")
	require.Empty(t, seconds(l, 100, capacity.Load{Busy: 0.98, Cameras: []capacity.CameraLoad{{ID: "a"}}}))
}

// A camera steps up after long ease only, and waits longer after a step up that
// brought trouble back.
func TestHysteresis(t *testing.T) {
	l := capacity.NewLadder()
	ease := capacity.Load{Busy: 0.5, Cameras: []capacity.CameraLoad{{ID: "a", Cores: 1}}}
	require.Len(t, seconds(l, 3, overloaded(capacity.CameraLoad{ID: "a", Cores: 1})), 1)
	require.Empty(t, seconds(l, 29, ease))
	up := seconds(l, 1, ease)
	require.Equal(t, []capacity.Step{{Camera: "a", From: 1, To: 0, Reason: up[0].Reason}}, up)
	require.Len(t, seconds(l, 3, overloaded(capacity.CameraLoad{ID: "a", Cores: 1})), 1)
	require.Empty(t, seconds(l, 59, ease), "the wait has doubled")
	require.Len(t, seconds(l, 1, ease), 1)
	between := capacity.Load{Busy: 0.8, Cameras: ease.Cameras}
	require.Len(t, seconds(l, 3, overloaded(capacity.CameraLoad{ID: "a", Cores: 1})), 1)
	require.Empty(t, seconds(l, 1000, between), "between ease and trouble nothing moves")
	require.Empty(t, seconds(l, 10, capacity.Load{Busy: 0.1}))
	at, _ := l.At("a")
	require.Zero(t, at, "a camera that is gone is forgotten")
}

// Whatever the load: one step a time, of one rung, within the ladder, and never
// more often than every three seconds.
func TestAnyLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, at, since := capacity.NewLadder(), map[string]int{}, 100
		for range rapid.IntRange(1, 300).Draw(t, "seconds") {
			load := capacity.Load{Busy: rapid.Float64Range(0, 1).Draw(t, "busy"), Late: rapid.Uint64Range(0, 1).Draw(t, "late")}
			for _, id := range []string{"a", "b", "c"} {
				load.Cameras = append(load.Cameras, capacity.CameraLoad{
					ID: id, Cores: rapid.Float64Range(0, 2).Draw(t, "cores"), Dropped: rapid.Uint64Range(0, 2).Draw(t, "dropped"),
				})
			}
			since++
			s := l.Tick(load)
			if s == nil {
				continue
			}
			require.Equal(t, at[s.Camera], s.From)
			require.Contains(t, []int{1, -1}, s.To-s.From)
			require.True(t, s.To >= 0 && s.To < len(capacity.Rungs()))
			require.GreaterOrEqual(t, since, 3)
			at[s.Camera], since = s.To, 0
		}
	})
}

// No rung spreads looks for people further in time than half as much again, and
// none costs more than the one above it.
func TestRungs(t *testing.T) {
	rungs := capacity.Rungs()
	require.Equal(t, capacity.Rung{Name: "full", PersonStretch: 1, Cost: 1}, rungs[0])
	for i, r := range rungs[1:] {
		require.Less(t, r.Cost, rungs[i].Cost)
		for _, fps := range []float64{5, 10, 15, 25, 30, 60} {
			for every := 1; every <= 15; every++ {
				kept := fps
				if r.MostFPS > 0 {
					kept = min(fps, r.MostFPS)
				}
				n := r.PersonEvery(every, fps)
				require.GreaterOrEqual(t, n, 1)
				// One picture is the least there is.
				require.LessOrEqual(t, float64(n)/kept, max(1.5*float64(every)/fps, 1/kept)+1e-9, "%s, %d of %v", r.Name, every, fps)
			}
		}
	}
}
