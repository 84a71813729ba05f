package event

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Canonical form, version 1
//
// The form is a sequence of fields in ascending byte order of their names.
// row_hash and node_sig are left out, and so is every field that holds nothing
// (empty, zero, unset): a field added later leaves the hashes of old rows as
// they were. Each field is
//
//	name length (1 byte) ‖ name ‖ type (1 byte) ‖ value length (4 bytes) ‖ value
//
// with all integers big-endian and these values by type:
//
//	's' UTF-8 bytes
//	't' milliseconds since 1970-01-01T00:00:00Z, signed, 8 bytes
//	'u' unsigned, 8 bytes
//	'f' the bits of an IEEE 754 binary32, 4 bytes; never NaN, infinite or −0
//	'd' 32 bytes
//	'b' bytes
//	'm' for each key in ascending byte order:
//	    key length (4 bytes) ‖ key ‖ value length (4 bytes) ‖ value
//
// and
//
//	row_hash = SHA-256(Domain ‖ prev_hash (32 bytes) ‖ canonical form)
//	node_sig = Ed25519 over the 32 bytes of row_hash
//
// Lengths stand before what they measure, so no two events share a form.
// Numbers are carried as bits, so no text form of a float can differ.

// Domain separates these hashes from all others. It ends in a zero byte.
const Domain = "bystander/event/v1\x00"

// MaxEncoded bounds the encoded size of one event.
const MaxEncoded = 1 << 20

// Canonical appends the canonical form of e to dst. It fails with ErrInvalid
// when e holds what has no canonical form; see Check.
func (e *Event) Canonical(dst []byte) ([]byte, error) {
	if err := e.Check(); err != nil {
		return dst, err
	}
	return e.canonical(dst), nil
}

// Check reports with ErrInvalid what keeps e from having one canonical form
// that every store gives back: text that is not UTF-8 or holds a zero byte,
// floats that are NaN, infinite or −0, a time with less than milliseconds or
// outside the years 1970 to 2261, and an event too large.
func (e *Event) Check() error {
	if e.plain() {
		return nil
	}
	return e.check()
}

// plain reports whether e is one of the usual events: all its texts are ASCII
// and nothing else keeps it from having its form. It says no where it does not
// know.
func (e *Event) plain() bool {
	texts := [...]string{
		e.ID, string(e.TSQuality), string(e.Kind), e.SiteID, e.CameraID, e.SceneID, e.ZoneID, e.InspectionID, e.NoticeVersion, e.AssessmentID,
		e.GateMode, e.PAD, e.RefEvent, e.Verdict, e.ReceiptID, e.DEKID, e.ChainID,
	}
	size := len(e.PayloadEnc) + len(e.Salt) + len(e.NodeSig)
	for _, s := range texts {
		size += len(s)
		for i := range len(s) {
			if s[i]-1 >= utf8.RuneSelf-1 { // not ASCII, or zero
				return false
			}
		}
	}
	for _, f := range [...]float32{e.Score, e.Threshold, e.Margin, e.Quality} {
		if checkFloat(f) != nil {
			return false
		}
	}
	return len(e.Detail) == 0 && size <= maxContent && checkTime(e.TS) == nil
}

// maxContent leaves room for the fixed part of all fields, which stays under
// 2 KiB.
const maxContent = MaxEncoded - 2048

func (e *Event) check() error {
	size := 0
	for _, f := range table() {
		var err error
		switch v := f.Ref(e).(type) {
		case *string:
			err = checkText(*v)
			size += len(*v)
		case *float32:
			err = checkFloat(*v)
		case *time.Time:
			err = checkTime(*v)
		case *[]byte:
			size += len(*v)
		case *map[string]string:
			for k, s := range *v {
				size += len(k) + len(s) + 8
				if err = checkText(k); err == nil {
					err = checkText(s)
				}
				if err != nil {
					break
				}
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInvalid, f.Name, err)
		}
	}
	if size > maxContent {
		return fmt.Errorf("%w: %d bytes of content, at most %d", ErrInvalid, size, maxContent)
	}
	return nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("not UTF-8")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("holds a zero byte")
	}
	return nil
}

func checkFloat(f float32) error {
	d := float64(f)
	if math.IsNaN(d) || math.IsInf(d, 0) || (f == 0 && math.Signbit(d)) {
		return fmt.Errorf("%v is not a plain number", f)
	}
	return nil
}

func checkTime(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	if ms := t.UnixMilli(); ms < 0 || ms > maxMillis {
		return fmt.Errorf("%v is outside the years 1970 to 2261", t)
	}
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		return fmt.Errorf("%v is finer than milliseconds", t)
	}
	return nil
}

// maxMillis is 2261-12-31T23:59:59.999Z, the last full year of a time in
// nanoseconds of 64 bits.
const maxMillis = 9214646399999

// Hash computes the row hash that e should have.
func (e *Event) Hash() (Digest, error) {
	if err := e.Check(); err != nil {
		return Digest{}, err
	}
	return e.hash(make([]byte, 0, 1024)), nil
}

func (e *Event) hash(buf []byte) Digest {
	buf = append(buf[:0], Domain...)
	buf = append(buf, e.PrevHash[:]...)
	return sha256.Sum256(e.canonical(buf))
}

// encodingMark starts the stored form and names its version.
const encodingMark = 0xE1

// AppendBinary appends the stored form of e to dst: a version byte, row_hash,
// the length of node_sig and node_sig, then the canonical form. It implements
// encoding.BinaryAppender and fails like Canonical.
func (e *Event) AppendBinary(dst []byte) ([]byte, error) {
	if err := e.Check(); err != nil {
		return dst, err
	}
	if len(e.NodeSig) > math.MaxUint8 {
		return dst, fmt.Errorf("%w: signature of %d bytes", ErrInvalid, len(e.NodeSig))
	}
	dst = append(dst, encodingMark)
	dst = append(dst, e.RowHash[:]...)
	dst = append(dst, byte(len(e.NodeSig)))
	dst = append(dst, e.NodeSig...)
	return e.canonical(dst), nil
}

// MarshalBinary implements encoding.BinaryMarshaler; see AppendBinary.
func (e *Event) MarshalBinary() ([]byte, error) { return e.AppendBinary(nil) }
