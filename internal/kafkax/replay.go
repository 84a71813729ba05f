package kafkax

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"bystander/internal/event"
)

// The types of record on the replay topic, as their header ce_type.
const (
	TypeReplayRequest = "bystander.replay.request.v1"
	TypeReplayAnswer  = "bystander.replay.answer.v1"
	TypeReplayHead    = "bystander.replay.head.v1"
)

// ReplayRequest asks a chain's edge for events again. The writer signs it with
// its own key, and an edge that was given the writers' public keys serves nobody
// else. One that was not leaves it to the broker's access rules who may ask: the
// answer tells nothing that the asker could not have read before, and edges bound
// the work.
type ReplayRequest struct {
	ID    string    `json:"id"` // UUID v7
	Chain string    `json:"chain"`
	From  uint64    `json:"from"` // both included
	To    uint64    `json:"to"`
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"` // name of the writer
	Sig   []byte    `json:"sig,omitempty"`
}

// ReplayStatus is how a request ended.
type ReplayStatus string

// The ways in which a request ends. Disposed and parked explain a gap: the edge
// itself signs that it cannot send those events any more.
const (
	ReplayDone     ReplayStatus = "done"     // From to To were sent again
	ReplayDisposed ReplayStatus = "disposed" // From to To are no longer held, by the rule named
	ReplayDamaged  ReplayStatus = "damaged"  // From to To cannot be read from the disk
	ReplayParked   ReplayStatus = "parked"   // From to To are held, but the bus refuses them
	ReplayRefused  ReplayStatus = "refused"  // not served; Reason says why
)

// ReplayAnswer says what became of numbers From to To of a request. One request
// may get several: each number asked for is in exactly one. The edge signs it
// with the key that signs its events.
type ReplayAnswer struct {
	Request string       `json:"request"`
	Chain   string       `json:"chain"`
	From    uint64       `json:"from"`
	To      uint64       `json:"to"`
	Status  ReplayStatus `json:"status"`
	Reason  string       `json:"reason,omitempty"` // rule or cause, nothing about a person
	Head    uint64       `json:"head"`             // the chain's last number then
	At      time.Time    `json:"at"`
	Final   bool         `json:"final"` // the last answer to this request
	Sig     []byte       `json:"sig,omitempty"`
}

// ReplayHead says that the bus has taken a chain's events up to number Head.
// A store that has read the bus to its end and holds less has lost the rest, or
// the bus has: nothing that came later would show that. The edge repeats it, so
// that none needs to be kept, and signs it like its answers.
type ReplayHead struct {
	Chain string    `json:"chain"`
	Head  uint64    `json:"head"`
	At    time.Time `json:"at"`
	Sig   []byte    `json:"sig,omitempty"`
}

// What the signatures are over begins with these.
const (
	requestDomain = "bystander/replay-request/v1\x00"

	answerDomain = "bystander/replay-answer/v1\x00"
	headDomain   = "bystander/replay-head/v1\x00"
)

func replayDigest(domain string, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("kafka: replay: %w", err)
	}
	d := sha256.Sum256(append([]byte(domain), b...))
	return d[:], nil
}

func (a ReplayAnswer) digest() ([]byte, error) {
	a.Sig = nil
	a.At = a.At.UTC()
	return replayDigest(answerDomain, a)
}

func (h ReplayHead) digest() ([]byte, error) {
	h.Sig = nil
	h.At = h.At.UTC()
	return replayDigest(headDomain, h)
}

func (r ReplayRequest) digest() ([]byte, error) {
	r.Sig = nil
	r.At = r.At.UTC()
	return replayDigest(requestDomain, r)
}

// Sign sets the writer's name and signature.
func (r *ReplayRequest) Sign(by string, key ed25519.PrivateKey) error {
	r.By = by
	d, err := r.digest()
	if err != nil {
		return err
	}
	r.Sig = ed25519.Sign(key, d)
	return nil
}

// Verify checks that the writer with the public key pub asks. It fails with
// event.ErrSignature, for a request without a signature too.
func (r ReplayRequest) Verify(pub ed25519.PublicKey) error {
	d, err := r.digest()
	if err != nil {
		return err
	}
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, d, r.Sig) {
		return fmt.Errorf("%w: replay request %s of writer %.64q", event.ErrSignature, r.ID, r.By)
	}
	return nil
}

// Sign sets a's signature.
func (a *ReplayAnswer) Sign(key ed25519.PrivateKey) error {
	d, err := a.digest()
	if err != nil {
		return err
	}
	a.Sig = ed25519.Sign(key, d)
	return nil
}

// Verify checks that the chain with the public key pub gave this answer. It
// fails with event.ErrSignature.
func (a ReplayAnswer) Verify(pub ed25519.PublicKey) error {
	d, err := a.digest()
	if err != nil {
		return err
	}
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, d, a.Sig) {
		return fmt.Errorf("%w: replay answer of chain %s", event.ErrSignature, a.Chain)
	}
	return nil
}

// Sign sets h's signature.
func (h *ReplayHead) Sign(key ed25519.PrivateKey) error {
	d, err := h.digest()
	if err != nil {
		return err
	}
	h.Sig = ed25519.Sign(key, d)
	return nil
}

// Verify checks that the chain with the public key pub said so. It fails with
// event.ErrSignature.
func (h ReplayHead) Verify(pub ed25519.PublicKey) error {
	d, err := h.digest()
	if err != nil {
		return err
	}
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, d, h.Sig) {
		return fmt.Errorf("%w: head of chain %s", event.ErrSignature, h.Chain)
	}
	return nil
}

// Check reports with event.ErrInvalid what is wrong with a request by itself.
func (r ReplayRequest) Check() error {
	switch {
	case r.ID == "" || len(r.ID) > 64:
		return fmt.Errorf("%w: replay request without a usable id", event.ErrInvalid)
	case r.Chain == "" || len(r.Chain) > 256:
		return fmt.Errorf("%w: replay request %s names no chain", event.ErrInvalid, r.ID)
	case len(r.By) > 256:
		return fmt.Errorf("%w: replay request %s of a writer with a name of %d bytes", event.ErrInvalid, r.ID, len(r.By))
	case r.From == 0 || r.To < r.From:
		return fmt.Errorf("%w: replay request %s for numbers %d to %d", event.ErrInvalid, r.ID, r.From, r.To)
	case r.At.IsZero():
		return fmt.Errorf("%w: replay request %s without a time", event.ErrInvalid, r.ID)
	}
	return nil
}

// Record returns the request as a record for the replay topic.
func (r ReplayRequest) Record() (kafka.Message, error) {
	if err := r.Check(); err != nil {
		return kafka.Message{}, err
	}
	return replayRecord(r.Chain, r.ID, TypeReplayRequest, "/bystander/store", r.At, r)
}

// Record returns the answer as a record for the replay topic.
func (a ReplayAnswer) Record() (kafka.Message, error) {
	id := fmt.Sprintf("%s-%d-%d", a.Request, a.From, a.To)
	return replayRecord(a.Chain, id, TypeReplayAnswer, event.CloudSource(a.Chain), a.At, a)
}

// Record returns the head as a record for the replay topic.
func (h ReplayHead) Record() (kafka.Message, error) {
	id := fmt.Sprintf("head-%s-%d-%d", h.Chain, h.Head, h.At.UnixMilli())
	return replayRecord(h.Chain, id, TypeReplayHead, event.CloudSource(h.Chain), h.At, h)
}

func replayRecord(chain, id, typ, source string, at time.Time, v any) (kafka.Message, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return kafka.Message{}, fmt.Errorf("kafka: replay: %w", err)
	}
	return kafka.Message{
		Key: []byte(chain), Value: b, Time: at,
		Headers: []kafka.Header{
			{Key: HeaderSpec, Value: []byte(event.SpecVersion)},
			{Key: HeaderID, Value: []byte(id)},
			{Key: HeaderSource, Value: []byte(source)},
			{Key: HeaderType, Value: []byte(typ)},
			{Key: HeaderTime, Value: at.UTC().AppendFormat(nil, time.RFC3339Nano)},
			{Key: HeaderMedia, Value: []byte(event.ContentType)},
		},
	}, nil
}

// maxReplay bounds a record of the replay topic, which anybody who may ask writes.
const maxReplay = 4096

// Replay is a record of the replay topic: one of these. Answers and heads are
// not verified yet.
type Replay struct {
	Request *ReplayRequest
	Answer  *ReplayAnswer
	Head    *ReplayHead
}

// ReadReplay reads a record of the replay topic. It fails with event.ErrEncoding
// and event.ErrInvalid.
func ReadReplay(m kafka.Message) (Replay, error) {
	if len(m.Value) > maxReplay {
		return Replay{}, fmt.Errorf("%w: replay record of %d bytes", event.ErrEncoding, len(m.Value))
	}
	var r Replay
	var v any
	check := func() error { return nil }
	switch typ := string(Header(m.Headers, HeaderType)); typ {
	case TypeReplayRequest:
		r.Request = new(ReplayRequest)
		v, check = r.Request, func() error { return r.Request.Check() }
	case TypeReplayAnswer:
		r.Answer = new(ReplayAnswer)
		v = r.Answer
	case TypeReplayHead:
		r.Head = new(ReplayHead)
		v = r.Head
	default:
		return Replay{}, fmt.Errorf("%w: replay record of type %q", event.ErrEncoding, typ)
	}
	if err := json.Unmarshal(m.Value, v); err != nil {
		return Replay{}, fmt.Errorf("%w: replay record: %w", event.ErrEncoding, err)
	}
	if err := check(); err != nil {
		return Replay{}, err
	}
	return r, nil
}
