package match

import (
	"bystander/match"
)

// Report is everything that a run measured.
type Report struct {
	Set      string `json:"set"`
	Model    string `json:"model"`
	Pictures int    `json:"pictures"`
	People   int    `json:"people"`
	// NoFace is how many pictures gave no face (failure to acquire).
	NoFace Rate `json:"no_face"`
	// Calibration names what the thresholds come from.
	Calibration string `json:"calibration"`
	// SameSet warns that the thresholds were measured on this very set.
	SameSet bool `json:"calibrated_on_this_set"`

	Pairs  *Pairs  `json:"pairs,omitempty"`
	Closed *Closed `json:"closed_set,omitempty"`
	Open   *Open   `json:"open_set,omitempty"`
}

// Pairs is one-to-one verification.
type Pairs struct {
	Threshold float32 `json:"threshold"`
	Wrong     Rate    `json:"wrong"`    // 1 − accuracy
	FMR       Rate    `json:"fmr"`      // different people judged the same
	FNMR      Rate    `json:"fnmr"`     // one person judged different, or no face
	Accuracy  float64 `json:"accuracy"` // part judged rightly
	Missing   int     `json:"pairs_without_face"`
}

// Closed is identification among people who are all enrolled.
type Closed struct {
	Enrolled int  `json:"enrolled_people"`
	Rank1    Rate `json:"rank_1_missed"` // the right person was not the nearest, or no face
	Rank5    Rate `json:"rank_5_missed"`
}

// Open is identification among the enrolled of people who may not be.
type Open struct {
	Enrolled  int `json:"enrolled_people"`
	Templates int `json:"templates"`
	Failed    int `json:"failed_to_enrol"`
	Probes    int `json:"probes_of_enrolled"`
	Strangers int `json:"strangers"`
	Searches  int `json:"searches_of_strangers"`
	// Margin is the lead over the second best that the live rule asks for.
	Margin float32 `json:"margin"`
	Points []Point `json:"points"`
	DET    []Step  `json:"-"` // see WriteCSV
	Sizes  []Size  `json:"gallery_sizes"`
	Cross  []Cross `json:"crossed"`
	Strata []Layer `json:"strata,omitempty"`
}

// Point is FNIR at a stated FPIR.
type Point struct {
	FPIR float64 `json:"stated_fpir"`
	// Calibrated is the shipped threshold for the gallery's size; Reason says
	// why there is none.
	Calibrated *At    `json:"calibrated,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// Measured is the threshold at which this very set shows the stated FPIR. It
	// is chosen with hindsight.
	Measured At `json:"hindsight"`
}

// At is what one threshold gives.
type At struct {
	Threshold float32 `json:"threshold"`
	// Extrapolated tells that the threshold lies beyond what was measured.
	Extrapolated bool `json:"extrapolated,omitempty"`
	FPIR         Rate `json:"fpir"`
	FNIR         Rate `json:"fnir"`
	// FNIRLive and FPIRLive are those with the margin of the live rule.
	FNIRLive Rate `json:"fnir_with_margin"`
	FPIRLive Rate `json:"fpir_with_margin"`
	// Mistaken counts probes of the enrolled that were taken for another
	// enrolled person at this threshold, and with the margin.
	Mistaken     Rate `json:"mistaken"`
	MistakenLive Rate `json:"mistaken_with_margin"`
}

// Step is one step of the curve.
type Step struct {
	Threshold float32
	FPIR      Rate
	FNIR      Rate
}

// Size compares the rate that a calibrated threshold promises with the one
// measured, for galleries of one size drawn from the enrolled.
type Size struct {
	People    int     `json:"people"`
	Stated    float64 `json:"stated_fpir"`
	Threshold float32 `json:"threshold"`
	FPIR      Rate    `json:"fpir"` // searches of several galleries, added up
	Galleries int     `json:"galleries"`
}

// Cross is a threshold fitted to one half of the people and measured on the
// other, in which nobody of the first appears.
type Cross struct {
	Stated    float64 `json:"stated_fpir"`
	Enrolled  int     `json:"enrolled_people"`
	FitPairs  int     `json:"fitted_on_pairs"`
	Threshold float32 `json:"threshold"`
	FPIR      Rate    `json:"fpir"`
	FNIR      Rate    `json:"fnir"`
	Reason    string  `json:"reason,omitempty"`
}

// Layer is one value of one label.
type Layer struct {
	Label     string  `json:"label"`
	Value     string  `json:"value"`
	Threshold float32 `json:"threshold"`
	FNIR      Rate    `json:"fnir"` // probes with the value
	FPIR      Rate    `json:"fpir"` // strangers with the value
}

// Options say what is measured.
type Options struct {
	Set         string // for the report
	SameSet     bool   // the calibration was measured on it
	Calibration match.Calibration
	Rules       match.Rules
	Pairs       []Pair
	// Least is how many pictures a person must have to be enrolled; Enrol is by
	// how many of them.
	Least, Enrol int
	FPIR         []float64
}

// Measure computes the report.
func Measure(pictures []Picture, f *Faces, o Options) *Report {
	people := map[string]bool{}
	for _, p := range pictures {
		people[p.Person] = true
	}
	r := &Report{
		Set: o.Set, Model: o.Calibration.Model, Pictures: len(pictures), People: len(people),
		NoFace: NewRate(f.Missing(), len(pictures)), Calibration: o.Calibration.Set, SameSet: o.SameSet,
	}
	if len(o.Pairs) > 0 {
		r.Pairs = measurePairs(pictures, f, o)
	}
	s := divide(pictures, o.Least, o.Enrol)
	if len(s.people) > 0 {
		g := newBench(pictures, f, s, o)
		r.Closed, r.Open = g.closed(), g.open()
	}
	return r
}

func measurePairs(pictures []Picture, f *Faces, o Options) *Pairs {
	at := map[string]int{}
	for i, p := range pictures {
		at[p.Path] = i
	}
	p := &Pairs{Threshold: o.Calibration.Pair}
	var fm, fn, same int
	for _, k := range o.Pairs {
		i, ok1 := at[k.A]
		j, ok2 := at[k.B]
		missing := !ok1 || !ok2 || !f.found[i] || !f.found[j]
		match := !missing && f.cosine(i, j) >= p.Threshold
		if missing {
			p.Missing++
		}
		if k.Same {
			same++
			if !match {
				fn++
			}
		} else if match {
			fm++
		}
	}
	n := len(o.Pairs)
	p.Wrong, p.FMR, p.FNMR = NewRate(fm+fn, n), NewRate(fm, n-same), NewRate(fn, same)
	p.Accuracy = 1 - p.Wrong.Value
	return p
}
