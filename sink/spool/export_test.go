package spool

import (
	"bytes"
	"errors"
	"io"
)

// FrameHead and HeaderSize are the format's fixed sizes.
const (
	FrameHead  = frameHead
	HeaderSize = headerSize
)

// ScanAll walks bytes as a segment's frames, past damage, and returns the
// payloads of the whole ones with their numbers.
func ScanAll(b []byte) (seqs []uint64, payloads [][]byte, err error) {
	sc := &scanner{r: bytes.NewReader(b), limit: int64(len(b))}
	for {
		fr, err := sc.next()
		switch {
		case errors.Is(err, io.EOF):
			return seqs, payloads, nil
		case errors.Is(err, ErrCorrupt):
			found, err := sc.resync()
			if err != nil || !found {
				return seqs, payloads, err
			}
		case err != nil:
			return nil, nil, err
		default:
			seqs = append(seqs, fr.seq)
			payloads = append(payloads, bytes.Clone(fr.payload))
		}
	}
}

// Frame returns one frame around a payload of the caller's.
var AppendFrame = appendFrame
