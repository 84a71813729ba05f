package av

import (
	"encoding/binary"
	"os"
)

// cutShort tells whether a file of the MP4 family lacks its index, the moov
// box: what is left of a recording that was not finished. It reads the heads
// of the outermost boxes (ISO/IEC 14496-12, 4.2) and nothing else.
func cutShort(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false
	}
	known := false
	for at, n := int64(0), 0; n < 1000; n++ {
		var h [16]byte
		if _, err := f.ReadAt(h[:8], at); err != nil {
			return known // the end, or a stump of a head
		}
		size := int64(binary.BigEndian.Uint32(h[:4]))
		switch string(h[4:8]) {
		case "ftyp", "mdat", "free", "skip", "wide", "uuid", "pnot":
			known = true
		case "moov":
			return at+size > st.Size()
		default:
			return false
		}
		switch size {
		case 0: // to the end of the file
			return known
		case 1:
			if _, err := f.ReadAt(h[:], at); err != nil {
				return known
			}
			size = int64(binary.BigEndian.Uint64(h[8:]))
		}
		if size < 8 || size > st.Size()-at {
			return known
		}
		at += size
	}
	return false
}
