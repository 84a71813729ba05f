package sitestore

import "bystander/policy"

// What a sample has that no site file tells.
const (
	SamplePlan = "sample-plan"

	sampleWidth, sampleDepth = 12, 8 // metres
)

// plan draws the floor on which a sample's entrances and signs stand.
func (i importer) plan() error {
	if i.mode != AsSample || i.has("floorplan", SamplePlan) {
		return nil
	}
	const w, d = sampleWidth, sampleDepth
	door := i.door()
	return create(i.t, &FloorPlan{
		Meta: Meta{ID: SamplePlan}, Name: "Sample hall", Width: w, Depth: d,
		Walls: [][2]Point{
			{{0, 0}, {door - 1, 0}}, {{door + 1, 0}, {w, 0}}, // the way in is open
			{{w, 0}, {w, d}}, {{w, d}, {0, d}}, {{0, d}, {0, 0}},
		},
	})
}

// door is where the sample's first entrance lies along the front wall.
func (i importer) door() float32 {
	for _, z := range i.site.Zones {
		for _, e := range z.Entrances {
			return min(max(e.Position[0], 1), sampleWidth-1)
		}
	}
	return sampleWidth / 2
}

// onPlan puts a sample's zone on its floor, and says whose plan it was.
func (i importer) onPlan(v *Zone, z policy.Zone) {
	if i.mode != AsSample {
		return
	}
	v.Planners = []string{z.Inspection.Planner}
	if v.State == policy.ZoneOn {
		v.Approver = i.t.by.Actor
	}
	door := i.door()
	v.Plan = SamplePlan
	v.Floor = []Point{
		{max(door-3, 0), 1},
		{min(door+3, sampleWidth), 1},
		{min(door+3, sampleWidth), sampleDepth - 2},
		{max(door-3, 0), sampleDepth - 2},
	}
}

// placed hangs a sample's camera on its floor, above the way in.
func (i importer) placed(v *Camera) {
	if i.mode != AsSample {
		return
	}
	v.Placement = &Placement{
		Plan: SamplePlan, Position: Point{sampleWidth / 2, sampleDepth - 0.5}, Direction: 270, Angle: 70, Reach: 7,
	}
}

// told says what an assessment of a sample says besides.
func (i importer) told(a *Assessment) {
	if i.mode != AsSample {
		return
	}
	a.Effects = "sample: the clips were published before; nobody passes by these cameras"
	a.ChildRules = "sample: nobody under 14 is enrolled"
}
