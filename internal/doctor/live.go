package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxAnswer bounds what is read of a program that may be another.
const maxAnswer = 1 << 20

// Live asks the running program for its own checks, at base + /readyz. What does
// not answer as the program does is not running, which is for others to judge:
// running is false then.
func Live(ctx context.Context, client *http.Client, base string) (all []Finding, running bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", http.NoBody)
	if err != nil {
		return nil, false
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, false
	}
	defer res.Body.Close() //nolint:errcheck // only read
	var body struct {
		Checks []struct {
			Name  string `json:"name"`
			OK    bool   `json:"ok"`
			Cause string `json:"cause"`
			Live  bool   `json:"live"`
		} `json:"checks"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&body) != nil || body.Checks == nil {
		return nil, false
	}
	good := 0
	for _, c := range body.Checks {
		if c.OK {
			good++
			continue
		}
		f := warn("running: "+c.Name, c.Cause, "the running program says so itself: it covers everybody, or waits, meanwhile",
			"see docs/runbook.md")
		if c.Live {
			f.Level, f.Why = Bad, "only a restart mends it"
			f.Fix = "restart the program: systemctl restart bystander"
		}
		if strings.HasPrefix(c.Name, "policy") {
			f.Why = "without a fresh lease everybody is masked and nobody is compared"
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return strings.Compare(a.Name, b.Name) })
	return append(all, fine("running", fmt.Sprintf("%d of %d of its own checks are well", good, len(body.Checks)))), true
}
