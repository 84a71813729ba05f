package pigo_test

import (
	"errors"
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
	"bystander/detect/pigo"
	"bystander/internal/frame"
	"bystander/internal/models"
	"bystander/internal/testkit"
)

func cascade(t testing.TB) ([]byte, models.Info) {
	t.Helper()
	s, err := models.Open(models.Options{CacheDir: t.TempDir(), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	b, i, err := s.Load(t.Context(), "facefinder")
	if err != nil {
		t.Fatal(err)
	}
	return b, i
}

func open(t testing.TB, o pigo.Options) *pigo.Detector {
	t.Helper()
	b, i := cascade(t)
	d, err := pigo.New(b, i.SHA256, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	detecttest.Faces(t, func(t testing.TB) detect.FaceDetector { return open(t, pigo.Options{Parallel: 2, Long: 320}) })
}

// The performer and the audience of stage.mp4 are found in most pictures.
func TestFindsFaces(t *testing.T) {
	d := open(t, pigo.Options{})
	defer d.Close()
	looked, found := 0, 0
	detecttest.Video(t, testkit.Shared(t)+"/data/videos/arcade.mp4", frame.Size{W: 1280, H: 720}, 15,
		func(_ int, p frame.Planes) bool {
			faces, err := d.DetectFaces(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			looked++
			found += len(faces)
			return true
		})
	t.Logf("%d faces in %d pictures", found, looked)
	if found < 2*looked {
		t.Errorf("%d faces in %d pictures of 8 to 11 people, want at least two a picture", found, looked)
	}
}

func FuzzNew(f *testing.F) {
	b, _ := cascade(f)
	f.Add([]byte{})
	f.Add(b[:16])
	f.Add(b[:len(b)-1])
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 0, 0, 128, 63, 0, 0, 128, 63, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := pigo.New(b, "", pigo.Options{Long: 64})
		if err != nil {
			if !errors.Is(err, pigo.ErrCascade) {
				t.Errorf("error %v is not ErrCascade", err)
			}
			return
		}
		defer d.Close()
		faces, _ := d.DetectFaces(t.Context(), detecttest.Picture(frame.Size{W: 64, H: 48}, "noise"), nil)
		for _, f := range faces {
			if !f.Box.Finite() || f.Box.Empty() {
				t.Errorf("box %v", f.Box)
			}
		}
	})
}
