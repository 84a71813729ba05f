package policy_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bystander/policy"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// open returns facts under which everything is allowed.
func open(mode policy.Mode) policy.Facts {
	return policy.Facts{
		Fresh: policy.FreshFacts{
			Now: noon, LeaseIssued: noon.Add(-time.Second), LeaseExpires: noon.Add(9 * time.Second),
			LeaseVerified: true, ClockSynced: true, CanaryPassed: true,
		},
		Scene: policy.SceneFacts{
			Mode: mode, Enabled: true, PurposeAllowed: true, AssessmentValid: true,
			FilingsPresent: true, ProfilePermits: true, PAD: policy.Yes,
		},
		Zone: policy.ZoneFacts{
			Recognition: true, Live: true, InspectionValid: true, SignsComplete: true,
			AlternativePresent: true, PoseCalibrated: true,
		},
		Face: policy.FaceFacts{
			InsideZone: true, OutsideProhibited: true, Quality: 0.8, MinQuality: 0.5, RateAllowed: true, FacesInZone: 1,
		},
		Person: policy.PersonFacts{
			Claimed: true, NamesZone: true, NamesScene: true, PurposeMatch: true, ConsentActive: true,
			ConsentExpires: noon.Add(time.Hour), NoticeCurrent: true, Under14: policy.Yes, GuardianActive: true,
			TemplateActive: true, Unrestricted: true, NotObjected: true,
		},
		Score: policy.ScoreFacts{Compared: true, Score: 0.7, Threshold: 0.5, Margin: 0.3, MinMargin: 0.1, Live: policy.Yes},
		Show: policy.ShowFacts{
			ProvenAt: noon.Add(-time.Second), ProofHolds: 5 * time.Second, TrackWhole: true,
			AppearActive: true, AppearExpires: noon.Add(time.Hour), AudienceGranted: true,
		},
	}
}

// breach falsifies one conjunct; loses is the bit that must fall with it.
type breach struct {
	name  string
	loses policy.Bits
	do    func(f *policy.Facts)
}

var breaches = []breach{
	{"lease over", policy.LeaseFresh, func(f *policy.Facts) { f.Fresh.LeaseExpires = noon }},
	{"lease from the future", policy.LeaseFresh, func(f *policy.Facts) {
		f.Fresh.LeaseIssued, f.Fresh.LeaseExpires = noon.Add(2*time.Second), noon.Add(4*time.Second)
	}},
	{"lease too long", policy.LeaseFresh, func(f *policy.Facts) { f.Fresh.LeaseExpires = noon.Add(time.Minute) }},
	{"lease unverified", policy.LeaseFresh, func(f *policy.Facts) { f.Fresh.LeaseVerified = false }},
	{"clock", policy.ClockSynced, func(f *policy.Facts) { f.Fresh.ClockSynced = false }},
	{"canary", policy.CanaryPassed, func(f *policy.Facts) { f.Fresh.CanaryPassed = false }},
	{"scene paused", policy.SceneEnabled, func(f *policy.Facts) { f.Scene.Enabled = false }},
	{"purpose", policy.PurposeAllowed, func(f *policy.Facts) { f.Scene.PurposeAllowed = false }},
	{"assessment", policy.AssessmentValid, func(f *policy.Facts) { f.Scene.AssessmentValid = false }},
	{"filings", policy.FilingsPresent, func(f *policy.Facts) { f.Scene.FilingsPresent = false }},
	{"profile", policy.ProfilePermits, func(f *policy.Facts) { f.Scene.ProfilePermits = false }},
	{"mode unknown", policy.ProfilePermits | policy.SingleFace | policy.InCandidateSet, func(f *policy.Facts) { f.Scene.Mode = "area" }},
	{"zone kind", policy.ZoneLive, func(f *policy.Facts) { f.Zone.Recognition = false }},
	{"zone suspended", policy.ZoneLive, func(f *policy.Facts) { f.Zone.Live = false }},
	{"inspection", policy.InspectionValid, func(f *policy.Facts) { f.Zone.InspectionValid = false }},
	{"signs", policy.SignsComplete, func(f *policy.Facts) { f.Zone.SignsComplete = false }},
	{"alternative", policy.AlternativePresent, func(f *policy.Facts) { f.Zone.AlternativePresent = false }},
	{"camera moved", policy.PoseCalibrated, func(f *policy.Facts) { f.Zone.PoseCalibrated = false }},
	{"outside zone", policy.InsideZone, func(f *policy.Facts) { f.Face.InsideZone = false }},
	{"prohibited", policy.OutsideProhibited, func(f *policy.Facts) { f.Face.OutsideProhibited = false }},
	{"poor quality", policy.QualityEnough, func(f *policy.Facts) { f.Face.Quality = 0.4 }},
	{"quality NaN", policy.QualityEnough, func(f *policy.Facts) { f.Face.Quality = float32(math.NaN()) }},
	{"quality bound unknown", policy.QualityEnough, func(f *policy.Facts) { f.Face.MinQuality = 0 }},
	{"rate", policy.RateAllowed, func(f *policy.Facts) { f.Face.RateAllowed = false }},
	{"nobody in the zone", policy.SingleFace, func(f *policy.Facts) { f.Face.FacesInZone = 0 }},
	{"zone not named", policy.ConsentCovers, func(f *policy.Facts) { f.Person.NamesZone = false }},
	{"scene not named", policy.ConsentCovers, func(f *policy.Facts) { f.Person.NamesScene = false }},
	{"other purpose", policy.ConsentCovers, func(f *policy.Facts) { f.Person.PurposeMatch = false }},
	{"withdrawn", policy.ConsentActive, func(f *policy.Facts) { f.Person.ConsentActive = false }},
	{"expired", policy.ConsentActive, func(f *policy.Facts) { f.Person.ConsentExpires = noon }},
	{"expiry unknown", policy.ConsentActive, func(f *policy.Facts) { f.Person.ConsentExpires = time.Time{} }},
	{"old notice", policy.NoticeCurrent, func(f *policy.Facts) { f.Person.NoticeCurrent = false }},
	{"no guardian", policy.GuardianSatisfied, func(f *policy.Facts) { f.Person.GuardianActive = false }},
	{"age unknown", policy.GuardianSatisfied, func(f *policy.Facts) { f.Person.Under14 = policy.Unknown }},
	{"stale template", policy.TemplateActive, func(f *policy.Facts) { f.Person.TemplateActive = false }},
	{"restricted", policy.Unrestricted, func(f *policy.Facts) { f.Person.Unrestricted = false }},
	{"objected", policy.Unrestricted, func(f *policy.Facts) { f.Person.NotObjected = false }},
	{"low score", policy.ScoreReached, func(f *policy.Facts) { f.Score.Score = 0.49 }},
	{"score NaN", policy.ScoreReached, func(f *policy.Facts) { f.Score.Score = float32(math.NaN()) }},
	{"score impossible", policy.ScoreReached, func(f *policy.Facts) { f.Score.Score = 7 }},
	{"threshold unknown", policy.ScoreReached, func(f *policy.Facts) { f.Score.Threshold = 0 }},
	{"never compared", policy.ScoreReached | policy.MarginReached, func(f *policy.Facts) { f.Score.Compared = false }},
	{"margin", policy.MarginReached, func(f *policy.Facts) { f.Score.Margin = 0.05 }},
	{"margin bound unknown", policy.MarginReached, func(f *policy.Facts) { f.Score.MinMargin = 0 }},
	{"print", policy.LivenessSatisfied, func(f *policy.Facts) { f.Score.Live = policy.No }},
	{"liveness unknown", policy.LivenessSatisfied, func(f *policy.Facts) { f.Score.Live = policy.Unknown }},
	{"liveness rule unknown", policy.LivenessSatisfied, func(f *policy.Facts) { f.Scene.PAD = policy.Unknown }},
	{"old proof", policy.ProvenRecently, func(f *policy.Facts) { f.Show.ProvenAt = noon.Add(-6 * time.Second) }},
	{"proof from the future", policy.ProvenRecently, func(f *policy.Facts) { f.Show.ProvenAt = noon.Add(time.Second) }},
	{"proof outlives a lease", policy.ProvenRecently, func(f *policy.Facts) { f.Show.ProofHolds = time.Hour }},
	{"track lost", policy.TrackWhole, func(f *policy.Facts) { f.Show.TrackWhole = false }},
	{"not to be shown", policy.AppearanceConsented, func(f *policy.Facts) { f.Show.AppearActive = false }},
	{"showing expired", policy.AppearanceConsented, func(f *policy.Facts) { f.Show.AppearExpires = noon }},
	{"audience", policy.ViewerGranted, func(f *policy.Facts) { f.Show.AudienceGranted = false }},
	{"now unknown", policy.LeaseFresh, func(f *policy.Facts) { f.Fresh.Now = time.Time{} }},
}

// proves: A-06, INV-3
func TestGateOpensOnlyWhenEverythingHolds(t *testing.T) {
	for _, m := range []policy.Mode{policy.ModeZone, policy.ModeClaim} {
		b := policy.Gate(open(m))
		require.True(t, b.MayEmbed() && b.MayCompare() && b.Matches() && b.MayShow(), b.Missing(policy.NeedShow))
	}
	var covered policy.Bits
	for _, br := range breaches {
		t.Run(br.name, func(t *testing.T) {
			f := open(policy.ModeZone)
			br.do(&f)
			b := policy.Gate(f)
			require.Zero(t, b&br.loses, "%v still holds", br.loses)
			require.False(t, b.MayShow())
			for need, ok := range map[policy.Bits]bool{
				policy.NeedEmbed: b.MayEmbed() || b.MayCompare(), policy.NeedMatch: b.Matches(),
			} {
				if need&br.loses != 0 {
					require.False(t, ok)
				}
			}
		})
		covered |= br.loses
	}
	require.Equal(t, policy.NeedShow, covered, "no breach covers %v", policy.NeedShow&^covered)
}

func TestClaimModeWantsClaimAndOneFace(t *testing.T) {
	f := open(policy.ModeClaim)
	f.Person.Claimed = false
	require.False(t, policy.Gate(f).MayEmbed())
	f = open(policy.ModeClaim)
	f.Face.FacesInZone = 2
	require.False(t, policy.Gate(f).MayEmbed())
	f = open(policy.ModeZone)
	f.Face.FacesInZone = 2
	require.True(t, policy.Gate(f).MayEmbed())
}

// Whatever else holds, one breach denies, and more of them never allow again.
func TestGateIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := open(rapid.SampledFrom([]policy.Mode{policy.ModeZone, policy.ModeClaim}).Draw(t, "mode"))
		var lost policy.Bits
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(breaches)-1), 1, 6).Draw(t, "breaches") {
			breaches[i].do(&f)
			lost |= breaches[i].loses
		}
		b := policy.Gate(f)
		if b.MayShow() {
			t.Fatalf("shown although %v fell", lost)
		}
		if b.MayEmbed() && b&policy.NeedEmbed != policy.NeedEmbed {
			t.Fatal("embedded without every conjunct")
		}
	})
}

// Zeroing any field of any part, by reflection, denies: so a field added later
// and forgotten by whoever fills it in denies too.
// proves: INV-3
func TestZeroDenies(t *testing.T) {
	require.Zero(t, policy.Gate(policy.Facts{}))
	parts := reflect.TypeFor[policy.Facts]()
	exempt := map[string]bool{"Claimed": true} // counts in claim mode only
	for i := range parts.NumField() {
		f := open(policy.ModeZone)
		reflect.ValueOf(&f).Elem().Field(i).SetZero()
		require.False(t, policy.Gate(f).MayShow(), parts.Field(i).Name)
		for j := range parts.Field(i).Type.NumField() {
			name := parts.Field(i).Type.Field(j).Name
			f := open(policy.ModeZone)
			reflect.ValueOf(&f).Elem().Field(i).Field(j).SetZero()
			if !exempt[name] {
				require.False(t, policy.Gate(f).MayShow(), name)
			}
		}
	}
}

func TestBitsExplain(t *testing.T) {
	require.Len(t, policy.Bits(math.MaxUint32).Explain(), 32)
	require.Equal(t, []string{"the zone's signs are complete"}, policy.SignsComplete.Explain())
	require.Equal(t, "nothing", policy.Bits(0).String())
	require.False(t, policy.Bits(math.MaxUint32).Holds(0))
	require.Equal(t, policy.NeedShow, policy.Bits(math.MaxUint32), "every bit is a conjunct")
}
