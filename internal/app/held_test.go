package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/api/admin/cameras"
	"bystander/api/peer/calls"
	"bystander/api/peer/line"
	"bystander/ingest"
	"bystander/ingest/worker"
)

// What holds a camera's worker is told once one runs, and nothing is told of a
// camera that has none: an alert would go off.
func TestWhatHoldsAWorkerIsTold(t *testing.T) {
	y := startYard(t)
	ctx, store := t.Context(), y.e.admin.cameras
	_, err := store.Add(ctx, cameras.Camera{ID: "one", Transport: "tcp"}, "rtsp://127.0.0.1:9/x")
	require.NoError(t, err)
	y.apply("one")
	y.comes("one", ingest.StateRetrying) // its worker ran, whether or not it reached anything
	here, err := worker.Available()
	require.NoError(t, err)
	require.Equal(t, ingest.Health{Confined: &here}.Held(), y.held())
	require.Equal(t, []float64{float64(here.Landlock)}, y.gauges("bystander_ingest_worker_landlock"))
	require.Equal(t, []float64{oneIf(here.Seccomp)}, y.gauges("bystander_ingest_worker_seccomp"))

	_, err = store.Pause(ctx, "one", "ada", "the painters are in")
	require.NoError(t, err)
	y.apply("one")
	y.comes("one", statePaused)
	require.Empty(t, y.held())
	require.Empty(t, y.gauges("bystander_ingest_worker_landlock"))
	require.Empty(t, y.gauges("bystander_ingest_worker_seccomp"))
}

// held is what people see, and what a control would hear.
func (y *yard) held() string {
	y.t.Helper()
	cam, err := backend{y.e}.Camera(y.t.Context(), "one")
	require.NoError(y.t, err)
	told, err := y.e.camerasForControl(y.t.Context())
	require.NoError(y.t, err)
	require.Len(y.t, told, 1)
	require.Equal(y.t, cam.Confined, told[0].Confined)
	return cam.Confined
}

// gauges are the values of a metric now.
func (y *yard) gauges(name string) (out []float64) {
	y.t.Helper()
	families, err := y.e.reg.Gather()
	require.NoError(y.t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			out = append(out, m.GetGauge().GetValue())
		}
	}
	return out
}

// What an edge says of its workers is taken as far as it is understood, and never
// for better than it is.
func TestWhatAnEdgeSaysOfItsWorkers(t *testing.T) {
	b := backend{&edge{law: &lawful{}}}
	for says, want := range map[string]string{
		"": "", "full": "full", "partial": "partial", "none": "none", "fully": "none", "Full\n": "none",
	} {
		c := b.remoteCamera(calls.Camera{CameraState: line.CameraState{ID: "gate", Confined: says}})
		require.Equal(t, want, c.Confined, "%q", says)
	}
}
