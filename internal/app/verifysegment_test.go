package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"bystander/audit/receipt"
	"bystander/internal/config"
	"bystander/internal/event"
	"bystander/internal/frame"
	"bystander/redact"
	"bystander/sink"
	"bystander/sink/encode"
	"bystander/sink/record"
)

// nobodyWatches is a live sink without viewers.
type nobodyWatches struct{}

func (nobodyWatches) WritePacket(*sink.Packet) error { return nil }
func (nobodyWatches) Close() error                   { return nil }

// recorded are two segments made by the whole right side of the house:
// redactor, encoder, recorder and certifier, from pictures of a test pattern.
type recorded struct {
	keys   string
	paths  []string // of the segments, in order
	list   []record.Recording
	events []event.Event
	totals counts
}

// recordSegments records four seconds of a scripted camera, one of whose looks
// fails.
func recordSegments(t *testing.T) *recorded {
	t.Helper()
	out, dir := &recorded{keys: t.TempDir()}, t.TempDir()
	key, err := signingKey(out.keys, "edge")
	require.NoError(t, err)
	begin := time.Now().Add(-10 * time.Second).Truncate(time.Millisecond)
	r := newRig(aFace, func(i int) (frame.Size, frame.Meta, bool) {
		at := time.Duration(i) * 40 * time.Millisecond
		return frame.Size{W: 160, H: 120}, frame.Meta{PTS: at, Captured: begin.Add(at), Arrived: begin.Add(at)}, i < 100
	})
	cfg := config.Default()
	cfg.Events.Edge, cfg.Cameras = "edge 1", []config.Camera{{ID: "cam", Scene: "hall"}}
	e := &edge{key: key, cfg: cfg, eyes: r.eyes, law: &lawful{}, fleet: newFleet(nil), log: zerolog.Nop()}
	e.fleet.put(&camera{cfg: cfg.Cameras[0], scene: func() string { return "hall" }})
	certs := e.newCertifier()
	var mu sync.Mutex
	certs.emit = func(ev event.Event) {
		mu.Lock()
		defer mu.Unlock()
		out.events = append(out.events, ev)
	}
	rec, err := record.Open(t.Context(), record.Config{
		Dir: dir, Segment: 2 * time.Second, Queue: 1000, Certifier: certs, Limits: record.Limits{MinFree: -1},
	})
	require.NoError(t, err)
	stream, err := rec.Stream("cam", "record")
	require.NoError(t, err)
	outlet := &liveOutlet{
		shared: encode.New(encode.Config{KeyEvery: time.Second}), live: nobodyWatches{}, record: stream,
		log: zerolog.Nop(), stats: &cameraStats{},
	}
	pushed := 0
	p := &pipeline{
		id: "cam", src: r.src, redact: redact.DefaultConfig(), may: redact.Nobody{}, out: outlet, stats: outlet.stats,
		looker:  &looker{eyes: r.eyes, cadence: cfg.Detect, now: time.Now},
		suspect: func() bool { pushed++; return pushed > 70 && pushed <= 75 }, // five faults in the second segment
	}
	cam := &camera{cfg: cfg.Cameras[0], src: r.src, pipe: p, out: outlet, stats: outlet.stats}
	certs.watch("cam", cam.healthTotals)
	require.NoError(t, p.run(t.Context()))
	require.NoError(t, outlet.close())
	list, err := rec.List(t.Context(), "cam", time.Time{}, time.Time{}, 0)
	require.NoError(t, err)
	require.NoError(t, rec.Close())
	require.Len(t, list, 2)
	out.list = []record.Recording{list[1], list[0]}
	for _, x := range out.list {
		out.paths = append(out.paths, filepath.Join(dir, x.Path))
	}
	out.totals = outlet.stats.totals()
	return out
}

func (r *recorded) verify(t *testing.T, path string) (*segmentVerdict, error) {
	t.Helper()
	var b bytes.Buffer
	err := VerifySegments(context.Background(), VerifySegmentOptions{
		Files: []string{path}, Key: filepath.Join(r.keys, "edge.pub"), JSON: true, Stdout: &b,
	})
	var v segmentVerdict
	require.NoError(t, json.Unmarshal(b.Bytes(), &v))
	return &v, err
}

// TestReceiptsSayWhatLeft compares the receipts with what the pipeline counted.
func TestReceiptsSayWhatLeft(t *testing.T) {
	r := recordSegments(t)
	var sum receipt.Faces
	var frames receipt.Frames
	for i, path := range r.paths {
		v, err := r.verify(t, path)
		require.NoError(t, err)
		require.True(t, v.Intact, "%+v", v.Faults)
		require.Empty(t, v.Notes)
		c := v.Receipt
		require.Equal(t, receipt.Stream{Camera: "cam", Rule: "record"}, c.Stream)
		require.Equal(t, "edge-1", c.Edge)
		require.Equal(t, int64(50), c.Frames.Count)
		require.Equal(t, int64(50*i), c.Frames.First)
		require.Equal(t, int64(50*i+49), c.Frames.Last)
		require.Equal(t, 2*time.Second, c.Frames.End.Sub(c.Frames.Start))
		require.Equal(t, r.list[i].SHA256, c.Output.SHA256)
		require.Equal(t, int64(160), c.Output.Width)
		require.Equal(t, "frost", c.Method.Style)
		require.Equal(t, int64(250), c.Method.Margin)
		require.True(t, c.Health.Known)
		require.False(t, c.Restored)
		require.Positive(t, c.Faces.Masked)
		sum.Found += c.Faces.Found
		sum.Masked += c.Faces.Masked
		sum.Clear += c.Faces.Clear
		frames.FullMask += c.Frames.FullMask
		frames.Fault += c.Frames.Fault

		ev := r.events[i]
		require.Equal(t, event.KindSegment, ev.Kind)
		require.Equal(t, c.ID, ev.ReceiptID)
		require.Equal(t, "hall", ev.SceneID)
		require.Equal(t, c.Output.SHA256, ev.Detail["sha256"])
		require.NoError(t, ev.Check())
	}
	require.Equal(t, receipt.Faces{Found: int64(r.totals.Faces), Masked: int64(r.totals.Masked), Clear: int64(r.totals.Clear)}, sum)
	require.EqualValues(t, r.totals.Full, frames.FullMask)
	require.EqualValues(t, 5, frames.Fault)
}

// TestSegmentAttacks alters a recording or its receipt in every way, each of
// which has to be told for what it is.
func TestSegmentAttacks(t *testing.T) {
	r := recordSegments(t)
	genuine, err := os.ReadFile(r.paths[0])
	require.NoError(t, err)
	paper, err := os.ReadFile(r.paths[0] + receipt.Suffix)
	require.NoError(t, err)
	otherPaper, err := os.ReadFile(r.paths[1] + receipt.Suffix)
	require.NoError(t, err)
	key, err := signingKey(r.keys, "edge")
	require.NoError(t, err)
	_, thief, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	resigned := func(k ed25519.PrivateKey, change func(*receipt.Receipt)) []byte {
		c, err := receipt.Parse(paper)
		require.NoError(t, err)
		change(c)
		require.NoError(t, receipt.Sign(c, k))
		b, err := c.Encode()
		require.NoError(t, err)
		return b
	}
	unsigned := func(change func(*receipt.Receipt)) []byte {
		c, err := receipt.Parse(paper)
		require.NoError(t, err)
		change(c)
		b, err := c.Encode()
		require.NoError(t, err)
		return b
	}
	flipped := bytes.Clone(genuine)
	flipped[len(flipped)-200] ^= 1
	start := bytes.Clone(genuine)
	start[bytes.Index(start, []byte("mdat"))+100] ^= 1
	for name, tc := range map[string]struct {
		file, paper []byte
		codes       []string
	}{
		"untouched":                {genuine, paper, nil},
		"one bit of a picture":     {flipped, paper, []string{faultAltered, faultFrames}},
		"one bit of the first one": {start, paper, []string{faultAltered, faultFrames}},
		"cut short":                {genuine[:len(genuine)-5000], paper, []string{faultAltered, faultFrames}},
		"something put behind":     {append(bytes.Clone(genuine), genuine[:100]...), paper, []string{faultAltered, faultFrames}},
		"another kind of file":     {[]byte("not a recording"), paper, []string{faultAltered, faultFrames}},
		"empty":                    {nil, paper, []string{faultAltered, faultFrames}},
		"no receipt":               {genuine, nil, []string{faultNoReceipt}},
		"receipt of the next file": {genuine, otherPaper, []string{faultOther}},
		"a contradiction in it":    {genuine, []byte(strings.Replace(string(paper), `"clear": 0`, `"clear": 1`, 1)), []string{faultReceipt}},
		"fewer faces in it":        {genuine, unsigned(func(c *receipt.Receipt) { c.Faces.Found--; c.Faces.Masked-- }), []string{faultSignature}},
		"not restored any more":    {genuine, unsigned(func(c *receipt.Receipt) { c.Restored = !c.Restored }), []string{faultSignature}},
		"garbage for a receipt":    {genuine, []byte("{}"), []string{faultReceipt}},
		"another edge's key":       {genuine, resigned(thief, func(*receipt.Receipt) {}), []string{faultKey}},
		"a new receipt for a new file": {
			flipped, resigned(thief, func(c *receipt.Receipt) { c.Output.SHA256 = sumOf(flipped) }), []string{faultKey, faultFrames},
		},
		"another name in the receipt": {
			genuine, []byte(strings.Replace(string(paper), `"camera": "cam"`, `"camera": "gate"`, 1)), []string{faultSignature},
		},
		"signature of another key under our name": {
			genuine, renamed(t, resigned(thief, func(*receipt.Receipt) {}), thief, key), []string{faultSignature},
		},
		"an edge that miscounts": {
			genuine, resigned(key, func(c *receipt.Receipt) { c.Frames.Count--; c.Frames.Last-- }), []string{faultFrames},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), filepath.Base(r.paths[0]))
			require.NoError(t, os.WriteFile(path, tc.file, 0o600))
			if tc.paper != nil {
				require.NoError(t, os.WriteFile(path+receipt.Suffix, tc.paper, 0o600))
			}
			v, err := r.verify(t, path)
			var codes []string
			for _, f := range v.Faults {
				codes = append(codes, f.Code)
				require.NotEmpty(t, f.Text)
			}
			require.Equal(t, tc.codes, codes)
			require.Equal(t, tc.codes == nil, v.Intact)
			if tc.codes == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, errSegments)
			require.NotErrorIs(t, err, ErrUsage, "exit status 1")
		})
	}
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// renamed makes a receipt signed by one key name another.
func renamed(t *testing.T, paper []byte, from, to ed25519.PrivateKey) []byte {
	t.Helper()
	id := func(k ed25519.PrivateKey) string { return receipt.KeyID(k.Public().(ed25519.PublicKey)) }
	require.Contains(t, string(paper), id(from))
	return []byte(strings.Replace(string(paper), id(from), id(to), 1))
}

func TestVerifySegmentsTells(t *testing.T) {
	r := recordSegments(t)
	dir := t.TempDir()
	moved := filepath.Join(dir, "evidence.mp4")
	for _, suffix := range []string{"", receipt.Suffix} {
		b, err := os.ReadFile(r.paths[0] + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(moved+suffix, b, 0o600))
	}
	growing := filepath.Join(dir, "growing.mp4")
	require.NoError(t, os.WriteFile(growing+".part", []byte("x"), 0o600))
	var b bytes.Buffer
	o := VerifySegmentOptions{
		Files: []string{r.paths[0], moved, growing, filepath.Join(dir, "nothing.mp4")},
		Key:   filepath.Join(r.keys, "edge.pub"), Stdout: &b,
	}
	err := VerifySegments(t.Context(), o)
	require.ErrorIs(t, err, errSegments)
	require.ErrorContains(t, err, "2 of 4")
	text := b.String()
	require.Contains(t, text, r.paths[0]+": as recorded: camera cam")
	require.Contains(t, text, "note: the file was called "+filepath.Base(r.paths[0]))
	require.Contains(t, text, growing+": DOES NOT FIT\n  UNFINISHED")
	require.Contains(t, text, "FILE_UNREADABLE")

	for name, key := range map[string]string{
		"none":    filepath.Join(dir, "edge.pub"),
		"private": filepath.Join(r.keys, "edge.pem"),
		"a video": r.paths[0],
	} {
		o.Key = key
		require.ErrorIs(t, VerifySegments(t.Context(), o), ErrUsage, name)
	}
}

// TestRestoredReceipts: after a crash a receipt says so, and that health is not
// known; a file that does not tell its counts gets none.
func TestRestoredReceipts(t *testing.T) {
	key, err := signingKey(t.TempDir(), "edge")
	require.NoError(t, err)
	now := time.Now()
	e := &edge{key: key, cfg: config.Default(), eyes: newRig(aFace, nil).eyes, law: &lawful{}, fleet: newFleet(nil), log: zerolog.Nop()}
	e.cfg.Events.Edge = "edge"
	c := e.newCertifier()
	told := 0
	c.emit = func(ev event.Event) {
		told++
		require.Equal(t, "true", ev.Detail["restored"])
	}
	rec := &record.Recording{
		ID: "a", Camera: "cam", Rule: "record", Path: "cam/day/a.mp4", SHA256: strings.Repeat("00", 32), Bytes: 1,
		Start: now, End: now.Add(time.Second), Frames: 25, Size: frame.Size{W: 2, H: 2}, Restored: true,
		Tally: record.Tally{Known: true, First: 5, Last: 30},
	}
	c.watch("cam", func() receipt.Health { return receipt.Health{Dropped: 7} })
	b, err := c.Certify(rec)
	require.NoError(t, err)
	r, err := receipt.Parse(b)
	require.NoError(t, err)
	require.True(t, r.Restored)
	require.Equal(t, receipt.Health{Canary: receipt.CanaryUnknown}, r.Health)
	c.Certified(rec, b)
	require.Equal(t, 1, told)
	c.Certified(rec, bytes.Replace(b, []byte(`"count": 25`), []byte(`"count": 24`), 1)) // of somebody else
	other := *rec
	other.SHA256 = strings.Repeat("11", 32)
	c.Certified(&other, b)
	require.Equal(t, 1, told, "the log knows only receipts that fit")

	rec.Restored = false
	for _, want := range []int64{7, 0} { // counted once
		b, err = c.Certify(rec)
		require.NoError(t, err)
		r, err = receipt.Parse(b)
		require.NoError(t, err)
		require.Equal(t, want, r.Health.Dropped)
		require.Equal(t, receipt.CanaryPassed, r.Health.Canary)
	}
	for _, step := range []struct {
		told  redact.Coverage
		at    time.Time
		start time.Time
		want  redact.Coverage
	}{
		{redact.CoverPerson, now, now, redact.CoverPerson},
		{redact.CoverPerson, now.Add(time.Second), now, redact.CoverPerson}, // nothing changed
		{redact.CoverHead, now.Add(2 * time.Second), now.Add(time.Second), redact.CoverHead},
		{redact.CoverPerson, now.Add(4 * time.Second), now.Add(3 * time.Second), redact.CoverHead}, // not all the time
		{redact.CoverPerson, now.Add(5 * time.Second), now.Add(5 * time.Second), redact.CoverPerson},
	} {
		c.now = func() time.Time { return step.at }
		c.covers("cam", step.told)
		rec.Start, rec.End = step.start, step.start.Add(time.Second)
		b, err = c.Certify(rec)
		require.NoError(t, err)
		r, err = receipt.Parse(b)
		require.NoError(t, err)
		require.Equal(t, string(step.want), r.Method.Coverage)
	}
	rec.Tally = record.Tally{}
	b, err = c.Certify(rec)
	require.NoError(t, err)
	require.Nil(t, b)
}
