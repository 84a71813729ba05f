package track_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bystander/detect/detecttest"
	"bystander/detect/onnx"
	"bystander/detect/track"
	"bystander/internal/frame"
	"bystander/internal/ort"
	"bystander/internal/testkit"
)

// With a look in every third picture, people who walk towards the camera for
// the whole clip keep one id each, though others pass before them.
func TestArcade(t *testing.T) {
	rt, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(testkit.Shared(t), "models", "yunet_n_dynamic.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := onnx.NewYuNet(rt, onnx.Model{Name: "yunet", Data: b}, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tr := track.New(track.Options{Size: picture})
	seen := map[uint64]int{}
	looks := 0
	detecttest.Video(t, testkit.Shared(t)+"/data/videos/arcade.mp4", picture, 3, func(i int, p frame.Planes) bool {
		faces, err := d.DetectFaces(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		looks++
		for _, k := range tr.UpdateFaces(time.Duration(i)*40*time.Millisecond, faces).Tracks {
			if k.Observed {
				seen[k.ID]++
			}
		}
		return true
	})
	long := 0
	for _, n := range seen {
		if n >= looks*8/10 {
			long++
		}
	}
	t.Logf("%d looks, %d ids, %d of them seen in four fifths of the looks", looks, len(seen), long)
	if long < 4 {
		t.Errorf("%d people keep their id, want at least 4", long)
	}
}
