package live_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"bystander/internal/frame"
	"bystander/sink"
	"bystander/sink/live"
)

// The test film: each picture carries its number as bars, white for one, so
// that a viewer's picture tells when it was sent.
const (
	filmFPS   = 25
	filmGOP   = 25
	filmCount = 100
	barBits   = 10
	barHeight = 64
)

var filmSize = frame.Size{W: 1280, H: 720}

// film is made once a test process and read only.
var film = sync.OnceValues(makeFilm)

// units returns the film's access units, one a picture.
func units(t testing.TB) [][]byte {
	t.Helper()
	f, err := film()
	if err != nil {
		t.Fatalf("make the test film (is ffmpeg installed?): %v", err)
	}
	return f
}

func makeFilm() ([][]byte, error) {
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p",
		"-s", fmt.Sprintf("%dx%d", filmSize.W, filmSize.H), "-r", fmt.Sprint(filmFPS), "-i", "-",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
		"-x264-params", fmt.Sprintf("keyint=%d:min-keyint=%[1]d:scenecut=0:aud=1:repeat-headers=1:slices=2", filmGOP),
		"-f", "h264", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	buf := make([]byte, filmSize.Bytes())
	for n := range filmCount {
		draw(frame.PlanesOver(buf, filmSize), n)
		if _, err := in.Write(buf); err != nil {
			return nil, fmt.Errorf("%w: %s", err, errOut.Bytes())
		}
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, errOut.Bytes())
	}
	all := bytes.Split(out.Bytes(), []byte{0, 0, 0, 1, 9}) // at the delimiters
	if len(all) != filmCount+1 {
		return nil, fmt.Errorf("%d access units from %d pictures", len(all)-1, filmCount)
	}
	for i := range all[1:] {
		all[i+1] = append([]byte{0, 0, 0, 1, 9}, all[i+1]...)
	}
	return all[1:], nil
}

// draw paints bars over something that moves.
func draw(p frame.Planes, n int) {
	for y := range p.H {
		row := p.Y[y*p.StrideY : y*p.StrideY+p.W]
		for x := range row {
			row[x] = byte(60 + (x/8+y/8+n*3)%120)
		}
	}
	w := p.W / barBits
	for bit := range barBits {
		v := byte(16)
		if n>>bit&1 == 1 {
			v = 235
		}
		for y := range barHeight {
			row := p.Y[y*p.StrideY:]
			for x := bit * w; x < (bit+1)*w; x++ {
				row[x] = v
			}
		}
	}
	for i := range p.U {
		p.U[i], p.V[i] = 118, 138
	}
}

// player writes the film in a loop at its own speed, as the encoder would. A
// request for a key picture makes it jump to the next one.
type player struct {
	t    testing.TB
	film [][]byte
	keys chan struct{}

	mu    sync.Mutex
	sent  map[int][]time.Time // when a picture's number was written
	order []int               // numbers by packet
	when  []time.Time         // of capture, by packet
}

func newPlayer(t testing.TB) *player {
	return &player{t: t, film: units(t), keys: make(chan struct{}, 1), sent: map[int][]time.Time{}}
}

// keyFrame is Config.OnKeyFrameNeeded.
func (p *player) keyFrame(string) {
	select {
	case p.keys <- struct{}{}:
	default:
	}
}

// play writes to s until the returned function is called, which waits.
func (p *player) play(s *live.Stream) (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second / filmFPS)
		defer tick.Stop()
		n := 0
		for seq := uint64(0); ; seq++ {
			select {
			case <-end:
				return
			case <-p.keys:
				n = (n + filmGOP - 1) / filmGOP * filmGOP % filmCount
			default:
			}
			select {
			case <-end:
				return
			case now := <-tick.C:
				p.mu.Lock()
				p.sent[n] = append(p.sent[n], time.Now())
				p.order, p.when = append(p.order, n), append(p.when, now)
				p.mu.Unlock()
				if err := s.WritePacket(p.packet(n, seq, now)); err != nil {
					p.t.Errorf("write: %v", err)
					return
				}
			}
			n = (n + 1) % filmCount
		}
	}()
	return func() { close(end); <-done }
}

func (p *player) packet(n int, seq uint64, captured time.Time) *sink.Packet {
	return &sink.Packet{
		Data: p.film[n], PTS: time.Duration(seq) * time.Second / filmFPS, Captured: captured,
		Key: n%filmGOP == 0, Size: filmSize, Seq: seq,
	}
}

// sentBefore is when picture n was last written before at, zero if never.
func (p *player) sentBefore(n int, at time.Time) (last time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.sent[n] {
		if t.Before(at) {
			last = t
		}
	}
	return last
}

// played returns the numbers of the pictures written so far and when they were
// captured.
func (p *player) played() ([]int, []time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.order), slices.Clone(p.when)
}
