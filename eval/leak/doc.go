// Package leak judges redaction from outside: it takes an original and a
// redacted recording, of this program or of any other tool, and tells how many
// faces can still be seen, found or recognised, and what that cost.
//
// It knows nothing of how the masks were made. Faces are found by a detector
// that the pipeline does not use (RFB-640, on the whole picture and in tiles),
// kept when they persist over neighbouring pictures and lie on a person, and
// then looked at in the redacted picture, at the same place:
//
//   - exposed: the fine detail is still there, as a normalised correlation;
//   - re-detected: a judge finds a face there again;
//   - re-identified: the embedding still matches that of the original.
//
// Pixels stay in memory. What is written holds places, counts, and thumbnails
// of the redacted side in which every face is blotted out.
package leak
