package policy

import (
	"crypto/sha256"
	"time"
)

// Names that a sample site uses; enrolling for the demonstration refers to them.
const (
	SampleSiteID = "sample"
	SampleNotice = "sample-1"
)

const sampleHead = `# A SAMPLE. Every name, sign, inspection and assessment below is made up so that
# the demonstration can run. Replace each with what truly stands on your site:
# as long as one condition is missing or over, nobody is recognised there and
# everybody is masked. Set "sample: false" only then.
`

// SampleCamera says what the sample site does with a camera.
type SampleCamera struct {
	ID        string
	PlaceType string // e.g. "arcade", "stage"
	// Match makes a zone over the whole picture, in which enrollees are
	// recognised; otherwise the camera has no zone and everybody is masked.
	Match bool
}

// SampleSite returns a made-up site, marked as a sample, whose zones are live
// from the day before now and for a year. It is valid and ready.
func SampleSite(now time.Time, cameras ...SampleCamera) *Site {
	day := now.UTC().Truncate(24 * time.Hour)
	from, until := day.AddDate(0, 0, -1), day.AddDate(1, 0, 0)
	s := &Site{
		Site: SampleSiteID, Sample: true, Profile: "default",
		Controller: Controller{Name: "Sample Venue Ltd", Contact: "privacy@sample.invalid"},
		Notices: []Notice{{
			Version: SampleNotice, Languages: []string{"en", "zh-CN"}, Published: true, EffectiveFrom: from,
			Hash: sha256.Sum256([]byte("bystander sample notice, version 1")),
		}},
	}
	for _, c := range cameras {
		s.Cameras = append(s.Cameras, Camera{
			ID: c.ID, PlaceType: c.PlaceType, PoseAssumed: true, Checklist: "sample-checklist",
		})
		if c.Match {
			s.Scenes = append(s.Scenes, sampleScene(c.ID, from, until))
			s.Zones = append(s.Zones, sampleZone(s.Controller, c.ID, from, until))
		}
	}
	return s
}

// SampleScene is the id of the scene that SampleSite makes for a camera.
func SampleScene(camera string) string { return camera + "-scene" }

// SampleZone is the id of the zone that SampleSite makes for a camera.
func SampleZone(camera string) string { return camera + "-zone" }

func sampleScene(camera string, from, until time.Time) Scene {
	return Scene{
		ID: SampleScene(camera), Purpose: ForDemonstration, Mode: ModeZone, State: SceneOn,
		Reason: "sample: shows what recognition with consent looks like", Approver: "sample approver",
		Notice: SampleNotice, Records: true, LiveClear: true, RecordClear: true, Coverage: "head",
		Assessment: Assessment{
			ID: "sample-assessment", Outcome: "approved", ApprovedBy: "sample counsel", ValidUntil: until,
			Necessity: "sample: the demonstration needs one person who agreed to be seen",
		},
		LegalReview: LegalReview{Reviewer: "sample counsel", Date: from},
	}
}

func sampleZone(c Controller, camera string, from, until time.Time) Zone {
	text := SignText{
		Controller: c.Name, Contact: c.Contact, Purpose: "demonstration",
		Function:  "recognises those who enrolled and agreed, masks everybody else",
		Retention: "events 184 days, recordings 7 days", RightsLink: "https://sample.invalid/rights",
		Alternative: "the staffed door on the left",
	}
	// What each sign says in Chinese, too: signs of a demonstration are read by
	// people of either language.
	inChinese := map[string]SignText{"zh-CN": {
		Controller: "示例场馆有限公司", Contact: c.Contact, Purpose: "演示",
		Function:  "仅识别已登记并同意的人员，遮蔽其他所有人",
		Retention: "事件保存184日，录像保存7日", RightsLink: text.RightsLink,
		Alternative: "左侧人工通道",
	}}
	return Zone{
		ID: SampleZone(camera), Version: 1, Kind: ZoneRecognition, Camera: camera, Scene: SampleScene(camera), State: ZoneOn,
		Polygon:   Polygon{Relative: [][2]float32{{0, 0}, {1, 0}, {1, 1}, {0, 1}}},
		Entrances: []Entrance{{ID: "main", Position: [2]float32{6, 0}}},
		Signs: []Sign{
			{ID: "main-monitoring", Kind: SignMonitoring, Entrance: "main", Position: [2]float32{4.6, 0.4}, Text: text, Translations: inChinese},
			{ID: "main-recognition", Kind: SignRecognition, Entrance: "main", Position: [2]float32{5.6, 0.4}, Text: text, Translations: inChinese},
			{ID: "main-threshold", Kind: SignFloor, Entrance: "main", Position: [2]float32{6, 0.8}},
		},
		Inspection: Inspection{
			ID: "sample-inspection", Planner: "sample planner", Inspector: "sample inspector", Passed: true,
			Date: from, ValidUntil: earlier(until, from.AddDate(0, 0, 180)), Photos: map[string]string{"main": "sample-photo"},
		},
		Alternative: Alternative{Kind: "staffed", Description: "The staffed door on the left · 左侧人工通道"},
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
