// Package match measures how well faces are told apart, in the terms of
// ISO/IEC 19795-1: on pairs (how many are judged rightly, false matches, false
// non-matches), on a closed set (is the right person first) and on an open set
// (FNIR at FPIR), each with the number of trials and 95 % bounds.
//
// Embeddings live in memory for the time of one run and are wiped at its end;
// what is written holds rates, thresholds and counts, nothing of a face.
package match
