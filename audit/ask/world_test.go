package ask_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bystander/internal/event"
)

// start is when the made-up day begins: eight o'clock yesterday, since a real
// store disposes of what is old.
var start = time.Now().UTC().Truncate(24 * time.Hour).Add(-16 * time.Hour)

const effective = "2026-03-01T00:00:00Z"

func at(d time.Duration) time.Time { return start.Add(d) }

func digest(b byte) (d event.Digest) {
	for i := range d {
		d[i] = b
	}
	return d
}

// world is a log of known content on two chains: what the control side changed,
// and what an edge saw.
type world struct {
	t             *testing.T
	control, edge *event.Chain
	all           []event.Event
	ids           map[string]string // events that questions name
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ids: map[string]string{}}
	for id, c := range map[string]**event.Chain{"control": &w.control, "edge-1": &w.edge} {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(len(id))}, ed25519.SeedSize))
		chain, err := event.NewChain(event.ChainConfig{ID: id, Key: key})
		require.NoError(t, err)
		*c = chain
	}
	w.people()
	w.places()
	w.matches()
	w.use()
	w.upkeep()
	return w
}

func (w *world) add(c *event.Chain, name string, when time.Duration, e event.Event) {
	w.t.Helper()
	e.TS, e.TSQuality, e.SiteID = at(when), event.TSSynced, "plaza"
	require.NoError(w.t, c.Seal(&e))
	w.all = append(w.all, e)
	if name != "" {
		w.ids[name] = e.ID
	}
}

// The consents: 7 is given ten minutes in. 1 is in order, 2 is withdrawn at 60 minutes, 3 is of a child
// without a guardian, 4 of one with a guardian, 5 is nowhere recorded, 6 ran
// out at 30 minutes.
func (w *world) people() {
	consent := func(b byte, when time.Duration, state, under14, guardian string, expires time.Duration) {
		w.add(w.control, "", when, event.Event{
			Kind: event.KindConsentChange, ConsentRef: digest(b), ConsentVersion: 1, NoticeVersion: "n-1",
			Detail: map[string]string{
				"purpose": "match", "state": state, "under14": under14, "guardian": guardian,
				"expires": at(expires).Format(time.RFC3339),
			},
		})
	}
	consent(1, 0, "active", "no", "no", 1000*time.Hour)
	consent(2, 0, "active", "no", "no", 1000*time.Hour)
	consent(3, 0, "active", "yes", "no", 1000*time.Hour)
	consent(4, 0, "active", "yes", "yes", 1000*time.Hour)
	consent(6, 0, "active", "no", "no", 30*time.Minute)
	consent(7, 10*time.Minute, "active", "no", "no", 1000*time.Hour)
	consent(2, time.Hour, "withdrawn", "no", "no", 1000*time.Hour)
	w.add(w.control, "", 0, event.Event{
		Kind: event.KindNoticeChange, NoticeVersion: "n-1",
		Detail: map[string]string{"state": "published", "effective_from": effective},
	})
	w.add(w.control, "", time.Minute, event.Event{Kind: event.KindCensus, Detail: map[string]string{"enrolled": "79999", "templates": "80001"}})
	w.add(w.control, "", 2*time.Minute, event.Event{Kind: event.KindCensus, Detail: map[string]string{"enrolled": "80000", "templates": "80002"}})
}

// The zones: hall is live until 80 minutes; yard's inspection ends at 40.
func (w *world) places() {
	zone := func(id string, when time.Duration, state string, inspected time.Duration) {
		w.add(w.control, "", when, event.Event{
			Kind: event.KindZoneChange, ZoneID: id, ZoneVersion: 3, SceneID: "doors", SignSetHash: digest(9), InspectionID: "i-1",
			Detail: map[string]string{"state": state, "inspection_until": at(inspected).Format(time.RFC3339)},
		})
	}
	zone("hall", 0, "live", 1000*time.Hour)
	zone("yard", 0, "live", 40*time.Minute)
	zone("gate", 0, "live", 1000*time.Hour)
	gate := func(id string, when time.Duration, state, reasons string) {
		w.add(w.edge, "", when, event.Event{
			Kind: event.KindGateChange, ZoneID: id, CameraID: "cam-1", Detail: map[string]string{"state": state, "reasons": reasons},
		})
	}
	gate("yard", 0, "open", "")
	gate("file", 0, "open", "")
	zone("new", 20*time.Minute, "live", 1000*time.Hour)
	gate("file", 84*time.Minute, "closed", "HALTED")
	zone("hall", 80*time.Minute, "suspended", 1000*time.Hour)
	w.add(w.control, "", 0, event.Event{
		Kind: event.KindSceneChange, SceneID: "doors", PolicyVersion: 7, AssessmentID: "a-1",
		Detail: map[string]string{"state": "enabled", "approver": "officer-2"},
	})
}

func (w *world) match(name string, kind event.Kind, when time.Duration, consent byte, zone string) {
	e := event.Event{
		Kind: kind, CameraID: "cam-1", SceneID: "doors", ZoneID: zone, ZoneVersion: 3, SignSetHash: digest(9), InspectionID: "i-1",
		PolicyVersion: 7, NoticeVersion: "n-1", AssessmentID: "a-1", GateMode: "zone", GateBits: 0xffff,
		SubjectRef: digest(0xa0 + consent), ConsentRef: digest(consent), ConsentVersion: 1,
		GalleryRoot: digest(0x77), GallerySize: 12, TemplateRef: digest(0x55), ModelDigest: digest(0x44),
		Score: 0.75, Threshold: 0.5, Margin: 0.25, Quality: 0.875, PAD: "off",
	}
	if kind == event.KindUnmask {
		e.Detail = map[string]string{"audience": "live"}
	}
	w.add(w.edge, name, when, e)
}

func (w *world) matches() {
	w.match("good", event.KindMatch, 10*time.Minute, 1, "hall")
	w.match("unmask", event.KindUnmask, 11*time.Minute, 1, "hall")
	// Recognised five seconds after the consent, and after the zone came live.
	w.match("at once", event.KindMatch, 10*time.Minute+5*time.Second, 7, "hall")
	w.match("new zone", event.KindMatch, 20*time.Minute+5*time.Second, 1, "new")
	w.match("expired", event.KindMatch, 35*time.Minute, 6, "hall")
	w.match("child", event.KindMatch, 36*time.Minute, 3, "hall")
	w.match("guarded", event.KindMatch, 37*time.Minute, 4, "hall")
	w.match("unrecorded", event.KindMatch, 38*time.Minute, 5, "hall")
	w.match("uninspected", event.KindMatch, 41*time.Minute, 1, "yard")
	w.match("in grace", event.KindMatch, time.Hour+9*time.Second, 2, "hall")
	w.match("withdrawn", event.KindMatch, time.Hour+11*time.Second, 2, "hall")
	w.match("suspended", event.KindMatch, 81*time.Minute, 1, "hall")
	w.match("nowhere", event.KindMatch, 82*time.Minute, 1, "attic")
	w.add(w.edge, "changed signs", 83*time.Minute, event.Event{
		Kind: event.KindMatch, CameraID: "cam-1", ZoneID: "gate", SignSetHash: digest(8), ConsentRef: digest(1), GateMode: "zone",
	})
	// A zone that only the edge's gate tells of, as with a site kept in a file.
	w.match("by file", event.KindMatch, 83*time.Minute+30*time.Second, 1, "file")
	w.match("halted", event.KindMatch, 85*time.Minute, 1, "file")
	claim := func(verdict string) {
		w.add(w.edge, "", 12*time.Minute, event.Event{
			Kind: event.KindClaimOutcome, CameraID: "cam-1", ZoneID: "hall", SignSetHash: digest(9), Verdict: verdict, Threshold: 0.5,
		})
	}
	claim("matched")
	claim("not_matched")
	w.add(w.edge, "", 13*time.Minute, event.Event{
		Kind: event.KindZoneMinute, CameraID: "cam-1", ZoneID: "hall", Detail: map[string]string{"comparisons": "2000", "rejected": "31"},
	})
	review := func(of string, who byte, verdict string, when time.Duration) {
		w.add(w.control, "", when, event.Event{
			Kind: event.KindHumanReview, RefEvent: w.ids[of], ReviewerRef: digest(who), Verdict: verdict,
		})
	}
	review("good", 0xe1, "confirmed", 20*time.Minute)
	review("good", 0xe2, "confirmed", 21*time.Minute)
	review("child", 0xe1, "confirmed", 50*time.Minute)
	review("child", 0xe1, "confirmed", 51*time.Minute) // the same person twice is one
	review("guarded", 0xe1, "confirmed", 52*time.Minute)
	review("guarded", 0xe2, "confirmed", 52*time.Minute)
	review("guarded", 0xe3, "rejected", 53*time.Minute)
}

func (w *world) use() {
	camera := func(kind event.Kind, when time.Duration, detail map[string]string) {
		w.add(w.edge, "", when, event.Event{Kind: kind, CameraID: "cam-1", Detail: detail})
	}
	camera(event.KindUseStart, time.Minute, nil)
	camera(event.KindCameraHealth, 5*time.Minute, map[string]string{"state": "full_mask", "code": "DETECTOR_LATE"})
	camera(event.KindCameraHealth, 5*time.Minute+30*time.Second, map[string]string{"state": "mask_ended"})
	camera(event.KindUseEnd, 90*time.Minute, map[string]string{"reason": "stopped"})
	camera(event.KindUseStart, 91*time.Minute, nil)
}

func (w *world) upkeep() {
	w.add(w.control, "read", 70*time.Minute, event.Event{
		Kind: event.KindAccess, ReviewerRef: digest(0xe1), SubjectRef: digest(0xa1),
		Detail: map[string]string{"action": "recording.read", "role": "operator", "purpose": "incident 12", "object": "r-1", "subjects": "1"},
	})
	run := func(table, overdue, trouble string, when time.Duration) {
		w.add(w.control, "", when, event.Event{
			Kind: event.KindRetentionRun, Detail: map[string]string{"table": table, "overdue": overdue, "error": trouble, "disposed": "4"},
		})
	}
	run("events", "7", "", 60*time.Minute)
	run("events", "0", "", 70*time.Minute)
	run("skeleton", "3", "disk full", 70*time.Minute)
	right := func(id, state, late, outcome string) {
		w.add(w.control, "", 71*time.Minute, event.Event{
			Kind: event.KindRightsChange, Detail: map[string]string{"request": id, "type": "access", "state": state, "late": late, "outcome": outcome},
		})
	}
	right("r-1", "fulfilled", "no", "")
	right("r-2", "refused", "no", "REPETITIVE")
	right("r-3", "in_progress", "yes", "")
}
