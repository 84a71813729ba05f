package app

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/audit/access"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/loopcam"
	"bystander/internal/testkit"
	"bystander/rights"
)

// The people of the story, by account.
var cast = map[string][]string{
	"vera":  {"venue_owner", "inspector", "administrator"}, // plans; has every role that could tempt her
	"ines":  {"inspector"},
	"pia":   {"privacy_officer"}, // writes
	"paul":  {"privacy_officer"}, // approves
	"carla": {"consent_officer"},
	"kim":   {"kiosk"},
	"otto":  {"operator"},
	"aldo":  {"auditor"},
}

const (
	nobody = "" // does not sign in
	guest  = "guest"
)

type object = map[string]any

// story is an installation that people reach through its HTTP interface alone.
// What the tests read beside that is to check what was said there.
type story struct {
	show
	cfg    config.Config
	url    string
	tokens map[string]string
	said   *safeBuffer // the program's own log
	stop   func()      // ends it softly

	scene, zone string
	enrollee    string
	consents    map[string]string // by purpose
	reads       uint64            // person-linked reads made so far
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func beginStory(t *testing.T) *story {
	t.Helper()
	cam, err := loopcam.Start(t.Context(), loopcam.Config{File: framed(t, filepath.Join(testkit.Shared(t), "data", "videos", "stage.mp4")), Path: "stage"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cam.Close()) })
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Keys = filepath.Join(cfg.Data, "keys")
	cfg.Events.Edge, cfg.Redact.CheckEvery = "test", 0
	cfg.Server.Listen, cfg.Record.Segment = "127.0.0.1:0", 4*time.Second
	cfg.Cameras = []config.Camera{{ID: "stage", Name: "Stage", Driver: "rtsp", Transport: "tcp", URL: config.Secret(cam.URL())}}
	cfg.Rights.Connectors = []config.Connector{{ID: "badge-desk", Kind: "manual"}}
	s := &story{cfg: cfg, tokens: map[string]string{}, said: &safeBuffer{}, scene: "concert", zone: "stage-front", consents: map[string]string{}}
	for id, roles := range cast {
		s.tokens[id] = newToken(t, cfg, TokenOptions{ID: id, Roles: roles})
	}
	ctx, cancel := context.WithCancel(context.Background())
	e, err := openEdge(ctx, cfg, zerolog.New(s.said))
	require.NoError(t, err)
	stage, _ := e.fleet.get("stage")
	s.show = show{t: t, e: e, out: &leaving{outlet: stage.out}, eyes: e.eyes}
	stage.pipe.out = s.out
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- e.serve(ctx, func(url string) { ready <- url }) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, e.close())
	})
	t.Cleanup(s.stop)
	select {
	case s.url = <-ready:
	case err := <-done:
		t.Fatalf("the edge ended: %v", err)
	}
	t.Cleanup(s.whyNot)
	return s
}

// whyNot tells where things stood when a test failed.
func (s *story) whyNot() {
	if !s.t.Failed() {
		return
	}
	for line := range strings.Lines(s.said.String()) {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, `"level":"warn"`) {
			s.t.Log(line)
		}
	}
	for _, path := range []string{"/v1/status", "/v1/cameras", "/v1/zones/" + s.zone} {
		req, err := http.NewRequestWithContext(context.Background(), "GET", s.url+path, http.NoBody)
		require.NoError(s.t, err)
		req.Header.Set("Authorization", "Bearer "+s.tokens["vera"])
		if res, err := http.DefaultClient.Do(req); err == nil {
			b, _ := io.ReadAll(res.Body)
			s.t.Logf("%s: %s", path, b)
			_ = res.Body.Close()
		}
	}
}

// framed is the clip as a camera sees it that stands still in a hall: with a wall
// around. The clip itself is cut, and the gate rightly takes each cut for a
// camera that was turned.
func framed(t *testing.T, clip string) string {
	t.Helper()
	wall := image.NewGray(image.Rect(0, 0, 1024, 576))
	bricks := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a drawing, the same each time
	for y := 0; y < 576; y += 24 {
		for x := 0; x < 1024; x += 32 {
			brick := image.NewUniform(color.Gray{uint8(60 + bricks.IntN(140))})
			draw.Draw(wall, image.Rect(x, y, x+32, y+24), brick, image.Point{}, draw.Src)
		}
	}
	dir := t.TempDir()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, wall))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wall.png"), b.Bytes(), 0o600))
	out := filepath.Join(dir, "framed.mp4")
	said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-loop", "1", "-framerate", "30000/1001", "-i", filepath.Join(dir, "wall.png"), "-i", clip,
		"-filter_complex", "[0][1]overlay=192:108:shortest=1,format=yuv420p", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "30", out).CombinedOutput()
	require.NoError(t, err, "%s", said)
	return out
}

func newToken(t *testing.T, cfg config.Config, o TokenOptions) string {
	t.Helper()
	var out bytes.Buffer
	o.Expires, o.Stdout, o.MayExport = "1d", &out, true
	require.NoError(t, TokenAdd(t.Context(), cfg, o))
	token, _, _ := strings.Cut(out.String(), "\n")
	return token
}

// do sends a request as somebody. A body that is bytes is a PNG; header pairs
// follow it.
func (s *story) do(who, method, path string, body any, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	kind := "application/json"
	var r io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case []byte:
		r, kind = bytes.NewReader(b), "image/png"
	default:
		j, err := json.Marshal(b)
		require.NoError(s.t, err)
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, r)
	require.NoError(s.t, err)
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if who != nobody {
		req.Header.Set("Authorization", "Bearer "+s.tokens[who])
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	require.NotEmpty(s.t, res.Header.Get("X-Request-Id"))
	return res, b
}

// does is a request that must succeed; the answer comes back.
func (s *story) does(who, method, path string, body any, header ...string) object {
	s.t.Helper()
	res, b := s.do(who, method, path, body, header...)
	require.Less(s.t, res.StatusCode, 300, "%s %s as %s: %s", method, path, who, b)
	var v object
	require.NoError(s.t, json.Unmarshal(b, &v), "%s", b)
	return v
}

// looks is a person-linked read: it must succeed, and is counted.
func (s *story) looks(who, path string) []byte {
	s.t.Helper()
	res, b := s.do(who, "GET", path, nil)
	require.Equal(s.t, 200, res.StatusCode, "%s as %s: %s", path, who, b)
	s.reads++
	return b
}

// refused is a request that must be refused with a status and a code; it returns
// the reasons as CODE:object.
func (s *story) refused(status int, code, who, method, path string, body any, header ...string) []string {
	s.t.Helper()
	res, b := s.do(who, method, path, body, header...)
	require.Equal(s.t, status, res.StatusCode, "%s %s as %s: %s", method, path, who, b)
	var p struct {
		Code    string
		Reasons []struct{ Code, Object string }
	}
	require.NoError(s.t, json.Unmarshal(b, &p), "%s", b)
	require.Equal(s.t, code, p.Code, "%s", b)
	var out []string
	for _, r := range p.Reasons {
		out = append(out, strings.TrimSuffix(r.Code+":"+r.Object, ":"))
	}
	return out
}

// eventually waits for what the program does by itself.
func (s *story) eventually(what string, f func() bool) {
	s.t.Helper()
	require.Eventually(s.t, f, 40*time.Second, 50*time.Millisecond, what)
}

func (s *story) version(path string) string {
	s.t.Helper()
	return fmt.Sprint(s.does("vera", "GET", path, nil)["version"])
}

// placeholder is what a notice's template leaves to the site.
var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// noticeText is the text that ships, completed, or as it is.
func (s *story) noticeText(language string, complete bool) object {
	s.t.Helper()
	v := s.does("pia", "GET", "/v1/notices/templates/"+language, nil)
	if complete {
		b, err := json.Marshal(v)
		require.NoError(s.t, err)
		require.NoError(s.t, json.Unmarshal(placeholder.ReplaceAll(b, []byte("as agreed for this stage")), &v))
	}
	delete(v, "$schema")
	return v
}

func (s *story) draftNotice(complete bool) object {
	return object{"version": "2026-1", "scenes": []string{s.scene}, "texts": object{
		"en": s.noticeText("en", complete), "zh-CN": s.noticeText("zh-CN", complete),
	}}
}

func signText() object {
	return object{
		"controller": "Stage House Ltd", "contact": "privacy@stage.example", "purpose": "to show performers who agreed",
		"function": "recognises who enrolled, masks everybody else", "retention": "events 184 days, recordings 3 days",
		"rights_link": "https://stage.example/rights", "alternative": "staffed door on the left",
	}
}

// signs adds the pair of signs at an entrance.
func (s *story) signs(entrance string, x float64) {
	s.t.Helper()
	for i, kind := range []string{"monitoring", "face_recognition"} {
		s.does("vera", "POST", "/v1/signs", object{
			"id": entrance + "-" + strings.ReplaceAll(kind, "_", "-"), "zone": s.zone, "entrance": entrance, "kind": kind,
			"position": []float64{x + float64(i), 1}, "text": signText(),
		})
	}
}

func (s *story) zoneBody(more object) object {
	z := object{"kind": "recognition", "camera": "stage", "scene": s.scene, "outline": [][]float64{{0, 0}, {1, 0}, {1, 1}, {0, 1}}}
	for k, v := range more {
		z[k] = v
	}
	return z
}

func (s *story) act(notice string, more object) object {
	a := object{"channel": "kiosk", "widget": "checkbox", "language": "en", "notice_hash": notice, "basis": "separate consent"}
	for k, v := range more {
		a[k] = v
	}
	return a
}

// agreeing is the body of one act of consent at the kiosk.
func (s *story) agreeing(act object, purposes ...string) object {
	return object{"enrollee": s.enrollee, "purposes": purposes, "scenes": []string{s.scene}, "zones": []string{s.zone}, "act": act}
}

// doorPhoto is a drawn photograph of an entrance, without anybody.
func doorPhoto(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			c := color.RGBA{uint8(90 + x/8), uint8(100 + y/8), 120, 255}
			if x > 110 && x < 210 && y > 40 {
				c = color.RGBA{60, 45, 30, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// refs are the pseudonyms under which the person stands on the log.
func (s *story) refs() []event.Digest {
	s.t.Helper()
	refs, err := exporter{s.e, s.e.desks.rights.db}.refs(s.t.Context(), s.enrollee)
	require.NoError(s.t, err)
	return refs
}

// events are the person's events on the log.
func (s *story) events() []event.Event {
	s.t.Helper()
	rows, err := s.e.store.Of(s.t.Context(), s.refs(), copyRows)
	require.NoError(s.t, err)
	log := make([]event.Event, len(rows))
	for i := range rows {
		log[i] = rows[i].Event
	}
	return log
}

// recordings are those that show the person clear.
func (s *story) recordings() []shownIn {
	s.t.Helper()
	rec, _, err := s.e.recordingsHere(s.t.Context())
	require.NoError(s.t, err)
	found, err := rec.of(s.t.Context(), s.events())
	require.NoError(s.t, err)
	return found
}

// asks is a request about what is kept, by somebody who does not sign in, up to
// where an officer has made sure who asks.
func (s *story) asks(kind string, more object) (path string) {
	s.t.Helper()
	body := object{"type": kind, "language": "en", "contact": canaryContact}
	for k, v := range more {
		body[k] = v
	}
	path = "/v1/rights/requests/" + s.does(nobody, "POST", "/v1/rights/requests", body)["request_id"].(string)
	s.refused(403, "IDENTITY_UNVERIFIED", "pia", "POST", path+"/begin", object{})
	s.does("pia", "POST", path+"/verify", object{"enrollee": s.enrollee, "verified_by": "in_person", "reason": "identity card seen at the desk"})
	s.does("pia", "POST", path+"/begin", object{})
	return path
}

// bundle is a copy of a person's data, unpacked.
type bundle struct {
	rights.Manifest
	files map[string][]byte
}

func (b bundle) rows(t *testing.T, store string) []object {
	t.Helper()
	var rows []object
	require.NoError(t, json.Unmarshal(b.files[store+".json"], &rows))
	return rows
}

// copied fetches a bundle and verifies it with the installation's public key,
// as anybody can who has that.
func (s *story) copied(path string) bundle {
	s.t.Helper()
	raw := s.looks("pia", path+"/bundle")
	pub, err := verifyKey(s.cfg, VerifyOptions{}, "test")
	require.NoError(s.t, err)
	m, err := rights.VerifyBundle(bytes.NewReader(raw), int64(len(raw)), pub)
	require.NoError(s.t, err)
	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(s.t, err)
	_, err = rights.VerifyBundle(bytes.NewReader(raw), int64(len(raw)), other)
	require.ErrorIs(s.t, err, rights.ErrBundle)
	b := bundle{m, map[string][]byte{}}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(s.t, err)
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(s.t, err)
		b.files[f.Name], err = io.ReadAll(r)
		require.NoError(s.t, err)
	}
	return b
}

// stored counts the person's rows in each store.
func (s *story) stored() map[string]int {
	s.t.Helper()
	ctx, n := s.t.Context(), map[string]int{"events": len(s.events())}
	history, err := s.e.law.people.EnrolleeHistory(ctx, s.enrollee)
	require.NoError(s.t, err)
	n["enrolment"] = len(history)
	own, err := s.e.law.people.ConsentsOf(ctx, s.enrollee)
	require.NoError(s.t, err)
	for _, c := range own {
		h, err := s.e.law.people.ConsentHistory(ctx, c.ID)
		require.NoError(s.t, err)
		n["consents"] += len(h)
	}
	asked, err := s.e.desks.rights.db.List(ctx, rights.Query{Enrollee: s.enrollee})
	require.NoError(s.t, err)
	n["requests"] = len(asked)
	seen := map[uint64]bool{}
	for _, ref := range s.refs() {
		rows, err := s.e.access.Rows(ctx, access.Query{Subject: ref, Limit: 1000})
		require.NoError(s.t, err)
		for _, r := range rows {
			seen[r.Seq] = true
		}
	}
	n["reads"] = len(seen)
	n["video"] = len(s.recordings())
	return n
}

// pictures decodes a video and returns how many pictures it has.
func pictures(t *testing.T, video []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	require.NoError(t, os.WriteFile(path, video, 0o600))
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0",
		"-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var n int
	_, err = fmt.Sscan(string(out), &n)
	require.NoError(t, err, "%s", out)
	return n
}

// holds asks those questions that are checks, as an auditor.
func (s *story) holds() {
	s.t.Helper()
	for _, n := range []int{1, 2, 3, 10, 11} {
		var a struct {
			Name  string
			Check bool
			Holds bool
			Rows  []object
		}
		path := fmt.Sprintf("/v1/audit/questions/%d/answer?purpose=audit", n)
		if n < 3 {
			path += "&set=grace:0s" // the guest is recognised within the usual ten seconds of agreeing
		}
		require.NoError(s.t, json.Unmarshal(s.looks("aldo", path), &a))
		require.True(s.t, a.Check)
		require.True(s.t, a.Holds, "question %d, %s: %v", n, a.Name, a.Rows)
	}
}

// shapes are the forms in which an id, or other bytes, can lie on a disk.
func shapes(id string) map[string][]byte {
	out := map[string][]byte{id: []byte(id)}
	if u, err := uuid.Parse(id); err == nil {
		out[id+" (bytes)"] = u[:]
		out[id+" (hex)"] = []byte(hex.EncodeToString(u[:]))
	}
	return out
}

// searched looks through every byte of every file below the folders.
func searched(t *testing.T, needles map[string][]byte, dirs ...string) (hits []string, files int) {
	t.Helper()
	for _, dir := range dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
				return nil // what is gone holds nothing; the log tidies up while it is searched
			}
			if err != nil {
				return err
			}
			b, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			files++
			for name, n := range needles {
				if i := bytes.Index(b, n); i >= 0 {
					hits = append(hits, fmt.Sprintf("%q in %s at %d: …%q…", name, path, i, b[max(i-120, 0):min(i+120, len(b))]))
				}
			}
			return nil
		}))
	}
	return hits, files
}
