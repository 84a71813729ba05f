package event

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// canonical appends the canonical form of e. The fields are written out one by
// one, since every event passes here several times and a loop over a table costs
// more than all the rest; a test holds the list against Fields.
func (e *Event) canonical(dst []byte) []byte {
	dst = formText(dst, "assessment_id", e.AssessmentID)
	dst = formText(dst, "camera_id", e.CameraID)
	dst = formText(dst, "chain_id", e.ChainID)
	dst = formDigest(dst, "consent_ref", &e.ConsentRef)
	dst = formUint(dst, "consent_version", uint64(e.ConsentVersion))
	dst = formText(dst, "dek_id", e.DEKID)
	dst = formMap(dst, "detail", e.Detail)
	dst = formText(dst, "event_id", e.ID)
	dst = formDigest(dst, "gallery_root", &e.GalleryRoot)
	dst = formUint(dst, "gallery_size", uint64(e.GallerySize))
	dst = formUint(dst, "gate_bits", uint64(e.GateBits))
	dst = formText(dst, "gate_mode", e.GateMode)
	dst = formText(dst, "inspection_id", e.InspectionID)
	dst = formText(dst, "kind", string(e.Kind))
	dst = formFloat(dst, "margin", e.Margin)
	dst = formDigest(dst, "model_digest", &e.ModelDigest)
	dst = formText(dst, "notice_version", e.NoticeVersion)
	dst = formText(dst, "pad", e.PAD)
	dst = formBytes(dst, "payload_enc", e.PayloadEnc)
	dst = formUint(dst, "policy_version", e.PolicyVersion)
	dst = formDigest(dst, "prev_hash", &e.PrevHash)
	dst = formFloat(dst, "quality", e.Quality)
	dst = formText(dst, "receipt_id", e.ReceiptID)
	dst = formText(dst, "ref_event", e.RefEvent)
	dst = formDigest(dst, "reviewer_ref", &e.ReviewerRef)
	dst = formBytes(dst, "salt", e.Salt)
	dst = formText(dst, "scene_id", e.SceneID)
	dst = formFloat(dst, "score", e.Score)
	dst = formUint(dst, "seq", e.Seq)
	dst = formDigest(dst, "sign_set_hash", &e.SignSetHash)
	dst = formText(dst, "site_id", e.SiteID)
	dst = formDigest(dst, "subject_ref", &e.SubjectRef)
	dst = formDigest(dst, "template_ref", &e.TemplateRef)
	dst = formFloat(dst, "threshold", e.Threshold)
	dst = formTime(dst, "ts", e.TS)
	dst = formText(dst, "ts_quality", string(e.TSQuality))
	dst = formText(dst, "verdict", e.Verdict)
	dst = formText(dst, "zone_id", e.ZoneID)
	return formUint(dst, "zone_version", uint64(e.ZoneVersion))
}

// formHead appends what stands before a value of n bytes.
func formHead(dst []byte, name string, t Type, n int) []byte {
	dst = append(dst, byte(len(name)))
	dst = append(dst, name...)
	return append(dst, byte(t), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func formText(dst []byte, name, v string) []byte {
	if v == "" {
		return dst
	}
	return append(formHead(dst, name, TypeString, len(v)), v...)
}

func formBytes(dst []byte, name string, v []byte) []byte {
	if len(v) == 0 {
		return dst
	}
	return append(formHead(dst, name, TypeBytes, len(v)), v...)
}

func formDigest(dst []byte, name string, v *Digest) []byte {
	if *v == (Digest{}) {
		return dst
	}
	return append(formHead(dst, name, TypeDigest, len(v)), v[:]...)
}

func formUint(dst []byte, name string, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return binary.BigEndian.AppendUint64(formHead(dst, name, TypeUint, 8), v)
}

func formFloat(dst []byte, name string, v float32) []byte {
	bits := math.Float32bits(v)
	if bits == 0 {
		return dst
	}
	return binary.BigEndian.AppendUint32(formHead(dst, name, TypeFloat, 4), bits)
}

func formTime(dst []byte, name string, v time.Time) []byte {
	if v.IsZero() {
		return dst
	}
	return binary.BigEndian.AppendUint64(formHead(dst, name, TypeTime, 8), uint64(v.UnixMilli())) //nolint:gosec // the bits
}

func formMap(dst []byte, name string, m map[string]string) []byte {
	if len(m) == 0 {
		return dst
	}
	dst = formHead(dst, name, TypeMap, 0)
	at := len(dst)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(k))) //nolint:gosec // bounded by MaxEncoded
		dst = append(dst, k...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m[k]))) //nolint:gosec // bounded by MaxEncoded
		dst = append(dst, m[k]...)
	}
	binary.BigEndian.PutUint32(dst[at-4:], uint32(len(dst)-at)) //nolint:gosec // bounded by MaxEncoded
	return dst
}
