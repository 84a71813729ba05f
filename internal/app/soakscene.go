package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/rs/zerolog"

	"bystander/internal/frame"
	"bystander/internal/loopcam"
)

const (
	// A flapping camera is there for flapUp, then away for flapDown.
	flapUp, flapDown = 45 * time.Second, 20 * time.Second
	// spoilEvery is how long the hostile camera keeps to one kind of nonsense.
	spoilEvery = 40 * time.Second
)

// soakSize and the rates of the clips (5 to 8.4 pictures a second) keep eight
// cameras within half a core.
var soakSize = frame.Size{W: 320, H: 180}

// soakClip is what a camera plays: one picture of so many of a recording.
type soakClip struct {
	file  string
	every int
}

// soakClips are the evaluation clips, or what the distribution has.
func soakClips() ([]soakClip, error) {
	if dir := sharedDir(); dir != "" {
		videos := filepath.Join(dir, "data", "videos")
		clips := []soakClip{
			{filepath.Join(videos, "stage.mp4"), 5},
			{filepath.Join(videos, "arcade.mp4"), 4},
			{filepath.Join(videos, "one-by-one.mp4"), 2},
		}
		if exists(clips[0].file) && exists(clips[1].file) && exists(clips[2].file) {
			return clips, nil
		}
	}
	f, err := findVtest()
	return []soakClip{{f, 2}}, err
}

// soakScene are the eight cameras: five that stay, two that come and go, one
// that sends nonsense.
type soakScene struct {
	urls   map[string]string
	order  []string
	steady []string
	cams   []*loopcam.Camera
	stop   context.CancelFunc
	flaps  sync.WaitGroup
}

func startSoakScene(ctx context.Context, cache string, log zerolog.Logger) (_ *soakScene, err error) {
	clips, err := soakClips()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &soakScene{urls: map[string]string{}, stop: cancel}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	cfg := func(i int) loopcam.Config {
		c := clips[i%len(clips)]
		return loopcam.Config{File: c.file, Every: c.every, Size: soakSize, CacheDir: cache, Log: log}
	}
	for i := range 8 {
		c := cfg(i)
		id := fmt.Sprintf("steady-%d", i+1)
		switch {
		case i == 7:
			id, c.Spoil = "hostile", spoil(time.Now)
		case i >= 5:
			id = fmt.Sprintf("flapping-%d", i-4)
		default:
			s.steady = append(s.steady, id)
		}
		cam, err := loopcam.Start(ctx, c)
		if err != nil {
			return nil, err
		}
		s.order, s.urls[id] = append(s.order, id), cam.URL()
		if i != 5 && i != 6 {
			s.cams = append(s.cams, cam)
			continue
		}
		c.Addr = cam.Addr() // it comes back at the same address
		s.flaps.Go(func() { flap(ctx, cam, c, time.Duration(i)*7*time.Second, log) })
	}
	return s, nil
}

// flap takes a camera away and brings it back until ctx ends.
func flap(ctx context.Context, cam *loopcam.Camera, c loopcam.Config, late time.Duration, log zerolog.Logger) {
	up := waitFor(ctx, late)
	for up && waitFor(ctx, flapUp) {
		_ = cam.Close() // it always succeeds
		if cam = nil; !waitFor(ctx, flapDown) {
			break
		}
		next, err := loopcam.Start(ctx, c)
		for err != nil && waitFor(ctx, time.Second) {
			next, err = loopcam.Start(ctx, c)
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				log.Warn().Err(err).Msg("a flapping camera stays away")
			}
			break
		}
		cam = next
	}
	if cam != nil {
		_ = cam.Close()
	}
}

func (s *soakScene) close() {
	s.stop()
	s.flaps.Wait()
	for _, c := range s.cams {
		_ = c.Close() // it always succeeds
	}
}

// config is the program's configuration, with defaults but for what a soak on a
// small machine needs.
func (s *soakScene) config(addr string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "data: data\nserver:\n  listen: %s\nlog:\n  level: warn\nmodels:\n  offline: true\n", addr)
	// A look ahead of eight pictures would be more than a second at these rates.
	b.WriteString("redact:\n  hold: 3\nrecord:\n  segment: 1m\n  max_age: 1h\n  max_bytes: 256MiB\ncameras:\n")
	for _, id := range s.order {
		fmt.Fprintf(&b, "  - id: %s\n    driver: rtsp\n    transport: tcp\n    url: %s\n", id, s.urls[id])
	}
	return []byte(b.String())
}

// spoil is what a broken or hostile camera does to its packets, in turns:
// nothing, some bytes flipped, a packet of five left out, all payloads made of
// dice, and payloads cut short.
func spoil(now func() time.Time) func(*rtp.Packet) bool {
	dice := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // nonsense, the same in every run
	begun := now()
	var n atomic.Int64 // of packets
	return func(p *rtp.Packet) bool {
		n.Add(1)
		own := append([]byte(nil), p.Payload...) // another turn plays them again
		p.Payload = own
		switch int(now().Sub(begun)/spoilEvery) % 5 {
		case 1:
			for range 1 + len(own)/200 {
				own[dice.IntN(len(own))] ^= byte(1 << dice.IntN(8))
			}
		case 2:
			return dice.IntN(5) != 0
		case 3:
			for i := range own {
				own[i] = byte(dice.Uint32())
			}
		case 4:
			p.Payload = own[:1+dice.IntN(len(own))]
		}
		return true
	}
}
