// Package match recognises the people who agreed to it, and nobody else. It
// aligns a face, embeds it when the gate of package policy allows, compares it
// with the templates of the candidates only, and judges per track whether
// somebody may be shown.
//
// A probe's embedding lives in a type that cannot be written anywhere and is
// wiped after use. Templates lie in locked memory outside the Go heap.
package match
