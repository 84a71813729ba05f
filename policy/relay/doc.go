// Package relay carries signed policy from the control side to the edges over
// the bus: snapshots and leases on a compacted topic, from which an edge
// rebuilds what it needs when it starts and then follows.
//
// It adds no trust of its own. What arrives is offered to a policy.Holder, which
// checks signature, site, age and content; whatever it refuses, and whatever
// cannot be read, changes nothing. When nothing arrives, the lease runs out and
// everybody is masked.
package relay
