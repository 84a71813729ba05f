package match

import (
	"testing"

	"bystander/policy"
)

type noLease struct{}

func (noLease) Current() (policy.Held, error) { return policy.Held{}, policy.ErrNoLease }

// A caller who never tells of lost tracks must not make the judge grow. This
// looks inside, since nothing outside shows it.
func TestForgottenTracksAreSwept(t *testing.T) {
	j := &Judge{tracks: map[uint64]*track{}, cfg: JudgeConfig{Leases: noLease{}}}
	for i := range uint64(10 * sweepEvery) {
		j.tracks[i] = &track{offered: j.count}
		if _, _, err := j.Judge(t.Context(), Look{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(j.tracks); n > 3*sweepEvery {
		t.Fatalf("%d tracks are kept", n)
	}
}
