package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/eval/leak"
	"bystander/internal/app"
	"bystander/internal/testkit"
)

func judge(t *testing.T, o app.LeakOptions) leak.Report {
	t.Helper()
	var out bytes.Buffer
	o.JSON, o.Stdout, o.Stderr = true, &out, io.Discard
	require.NoError(t, app.EvalLeak(t.Context(), o))
	var r leak.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	return r
}

// The judge knows the two ends: a recording beside itself shows everybody, and
// one that this program redacted shows nobody.
func TestEvalLeak(t *testing.T) {
	clip := filepath.Join(testkit.Shared(t), "data", "videos", "small", "face-demographics-walking.mp4")
	kept, html := t.TempDir(), filepath.Join(t.TempDir(), "leaks.html")
	r := judge(t, app.LeakOptions{Original: clip, Redacted: clip, Run: true, Baseline: true, Seen: kept, HTML: html})
	require.Equal(t, 35, r.Frames)
	require.Greater(t, r.Faces, 20)
	require.Len(t, r.Results, 3)
	itself, ours, usual := r.Results[0], r.Results[1], r.Results[2]
	require.Equal(t, r.Faces, itself.All.Exposed)
	require.Equal(t, r.Faces, itself.All.Redetected)
	require.NotZero(t, itself.All.Compared)
	require.Equal(t, itself.All.Compared, itself.All.Reidentified)
	require.Equal(t, r.Tracks, itself.ExposedTracks)
	require.Zero(t, itself.Area)
	require.Zero(t, ours.All.Exposed)
	require.Zero(t, ours.All.Reidentified)
	require.Zero(t, ours.ExposedTracks)
	require.LessOrEqual(t, ours.All.RedetectRate, 0.05)
	require.InDelta(t, ours.Told, ours.Area, 0.05, "the judge sees about the masks that were painted")
	require.Less(t, ours.Area, 0.12)
	require.NotZero(t, usual.Area)
	page, err := os.ReadFile(html)
	require.NoError(t, err)
	require.Contains(t, string(page), "data:image/jpeg;base64,")

	// What the judge found is kept, and the file holds no pixels.
	again := judge(t, app.LeakOptions{Original: clip, Redacted: clip, Seen: kept})
	require.Equal(t, r.Faces, again.Faces)
	require.Equal(t, itself.All.Exposed, again.Results[0].All.Exposed)

	other := filepath.Join(filepath.Dir(clip), "classroom.mp4")
	err = app.EvalLeak(t.Context(), app.LeakOptions{Original: clip, Redacted: other, Seen: kept, Stdout: io.Discard, Stderr: io.Discard})
	require.ErrorIs(t, err, leak.ErrPair)
	for _, o := range []app.LeakOptions{
		{},
		{Original: clip},
		{Original: clip, Redacted: "none.mp4"},
		{Original: clip, Baseline: true, Ablate: true},
		{Truth: "none"},
		{Truth: t.TempDir(), Original: clip},
	} {
		o.Stdout, o.Stderr = io.Discard, io.Discard
		require.ErrorIs(t, app.EvalLeak(t.Context(), o), app.ErrUsage, "%+v", o)
	}
}
