package match

import (
	"fmt"
	"time"

	"bystander/policy"
)

// Rules are the numbers that a judge decides by. A site may only be stricter.
type Rules struct {
	FPIR    float64 // accepted probability that one look takes a stranger for a candidate
	Margin  float32 // lead over the second best candidate, or over 0 when alone
	Quality float32 // least quality of a face that is embedded, 0–1
	// Agree of the last Window looks must name the same person.
	Agree, Window int
	// Interval is the least time between two embeddings of one track.
	Interval time.Duration
	// ProofHolds is how long one agreeing look holds; at most policy.MaxLease.
	ProofHolds time.Duration
	// Quiet is how long the same change on one track is not logged again.
	Quiet time.Duration
}

// DefaultRules are the numbers that ship. One look in ten thousand may take a
// stranger for a candidate, and it takes three looks half a second apart.
func DefaultRules() Rules {
	return Rules{
		FPIR: 1e-4, Margin: 0.10, Quality: 0.35, Agree: 3, Window: 5,
		Interval: 500 * time.Millisecond, ProofHolds: 5 * time.Second, Quiet: time.Minute,
	}
}

// check refuses rules laxer than the requirements.
func (r Rules) check() error {
	switch {
	case !(r.FPIR > 0 && r.FPIR <= 0.01):
		return fmt.Errorf("%w: FPIR %v is not within 0 and 0.01", ErrConfig, r.FPIR)
	case !(r.Margin > 0 && r.Margin < 1) || !(r.Quality > 0 && r.Quality <= 1):
		return fmt.Errorf("%w: margin and quality must lie within 0 and 1", ErrConfig)
	case r.Agree < 2 || r.Window < r.Agree || r.Window > maxWindow:
		return fmt.Errorf("%w: %d of %d looks; 2 to %d agreeing ones are needed", ErrConfig, r.Agree, r.Window, maxWindow)
	case r.Interval < 500*time.Millisecond:
		return fmt.Errorf("%w: a track is embedded twice a second at most", ErrConfig)
	case r.ProofHolds <= 0 || r.ProofHolds > policy.MaxLease:
		return fmt.Errorf("%w: a proof holds for %v at most", ErrConfig, policy.MaxLease)
	}
	return nil
}

// Counter counts; a Prometheus counter is one.
type Counter interface{ Add(float64) }

// Counters are what an outsider checks default deny by: both stand still while
// the gate is closed.
type Counters struct {
	Embeddings  Counter // embeddings computed
	Comparisons Counter // templates compared with
}

func add(c Counter, n int) {
	if c != nil && n > 0 {
		c.Add(float64(n))
	}
}
