package event

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// MaxJSON bounds the JSON form of one event in bytes: what MaxEncoded allows,
// with every character escaped.
const MaxJSON = 6*MaxEncoded + 1<<14

// AppendJSON appends the JSON form of e to dst: byte for byte what
// encoding/json gives, at a fraction of its cost. It is the value of a record
// on the bus, so that anybody can read one. It fails like Canonical. The fields
// are written out one by one for the reason that canonical gives.
func (e *Event) AppendJSON(dst []byte) ([]byte, error) {
	if err := e.Check(); err != nil {
		return dst, err
	}
	dst = appendQuoted(append(dst, `{"event_id":`...), e.ID)
	dst = append(dst, `,"ts":"`...)
	dst = append(AppendTime(dst, e.TS), '"')
	dst = appendQuoted(append(dst, `,"ts_quality":`...), string(e.TSQuality))
	dst = appendQuoted(append(dst, `,"kind":`...), string(e.Kind))
	dst = appendQuoted(append(dst, `,"site_id":`...), e.SiteID)
	dst = appendQuoted(append(dst, `,"camera_id":`...), e.CameraID)
	dst = jsonText(dst, `,"scene_id":`, e.SceneID)
	dst = jsonText(dst, `,"zone_id":`, e.ZoneID)
	dst = jsonUint(dst, `,"zone_version":`, uint64(e.ZoneVersion))
	dst = jsonDigest(dst, `,"sign_set_hash":"`, &e.SignSetHash)
	dst = jsonText(dst, `,"inspection_id":`, e.InspectionID)
	dst = jsonUint(dst, `,"policy_version":`, e.PolicyVersion)
	dst = jsonText(dst, `,"notice_version":`, e.NoticeVersion)
	dst = jsonText(dst, `,"assessment_id":`, e.AssessmentID)
	dst = jsonText(dst, `,"gate_mode":`, e.GateMode)
	dst = jsonUint(dst, `,"gate_bits":`, uint64(e.GateBits))
	dst = jsonDigest(dst, `,"subject_ref":"`, &e.SubjectRef)
	dst = jsonDigest(dst, `,"consent_ref":"`, &e.ConsentRef)
	dst = jsonUint(dst, `,"consent_version":`, uint64(e.ConsentVersion))
	dst = jsonDigest(dst, `,"gallery_root":"`, &e.GalleryRoot)
	dst = jsonUint(dst, `,"gallery_size":`, uint64(e.GallerySize))
	dst = jsonDigest(dst, `,"template_ref":"`, &e.TemplateRef)
	dst = jsonDigest(dst, `,"model_digest":"`, &e.ModelDigest)
	dst = jsonFloat(dst, `,"score":`, e.Score)
	dst = jsonFloat(dst, `,"threshold":`, e.Threshold)
	dst = jsonFloat(dst, `,"margin":`, e.Margin)
	dst = jsonFloat(dst, `,"quality":`, e.Quality)
	dst = jsonText(dst, `,"pad":`, e.PAD)
	dst = jsonText(dst, `,"ref_event":`, e.RefEvent)
	dst = jsonDigest(dst, `,"reviewer_ref":"`, &e.ReviewerRef)
	dst = jsonText(dst, `,"verdict":`, e.Verdict)
	dst = jsonText(dst, `,"receipt_id":`, e.ReceiptID)
	dst = jsonBytes(dst, `,"payload_enc":"`, e.PayloadEnc)
	dst = jsonText(dst, `,"dek_id":`, e.DEKID)
	dst = jsonBytes(dst, `,"salt":"`, e.Salt)
	if len(e.Detail) > 0 {
		dst = appendMap(append(dst, `,"detail":`...), e.Detail)
	}
	dst = appendQuoted(append(dst, `,"chain_id":`...), e.ChainID)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), e.Seq, 10)
	dst = jsonDigest(dst, `,"prev_hash":"`, &e.PrevHash)
	dst = jsonDigest(dst, `,"row_hash":"`, &e.RowHash)
	dst = jsonBytes(dst, `,"node_sig":"`, e.NodeSig)
	return append(dst, '}'), nil
}

func jsonText(dst []byte, key, v string) []byte {
	if v == "" {
		return dst
	}
	return appendQuoted(append(dst, key...), v)
}

func jsonUint(dst []byte, key string, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return strconv.AppendUint(append(dst, key...), v, 10)
}

func jsonFloat(dst []byte, key string, v float32) []byte {
	if math.Float32bits(v) == 0 {
		return dst
	}
	return appendFloat(append(dst, key...), v)
}

func jsonDigest(dst []byte, key string, v *Digest) []byte {
	if *v == (Digest{}) {
		return dst
	}
	return append(hex.AppendEncode(append(dst, key...), v[:]), '"')
}

func jsonBytes(dst []byte, key string, v []byte) []byte {
	if len(v) == 0 {
		return dst
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, key...), v), '"')
}

// AppendTime appends an event's time as it stands in the JSON form and in the
// headers of a record: RFC 3339, no finer than needed.
func AppendTime(dst []byte, t time.Time) []byte {
	ms := t.Nanosecond() / int(time.Millisecond)
	if t.Location() != time.UTC || t.Nanosecond()%int(time.Millisecond) != 0 || t.Year() < 1000 || t.Year() > 9999 {
		return t.AppendFormat(dst, time.RFC3339Nano)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	dst = append(twoDigits(dst, int(month)), '-')
	dst = append(twoDigits(dst, day), 'T')
	dst = append(twoDigits(dst, hour), ':')
	dst = append(twoDigits(dst, minute), ':')
	dst = twoDigits(dst, second)
	if ms > 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'Z')
}

func twoDigits(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func appendMap(dst []byte, m map[string]string) []byte {
	comma := byte('{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = append(dst, comma)
		dst = appendQuoted(dst, k)
		dst = append(dst, ':')
		dst = appendQuoted(dst, m[k])
		comma = ','
	}
	if comma == '{' {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// appendFloat writes the shortest text that reads back as f, with an exponent
// for the very small and the very large, as ECMAScript does.
func appendFloat(dst []byte, f float32) []byte {
	abs := float32(math.Abs(float64(f)))
	if abs == 0 || abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, float64(f), 'f', -1, 32)
	}
	dst = strconv.AppendFloat(dst, float64(f), 'e', -1, 32)
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-09 is written e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// bare tells which ASCII characters stand in a JSON string as they are.
var bare = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// appendQuoted writes s, which is UTF-8, as a JSON string. As encoding/json does,
// it also escapes what would be unsafe inside HTML or JavaScript.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	i := 0
	for i < len(s) && bare[s[i]] {
		i++
	}
	if i == len(s) { // the usual case
		return append(append(dst, s...), '"')
	}
	from := 0
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if bare[c] {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			dst = appendEscape(dst, c)
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\u2028' || r == '\u2029' {
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			from = i + n
		}
		i += n
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}
