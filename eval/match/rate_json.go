package match

import (
	"encoding/json"
	"math"
)

func marshalRate(r Rate) ([]byte, error) {
	out := struct {
		Errors int      `json:"errors"`
		Trials int      `json:"n"`
		Value  *float64 `json:"value"`
		Low    float64  `json:"low"`
		High   float64  `json:"high"`
	}{Errors: r.Errors, Trials: r.Trials, Low: r.Low, High: r.High}
	if !math.IsNaN(r.Value) {
		out.Value = &r.Value
	}
	return json.Marshal(out)
}
