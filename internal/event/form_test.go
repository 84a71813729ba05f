package event_test

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
)

// TestCanonicalHoldsEveryField compares the form, field by field, with what its
// description says of each.
func TestCanonicalHoldsEveryField(t *testing.T) {
	fields := slices.DeleteFunc(event.Fields(), func(f event.Field) bool { return f.Name == "row_hash" || f.Name == "node_sig" })
	slices.SortFunc(fields, func(a, b event.Field) int { return strings.Compare(a.Name, b.Name) })
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		var want []byte
		for _, f := range fields {
			if f.IsZero(&e) {
				continue
			}
			v := formOf(f.Ref(&e))
			want = append(append(append(want, byte(len(f.Name))), f.Name...), byte(f.Type))
			want = append(binary.BigEndian.AppendUint32(want, uint32(len(v))), v...) //nolint:gosec // small
		}
		got, err := e.Canonical(nil)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func formOf(ref any) []byte {
	switch v := ref.(type) {
	case *string:
		return []byte(*v)
	case *time.Time:
		return binary.BigEndian.AppendUint64(nil, uint64(v.UnixMilli())) //nolint:gosec // the bits
	case *uint32:
		return binary.BigEndian.AppendUint64(nil, uint64(*v))
	case *uint64:
		return binary.BigEndian.AppendUint64(nil, *v)
	case *float32:
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(*v))
	case *event.Digest:
		return v[:]
	case *[]byte:
		return *v
	case *map[string]string:
		var out []byte
		for _, k := range slices.Sorted(maps.Keys(*v)) {
			for _, s := range []string{k, (*v)[k]} {
				out = append(binary.BigEndian.AppendUint32(out, uint32(len(s))), s...) //nolint:gosec // small
			}
		}
		return out
	}
	panic("a field of a type that this test does not know")
}

// TestCheckSeesEveryField: whichever field is at fault, and where it is among the
// others, it is found and named.
func TestCheckSeesEveryField(t *testing.T) {
	for _, f := range event.Fields() {
		e := full()
		var spoil []func()
		switch v := f.Ref(&e).(type) {
		case *string:
			spoil = []func(){func() { *v = "a\xff" }, func() { *v = "\x00" }, func() { *v = strings.Repeat("a", event.MaxEncoded) }}
		case *float32:
			spoil = []func(){func() { *v = float32(math.NaN()) }, func() { *v = float32(math.Copysign(0, -1)) }, func() { *v = float32(math.Inf(1)) }}
		case *time.Time:
			spoil = []func(){func() { *v = time.Unix(-1, 0) }, func() { *v = time.Unix(0, 1) }, func() { *v = time.UnixMilli(9214646400000) }}
		case *[]byte:
			spoil = []func(){func() { *v = make([]byte, event.MaxEncoded) }}
		case *map[string]string:
			spoil = []func(){func() { *v = map[string]string{"a": "\xff"} }, func() { *v = map[string]string{"\x00": ""} }}
		}
		for i, s := range spoil {
			for _, detail := range []map[string]string{nil, {"a": "b"}} {
				e = full()
				e.TS = e.TS.Truncate(time.Millisecond)
				if e.Detail = detail; f.Name == "detail" {
					e.Detail = map[string]string{"a": "b"}
				}
				require.NoError(t, e.Check(), f.Name)
				s()
				require.ErrorIs(t, e.Check(), event.ErrInvalid, "%s, fault %d", f.Name, i)
			}
		}
	}
}

func TestTimesAreWrittenAsTheLibraryDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(-1e14, 4e14).Draw(t, "ms")).UTC()
		if rapid.Bool().Draw(t, "odd") {
			at = at.Add(time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "ns"))).In(time.FixedZone("", rapid.IntRange(-40000, 40000).Draw(t, "zone")))
		}
		require.Equal(t, at.Format(time.RFC3339Nano), string(event.AppendTime(nil, at)))
	})
}
