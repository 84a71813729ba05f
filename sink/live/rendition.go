package live

// Rendition is one of the sizes in which a camera is shown.
type Rendition int

// The renditions. Each is encoded only while somebody watches it; Full also while
// it is recorded.
const (
	Full Rendition = iota
	Small
)

// RenditionOf reads the query's size=; anything but "small" is Full.
func RenditionOf(size string) Rendition {
	if size == "small" {
		return Small
	}
	return Full
}

// pick returns the unit that the viewer gets of one picture, nil for none, and
// changes it over where its own choice begins a new one. The stream's lock is
// held.
func (v *viewer) pick(units [2]*unit) *unit {
	if u := units[v.want]; v.has != v.want && u != nil && u.key {
		v.stream.tally(v, -1)
		v.has = v.want
		v.stream.tally(v, 1)
	}
	return units[v.has]
}
