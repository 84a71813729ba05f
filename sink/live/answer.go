package live

import (
	"fmt"

	"github.com/pion/sdp/v3"
)

// homeCandidates moves the ICE candidates of an answer to its first section
// that isn't rejected. The WebRTC library writes them to the first section,
// and where that is a rejected one (sound first, as browsers offer it) the
// other side throws them away with it.
func homeCandidates(answer string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return "", fmt.Errorf("live: own answer: %w", err)
	}
	var candidates []sdp.Attribute
	var home *sdp.MediaDescription
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value != 0 && home == nil {
			home = m
		}
		kept := m.Attributes[:0]
		for _, a := range m.Attributes {
			if a.Key == "candidate" || a.Key == "end-of-candidates" {
				candidates = append(candidates, a)
			} else {
				kept = append(kept, a)
			}
		}
		m.Attributes = kept
	}
	if home == nil {
		return "", fmt.Errorf("live: nothing in the offer can be accepted")
	}
	home.Attributes = append(home.Attributes, candidates...)
	b, err := d.Marshal()
	if err != nil {
		return "", fmt.Errorf("live: own answer: %w", err)
	}
	return string(b), nil
}
