// Command requirements writes docs/requirements.md: for each row of the demands
// (tables A, B and C), the tests that prove it, by the tests' own tags, or why
// the row is out of scope or still open.
//
// A test says what it proves in a comment line directly above it:
//
//	// proves
//	func TestUnsignedEntrance(t *testing.T) {
//
// and in the web application's tests directly above test(…), it(…) or describe(…).
package main
