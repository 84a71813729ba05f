// Package zones is the HTTP interface of the living site: sites, cameras,
// zones, entrances, signs, inspections, scenes, assessments, filings, floor
// plans, incidents, exit plans and the kill switch, and what the public may
// read of a zone without signing in.
//
// Who may call what is a table beside the routes; who may decide about whose
// work is for package sitestore to refuse.
package zones
