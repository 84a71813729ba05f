package match

import (
	"time"

	"bystander/internal/event"
	"bystander/policy"
)

// maxWindow bounds how many looks of a track are remembered.
const maxWindow = 8

// look is the outcome of one comparison on a track. It holds no embedding.
type look struct {
	enrollee string // best candidate; empty when none reached the threshold
	ref      event.Digest
	at       time.Time
	quality  float32
	facts    policy.ScoreFacts
	gallery  event.Digest
	size     int
}

// track is the evidence about one generation of one face track.
type track struct {
	gen   uint32
	zone  string
	seen  bool // by the detector, at its last look
	tried bool
	last  time.Duration // PTS of the last embedding
	looks [maxWindow]look
	n     int         // looks held, newest last
	bits  policy.Bits // of the last attempt
	told  told
	// offered is the judge's count at the last look that had this track.
	offered uint64
}

// told is what was logged already about whom, and in which zone.
type told struct {
	who, zone    string
	match        bool
	live, record shown
}

// What somebody decides of scene, zone and person: the gate's conditions but for
// those that come and go by themselves, such as a lease that is late.
const (
	decidedScene  = policy.NeedScene &^ (policy.LeaseFresh | policy.ClockSynced | policy.CanaryPassed | policy.PoseCalibrated)
	decidedPerson = policy.NeedEligible &^ policy.TemplateActive
)

// denied notes that nobody is shown. Where somebody decided so, what comes after
// it rests on a decision of its own, and is logged anew however soon it comes.
func (k *told) denied(decided bool) {
	if decided {
		*k = told{}
		return
	}
	k.live.now, k.record.now = false, false
}

// shown is when one audience last began to see the person.
type shown struct {
	now bool
	at  time.Time
}

// begins notes whether the person is shown and reports whether that is to be
// logged: when it begins, but not again within quiet, lest a flicker floods the
// log.
func (s *shown) begins(now bool, at time.Time, quiet time.Duration) bool {
	first := now && !s.now && (s.at.IsZero() || at.Sub(s.at) >= quiet)
	s.now = now
	if first {
		s.at = at
	}
	return first
}

// reset drops the evidence; the rate limit stays.
func (t *track) reset(zone string) {
	t.zone, t.n, t.bits = zone, 0, 0
	clear(t.looks[:])
}

// due reports whether the track may be embedded again at pts.
func (t *track) due(pts, interval time.Duration) bool {
	return !t.tried || pts-t.last >= interval
}

// add records a look, keeping the newest of the window.
func (t *track) add(l look, window int) {
	if t.n >= window {
		copy(t.looks[:], t.looks[1:t.n])
		t.n = window - 1
	}
	t.looks[t.n] = l
	t.n++
}

// verdict returns whom the evidence names, with the newest look that does:
// enough of the last looks must, and the newest must not contradict.
func (t *track) verdict(r Rules) (string, look) {
	if t.n == 0 {
		return "", look{}
	}
	var who string
	count, newest := 0, -1
	for i := t.n - 1; i >= 0; i-- {
		k := &t.looks[i]
		if k.enrollee == "" {
			continue
		}
		if who == "" {
			who, newest = k.enrollee, i
		}
		if k.enrollee == who {
			count++
		}
	}
	if count < r.Agree {
		return "", look{}
	}
	return who, t.looks[newest]
}
