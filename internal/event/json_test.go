package event_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
)

// anyEvent draws an event of which each field is empty or holds anything that
// its type allows.
func anyEvent(t *rapid.T) event.Event {
	var e event.Event
	text := rapid.StringOf(rapid.RuneFrom([]rune("aZ09 \"\\/<>&\b\f\n\r\t\x01\x1f\x7fé€漢𝄞\u2028\u2029\ufffd")))
	for _, f := range event.Fields() {
		if rapid.Float64Range(0, 1).Draw(t, "empty") < 0.3 {
			continue
		}
		switch v := f.Ref(&e).(type) {
		case *string:
			*v = text.Draw(t, f.Name)
		case *time.Time:
			*v = time.UnixMilli(rapid.Int64Range(0, 9214646399999).Draw(t, f.Name)).UTC()
		case *uint32:
			*v = rapid.Uint32().Draw(t, f.Name)
		case *uint64:
			*v = rapid.Uint64().Draw(t, f.Name)
		case *float32:
			*v = rapid.Float32().Filter(func(x float32) bool {
				d := float64(x)
				return !math.IsNaN(d) && !math.IsInf(d, 0) && (x != 0 || !math.Signbit(d))
			}).Draw(t, f.Name)
		case *event.Digest:
			copy(v[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, f.Name))
		case *[]byte:
			*v = rapid.SliceOfN(rapid.Byte(), 1, 80).Draw(t, f.Name)
		case *map[string]string:
			*v = rapid.MapOfN(text, text, 1, 6).Draw(t, f.Name)
		}
	}
	return e
}

// TestJSONIsEncodingJSONs: byte for byte the same text, and the same event from it.
func TestJSONIsEncodingJSONs(t *testing.T) {
	var d event.JSONDecoder
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		want, err := json.Marshal(e)
		require.NoError(t, err)
		got, err := e.AppendJSON(nil)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))

		var back, theirs event.Event
		require.NoError(t, d.Decode(got, &back))
		require.NoError(t, json.Unmarshal(got, &theirs))
		require.Equal(t, theirs, back)
		same(t, e, back)

		var spaced bytes.Buffer
		require.NoError(t, json.Indent(&spaced, got, " ", "\t"))
		require.NoError(t, d.Decode(spaced.Bytes(), &back))
		same(t, e, back)
	})
}

// same compares by what is hashed and signed.
func same(t require.TestingT, a, b event.Event) {
	x, err := a.MarshalBinary()
	require.NoError(t, err)
	y, err := b.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, x, y)
}

func TestJSONFieldsComeInAnyOrder(t *testing.T) {
	c := chain(t, event.Head{})
	e := full()
	require.NoError(t, c.Seal(&e))
	b, err := json.Marshal(e)
	require.NoError(t, err)
	var m map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(b, &m))
	b, err = json.Marshal(m) // by name
	require.NoError(t, err)
	back, err := event.ParseJSON(b)
	require.NoError(t, err)
	require.Equal(t, e, back)
	require.NoError(t, event.VerifyContent(&back, c.PublicKey()))
}

func TestJSONIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                "",
		"no object":              `[]`,
		"null":                   `null`,
		"cut short":              `{"kind":"match"`,
		"something behind":       `{"kind":"match"}{}`,
		"unknown field":          `{"kind":"match","template":"AAAA"}`,
		"other case":             `{"Kind":"match"}`,
		"repeated":               `{"kind":"match","kind":"match"}`,
		"null field":             `{"kind":null}`,
		"number for text":        `{"kind":1}`,
		"text for number":        `{"seq":"1"}`,
		"leading zero":           `{"seq":01}`,
		"negative":               `{"seq":-1}`,
		"fraction":               `{"seq":1.5}`,
		"exponent":               `{"seq":1e2}`,
		"beyond 64 bits":         `{"seq":18446744073709551616}`,
		"beyond 32 bits":         `{"gate_bits":4294967296}`,
		"hexadecimal":            `{"score":0x1p-2}`,
		"infinite":               `{"score":1e39}`,
		"negative zero":          `{"score":-0.0}`,
		"NaN":                    `{"score":NaN}`,
		"short digest":           `{"row_hash":"ab"}`,
		"digest in upper case":   `{"row_hash":"` + strings.Repeat("AB", 32) + `"}`,
		"digest with escapes":    `{"row_hash":"\u0061` + strings.Repeat("b", 63) + `"}`,
		"no base64":              `{"salt":"$$$$"}`,
		"base64 with loose bits": `{"salt":"AB=="}`,
		"local time":             `{"ts":"2026-05-17T12:00:00+02:00"}`,
		"time with a comma":      `{"ts":"2026-05-17T12:00:00,5Z"}`,
		"time of microseconds":   `{"ts":"2026-05-17T12:00:00.0001Z"}`,
		"no such day":            `{"ts":"2026-02-30T12:00:00Z"}`,
		"before 1970":            `{"ts":"1969-12-31T23:59:59Z"}`,
		"control character":      "{\"kind\":\"a\nb\"}",
		"zero byte":              `{"kind":"a\u0000b"}`,
		"half a pair":            `{"kind":"\ud834"}`,
		"wrong pair":             `{"kind":"\ud834\u0041"}`,
		"unknown escape":         `{"kind":"\x41"}`,
		"not UTF-8":              "{\"kind\":\"\xff\"}",
		"detail of numbers":      `{"detail":{"a":1}}`,
		"detail key twice":       `{"detail":{"a":"1","a":"1"}}`,
		"trailing comma":         `{"kind":"match",}`,
		"deep":                   `{"detail":{"a":{"b":"c"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := event.ParseJSON([]byte(text))
			require.ErrorIs(t, err, event.ErrEncoding)
		})
	}
	_, err := event.ParseJSON(make([]byte, event.MaxJSON+1))
	require.ErrorIs(t, err, event.ErrEncoding)
	e := event.Event{Kind: "\xff"}
	_, err = e.AppendJSON(nil)
	require.ErrorIs(t, err, event.ErrInvalid)
}

func FuzzParseJSON(f *testing.F) {
	c := chain(f, event.Head{})
	for _, e := range []event.Event{full(), {Kind: event.KindUseEnd}} {
		if err := c.Seal(&e); err != nil {
			f.Fatal(err)
		}
		b, err := e.AppendJSON(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte(`{"detail":{"\ud834\udd1e":"\/"},"score":1e-7,"ts":"2026-05-17T12:00:00.12Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := event.ParseJSON(b)
		if err != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.DisallowUnknownFields()
		var theirs event.Event
		if err := dec.Decode(&theirs); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v\n%s", err, b)
		}
		x, err := e.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		y, err := theirs.MarshalBinary()
		if err != nil || !bytes.Equal(x, y) {
			t.Fatalf("two readings (%v):\n%+v\n%+v", err, e, theirs)
		}
		again, err := e.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := event.ParseJSON(again)
		if err != nil {
			t.Fatal(err)
		}
		if z, _ := back.MarshalBinary(); !bytes.Equal(x, z) {
			t.Fatalf("changed on the way:\n%s\n%s", b, again)
		}
	})
}

// typical returns what an edge sends most: a sealed match.
func typical(b *testing.B) event.Event {
	c := chain(b, event.Head{ChainID: "edge-1", Seq: 123456, Hash: event.Digest{7}})
	e := full()
	e.RefEvent, e.ReviewerRef, e.Verdict, e.Detail = "", event.Digest{}, "", nil
	e.Threshold, e.Margin, e.Quality, e.Score = 0.363, 0.21, 0.87, 0.71
	e.PayloadEnc = bytes.Repeat([]byte{0xa7, 0x13, 0x55}, 32)
	require.NoError(b, c.Seal(&e))
	return e
}

func BenchmarkJSON(b *testing.B) {
	e := typical(b)
	text, err := e.AppendJSON(nil)
	require.NoError(b, err)
	bin, err := e.MarshalBinary()
	require.NoError(b, err)
	var g event.Event
	var d event.JSONDecoder
	buf := make([]byte, 0, 4096)
	for name, do := range map[string]func() error{
		"encode/ours":          func() error { _, err := e.AppendJSON(buf); return err },
		"encode/encoding-json": func() error { _, err := json.Marshal(&e); return err },
		"encode/canonical":     func() error { _, err := e.AppendBinary(buf); return err },
		"decode/ours":          func() error { return d.Decode(text, &g) },
		"decode/encoding-json": func() error { g = event.Event{}; return json.Unmarshal(text, &g) },
		"decode/canonical":     func() error { return g.UnmarshalBinary(bin) },
		"hash":                 func() error { _, err := e.Hash(); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(text)), "bytes-json")
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
