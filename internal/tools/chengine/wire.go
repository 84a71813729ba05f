package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/andybalholm/brotli"
)

// helloQuery is what clickhouse-go asks first. It decodes that answer, and only
// that, at its own protocol version; all later ones at the version that the
// answer names.
const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

// revision is the protocol version that this server names: at 0 blocks bear no
// information of the protocol's, which is how the engine writes them.
const revision = 0

func (r *request) isHello() bool {
	return r.sql == helloQuery && r.format == "Native" && r.protocol > 0
}

func hello(protocol int, version, timezone string) ([]byte, error) {
	b := proto.NewBlock()
	b.ServerContext = &column.ServerContext{}
	for _, c := range [][2]string{{"displayName()", "String"}, {"version()", "String"}, {"revision()", "UInt32"}, {"timezone()", "String"}} {
		if err := b.AddColumn(c[0], column.Type(c[1])); err != nil {
			return nil, fmt.Errorf("hello: %w", err)
		}
	}
	if err := b.Append("chengine", version, uint32(revision), timezone); err != nil {
		return nil, fmt.Errorf("hello: %w", err)
	}
	var buf chproto.Buffer
	if err := b.Encode(&buf, uint64(protocol)); err != nil { //nolint:gosec // positive
		return nil, fmt.Errorf("hello: %w", err)
	}
	return buf.Buf, nil
}

// readBody reads a request's body: encoded as HTTP says, and within that, if
// blocks is set, in ClickHouse's compressed blocks. The caller gives the buffer
// back, on error too.
func readBody(r io.Reader, encoding string, blocks bool) (*bytes.Buffer, error) {
	var err error
	switch encoding {
	case "", "identity":
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	default:
		err = fmt.Errorf("Content-Encoding %q is not known here", encoding)
	}
	if err != nil {
		return nil, err
	}
	body := takeBuffer()
	if _, err := body.ReadFrom(r); err != nil || !blocks || body.Len() == 0 {
		return body, err
	}
	defer giveBuffer(body)
	plain := takeBuffer()
	_, err = plain.ReadFrom(compress.NewReader(bytes.NewReader(body.Bytes())))
	if errors.Is(err, io.EOF) {
		err = nil // wrapped, at the end of a block; within one it is ErrUnexpectedEOF
	}
	return plain, err
}

// buffers are kept from request to request: a batch takes tens of megabytes.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func takeBuffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func giveBuffer(b *bytes.Buffer) {
	if b != nil {
		buffers.Put(b)
	}
}

// blockSize is how much of an answer one compressed block holds.
const blockSize = 1 << 20

// encode encodes an answer as the request asks.
func encode(body []byte, q url.Values, accept string) (out []byte, encoding string, err error) {
	if q.Get("compress") == "1" {
		return encodeBlocks(body, q.Get("network_compression_method"))
	}
	if q.Get("enable_http_compression") != "1" {
		return body, "", nil
	}
	var buf bytes.Buffer
	var w io.WriteCloser
	switch {
	case strings.Contains(accept, "gzip"):
		w, encoding = gzip.NewWriter(&buf), "gzip"
	case strings.Contains(accept, "deflate"):
		w, encoding = zlib.NewWriter(&buf), "deflate"
	case strings.Contains(accept, "br"):
		w, encoding = brotli.NewWriter(&buf), "br"
	default:
		return body, "", nil
	}
	if _, err = w.Write(body); err == nil {
		err = w.Close()
	}
	return buf.Bytes(), encoding, err
}

func encodeBlocks(body []byte, method string) ([]byte, string, error) {
	m := compress.LZ4
	if strings.EqualFold(method, "zstd") {
		m = compress.ZSTD
	}
	w := compress.NewWriter(compress.LevelZero, m)
	var out []byte
	for len(body) > 0 {
		n := min(len(body), blockSize)
		if err := w.Compress(body[:n]); err != nil {
			return nil, "", fmt.Errorf("compress: %w", err)
		}
		out, body = append(out, w.Data...), body[n:]
	}
	return out, "", nil
}
