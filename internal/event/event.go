// Package event defines the records that the house keeps: what happened, when,
// and which zone, signs, notice, policy and consent made it lawful. An event
// never holds a name, a picture or a template.
package event

import (
	"encoding/hex"
	"fmt"
	"time"
)

// Kind says what an event records.
type Kind string

// The kinds of event.
const (
	KindUseStart     Kind = "use_start"     // a camera's pictures began to be processed
	KindUseEnd       Kind = "use_end"       // and ended
	KindMatch        Kind = "match"         // an enrollee was recognised under their consent
	KindClaimOutcome Kind = "claim_outcome" // the outcome of an enrollee's own claim
	KindVerify       Kind = "verify_1to1"
	KindUnmask       Kind = "unmask" // an enrollee began to be shown clear
	KindHumanReview  Kind = "human_review"
	KindGateChange   Kind = "gate_change"   // what makes matching lawful changed
	KindCameraHealth Kind = "camera_health" // connected, lost, masked by fault
	KindZoneMinute   Kind = "zone_minute"   // per-minute counters, small counts suppressed
	KindSegment      Kind = "segment"       // a recorded segment was finished and has the receipt named
)

// TSQuality says how far an event's time can be trusted.
type TSQuality string

// The qualities of a time stamp.
const (
	TSSynced   TSQuality = "synced"
	TSUnsynced TSQuality = "unsynced"
	TSCamera   TSQuality = "camera"
)

// Digest is a SHA-256 or HMAC-SHA-256 value; the zero value means none. Its
// text form is lower-case hex, empty for none.
type Digest [32]byte

// IsZero reports whether there is no value.
func (d Digest) IsZero() bool { return d == Digest{} }

func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	if len(b) != 2*len(d) {
		return fmt.Errorf("event: digest of %d hex digits, want %d", len(b), 2*len(d))
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// Event is one row of the match log (REQUIREMENTS section 6). The fields down
// to Detail are set by whoever saw it happen; the rest by the Chain that
// numbers, links and signs. The class tag is the field's data class (see Class);
// a test refuses a field without one.
type Event struct {
	ID        string    `json:"event_id" class:"L1"` // UUID v7
	TS        time.Time `json:"ts" class:"L2"`
	TSQuality TSQuality `json:"ts_quality" class:"L1"`
	Kind      Kind      `json:"kind" class:"L1"`

	SiteID   string `json:"site_id" class:"L1"`
	CameraID string `json:"camera_id" class:"L2"`
	SceneID  string `json:"scene_id,omitempty" class:"L2"`

	ZoneID       string `json:"zone_id,omitempty" class:"L2"`
	ZoneVersion  uint32 `json:"zone_version,omitempty" class:"L1"`
	SignSetHash  Digest `json:"sign_set_hash,omitzero" class:"L1"`
	InspectionID string `json:"inspection_id,omitempty" class:"L2"`

	PolicyVersion uint64 `json:"policy_version,omitempty" class:"L1"`
	NoticeVersion string `json:"notice_version,omitempty" class:"L1"`
	AssessmentID  string `json:"assessment_id,omitempty" class:"L2"`

	GateMode string `json:"gate_mode,omitempty" class:"L1"` // "zone" or "claim"
	GateBits uint32 `json:"gate_bits,omitempty" class:"L2"` // policy.Bits

	SubjectRef     Digest `json:"subject_ref,omitzero" class:"L3"` // HMAC(subject key, scene, day)
	ConsentRef     Digest `json:"consent_ref,omitzero" class:"L3"`
	ConsentVersion uint32 `json:"consent_version,omitempty" class:"L2"`

	GalleryRoot Digest `json:"gallery_root,omitzero" class:"L2"`
	GallerySize uint32 `json:"gallery_size,omitempty" class:"L2"`
	TemplateRef Digest `json:"template_ref,omitzero" class:"L3"`
	ModelDigest Digest `json:"model_digest,omitzero" class:"L1"`

	Score     float32 `json:"score,omitempty" class:"L3"`
	Threshold float32 `json:"threshold,omitempty" class:"L2"`
	Margin    float32 `json:"margin,omitempty" class:"L3"`
	Quality   float32 `json:"quality,omitempty" class:"L3"`
	PAD       string  `json:"pad,omitempty" class:"L3"`

	RefEvent    string `json:"ref_event,omitempty" class:"L2"`
	ReviewerRef Digest `json:"reviewer_ref,omitzero" class:"L3"`
	Verdict     string `json:"verdict,omitempty" class:"L3"`
	ReceiptID   string `json:"receipt_id,omitempty" class:"L2"`

	PayloadEnc []byte `json:"payload_enc,omitempty" class:"L3"` // AES-256-GCM under the subject's key
	DEKID      string `json:"dek_id,omitempty" class:"L3"`
	Salt       []byte `json:"salt,omitempty" class:"L2"` // 16 bytes

	// Detail holds what a camera_health, gate_change, zone_minute or segment
	// event says, with bounded keys and nothing about a person.
	Detail map[string]string `json:"detail,omitempty" class:"L2"`

	ChainID  string `json:"chain_id" class:"L1"`
	Seq      uint64 `json:"seq" class:"L1"`
	PrevHash Digest `json:"prev_hash,omitzero" class:"L1"`
	RowHash  Digest `json:"row_hash,omitzero" class:"L1"`
	NodeSig  []byte `json:"node_sig,omitempty" class:"L1"` // Ed25519 over RowHash
}
