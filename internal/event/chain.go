package event

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// SaltSize is the length of an event's salt in bytes.
const SaltSize = 16

// Head is the end of a chain: the number and row hash of its last event. The
// zero value is an empty chain; the first event has number 1 and links to the
// zero hash.
type Head struct {
	ChainID string `json:"chain_id"`
	Seq     uint64 `json:"seq"`
	Hash    Digest `json:"hash"`
}

// HeadOf returns the chain's end when e is its last event.
func HeadOf(e *Event) Head { return Head{e.ChainID, e.Seq, e.RowHash} }

// ChainConfig says how a Chain works. ID and Key are needed.
type ChainConfig struct {
	ID   string             // of the edge; part of each event
	Key  ed25519.PrivateKey // of the edge
	Last Head               // where to go on, as the spool knows it
	Rand io.Reader          // for ids and salts; crypto/rand when nil
	Now  func() time.Time   // for events without a time; time.Now when nil
}

// Chain numbers, links, salts and signs events. It is safe for concurrent use,
// but sealing and storing must happen in the same order: see Rewind.
type Chain struct {
	mu   sync.Mutex
	cfg  ChainConfig
	last Head
	buf  []byte
}

// NewChain returns a chain that goes on after cfg.Last.
func NewChain(cfg ChainConfig) (*Chain, error) {
	if cfg.ID == "" || checkText(cfg.ID) != nil {
		return nil, fmt.Errorf("%w: chain id %q: give this edge a name", ErrInvalid, cfg.ID)
	}
	if len(cfg.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: signing key of %d bytes, want %d", ErrInvalid, len(cfg.Key), ed25519.PrivateKeySize)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Chain{cfg: cfg}
	if err := c.Rewind(cfg.Last); err != nil {
		return nil, err
	}
	return c, nil
}

// ID returns the chain's name.
func (c *Chain) ID() string { return c.cfg.ID }

// PublicKey returns the key that verifies the chain's signatures.
func (c *Chain) PublicKey() ed25519.PublicKey { return c.cfg.Key.Public().(ed25519.PublicKey) }

// Head returns the last number given out and its hash.
func (c *Chain) Head() Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Rewind makes the chain go on after h. It is for the holder of the durable
// log alone, after sealed events could not be stored: their numbers are then
// given out again, which is right only because nobody has seen them.
func (c *Chain) Rewind(h Head) error {
	if h.Seq > 0 && h.ChainID != c.cfg.ID {
		return fmt.Errorf("%w: the log holds chain %q, this edge is %q: give it its own log directory", ErrChain, h.ChainID, c.cfg.ID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = Head{c.cfg.ID, h.Seq, h.Hash}
	return nil
}

// Seal completes e in place: a UUID v7 unless it has an id, the time in UTC and
// whole milliseconds (now if unset), "unsynced" unless the quality is known, a
// salt, number, link, hash and signature. On error e is not on the chain and no
// number is used up. Sealing an event that has a number fails with ErrInvalid.
func (c *Chain) Seal(e *Event) error {
	if e.Seq != 0 || e.ChainID != "" {
		return fmt.Errorf("%w: already sealed as %s/%d", ErrInvalid, e.ChainID, e.Seq)
	}
	if e.Kind == "" {
		return fmt.Errorf("%w: kind is missing", ErrInvalid)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *e
	if err := c.fill(&s); err != nil {
		return err
	}
	s.ChainID, s.Seq, s.PrevHash = c.cfg.ID, c.last.Seq+1, c.last.Hash
	if err := s.Check(); err != nil {
		return err
	}
	if c.buf == nil {
		c.buf = make([]byte, 0, 2048)
	}
	s.RowHash = s.hash(c.buf)
	s.NodeSig = ed25519.Sign(c.cfg.Key, s.RowHash[:])
	c.last = HeadOf(&s)
	*e = s
	return nil
}

func (c *Chain) fill(e *Event) error {
	if e.ID == "" {
		id, err := uuid.NewV7FromReader(c.cfg.Rand)
		if err != nil {
			return fmt.Errorf("event: id: %w", err)
		}
		e.ID = id.String()
	} else if id, err := uuid.Parse(e.ID); err != nil || id.Version() != 7 || id.String() != e.ID {
		return fmt.Errorf("%w: event_id %q is not a UUID v7 in lower case", ErrInvalid, e.ID)
	}
	if e.TS.IsZero() {
		e.TS = c.cfg.Now()
	}
	e.TS = e.TS.UTC().Truncate(time.Millisecond)
	if e.TSQuality == "" {
		e.TSQuality = TSUnsynced
	}
	for _, f := range []*float32{&e.Score, &e.Threshold, &e.Margin, &e.Quality} {
		if *f == 0 {
			*f = 0 // −0 becomes 0, which every store can tell from nothing else
		}
	}
	e.Salt = make([]byte, SaltSize)
	if _, err := io.ReadFull(c.cfg.Rand, e.Salt); err != nil {
		return fmt.Errorf("event: salt: %w", err)
	}
	e.RowHash, e.NodeSig = Digest{}, nil
	return nil
}

// Verify checks that e follows prev on the same chain, that its content matches
// its hash, and that pub signed it. A zero prev asks for the first event. The
// error wraps one of ErrChain, ErrGap, ErrLink, ErrHash, ErrSignature.
func Verify(prev Head, e *Event, pub ed25519.PublicKey) error {
	switch {
	case prev.Seq > 0 && e.ChainID != prev.ChainID:
		return fmt.Errorf("%w: %q after %q", ErrChain, e.ChainID, prev.ChainID)
	case e.Seq != prev.Seq+1:
		return fmt.Errorf("%w: %s/%d after %d", ErrGap, e.ChainID, e.Seq, prev.Seq)
	case e.PrevHash != prev.Hash:
		return fmt.Errorf("%w: %s/%d", ErrLink, e.ChainID, e.Seq)
	}
	return VerifyContent(e, pub)
}

// VerifyContent checks e's hash and signature without its place in the chain.
func VerifyContent(e *Event, pub ed25519.PublicKey) error {
	h, err := e.Hash()
	if err != nil || h != e.RowHash {
		return fmt.Errorf("%w: %s/%d", ErrHash, e.ChainID, e.Seq)
	}
	if len(pub) != ed25519.PublicKeySize || !ed25519.Verify(pub, h[:], e.NodeSig) {
		return fmt.Errorf("%w: %s/%d", ErrSignature, e.ChainID, e.Seq)
	}
	return nil
}
