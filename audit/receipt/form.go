package receipt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// most is the largest number that every reader of JSON keeps exactly.
const most = 1<<53 - 1

// Canonical returns the bytes that are signed: Domain and the receipt in its
// signed form. It fails with ErrInvalid.
func (r *Receipt) Canonical() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	b, err := compact(r)
	if err != nil {
		return nil, err
	}
	// Through a map, whose members come out sorted. Numbers stay as written.
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	delete(m, "signature")
	if b, err = compact(m); err != nil {
		return nil, err
	}
	return append([]byte(Domain), b...), nil
}

// compact is JSON without white space and without the escapes that HTML needs.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Encode returns the written form, one member a line. It fails with ErrInvalid.
func (r *Receipt) Encode() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	b, err := compact(r)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// Parse reads a written receipt. It checks the form and the receipt's own
// rules, not the signature. It fails with ErrFormat and ErrInvalid.
func Parse(b []byte) (*Receipt, error) {
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFormat, len(b), MaxBytes)
	}
	var r Receipt
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows it", ErrFormat)
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	// Doubled, missing, reordered or otherwise written members would let two
	// readers see two receipts under one signature.
	own, err := compact(&r)
	if err != nil {
		return nil, err
	}
	var read bytes.Buffer
	if err := json.Compact(&read, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if !bytes.Equal(own, read.Bytes()) {
		return nil, fmt.Errorf("%w: members are missing, doubled, out of order or not plainly written", ErrFormat)
	}
	return &r, nil
}

// Check reports with ErrInvalid what in r breaks its rules: numbers out of
// range, text with control characters, counts that contradict each other.
func (r *Receipt) Check() error {
	var faults []string
	bad := func(yes bool, format string, args ...any) {
		if yes {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	bad(r.Version != Version, "version %d is not %d", r.Version, Version)
	id, err := uuid.Parse(r.ID)
	bad(err != nil || id.Version() != 7 || id.String() != r.ID, "receipt_id is no UUID v7 in lower case")
	for name, text := range r.texts() {
		bad(!plain(text), "%s is empty or holds characters that cannot be signed", name)
	}
	for name, n := range r.numbers() {
		bad(n < 0 || n > most, "%s %d is not between 0 and %d", name, n, int64(most))
	}
	for name, t := range map[string]time.Time{"issued": r.Issued, "start": r.Frames.Start, "end": r.Frames.End} {
		bad(!plainTime(t), "%s is no time in UTC with milliseconds", name)
	}
	bad(r.Models == nil || len(r.Models) > 16, "models are not a list of at most 16")
	bad(!isDigest(r.Key, 16), "key_id is not 32 lower-case hex digits")
	bad(!isDigest(r.Output.SHA256, 32), "output.sha256 is not 64 lower-case hex digits")
	for _, m := range r.Models {
		bad(!isDigest(m.SHA256, 32), "the sha256 of model %q is not 64 lower-case hex digits", m.Name)
	}
	f := r.Frames
	bad(f.Count < 1, "no pictures")
	bad(f.Last < f.First || f.Count > f.Last-f.First+1, "%d pictures do not fit between number %d and %d", f.Count, f.First, f.Last)
	bad(f.FullMask > f.Count || f.Fault > f.FullMask, "%d pictures, %d of them fully masked, %d by fault", f.Count, f.FullMask, f.Fault)
	bad(f.End.Before(f.Start), "it ends before it begins")
	bad(r.Faces.Found != r.Faces.Masked+r.Faces.Clear, "%d faces, but %d masked and %d clear", r.Faces.Found, r.Faces.Masked, r.Faces.Clear)
	switch r.Health.Canary {
	case CanaryPassed, CanaryFailed, CanaryNone, CanaryUnknown:
	default:
		bad(true, "canary %q", r.Health.Canary)
	}
	bad(len(r.Signature) != 0 && len(r.Signature) != 64, "signature of %d bytes", len(r.Signature))
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrInvalid, strings.Join(faults, "; "))
	}
	return nil
}

func (r *Receipt) texts() map[string]string {
	m := map[string]string{
		"segment_id": r.Segment, "edge_id": r.Edge, "camera": r.Stream.Camera, "rule": r.Stream.Rule,
		"method": r.Method.Name, "method.version": r.Method.Version, "style": r.Method.Style,
		"coverage": r.Method.Coverage, "file": r.Output.File,
	}
	for i, x := range r.Models {
		m[fmt.Sprintf("models[%d].role", i)], m[fmt.Sprintf("models[%d].name", i)] = x.Role, x.Name
	}
	return m
}

func (r *Receipt) numbers() map[string]int64 {
	f, q, h := r.Frames, r.Method, r.Health
	return map[string]int64{
		"first": f.First, "last": f.Last, "count": f.Count, "full_mask": f.FullMask, "fault": f.Fault,
		"found": r.Faces.Found, "masked": r.Faces.Masked, "clear": r.Faces.Clear,
		"hold": q.Hold, "margin_per_mille": q.Margin, "track_hold_ms": q.TrackHold,
		"face_every": q.FaceEvery, "face_per_mille": q.FaceScore, "person_every": q.PersonEach,
		"dropped": h.Dropped, "corrupt": h.Corrupt, "withheld": h.Withheld, "unwritten": h.Unwritten,
		"reconnects": h.Reconnects, "restarts": h.Restarts, "checks": h.SelfCheck.Checks, "hits": h.SelfCheck.Hits,
		"bytes": r.Output.Bytes, "width": r.Output.Width, "height": r.Output.Height,
	}
}

// plain reports whether every writer of JSON writes s the same way.
func plain(s string) bool {
	if s == "" || len(s) > 1024 || !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool {
		return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
	}) < 0
}

func plainTime(t time.Time) bool {
	y := t.Year()
	return y >= 1970 && y <= 2261 && t.Location() == time.UTC && t.Nanosecond()%int(time.Millisecond) == 0
}

func isDigest(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && s == strings.ToLower(s)
}
