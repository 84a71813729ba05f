package calls

import (
	"fmt"

	"github.com/pion/sdp/v3"

	"bystander/api/peer/line"
)

// maxMedia is how many sections an answer may have: as many as its offer.
const maxMedia = 8

// checkAnswer refuses what a browser should not be handed as an answer: anything
// but a description of video that the edge sends.
func checkAnswer(answer string) error {
	if len(answer) > line.MaxSDP {
		return fmt.Errorf("%w: an answer of %d bytes", ErrAnswer, len(answer))
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if n := len(d.MediaDescriptions); n == 0 || n > maxMedia {
		return fmt.Errorf("%w: %d sections", ErrAnswer, n)
	}
	video := false
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value == 0 { // not taken
			continue
		}
		if m.MediaName.Media != "video" || !sendsOnly(m) {
			return fmt.Errorf("%w: a section of %.20q that is not sent only", ErrAnswer, m.MediaName.Media)
		}
		video = true
	}
	if !video {
		return fmt.Errorf("%w: no video", ErrAnswer)
	}
	return nil
}

// sendsOnly tells whether a section says so, and nothing else besides.
func sendsOnly(m *sdp.MediaDescription) (sends bool) {
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly":
			sends = true
		case "sendrecv", "recvonly", "inactive":
			return false
		}
	}
	return sends
}
