package onnx_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/detect"
	"bystander/detect/track"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/internal/testkit"
	"bystander/match"
	"bystander/match/enrol"
	"bystander/match/onnx"
)

// faces adapts a detector for enrolment.
type faces struct{ d detect.FaceDetector }

func (f faces) Faces(ctx context.Context, p frame.Planes) ([]enrol.Face, error) {
	list, err := f.d.DetectFaces(ctx, p, nil)
	out := make([]enrol.Face, len(list))
	for i, x := range list {
		out[i] = enrol.Face{Box: x.Box, Landmarks: x.Landmarks, HasLandmarks: x.HasLandmarks, Score: x.Score}
	}
	return out, err
}

// decode plays a clip through ffmpeg and calls f for every picture.
func decode(t *testing.T, path string, size frame.Size, fps int, f func(p frame.Planes, m frame.Meta)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-vsync", "0", "-")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	buf := make([]byte, size.Bytes())
	r := bufio.NewReaderSize(out, len(buf))
	for n := 0; ; n++ {
		if _, err := io.ReadFull(r, buf); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		pts := time.Duration(n) * time.Second / time.Duration(fps)
		f(frame.PlanesOver(buf, size), frame.Meta{
			Camera: "cam", Seq: uint64(n), PTS: pts, Captured: epoch.Add(pts), Colour: frame.Colour{Matrix: 1},
		})
	}
	require.NoError(t, cmd.Wait())
}

var epoch = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)

type countInts struct{ n int }

func (c *countInts) Add(v float64) { c.n += int(v) }

// scene is a clip with its judge, looked at in every step-th picture.
type scene struct {
	now   time.Time
	keep  *enrol.Keep
	judge *match.Judge
	emb   *onnx.Embedder
	det   detect.FaceDetector
	count countInts
}

func newScene(t *testing.T, photos ...string) *scene {
	t.Helper()
	s := &scene{now: epoch, emb: newEmbedder(t), det: newDetector(t, 640)}
	var people []enrol.KeepPhoto
	for _, name := range photos {
		f, err := os.Open(filepath.Join(testkit.Shared(t), "data", "faces", "stage-stills", name))
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		people = append(people, enrol.KeepPhoto{Name: name, Photo: f})
	}
	var err error
	clock := func() time.Time { return s.now }
	s.keep, err = enrol.NewKeep(t.Context(), enrol.Reader{Detector: faces{s.det}, Embedder: s.emb}, "cam", people, clock)
	require.NoError(t, err)
	t.Cleanup(s.keep.Close)
	s.judge, err = match.NewJudge(match.JudgeConfig{
		Camera: "cam", Leases: s.keep, Shelf: s.keep.Shelf(), Embedder: s.emb,
		Calibration: match.Calibration0095(), Rules: match.DefaultRules(),
		Counters: match.Counters{Embeddings: &s.count},
	})
	require.NoError(t, err)
	return s
}

// shown is one face shown clear on one picture.
type shown struct {
	n        int
	face     match.Face
	decision match.Decision
}

func (s *scene) play(t *testing.T, path string, size frame.Size, fps, step int) (clear []shown, events []event.Event, looks int) {
	t.Helper()
	tr := track.New(track.Options{Size: size})
	decode(t, path, size, fps, func(p frame.Planes, m frame.Meta) {
		if int(m.Seq)%step != 0 {
			return
		}
		s.now = epoch.Add(m.PTS)
		found, err := s.det.DetectFaces(t.Context(), p, nil)
		require.NoError(t, err)
		r := tr.UpdateFaces(m.PTS, found)
		var list []match.Face
		for _, k := range r.Tracks {
			if k.Kind == track.Face {
				list = append(list, match.Face{
					Track: k.ID, Generation: k.Generation, Box: k.Box, Landmarks: k.Landmarks,
					HasLandmarks: k.HasLandmarks, Score: k.Score, Doubt: k.Ambiguous, Seen: k.Observed,
				})
			}
		}
		looks += len(list)
		ds, evs, err := s.judge.Judge(t.Context(), match.Look{Planes: p, Meta: m, Detected: true, Faces: list, Lost: r.Lost, Canary: true})
		require.NoError(t, err)
		for i, d := range ds {
			if d.Live {
				clear = append(clear, shown{int(m.Seq), list[i], d})
			}
		}
		events = append(events, evs...)
	})
	return clear, events, looks
}

// The clip has four shots: performer (right) and pianist on a stage; the
// pianist from the side; the performer alone; an audience, mostly in profile.
const (
	shot2, shot3, shot4 = 18, 82, 211
)

func TestStage(t *testing.T) {
	clip := filepath.Join(testkit.Shared(t), "data", "videos", "stage.mp4")
	s := newScene(t, "lin-manuel-miranda.png")
	clear, events, looks := s.play(t, clip, frame.Size{W: 640, H: 360}, 30, 2)
	t.Logf("faces looked at %d, embedded %d, shown clear %d", looks, s.count.n, len(clear))
	require.GreaterOrEqual(t, len(clear), 20, "the performer is hardly ever shown")
	for _, c := range clear {
		performer := c.n >= shot3 && c.n < shot4 || c.n < shot2 && c.face.Box.X0 > 500
		require.True(t, performer, "picture %d shows somebody else at %v", c.n, c.face.Box)
		require.False(t, c.decision.Subject.IsZero())
	}
	kinds := map[event.Kind]int{}
	for _, e := range events {
		kinds[e.Kind]++
		t.Logf("%s %v score %.3f threshold %.3f quality %.2f", e.Kind, e.Detail, e.Score, e.Threshold, e.Quality)
		require.GreaterOrEqual(t, e.Score, e.Threshold)
		require.Equal(t, uint32(1), e.GallerySize)
		require.False(t, e.SubjectRef.IsZero() || e.ConsentRef.IsZero() || e.SignSetHash.IsZero() || e.GalleryRoot.IsZero())
	}
	require.Positive(t, kinds[event.KindMatch])
	require.LessOrEqual(t, len(events), 9, "events are drafted per track, not per picture")
}

// TestStrangers plays clips in which no enrollee appears: nobody may be shown.
func TestStrangers(t *testing.T) {
	videos := filepath.Join(testkit.Shared(t), "data", "videos")
	for _, c := range []struct {
		clip   string
		size   frame.Size
		fps    int
		step   int
		photos []string
	}{
		{"stage.mp4", frame.Size{W: 640, H: 360}, 30, 5, []string{"biden.jpg", "alex-lacamoire.png"}},
		{"arcade.mp4", frame.Size{W: 1920, H: 1080}, 25, 6, []string{"biden.jpg", "alex-lacamoire.png", "lin-manuel-miranda.png", "obama.jpg"}},
	} {
		t.Run(c.clip, func(t *testing.T) {
			s := newScene(t, c.photos...)
			clear, events, looks := s.play(t, filepath.Join(videos, c.clip), c.size, c.fps, c.step)
			t.Logf("faces looked at %d, embedded %d", looks, s.count.n)
			require.Positive(t, s.count.n, "nothing was compared: the test shows nothing")
			require.Empty(t, clear)
			require.Empty(t, events)
		})
	}
}
