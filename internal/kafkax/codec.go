package kafkax

import (
	"io"
	"sync"

	"github.com/pierrec/lz4/v4"
	"github.com/segmentio/kafka-go/compress"
	kafkalz4 "github.com/segmentio/kafka-go/compress/lz4"
	"github.com/segmentio/kafka-go/compress/zstd"
)

// newCodec returns the codec of that name. Of zstd it is the fastest level: our
// records are half hashes and ciphertext, of which no level makes less, and the
// default level takes twice the time.
func newCodec(name string) compress.Codec {
	switch name {
	case "lz4":
		return &frugalLZ4{}
	case "zstd":
		return &zstd.Codec{Level: 1}
	default:
		return nil
	}
}

// frugalLZ4 writes frames without a checksum over their content, which the
// batch has one of already, in blocks that stay in the processor's cache. Any
// reader of LZ4 frames reads them.
type frugalLZ4 struct {
	kafkalz4.Codec

	writers sync.Pool
}

// NewWriter implements compress.Codec.
func (c *frugalLZ4) NewWriter(to io.Writer) io.WriteCloser {
	w, _ := c.writers.Get().(*lz4.Writer)
	if w == nil {
		w = lz4.NewWriter(nil)
		if err := w.Apply(lz4.ChecksumOption(false), lz4.BlockSizeOption(lz4.Block256Kb)); err != nil {
			panic(err) // the options are constants
		}
	}
	w.Reset(to)
	return &frugalWriter{w, c}
}

type frugalWriter struct {
	*lz4.Writer

	c *frugalLZ4
}

// Close ends the frame and gives the writer back.
func (w *frugalWriter) Close() error {
	err := w.Writer.Close()
	w.Reset(nil)
	w.c.writers.Put(w.Writer)
	w.Writer = nil
	return err
}
