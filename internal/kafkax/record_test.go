package kafkax_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/compress/lz4"
	"github.com/segmentio/kafka-go/compress/zstd"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/internal/event"
	"bystander/internal/kafkax"
)

func selfSigned(t *testing.T) []byte {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "another authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, pub, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestBatchIsWhatTheLibraryReads: any records, in each codec, come back from the
// library's decoder, which checks the checksum too.
func TestBatchIsWhatTheLibraryReads(t *testing.T) {
	type record struct {
		at         int64
		key, value []byte
		heads      []kafka.Header
	}
	drawn := rapid.Custom(func(t *rapid.T) record {
		r := record{at: rapid.Int64Range(0, 1<<42).Draw(t, "at"), key: rapid.SliceOf(rapid.Byte()).Draw(t, "key"), value: rapid.SliceOf(rapid.Byte()).Draw(t, "value")}
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			r.heads = append(r.heads, kafka.Header{Key: rapid.String().Draw(t, "name"), Value: rapid.SliceOf(rapid.Byte()).Draw(t, "content")})
		}
		return r
	})
	var b kafkax.Batch
	rapid.Check(t, func(t *rapid.T) {
		codec := rapid.SampledFrom([]compress.Codec{nil, &lz4.Codec{}, &zstd.Codec{Level: 1}}).Draw(t, "codec")
		want := rapid.SliceOfN(drawn, 1, 20).Draw(t, "records")
		b.Reset()
		for _, r := range want {
			var h []byte
			for _, k := range r.heads {
				h = kafkax.AppendHeader(h, k.Key, k.Value)
			}
			b.Add(r.at, r.key, r.value, h, len(r.heads))
		}
		require.Equal(t, len(want), b.Len())
		raw, err := b.Seal(codec)
		require.NoError(t, err)
		text, err := io.ReadAll(raw.Reader)
		require.NoError(t, err)
		var set protocol.RecordSet
		_, err = set.ReadFrom(bytes.NewReader(text))
		require.NoError(t, err)
		for i, r := range want {
			got, err := set.Records.ReadRecord()
			require.NoError(t, err)
			key, err := protocol.ReadAll(got.Key)
			require.NoError(t, err)
			value, err := protocol.ReadAll(got.Value)
			require.NoError(t, err)
			require.Equal(t, int64(i), got.Offset)
			require.Equal(t, r.at, got.Time.UnixMilli())
			require.True(t, bytes.Equal(r.key, key) && bytes.Equal(r.value, value))
			require.Len(t, got.Headers, len(r.heads))
			for j := range r.heads {
				require.Equal(t, r.heads[j].Key, got.Headers[j].Key)
				require.True(t, bytes.Equal(r.heads[j].Value, got.Headers[j].Value))
			}
		}
		_, err = set.Records.ReadRecord()
		require.ErrorIs(t, err, io.EOF)
	})
	b.Reset()
	_, err := b.Seal(nil)
	require.ErrorIs(t, err, protocol.ErrNoRecord)
}

func sealed(t testing.TB) event.Event {
	t.Helper()
	c, err := event.NewChain(event.ChainConfig{ID: "edge-1", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	require.NoError(t, err)
	e := event.Event{Kind: event.KindMatch, CameraID: "cam"}
	require.NoError(t, c.Seal(&e))
	return e
}

func TestReadEvent(t *testing.T) {
	e := sealed(t)
	m, err := kafkax.EventRecord(&e)
	require.NoError(t, err)
	var d event.JSONDecoder
	var back event.Event
	read := func(key, value []byte, headers []kafka.Header) error {
		return kafkax.ReadEvent(&d, recordOf(t, key, value, headers), &back)
	}
	require.NoError(t, read(m.Key, m.Value, m.Headers))
	require.Equal(t, e, back)
	require.NoError(t, read(m.Key, m.Value, nil), "headers may be lost")

	require.ErrorIs(t, read([]byte("edge-2"), m.Value, m.Headers), kafkax.ErrForeign)
	require.ErrorIs(t, read(m.Key, m.Value[1:], m.Headers), event.ErrEncoding)
	other := append([]kafka.Header{}, m.Headers...)
	for i := range other {
		if other[i].Key == kafkax.HeaderSchema {
			other[i].Value = []byte("urn:bystander:schema:event:v2")
		}
	}
	require.ErrorIs(t, read(m.Key, m.Value, other), kafkax.ErrForeign)
}

func FuzzReadReplay(f *testing.F) {
	r := kafkax.ReplayRequest{ID: "i", Chain: "c", From: 1, To: 2, At: time.Unix(1, 0)}
	m, err := r.Record()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(kafkax.Header(m.Headers, kafkax.HeaderType)), m.Value)
	f.Add(kafkax.TypeReplayAnswer, []byte(`{"request":"i","chain":"c","from":1,"to":2,"status":"done","sig":"AA=="}`))
	f.Add(kafkax.TypeReplayHead, []byte(`{"chain":"c","head":7,"sig":"AA=="}`))
	f.Add("", []byte("{"))
	f.Fuzz(func(t *testing.T, typ string, value []byte) {
		r, err := kafkax.ReadReplay(kafka.Message{Value: value, Headers: []kafka.Header{{Key: kafkax.HeaderType, Value: []byte(typ)}}})
		switch {
		case err != nil:
			if !errors.Is(err, event.ErrEncoding) && !errors.Is(err, event.ErrInvalid) {
				t.Fatal(err)
			}
		case r.Request != nil && r.Request.Check() != nil:
			t.Fatal("a request that asks for nothing")
		case (r.Request == nil && r.Answer == nil && r.Head == nil), r.Request != nil && r.Answer != nil, r.Head != nil && (r.Request != nil || r.Answer != nil):
			t.Fatal("not one of the three")
		}
	})
}
