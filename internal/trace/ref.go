package trace

import (
	"crypto/rand"
	"encoding/hex"
)

// Ref names a trace and the span in it that what follows belongs to. The zero
// value is of something that nobody follows. It is random: nothing about a
// picture or a person can be computed from it.
type Ref struct {
	ID   [16]byte // of the trace
	Span [8]byte
}

// Followed reports whether spans of it are wanted.
func (r Ref) Followed() bool { return r.ID != [16]byte{} && r.Span != [8]byte{} }

// TraceID is the trace's id in hex, as exemplars and trace stores write it.
func (r Ref) TraceID() string { return hex.EncodeToString(r.ID[:]) }

// newRef returns a Ref of a new trace.
func newRef() Ref {
	var r Ref
	rand.Read(r.ID[:])   //nolint:errcheck // never fails
	rand.Read(r.Span[:]) //nolint:errcheck // never fails
	return r
}

// child returns a new span's Ref in the same trace.
func (r Ref) child() Ref {
	rand.Read(r.Span[:]) //nolint:errcheck // never fails
	return r
}

// parentSize is the length of a traceparent: version, trace, span, flags.
const parentSize = 2 + 1 + 32 + 1 + 16 + 1 + 2

// AppendParent appends the value of the W3C traceparent header
// (w3.org/TR/trace-context) that names r, and returns dst as it is when r is not
// followed.
func (r Ref) AppendParent(dst []byte) []byte {
	if !r.Followed() {
		return dst
	}
	dst = append(dst, "00-"...)
	dst = hex.AppendEncode(dst, r.ID[:])
	dst = append(dst, '-')
	dst = hex.AppendEncode(dst, r.Span[:])
	return append(dst, "-01"...)
}

// ParseParent reads a traceparent of version 00. It returns false for anything
// else, and for a trace that its sender does not follow.
func ParseParent(b []byte) (Ref, bool) {
	var r Ref
	if len(b) != parentSize || string(b[:3]) != "00-" || b[35] != '-' || b[52] != '-' {
		return Ref{}, false
	}
	for _, c := range b {
		if c >= 'A' && c <= 'F' { // the standard knows small letters only
			return Ref{}, false
		}
	}
	var flags [1]byte
	for _, f := range []struct{ to, from []byte }{{r.ID[:], b[3:35]}, {r.Span[:], b[36:52]}, {flags[:], b[53:]}} {
		if _, err := hex.Decode(f.to, f.from); err != nil {
			return Ref{}, false
		}
	}
	if flags[0]&1 == 0 || !r.Followed() {
		return Ref{}, false
	}
	return r, true
}
