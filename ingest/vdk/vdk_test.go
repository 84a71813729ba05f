package vdk_test

import (
	"testing"
	"time"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/ingest/worker"
	"bystander/internal/frame"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

var size = frame.Size{W: 320, H: 180}

func quick() worker.Options {
	return worker.Options{
		BackoffMin: 50 * time.Millisecond, BackoffMax: 300 * time.Millisecond, ReadTimeout: 3 * time.Second,
	}
}

func TestConformance(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{User: "me", Password: "secret", AuthMethod: "digest"})
	// Four slices a picture: the library gives out one packet for each.
	input := []string{
		"-re", "-f", "lavfi", "-i", sourcetest.PatternFilter(size, 25), "-c:v", "libx264", "-preset", "ultrafast",
		"-g", "25", "-pix_fmt", "yuv420p", "-threads", "1", "-x264-params", "slices=4",
	}
	stop := server.Publish("cam", input...)
	sourcetest.Run(t, sourcetest.Camera{
		Spec: ingest.Spec{
			ID: "gate", Driver: ingest.DriverVDK, Live: true,
			URL: "rtsp://me:secret@" + server.URL("cam")[len("rtsp://"):],
		},
		Options: quick(), Size: size, Codec: "h264", Pattern: true,
		Interrupt: func(t *testing.T) {
			server.Stop()
			stop()
			server.Start()
			stop = server.Publish("cam", input...)
		},
	})
}

func TestWrongPassword(t *testing.T) {
	server := testkit.StartMediaMTX(t, testkit.MediaMTXOptions{User: "me", Password: "secret", AuthMethod: "digest"})
	cam := sourcetest.Camera{
		Spec: ingest.Spec{
			ID: "x", Driver: ingest.DriverVDK, Live: true,
			URL: "rtsp://me:wrong@" + server.URL("cam")[len("rtsp://"):],
		},
		Options: quick(),
	}
	s := cam.Start(t)
	defer func() { t.Logf("%+v", s.Health()) }()
	sourcetest.Await(t, "the refusal", func() bool { return s.Health().ErrCode == string(ingest.CodeUnauthorized) })
}

// TestAPanicInTheLibraryEndsOnlyTheWorker is why this driver lives in a process
// of its own: its reader panics on a FU-A payload of one byte, in a goroutine
// that nobody can guard.
func TestAPanicInTheLibraryEndsOnlyTheWorker(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-pix_fmt", "yuv420p")
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	in := sourcetest.NewInjector(t, cam.Addr(), "cam", nil)
	c := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "hostile", Driver: ingest.DriverVDK, URL: in.URL, Live: true},
		Options: quick(),
	}
	s := c.Start(t)
	var order sourcetest.Order
	first := sourcetest.Next(t, s)
	order.Check(t, first.Meta)
	first.Release()
	in.Add([]byte{28})
	for s.Health().Restarts == 0 || s.Health().State != ingest.StateConnected {
		r := sourcetest.Next(t, s)
		order.Check(t, r.Meta)
		r.Release()
	}
	r := sourcetest.Next(t, s)
	order.Check(t, r.Meta)
	sourcetest.CheckPattern(t, r.Planes())
	r.Release()
	if order.Epochs != 2 || in.Left() != 0 {
		t.Errorf("%d epochs, %d packets left", order.Epochs, in.Left())
	}
}
