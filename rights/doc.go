// Package rights serves the requests that people have a right to make about
// what is kept of them: to see it, have a copy, have it corrected, restricted or
// erased, to withdraw, to object, to be told why.
//
// A request is taken from anybody, known here or not, with the same answer; what
// follows waits until an officer, or a receipt that only the person holds, has
// shown who asks. Each has a deadline by jurisdiction, one reasoned extension,
// and ends fulfilled, or refused on a coded ground with a way to appeal. What
// has to reach other systems goes through connectors; a deletion is fulfilled
// only when each of them has acknowledged, or somebody has written down why one
// cannot.
//
// The package keeps no name: who asks is an enrollee's id once verified, and the
// way to reach them is sealed under a key of the request's own.
package rights
