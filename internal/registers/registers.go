// Package registers keeps secrets from staying behind in the processor's vector
// registers.
//
// What handled an embedding last leaves pieces of it there, four to sixteen
// values each, and the next signal writes them to memory: into the frame on the
// thread's signal stack, and, when the scheduler takes the processor away, into
// its own store of registers. Nobody overwrites those soon. So whoever computes
// with or copies an embedding does it under Shield.
package registers

// Clear overwrites the vector registers of the running thread with zeros. It
// costs a few nanoseconds.
func Clear() { zero() }
