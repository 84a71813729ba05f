// Package pad measures presentation-attack detection after ISO/IEC 30107-3: for
// each attack species the part of attacks that pass for life (APCER), and the
// part of live people who are refused (BPCER), each with the number tested and
// 95 % bounds. Errors of different species are never pooled: a mean would hide
// the species that gets through.
//
// Only what was tested is reported. Species may come from folders of pictures
// of real attacks, or be simulated from pictures of faces (Simulate); simulated
// ones carry that word wherever they are printed, because a drawing of a print
// is not a print: it lacks the camera between.
package pad
