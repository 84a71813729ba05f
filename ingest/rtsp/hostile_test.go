package rtsp_test

import (
	"testing"

	"bystander/ingest"
	"bystander/ingest/sourcetest"
	"bystander/internal/loopcam"
)

func TestGarbageIsSurvived(t *testing.T) {
	file := sourcetest.Video(t, "a.mp4", size, 25, 1, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-pix_fmt", "yuv420p")
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	in := sourcetest.NewInjector(t, cam.Addr(), "cam", sourcetest.HostileH264())
	c := sourcetest.Camera{
		Spec:    ingest.Spec{ID: "hostile", Driver: ingest.DriverRTSP, URL: in.URL, Live: true},
		Options: quick(),
	}
	s := c.Start(t)
	var order sourcetest.Order
	shown := 0
	for in.Left() > 0 {
		r := sourcetest.Next(t, s)
		order.Check(t, r.Meta)
		r.Release()
		shown++
	}
	r := sourcetest.Next(t, s)
	r.Release()
	h := s.Health()
	if h.Restarts != 0 || h.Reconnect != 0 || h.Corrupt == 0 {
		t.Errorf("after garbage: %+v", h)
	}
	t.Logf("%d pictures shown, %d refused", shown, h.Corrupt)
}
