package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
)

const rate = 25

// film is a short loop of encoded pictures, each an access unit.
type film struct {
	mp4   []byte
	units [][]byte
}

// makeFilm draws test pictures with ffmpeg.
func makeFilm(ctx context.Context, filter string, seconds int, file string) (film, error) {
	common := []string{
		"-v", "error", "-y", "-f", "lavfi", "-t", strconv.Itoa(seconds), "-i", filter,
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "baseline", "-pix_fmt", "yuv420p",
		"-g", strconv.Itoa(rate), "-b:v", "900k", "-x264-params", "sliced-threads=0:slices=1:repeat-headers=1:scenecut=0",
	}
	var f film
	var err error
	if f.mp4, err = ffmpeg(ctx, append(common, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", file)...); err != nil {
		return film{}, err
	}
	raw, err := ffmpeg(ctx, append(common, "-f", "h264", "pipe:1")...)
	if err != nil {
		return film{}, err
	}
	f.units, err = split(raw)
	return f, err
}

func ffmpeg(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "ffmpeg", args...) //nolint:gosec // fixed arguments of our own
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, errs.String())
	}
	return out.Bytes(), nil
}

// split cuts an Annex B stream into access units, each ending with a slice.
func split(raw []byte) ([][]byte, error) {
	r, err := h264reader.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var units [][]byte
	var unit []byte
	for {
		nal, err := r.NextNAL()
		if errors.Is(err, io.EOF) {
			return units, nil
		}
		if err != nil {
			return nil, err
		}
		unit = append(append(unit, 0, 0, 0, 1), nal.Data...)
		if nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr || nal.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr {
			units = append(units, unit)
			unit = nil
		}
	}
}

// rooms holds what each camera plays and who watches.
type rooms struct {
	mu        sync.Mutex
	films     map[string]film
	peers     map[string]*webrtc.PeerConnection
	published map[string]int
	next      int
	players   sync.WaitGroup
	stopped   chan struct{}
}

func newMedia() *rooms {
	return &rooms{films: map[string]film{}, peers: map[string]*webrtc.PeerConnection{}, published: map[string]int{}, stopped: make(chan struct{})}
}

func (m *rooms) set(camera string, f film) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.films[camera] = f
}

func (m *rooms) film(camera string) film {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.films[camera]
}

func (m *rooms) viewers(camera string) int { return m.count("/whep/" + camera + "/") }

func (m *rooms) publishing(camera string) bool { return m.count("/whip/"+camera+"/") > 0 }

func (m *rooms) count(prefix string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for k := range m.peers {
		if strings.HasPrefix(k, prefix) {
			n++
		}
	}
	return n
}

func (m *rooms) close() {
	close(m.stopped)
	m.mu.Lock()
	for _, p := range m.peers {
		_ = p.Close()
	}
	m.mu.Unlock()
	m.players.Wait()
}

func (m *rooms) whep() http.Handler {
	return m.handler(func(pc *webrtc.PeerConnection, camera string) error {
		m.mu.Lock()
		f, ok := m.films[camera]
		m.mu.Unlock()
		if !ok {
			return fmt.Errorf("camera %s has no picture now", camera)
		}
		track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", camera)
		if err != nil {
			return err
		}
		if _, err := pc.AddTrack(track); err != nil {
			return err
		}
		connected := make(chan struct{})
		gone := make(chan struct{})
		var once, onceGone sync.Once
		pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			switch s {
			case webrtc.PeerConnectionStateConnected:
				once.Do(func() { close(connected) })
			case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
				onceGone.Do(func() { close(gone) })
			}
		})
		m.players.Go(func() { m.play(track, f, connected, gone) })
		return nil
	})
}

func (m *rooms) play(track *webrtc.TrackLocalStaticSample, f film, connected, gone <-chan struct{}) {
	select {
	case <-connected:
	case <-gone:
		return
	case <-m.stopped:
		return
	}
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for i := 0; ; i++ {
		if err := track.WriteSample(media.Sample{Data: f.units[i%len(f.units)], Duration: time.Second / rate}); err != nil {
			return
		}
		select {
		case <-gone:
			return
		case <-m.stopped:
			return
		case <-tick.C:
		}
	}
}

func (m *rooms) whip() http.Handler {
	return m.handler(func(pc *webrtc.PeerConnection, _ string) error {
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			for {
				if _, _, err := t.ReadRTP(); err != nil {
					return
				}
			}
		})
		return nil
	})
}

// handler speaks enough of WHEP and WHIP for the pages: POST an offer, DELETE
// the session.
func (m *rooms) handler(prepare func(*webrtc.PeerConnection, string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			m.mu.Lock()
			pc := m.peers[r.URL.Path]
			delete(m.peers, r.URL.Path)
			m.mu.Unlock()
			if pc != nil {
				_ = pc.Close()
			}
			w.WriteHeader(http.StatusOK)
			return
		}
		if r.Method == http.MethodPatch { // another size: there is one only
			w.WriteHeader(http.StatusNoContent)
			return
		}
		offer, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "unreadable offer", http.StatusBadRequest)
			return
		}
		answer, location, err := m.negotiate(r.URL.Path, r.PathValue("camera"), string(offer), prepare)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	})
}

func (m *rooms) negotiate(path, camera, offer string, prepare func(*webrtc.PeerConnection, string) error) (answer, location string, err error) {
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", "", err
	}
	m.mu.Lock()
	m.next++
	location = fmt.Sprintf("%s/%d", path, m.next)
	m.peers[location] = pc
	m.mu.Unlock()
	answer, err = exchange(pc, camera, offer, prepare)
	if err != nil {
		m.mu.Lock()
		delete(m.peers, location)
		m.mu.Unlock()
		_ = pc.Close()
	}
	return answer, location, err
}

func exchange(pc *webrtc.PeerConnection, camera, offer string, prepare func(*webrtc.PeerConnection, string) error) (string, error) {
	if err := prepare(pc, camera); err != nil {
		return "", err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(a); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}
