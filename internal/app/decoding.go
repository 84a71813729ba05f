package app

import (
	"fmt"

	"bystander/api"
)

// decodeNotices tell when the card that decode.hardware asks for does not decode:
// of the first such camera, and of how many more.
func decodeNotices(cams []*camera) []api.Notice {
	first, why, n := "", "", 0
	for _, c := range cams {
		h := c.src.Health()
		if h.NoCard == "" {
			continue
		}
		if n++; n == 1 {
			first, why = c.name(), h.NoCard
		}
	}
	if n == 0 {
		return nil
	}
	who := first
	if n > 1 {
		who = fmt.Sprintf("%s and %d more", first, n-1)
	}
	return []api.Notice{{
		Level: "warning", Code: api.NoticeNoCard,
		Text: fmt.Sprintf("Cameras are not decoded on the hardware that decode.hardware asks for, but in software (%s): %s.", who, why),
	}}
}
