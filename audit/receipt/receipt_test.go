package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/audit/receipt"
)

// key is fixed, so that signatures can be compared with a golden one.
func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(seed byte) ed25519.PublicKey { return key(seed).Public().(ed25519.PublicKey) }

func sample() *receipt.Receipt {
	start := time.Date(2026, 5, 1, 23, 59, 50, 120e6, time.UTC)
	return &receipt.Receipt{
		Version: 1, ID: "019a1b2c-3d4e-7f60-8123-456789abcdef", Segment: "019a1b2c-3d4e-7f60-8123-000000000000",
		Edge: "edge-1", Issued: start.Add(time.Minute), Stream: receipt.Stream{Camera: "gate", Rule: "record"},
		Frames: receipt.Frames{First: 7, Last: 1510, Count: 1500, FullMask: 9, Fault: 2, Start: start, End: start.Add(time.Minute)},
		Faces:  receipt.Faces{Found: 4000, Masked: 3990, Clear: 10},
		Method: receipt.Method{
			Name: "union", Version: "dev <1> & “more”", Style: "frost", Coverage: "head",
			Hold: 8, Margin: 250, TrackHold: 1000, FaceEvery: 3, FaceScore: 300, PersonEach: 9,
		},
		Models: []receipt.Model{{Role: "face", Name: "yunet", SHA256: strings.Repeat("ab", 32)}},
		Health: receipt.Health{Known: true, Canary: receipt.CanaryPassed, Dropped: 3, SelfCheck: receipt.Judged{Checks: 12}},
		Output: receipt.Output{File: "235950.120Z-record-00aa.mp4", Bytes: 123456, SHA256: strings.Repeat("0f", 32), Width: 1280, Height: 720},
	}
}

func signed(t testing.TB) (*receipt.Receipt, []byte) {
	t.Helper()
	r := sample()
	require.NoError(t, receipt.Sign(r, key(1)))
	b, err := r.Encode()
	require.NoError(t, err)
	return r, b
}

func TestRoundTrip(t *testing.T) {
	r, b := signed(t)
	got, err := receipt.Parse(b)
	require.NoError(t, err)
	require.Equal(t, r, got)
	require.NoError(t, receipt.Verify(got, public(1)))
	require.ErrorIs(t, receipt.Verify(got, public(2)), receipt.ErrKey)
	require.ErrorIs(t, receipt.Verify(got, nil), receipt.ErrKey)

	// White space is nobody's business.
	var flat bytes.Buffer
	require.NoError(t, json.Compact(&flat, b))
	got, err = receipt.Parse(flat.Bytes())
	require.NoError(t, err)
	require.NoError(t, receipt.Verify(got, public(1)))
}

// TestSignedForm pins the signed bytes, so that receipts of today verify with
// the program of tomorrow and with other programs.
func TestSignedForm(t *testing.T) {
	r, _ := signed(t)
	b, err := r.Canonical()
	require.NoError(t, err)
	want := "bystander/receipt/v1\x00" + `{"edge_id":"edge-1","faces":{"clear":10,"found":4000,"masked":3990},` +
		`"frames":{"count":1500,"end":"2026-05-02T00:00:50.12Z","fault":2,"first":7,"full_mask":9,"last":1510,"start":"2026-05-01T23:59:50.12Z"},` +
		`"health":{"canary":"passed","corrupt":0,"dropped":3,"known":true,"reconnects":0,"restarts":0,"self_check":{"checks":12,"hits":0},"unwritten":0,"withheld":0},` +
		`"issued":"2026-05-02T00:00:50.12Z","key_id":"` + receipt.KeyID(public(1)) + `",` +
		`"method":{"coverage":"head","face_every":3,"face_per_mille":300,"hold":8,"margin_per_mille":250,"name":"union","person_every":9,"style":"frost","track_hold_ms":1000,"version":"dev <1> & “more”"},` +
		`"models":[{"name":"yunet","role":"face","sha256":"` + strings.Repeat("ab", 32) + `"}],` +
		`"output":{"bytes":123456,"file":"235950.120Z-record-00aa.mp4","height":720,"sha256":"` + strings.Repeat("0f", 32) + `","width":1280},` +
		`"receipt_id":"019a1b2c-3d4e-7f60-8123-456789abcdef","restored":false,"segment_id":"019a1b2c-3d4e-7f60-8123-000000000000",` +
		`"stream":{"camera":"gate","rule":"record"},"version":1}`
	require.Equal(t, want, string(b))
	require.True(t, ed25519.Verify(public(1), []byte(want), r.Signature))
}

// TestEveryAlteration changes every leaf of a receipt, one at a time: none may
// go unnoticed.
func TestEveryAlteration(t *testing.T) {
	_, b := signed(t)
	var tree any
	require.NoError(t, json.Unmarshal(b, &tree))
	leaves := 0
	var walk func(v any, set func(any), path string)
	walk = func(v any, set func(any), path string) {
		change := func(to any) {
			leaves++
			set(to)
			defer set(v)
			altered, err := json.Marshal(tree)
			require.NoError(t, err)
			var r receipt.Receipt // around Parse, as a careless reader would
			if json.Unmarshal(altered, &r) != nil {
				return
			}
			require.Error(t, receipt.Verify(&r, public(1)), "%s was changed from %v to %v", path, v, to)
		}
		switch x := v.(type) {
		case map[string]any:
			for k, c := range x {
				walk(c, func(n any) { x[k] = n }, path+"."+k)
			}
		case []any:
			for i, c := range x {
				walk(c, func(n any) { x[i] = n }, path)
			}
			change([]any{})
		case string:
			change(strings.Replace(x, x[:1], map[bool]string{true: "1", false: "0"}[x[0] == '0'], 1))
		case float64:
			change(x + 1)
			change(-x - 1)
		case bool:
			change(!x)
		}
	}
	walk(tree, func(any) {}, "")
	require.Greater(t, leaves, 60)
}

func TestParseRefuses(t *testing.T) {
	_, b := signed(t)
	edit := func(old, new string) []byte {
		require.Contains(t, string(b), old)
		return []byte(strings.Replace(string(b), old, new, 1))
	}
	for name, tc := range map[string]struct {
		bytes []byte
		want  error
	}{
		"nothing":          {nil, receipt.ErrFormat},
		"not JSON":         {[]byte("receipt"), receipt.ErrFormat},
		"something behind": {append(bytes.Clone(b), '{', '}'), receipt.ErrFormat},
		"unknown member":   {edit(`"version": 1,`, `"version": 1, "extra": 1,`), receipt.ErrFormat},
		"doubled member":   {edit(`"count": 1500,`, `"count": 1400, "count": 1500,`), receipt.ErrFormat},
		"other case":       {edit(`"count"`, `"Count"`), receipt.ErrFormat},
		"other order":      {edit(`"first": 7,`, ``), receipt.ErrFormat},
		"float":            {edit(`"count": 1500`, `"count": 1.5e3`), receipt.ErrFormat},
		"escaped":          {edit(`"edge-1"`, `"\u0065dge-1"`), receipt.ErrFormat},
		"huge":             {append(bytes.Repeat([]byte{' '}, receipt.MaxBytes), b...), receipt.ErrFormat},
		"version":          {edit(`"version": 1`, `"version": 2`), receipt.ErrInvalid},
		"time zone":        {edit(`"issued": "2026-05-02T00:00:50.12Z"`, `"issued": "2026-05-02T02:00:50.12+02:00"`), receipt.ErrInvalid},
		"too fine a time":  {edit(`:50.12Z`, `:50.1200001Z`), receipt.ErrInvalid},
		"counts":           {edit(`"masked": 3990`, `"masked": 3991`), receipt.ErrInvalid},
		"frames":           {edit(`"last": 1510`, `"last": 1000`), receipt.ErrInvalid},
		"fault":            {edit(`"fault": 2`, `"fault": 10`), receipt.ErrInvalid},
		"no models":        {edit(`"models": [`, `"models": null, "x": [`), receipt.ErrFormat},
		"control":          {edit(`"gate"`, `"ga\u0001te"`), receipt.ErrInvalid},
		"no digest":        {edit(strings.Repeat("0f", 32), strings.Repeat("0F", 32)), receipt.ErrInvalid},
		"canary":           {edit(`"passed"`, `"sings"`), receipt.ErrInvalid},
		"too large":        {edit(`"bytes": 123456`, `"bytes": 9007199254740992`), receipt.ErrInvalid},
		"id":               {edit(`019a1b2c-3d4e-7f60`, `019a1b2c-3d4e-4f60`), receipt.ErrInvalid},
	} {
		_, err := receipt.Parse(tc.bytes)
		require.ErrorIs(t, err, tc.want, name)
	}
}

func TestSignRefuses(t *testing.T) {
	r := sample()
	require.ErrorIs(t, receipt.Sign(r, nil), receipt.ErrInvalid)
	r.Edge = "line\u2028break"
	require.ErrorIs(t, receipt.Sign(r, key(1)), receipt.ErrInvalid)
	_, err := r.Encode()
	require.ErrorIs(t, err, receipt.ErrInvalid)
}

// FuzzParse: whatever parses has one written form and one signed form, and
// nobody but the key's owner has signed it.
func FuzzParse(f *testing.F) {
	_, b := signed(f)
	f.Add(b)
	f.Add([]byte(strings.Replace(string(b), "1500", "1499", 1)))
	f.Add([]byte(`{"version":1}`))
	genuine, err := sampleCanonical()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := receipt.Parse(b)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatalf("parsed but cannot be written: %v", err)
		}
		r2, err := receipt.Parse(again)
		if err != nil {
			t.Fatalf("its own form is refused: %v", err)
		}
		c, err := r.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if c2, err := r2.Canonical(); err != nil || !bytes.Equal(c, c2) {
			t.Fatalf("two signed forms: %v\n%s\n%s", err, c, c2)
		}
		if receipt.Verify(r, public(1)) == nil && !bytes.Equal(c, genuine) {
			t.Fatalf("verifies, and nobody signed it: %s", b)
		}
	})
}

func sampleCanonical() ([]byte, error) {
	r := sample()
	if err := receipt.Sign(r, key(1)); err != nil {
		return nil, err
	}
	return r.Canonical()
}
