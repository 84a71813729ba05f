// Package receipt defines the signed statement that the edge leaves beside each
// recorded segment: which pictures it holds, how many faces were masked or
// shown, by which method and models, in what health, and the SHA-256 of the
// file. It is pure Go and holds no picture, no place in a picture and no
// pseudonym.
//
// # Written form
//
// A receipt is one JSON object whose members stand in the order of Receipt's
// fields. Numbers are integers below 2^53; text is UTF-8 without control
// characters and line separators; times are RFC 3339 in UTC, no finer than
// milliseconds, without trailing zeros. White space between members is free,
// nothing else is: Parse refuses unknown, doubled and reordered members.
//
// # Signed form
//
// The signature is Ed25519 (RFC 8032) over Domain followed by the receipt
// without its member "signature" in the JSON Canonicalization Scheme (RFC 8785),
// which under the limits above means: members sorted by name at every level, no
// white space, and only the quotation mark and the backslash escaped.
package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Version is the version of the form that this package writes and reads.
const Version = 1

// Domain separates these signatures from all others of the same key. It ends in
// a zero byte.
const Domain = "bystander/receipt/v1\x00"

// Suffix is what a segment's file name gets to name its receipt.
const Suffix = ".receipt.json"

// MaxBytes bounds a receipt's written form.
const MaxBytes = 64 << 10

// Receipt is what an edge states of one recorded segment.
type Receipt struct {
	Version int       `json:"version"`
	ID      string    `json:"receipt_id"` // UUID v7
	Segment string    `json:"segment_id"` // of the recorder
	Edge    string    `json:"edge_id"`    // the name of its event chain
	Key     string    `json:"key_id"`     // KeyID of the signing key
	Issued  time.Time `json:"issued"`
	Stream  Stream    `json:"stream"`
	Frames  Frames    `json:"frames"`
	Faces   Faces     `json:"faces"`
	Method  Method    `json:"method"`
	Models  []Model   `json:"models"`
	Health  Health    `json:"health"`
	Output  Output    `json:"output"`
	// Restored tells that a crash or a full disk came between: the file was
	// finished later from what had reached the disk. What was lost with the
	// process, health above all, is then not known.
	Restored  bool   `json:"restored"`
	Signature []byte `json:"signature"` // Ed25519, base64
}

// Stream names whose pictures these are.
type Stream struct {
	Camera string `json:"camera"`
	Rule   string `json:"rule"` // the audience whose consents held: "record"
}

// Frames says which pictures the segment holds. First and Last are the numbers
// that the camera's source gave them; between them some may be missing, which
// Count tells.
type Frames struct {
	First    int64     `json:"first"`
	Last     int64     `json:"last"`
	Count    int64     `json:"count"`
	FullMask int64     `json:"full_mask"` // covered as a whole
	Fault    int64     `json:"fault"`     // of those, because something failed
	Start    time.Time `json:"start"`     // capture of the first
	End      time.Time `json:"end"`       // when the last one ends
}

// Faces counts faces on pictures: a face in view for ten pictures counts ten
// times. Found = Masked + Clear.
type Faces struct {
	Found  int64 `json:"found"`
	Masked int64 `json:"masked"`
	Clear  int64 `json:"clear"`
}

// Method says how people were covered.
type Method struct {
	Name       string `json:"name"`    // "union"
	Version    string `json:"version"` // of the program
	Style      string `json:"style"`
	Coverage   string `json:"coverage"`
	Hold       int64  `json:"hold"`             // pictures held back
	Margin     int64  `json:"margin_per_mille"` // added around a head
	TrackHold  int64  `json:"track_hold_ms"`    // a lost track is covered this long
	FaceEvery  int64  `json:"face_every"`       // pictures between looks for faces
	FaceScore  int64  `json:"face_per_mille"`   // the least score that counts
	PersonEach int64  `json:"person_every"`     // pictures between looks for people
}

// Model is one model that took part.
type Model struct {
	Role   string `json:"role"` // face, person, embedding, judge
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the model file, hex
}

// Canary is the state of the detector's own check.
type Canary string

// The states of the canary.
const (
	CanaryPassed  Canary = "passed"
	CanaryFailed  Canary = "failed"
	CanaryNone    Canary = "none" // a detector that is not checked, or no detector
	CanaryUnknown Canary = "unknown"
)

// Health is what else was known of the stream, counted from the receipt before
// this one, or from the start of the program, until this one was issued.
type Health struct {
	Known      bool   `json:"known"`      // false: none of the below is
	Canary     Canary `json:"canary"`     // as of the time of issue
	Dropped    int64  `json:"dropped"`    // pictures that nobody took in time
	Corrupt    int64  `json:"corrupt"`    // packets or pictures that could not be decoded
	Withheld   int64  `json:"withheld"`   // pictures that could not be covered and never left
	Unwritten  int64  `json:"unwritten"`  // redacted pictures that the recorder let go
	Reconnects int64  `json:"reconnects"` // of the camera
	Restarts   int64  `json:"restarts"`   // of the camera's worker
	SelfCheck  Judged `json:"self_check"`
}

// Judged counts what the self-check looked at and found.
type Judged struct {
	Checks int64 `json:"checks"`
	Hits   int64 `json:"hits"`
}

// Output is the file as it was finished.
type Output struct {
	File   string `json:"file"` // its name, without folders
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
	Width  int64  `json:"width"`
	Height int64  `json:"height"`
}

// KeyID names a public key: the first 16 bytes of its SHA-256, in hex.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:16])
}
