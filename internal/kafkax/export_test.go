package kafkax

import (
	"encoding/binary"
	"hash/crc32"
)

// SumUp corrects the checksum of the batch at the front, for tests that change one.
func SumUp(b []byte) []byte {
	if size := setFixed + int64(binary.BigEndian.Uint32(b[8:])); size >= setHead && size <= int64(len(b)) {
		binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:size], castagnoli))
	}
	return b
}

// ParseFetched reads an answer of the protocol's version to a fetch.
func ParseFetched(version int16, b []byte, f Fetch) (Fetched, error) {
	return (&rawFetched{version: version, b: b}).parse(f)
}

// NewCodec returns the codec of a name, as settings have it.
var NewCodec = newCodec
