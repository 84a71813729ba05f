// Package policy decides what may be done with a face, and proves it. It holds
// the site file (cameras, scenes, zones, signs, notices), the consents of the
// people who enrolled, the signed snapshot that an edge works from, and the
// gate of REQUIREMENTS section 4.3. Everything unknown is false, and what is
// false is denied.
//
// The package is pure Go and knows no picture, no template and no name.
package policy
