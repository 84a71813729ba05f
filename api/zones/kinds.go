package zones

import "bystander/policy/sitestore"

// What is shown is what is stored: each version with its author, reason and
// time.
type (
	// Site is the site of this installation.
	Site struct{ sitestore.Site }
	// CameraPolicy is what policy knows of a camera.
	CameraPolicy struct{ sitestore.Camera }
	// Zone is an area of a camera's picture.
	Zone struct{ sitestore.Zone }
	// Entrance is a way into a zone.
	Entrance struct{ sitestore.Entrance }
	// Sign is one sign at one entrance.
	Sign struct{ sitestore.Sign }
	// Inspection is one walkthrough.
	Inspection struct{ sitestore.Inspection }
	// Scene is a purpose for which faces may be recognised.
	Scene struct{ sitestore.Scene }
	// Assessment is an impact assessment.
	Assessment struct{ sitestore.Assessment }
	// Filing is a filing or approval.
	Filing struct{ sitestore.Filing }
	// FloorPlan is a plan of the place.
	FloorPlan struct{ sitestore.FloorPlan }
	// Component is an entry of the component register.
	Component struct{ sitestore.Component }
	// Incident is an incident, or a drill of one.
	Incident struct{ sitestore.Incident }
	// ExitPlan is how the site is left.
	ExitPlan struct{ sitestore.ExitPlan }
	// Switch is the kill switch.
	Switch struct{ sitestore.Switch }
)

func (v Site) version() uint32         { return v.Version }
func (v CameraPolicy) version() uint32 { return v.Version }
func (v Zone) version() uint32         { return v.Version }
func (v Entrance) version() uint32     { return v.Version }
func (v Sign) version() uint32         { return v.Version }
func (v Inspection) version() uint32   { return v.Version }
func (v Scene) version() uint32        { return v.Version }
func (v Assessment) version() uint32   { return v.Version }
func (v Filing) version() uint32       { return v.Version }
func (v FloorPlan) version() uint32    { return v.Version }
func (v Component) version() uint32    { return v.Version }
func (v Incident) version() uint32     { return v.Version }
func (v ExitPlan) version() uint32     { return v.Version }
func (v Switch) version() uint32       { return v.Version }
