// Kernels of package search. Pointers are borrowed for the call; nothing is
// allocated and nothing calls back.
#ifndef BYSTANDER_SEARCH_H
#define BYSTANDER_SEARCH_H

#include <stdint.h>

enum { BY_DIM = 256, BY_LANES = 4 };

// out[k*n + i] is the inner product of row i with query qk, for nq of 1 to
// BY_LANES queries; the pointers beyond are not read. Rows are n×BY_DIM values.
// With query values of at most 32767 and row values of at most 127 no sum
// overflows.
void by_coarse(const int8_t *rows, int n, const int16_t *q0, const int16_t *q1,
	const int16_t *q2, const int16_t *q3, int nq, int32_t *out);

// by_coarse with a chosen kernel: w, 2, or p for the plain one.
void by_coarse_as(char kernel, const int8_t *rows, int n, const int16_t *q0,
	const int16_t *q1, const int16_t *q2, const int16_t *q3, int nq, int32_t *out);

// Which kernel runs: "avx512", "avx2" or "plain".
const char *by_kernel(void);

#endif
