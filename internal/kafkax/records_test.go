package kafkax_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/kafkax"
)

// setOf is a record set as the library writes it, without the length before it.
func setOf(t require.TestingT, base int64, code compress.Compression, msgs ...kafka.Message) []byte {
	var list []protocol.Record
	for _, m := range msgs {
		list = append(list, protocol.Record{Time: m.Time, Key: protocol.NewBytes(m.Key), Value: protocol.NewBytes(m.Value), Headers: m.Headers})
	}
	var b bytes.Buffer
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(code), Records: protocol.NewRecordReader(list...)}
	_, err := set.WriteTo(&b)
	require.NoError(t, err)
	out := b.Bytes()[4:]
	binary.BigEndian.PutUint64(out, uint64(base)) //nolint:gosec // not negative
	return out
}

// recordOf is a record as it comes from a fetch.
func recordOf(t *testing.T, key, value []byte, headers []kafka.Header) *kafkax.Record {
	t.Helper()
	var r kafkax.Records
	r.Reset(setOf(t, 0, compress.None, kafka.Message{Key: key, Value: value, Headers: headers, Time: time.UnixMilli(1)}), 0)
	rec, err := r.Read()
	require.NoError(t, err)
	return rec
}

// TestRecordsReadsWhatTheLibraryWrites: batches of any records in every codec, cut
// off anywhere, read from any offset.
func TestRecordsReadsWhatTheLibraryWrites(t *testing.T) {
	some := rapid.SliceOfN(rapid.Byte(), 0, 40)
	message := rapid.Custom(func(t *rapid.T) kafka.Message {
		m := kafka.Message{Time: time.UnixMilli(rapid.Int64Range(1, 1<<42).Draw(t, "at"))}
		if rapid.Bool().Draw(t, "key") {
			m.Key = some.Draw(t, "key")
		}
		if rapid.Bool().Draw(t, "value") {
			m.Value = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value")
		}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			m.Headers = append(m.Headers, kafka.Header{Key: rapid.String().Draw(t, "name"), Value: some.Draw(t, "content")})
		}
		return m
	})
	var r kafkax.Records // used again and again, as a fetcher does
	rapid.Check(t, func(t *rapid.T) {
		var sets []byte
		var all []kafka.Message
		var ends []int
		base := rapid.Int64Range(0, 1<<40).Draw(t, "base")
		for range rapid.IntRange(0, 4).Draw(t, "batches") {
			msgs := rapid.SliceOfN(message, 1, 12).Draw(t, "records")
			code := rapid.SampledFrom([]compress.Compression{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd}).Draw(t, "codec")
			sets = append(sets, setOf(t, base+int64(len(all)), code, msgs...)...)
			all, ends = append(all, msgs...), append(ends, len(sets))
		}
		kept := rapid.IntRange(0, len(sets)).Draw(t, "cut")
		whole, n := 0, 0
		for i, end := range ends {
			if end <= kept {
				whole = i + 1
			}
		}
		for i := range whole {
			n += recordsIn(sets, ends, i)
		}
		from := rapid.IntRange(0, len(all)).Draw(t, "from")
		r.Reset(sets[:kept:kept], base+int64(from))
		require.Equal(t, n, r.Count())
		for i := from; i < n; i++ {
			got, err := r.Read()
			require.NoError(t, err)
			want := all[i]
			require.Equal(t, base+int64(i), got.Offset)
			require.Equal(t, want.Time.UnixMilli(), got.At)
			require.Equal(t, want.Key == nil, got.Key == nil)
			require.True(t, bytes.Equal(want.Key, got.Key) && bytes.Equal(want.Value, got.Value))
			require.Len(t, got.Headers(), len(want.Headers))
			for j, h := range got.Headers() {
				require.Equal(t, want.Headers[j].Key, h.Key)
				require.True(t, bytes.Equal(want.Headers[j].Value, h.Value))
			}
			require.Equal(t, got.Offset+1, r.NextOffset())
		}
		_, err := r.Read()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, base+int64(max(from, n)), r.NextOffset())
	})
}

func recordsIn(sets []byte, ends []int, i int) int {
	from := 0
	if i > 0 {
		from = ends[i-1]
	}
	return int(binary.BigEndian.Uint32(sets[from+57:]))
}

// TestRecordsPassesOverWhatIsGone: a batch of which the last records were
// compacted away, and the mark of a transaction's end, are passed over whole.
func TestRecordsPassesOverWhatIsGone(t *testing.T) {
	msg := kafka.Message{Value: []byte("v"), Time: time.UnixMilli(5)}
	compacted := setOf(t, 10, compress.None, msg)
	binary.BigEndian.PutUint32(compacted[23:], 4) // numbers 10 to 14 once
	control := setOf(t, 15, compress.None, msg)
	control[22] |= 1 << 5
	var r kafkax.Records
	r.Reset(slices.Concat(kafkax.SumUp(compacted), kafkax.SumUp(control), setOf(t, 16, compress.None, msg)), 10)
	var offsets []int64
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		offsets = append(offsets, rec.Offset)
	}
	require.Equal(t, []int64{10, 16}, offsets)
	require.EqualValues(t, 17, r.NextOffset())

	r.Reset(kafkax.SumUp(control), 15)
	_, err := r.Read()
	require.ErrorIs(t, err, io.EOF)
	require.EqualValues(t, 16, r.NextOffset())
}

func TestRecordsRefuses(t *testing.T) {
	msg := kafka.Message{Value: bytes.Repeat([]byte("v"), 100), Time: time.UnixMilli(5)}
	bomb := setOf(t, 0, compress.Gzip, kafka.Message{Value: make([]byte, 65<<20), Time: time.UnixMilli(5)})
	count := func(b []byte, n uint32) []byte { binary.BigEndian.PutUint32(b[57:], n); return kafkax.SumUp(b) }
	for name, tc := range map[string]struct {
		spoil func(b []byte) []byte
		ever  bool // asking again is in vain
	}{
		"another content":          {spoil: func(b []byte) []byte { b[70] ^= 1; return b }},
		"an old format":            {spoil: func(b []byte) []byte { b[16] = 1; return b }},
		"a length below the head":  {spoil: func(b []byte) []byte { binary.BigEndian.PutUint32(b[8:], 20); return b }},
		"more records than bytes":  {func(b []byte) []byte { return count(b, 1<<20) }, true},
		"more records than it has": {func(b []byte) []byte { return count(b, 2) }, true},
		"an unknown codec":         {func(b []byte) []byte { b[22] = 6; return kafkax.SumUp(b) }, true},
		"not of its codec":         {func(b []byte) []byte { b[22] = 3; return kafkax.SumUp(b) }, true},
		"a record too long":        {func(b []byte) []byte { b[62] |= 0x7f; return kafkax.SumUp(b) }, true},
		"more than memory holds":   {func([]byte) []byte { return bomb }, true},
	} {
		t.Run(name, func(t *testing.T) {
			var r kafkax.Records
			r.Reset(append(tc.spoil(setOf(t, 0, compress.None, msg)), setOf(t, 1, compress.None, msg)...), 0)
			var err error
			for err == nil {
				_, err = r.Read()
			}
			var lost *kafkax.Unreadable
			require.Equal(t, tc.ever, errors.As(err, &lost), "%v", err)
			if !tc.ever {
				require.ErrorIs(t, err, kafkax.ErrRecords)
				return
			}
			require.Zero(t, lost.Offset)
			require.EqualValues(t, 1, lost.Next)
			rec, err := r.Read()
			require.NoError(t, err, "what follows it is read")
			require.EqualValues(t, 1, rec.Offset)
		})
	}
}

func FuzzRecords(f *testing.F) {
	msg := kafka.Message{Key: []byte("k"), Value: []byte("value"), Time: time.UnixMilli(5), Headers: []kafka.Header{{Key: "h", Value: []byte("x")}}}
	for code := compress.None; code <= compress.Zstd; code++ {
		f.Add(setOf(f, 3, code, msg, msg), int64(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, from int64) {
		if len(b) > 61 {
			b = kafkax.SumUp(b) // else the checksum is all that is tried
		}
		var r kafkax.Records
		r.Reset(b, from)
		for {
			rec, err := r.Read()
			if err != nil {
				var lost *kafkax.Unreadable
				if errors.As(err, &lost) {
					continue
				}
				if !errors.Is(err, io.EOF) && !errors.Is(err, kafkax.ErrRecords) {
					t.Fatal(err)
				}
				return
			}
			rec.Headers()
		}
	})
}

// TestFetchedIsReadAsTheLibraryDoes writes answers with the library's own types,
// in every version, and reads them.
func TestFetchedIsReadAsTheLibraryDoes(t *testing.T) {
	ask := kafkax.Fetch{Topic: "t", Partition: 3}
	for version := int16(4); version <= 11; version++ {
		res := fetch.Response{Topics: []fetch.ResponseTopic{{Topic: "t", Partitions: []fetch.ResponsePartition{{
			Partition: 3, HighWatermark: 99, AbortedTransactions: []fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 2}},
			RecordSet: protocol.RecordSet{Version: 2, Records: protocol.NewRecordReader(protocol.Record{Time: time.UnixMilli(5), Value: protocol.NewBytes([]byte("v"))})},
		}}}}}
		var b bytes.Buffer
		require.NoError(t, protocol.WriteResponse(&b, version, 1, &res))
		got, err := kafkax.ParseFetched(version, b.Bytes()[8:], ask)
		require.NoError(t, err, "version %d", version)
		require.NoError(t, got.Err)
		require.EqualValues(t, 99, got.HighWatermark)
		var r kafkax.Records
		r.Reset(got.Sets, 0)
		rec, err := r.Read()
		require.NoError(t, err)
		require.Equal(t, "v", string(rec.Value))

		_, err = kafkax.ParseFetched(version, b.Bytes()[8:], kafkax.Fetch{Topic: "t", Partition: 4})
		require.ErrorIs(t, err, kafkax.ErrRecords)
		for n := range b.Len() - 8 {
			_, err = kafkax.ParseFetched(version, b.Bytes()[8:8+n], ask)
			require.ErrorIs(t, err, kafkax.ErrRecords, "version %d, %d bytes", version, n)
		}

		part := &res.Topics[0].Partitions[0]
		part.ErrorCode = int16(kafka.OffsetOutOfRange)
		part.RecordSet.Records = protocol.NewRecordReader(protocol.Record{Time: time.UnixMilli(5)})
		b.Reset()
		require.NoError(t, protocol.WriteResponse(&b, version, 1, &res))
		got, err = kafkax.ParseFetched(version, b.Bytes()[8:], ask)
		require.NoError(t, err)
		require.ErrorIs(t, got.Err, kafka.OffsetOutOfRange)
	}
}

// TestFrugalFramesAreReadByTheLibrary: what is left out of our LZ4 frames nobody
// needs to read them.
func TestFrugalFramesAreReadByTheLibrary(t *testing.T) {
	codec := kafkax.NewCodec("lz4")
	for range 2 { // the second time with the writer of the first
		rapid.Check(t, func(t *rapid.T) {
			part := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "part")
			want := bytes.Repeat(part, rapid.IntRange(0, 9000).Draw(t, "times")) // several blocks
			var b bytes.Buffer
			w := codec.NewWriter(&b)
			_, err := w.Write(want)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			r := compress.Lz4.Codec().NewReader(&b)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got))
			require.NoError(t, r.Close())
		})
	}
}
