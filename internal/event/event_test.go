package event_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"bystander/internal/event"
)

var noon = time.Date(2026, 5, 17, 12, 0, 0, 123456789, time.FixedZone("CEST", 7200))

func key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// zeros is a source of randomness for vectors that must not change.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func chain(t testing.TB, last event.Head) *event.Chain {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key(1), Last: last, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	return c
}

// full returns an event with every field set that the caller may set.
func full() event.Event {
	d := func(b byte) event.Digest { return event.Digest(bytes.Repeat([]byte{b}, 32)) }
	return event.Event{
		TS: noon, TSQuality: event.TSSynced, Kind: event.KindMatch,
		SiteID: "site", CameraID: "cam-1", SceneID: "scene", ZoneID: "zone", ZoneVersion: 3, SignSetHash: d(1), InspectionID: "insp",
		PolicyVersion: 1<<53 + 1, NoticeVersion: "n-7", AssessmentID: "a-1", GateMode: "zone", GateBits: math.MaxUint32,
		SubjectRef: d(2), ConsentRef: d(3), ConsentVersion: 2, GalleryRoot: d(4), GallerySize: 1000, TemplateRef: d(5), ModelDigest: d(6),
		Score: 0.1, Threshold: math.SmallestNonzeroFloat32, Margin: math.MaxFloat32, Quality: -0.25, PAD: "live",
		RefEvent: "e", ReviewerRef: d(7), Verdict: "confirmed", ReceiptID: "r", PayloadEnc: []byte{0, 1, 0xff}, DEKID: "dek",
		Detail: map[string]string{"b": "2", "a": "1 \"<é>\u2028", "": ""},
	}
}

// proves: A-01
func TestEveryFieldHasAClass(t *testing.T) {
	fields := event.Fields()
	require.NotEmpty(t, fields)
	seen := map[string]bool{}
	e := full()
	for _, f := range fields {
		require.NotEmpty(t, f.Name)
		require.False(t, seen[f.Name], "%s twice", f.Name)
		seen[f.Name] = true
		require.Contains(t, []event.Class{event.L1, event.L2, event.L3}, f.Class,
			"%s: a field needs a class, and a template, picture or name has no place in an event", f.Name)
		if !map[string]bool{"event_id": true, "salt": true, "chain_id": true, "seq": true, "prev_hash": true, "row_hash": true, "node_sig": true}[f.Name] {
			require.False(t, f.IsZero(&e), "the tests' full event lacks %s", f.Name)
		}
	}
	for _, personal := range []string{"subject_ref", "consent_ref", "template_ref", "score", "payload_enc", "dek_id", "reviewer_ref"} {
		for _, f := range fields {
			if f.Name == personal {
				require.Equal(t, event.L3, f.Class, personal)
			}
		}
	}
}

func TestSealCompletes(t *testing.T) {
	c := chain(t, event.Head{})
	e := full()
	require.NoError(t, c.Seal(&e))
	id, err := uuid.Parse(e.ID)
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), id.Version())
	require.Equal(t, time.Date(2026, 5, 17, 10, 0, 0, 123000000, time.UTC), e.TS)
	require.Len(t, e.Salt, event.SaltSize)
	require.Equal(t, event.HeadOf(&e), c.Head())
	require.Equal(t, uint64(1), e.Seq)
	require.True(t, e.PrevHash.IsZero())
	require.NoError(t, event.Verify(event.Head{}, &e, c.PublicKey()))

	second := event.Event{Kind: event.KindUseStart}
	require.NoError(t, c.Seal(&second))
	require.Equal(t, event.TSUnsynced, second.TSQuality)
	require.NoError(t, event.Verify(event.HeadOf(&e), &second, c.PublicKey()))
	require.NotEqual(t, e.Salt, second.Salt)
}

func TestSealRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for name, spoil := range map[string]func(*event.Event){
		"no kind":            func(e *event.Event) { e.Kind = "" },
		"sealed already":     func(e *event.Event) { e.Seq = 4 },
		"of another chain":   func(e *event.Event) { e.ChainID = "edge-2" },
		"id not v7":          func(e *event.Event) { e.ID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
		"id in upper case":   func(e *event.Event) { e.ID = strings.ToUpper("01890a5d-ac96-774b-bcce-b302099a8057") },
		"NaN":                func(e *event.Event) { e.Score = nan },
		"infinite":           func(e *event.Event) { e.Margin = float32(math.Inf(-1)) },
		"not UTF-8":          func(e *event.Event) { e.CameraID = "\xff" },
		"zero byte":          func(e *event.Event) { e.ZoneID = "a\x00b" },
		"not UTF-8 in a map": func(e *event.Event) { e.Detail = map[string]string{"k": "\xff"} },
		"before 1970":        func(e *event.Event) { e.TS = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) },
		"too large":          func(e *event.Event) { e.PayloadEnc = make([]byte, event.MaxEncoded) },
	} {
		t.Run(name, func(t *testing.T) {
			c := chain(t, event.Head{})
			e := full()
			spoil(&e)
			before := e
			require.ErrorIs(t, c.Seal(&e), event.ErrInvalid)
			require.Zero(t, c.Head().Seq, "a number was used up")
			require.Equal(t, before.RowHash, e.RowHash)
			ok := full()
			require.NoError(t, c.Seal(&ok))
			require.Equal(t, uint64(1), ok.Seq)
		})
	}
}

func TestChainNeedsItsOwnLog(t *testing.T) {
	_, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: key(1), Last: event.Head{ChainID: "edge-2", Seq: 9}})
	require.ErrorIs(t, err, event.ErrChain)
	_, err = event.NewChain(event.ChainConfig{ID: "", Key: key(1)})
	require.ErrorIs(t, err, event.ErrInvalid)
	_, err = event.NewChain(event.ChainConfig{ID: "e", Key: nil})
	require.ErrorIs(t, err, event.ErrInvalid)
}

// TestAnyChangeShows changes each field in turn: none may go unnoticed.
//
// proves: A-25, INV-14
func TestAnyChangeShows(t *testing.T) {
	c := chain(t, event.Head{ChainID: "edge-1", Seq: 41, Hash: event.Digest{9}})
	prev := c.Head()
	e := full()
	require.NoError(t, c.Seal(&e))
	for _, f := range event.Fields() {
		for _, change := range []func(any) bool{flip, empty} {
			g := e
			g.Detail = map[string]string{}
			for k, v := range e.Detail {
				g.Detail[k] = v
			}
			g.PayloadEnc, g.Salt, g.NodeSig = bytes.Clone(e.PayloadEnc), bytes.Clone(e.Salt), bytes.Clone(e.NodeSig)
			if !change(f.Ref(&g)) {
				continue
			}
			require.Error(t, event.Verify(prev, &g, c.PublicKey()), "%s was changed", f.Name)
		}
	}
	require.NoError(t, event.Verify(prev, &e, c.PublicKey()))
	require.ErrorIs(t, event.Verify(prev, &e, key(2).Public().(ed25519.PublicKey)), event.ErrSignature)
	require.ErrorIs(t, event.Verify(event.Head{}, &e, c.PublicKey()), event.ErrGap)
	require.ErrorIs(t, event.Verify(event.Head{ChainID: "edge-1", Seq: 41, Hash: event.Digest{8}}, &e, c.PublicKey()), event.ErrLink)
	require.ErrorIs(t, event.Verify(event.Head{ChainID: "edge-2", Seq: 41, Hash: event.Digest{9}}, &e, c.PublicKey()), event.ErrChain)
}

func flip(ref any) bool {
	switch v := ref.(type) {
	case *string:
		*v += "x"
	case *time.Time:
		*v = v.Add(time.Millisecond)
	case *uint32:
		*v++
	case *uint64:
		*v++
	case *float32:
		*v = math.Nextafter32(*v, 0)
	case *event.Digest:
		v[31] ^= 1
	case *[]byte:
		(*v)[0] ^= 1
	case *map[string]string:
		(*v)["b"] = "3"
	}
	return true
}

func empty(ref any) bool {
	switch v := ref.(type) {
	case *string:
		*v = ""
	case *time.Time:
		*v = time.Time{}
	case *uint32:
		*v = 0
	case *uint64:
		*v = 0
	case *float32:
		*v = 0
	case *event.Digest:
		*v = event.Digest{}
	case *[]byte:
		*v = nil
	case *map[string]string:
		*v = nil
	}
	return true
}

// TestVector pins the canonical form: a change of it would orphan every log
// that was ever written. The bytes are laid out here by hand.
func TestVector(t *testing.T) {
	e := event.Event{
		ID: "01890a5d-ac96-774b-bcce-b302099a8057", TS: time.UnixMilli(1).UTC(), Kind: event.KindMatch, Score: 0.5, GateBits: 7,
		ChainID: "c", Seq: 2, PrevHash: event.Digest{1}, Detail: map[string]string{"k": "v"},
	}
	field := func(name, typ, value string) string {
		n := len(value) / 2
		return hex.EncodeToString([]byte{byte(len(name))}) + hex.EncodeToString([]byte(name+typ)) +
			hex.EncodeToString([]byte{0, 0, 0, byte(n)}) + value
	}
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	want := field("chain_id", "s", text("c")) +
		field("detail", "m", "00000001"+"6b"+"00000001"+"76") +
		field("event_id", "s", text(e.ID)) +
		field("gate_bits", "u", "0000000000000007") +
		field("kind", "s", text("match")) +
		field("prev_hash", "d", "01"+strings.Repeat("00", 31)) +
		field("score", "f", "3f000000") +
		field("seq", "u", "0000000000000002") +
		field("ts", "t", "0000000000000001")
	got, err := e.Canonical(nil)
	require.NoError(t, err)
	require.Equal(t, want, hex.EncodeToString(got))

	sum := sha256.Sum256(append(append([]byte("bystander/event/v1\x00"), e.PrevHash[:]...), got...))
	h, err := e.Hash()
	require.NoError(t, err)
	require.Equal(t, event.Digest(sum), h)
}

func TestSealIsDeterministic(t *testing.T) {
	seal := func() event.Event {
		c, err := event.NewChain(event.ChainConfig{ID: "c", Key: key(1), Rand: zeros{}})
		require.NoError(t, err)
		e := full()
		e.ID = "01890a5d-ac96-774b-bcce-b302099a8057"
		require.NoError(t, c.Seal(&e))
		return e
	}
	first := seal()
	require.Equal(t, first, seal())
}

func TestRoundTrips(t *testing.T) {
	c := chain(t, event.Head{})
	for name, e := range map[string]event.Event{"full": full(), "bare": {Kind: event.KindUseEnd}} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.Seal(&e))
			b, err := e.MarshalBinary()
			require.NoError(t, err)
			var g event.Event
			require.NoError(t, g.UnmarshalBinary(b))
			require.Equal(t, e, g)
			require.NoError(t, event.VerifyContent(&g, c.PublicKey()))

			j, err := json.Marshal(e)
			require.NoError(t, err)
			var k event.Event
			require.NoError(t, json.Unmarshal(j, &k))
			require.NoError(t, event.VerifyContent(&k, c.PublicKey()), "a detour through JSON: %s", j)

			canon, err := e.Canonical(nil)
			require.NoError(t, err)
			p, err := event.ParseCanonical(canon)
			require.NoError(t, err)
			p.RowHash, p.NodeSig = e.RowHash, e.NodeSig
			require.Equal(t, e, p)
		})
	}
}

func TestNegativeZeroIsZero(t *testing.T) {
	c := chain(t, event.Head{})
	e := full()
	e.Margin = float32(math.Copysign(0, -1))
	require.NoError(t, c.Seal(&e))
	require.False(t, math.Signbit(float64(e.Margin)))
}

func TestSealConcurrently(t *testing.T) {
	c := chain(t, event.Head{})
	const n = 64
	out := make([]event.Event, n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			e := event.Event{Kind: event.KindMatch}
			if err := c.Seal(&e); err != nil {
				t.Error(err)
				return
			}
			out[e.Seq-1] = e
		})
	}
	wg.Wait()
	var prev event.Head
	for i := range out {
		require.NoError(t, event.Verify(prev, &out[i], c.PublicKey()))
		prev = event.HeadOf(&out[i])
	}
}

func TestRewindGivesNumbersAgain(t *testing.T) {
	c := chain(t, event.Head{})
	a, b := full(), full()
	require.NoError(t, c.Seal(&a))
	keep := c.Head()
	require.NoError(t, c.Seal(&b))
	require.NoError(t, c.Rewind(keep))
	again := full()
	require.NoError(t, c.Seal(&again))
	require.NoError(t, event.Verify(keep, &again, c.PublicKey()))
	require.ErrorIs(t, c.Rewind(event.Head{ChainID: "other", Seq: 1}), event.ErrChain)
}

func FuzzUnmarshalBinary(f *testing.F) {
	c := chain(f, event.Head{})
	for _, e := range []event.Event{full(), {Kind: event.KindUseEnd}} {
		if err := c.Seal(&e); err != nil {
			f.Fatal(err)
		}
		b, err := e.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var e event.Event
		if err := e.UnmarshalBinary(b); err != nil {
			if !strings.Contains(err.Error(), "malformed encoding") {
				t.Fatalf("unexpected error: %v", err)
			}
			return
		}
		again, err := e.MarshalBinary()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if !bytes.Equal(b, again) {
			t.Fatalf("two encodings of one event:\n%x\n%x", b, again)
		}
	})
}

func FuzzCanonicalRoundTrip(f *testing.F) {
	f.Add("cam", "k", "v", uint64(1), uint32(2), float32(0.5), []byte{1}, int64(1700000000123))
	f.Add("", "", "", uint64(math.MaxUint64), uint32(0), float32(math.Copysign(0, -1)), []byte(nil), int64(0))
	f.Fuzz(func(t *testing.T, s, k, v string, n uint64, m uint32, x float32, b []byte, ms int64) {
		e := event.Event{CameraID: s, Detail: map[string]string{k: v}, PolicyVersion: n, GateBits: m, Score: x, PayloadEnc: b, TS: time.UnixMilli(ms)}
		c, err := e.Canonical(nil)
		if err != nil {
			if e.Check() == nil {
				t.Fatal(err)
			}
			return
		}
		g, err := event.ParseCanonical(c)
		if err != nil {
			t.Fatal(err)
		}
		d, err := g.Canonical(nil)
		if err != nil || !bytes.Equal(c, d) {
			t.Fatalf("%v\n%x\n%x", err, c, d)
		}
		if math.Float32bits(g.Score) != math.Float32bits(x) {
			t.Fatalf("%v became %v", x, g.Score)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	c := chain(b, event.Head{})
	b.ReportAllocs()
	for b.Loop() {
		e := full()
		if err := c.Seal(&e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	c := chain(b, event.Head{})
	e := full()
	if err := c.Seal(&e); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := event.Verify(event.Head{}, &e, c.PublicKey()); err != nil {
			b.Fatal(err)
		}
	}
}
