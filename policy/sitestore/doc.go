// Package sitestore keeps the living site: cameras, scenes, zones, entrances,
// signs, inspections, assessments, filings, incidents and exit plans, with
// their state machines (REQUIREMENTS 4.1 and 4.2) and their whole history, in
// SQLite. Every change is a new row that says who, why and when; nothing is
// overwritten.
//
// The store knows people only as account ids of staff. It decides who may
// decide what about whose work (author and approver, planner and inspector);
// which role an account holds is for the caller to check.
//
// It compiles to a *policy.Site, from which policy.Authority makes leases. The
// conditions for going live are policy's own: what the gate would deny cannot
// be approved here.
package sitestore
