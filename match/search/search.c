#include "search.h"

#if defined(__x86_64__) && defined(__gnu_linux__)
#include <immintrin.h>
#define X86 1
#endif

typedef void coarse_fn(const int8_t *rows, int n, const int16_t *const q[BY_LANES], int nq, int32_t *out);

static void coarse_plain(const int8_t *rows, int n, const int16_t *const q[BY_LANES], int nq, int32_t *out)
{
	for (int i = 0; i < n; i++) {
		const int8_t *r = rows + (long)i * BY_DIM;
		for (int k = 0; k < nq; k++) {
			int32_t s = 0;
			for (int d = 0; d < BY_DIM; d++)
				s += (int32_t)r[d] * q[k][d];
			out[(long)k * n + i] = s;
		}
	}
}

#ifdef X86

// Each body is written once for a fixed number of queries, which the compiler
// unrolls, so that a row is read and widened once for all of them.
#define INLINE static inline __attribute__((always_inline))

__attribute__((target("avx2")))
INLINE int32_t sum256(__m256i v)
{
	__m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
	return _mm_cvtsi128_si32(s);
}

__attribute__((target("avx2")))
INLINE void rows_avx2(const int8_t *rows, int n, const int16_t *const q[BY_LANES], const int nq, int32_t *out)
{
	for (int i = 0; i < n; i++) {
		const int8_t *r = rows + (long)i * BY_DIM;
		__m256i s[BY_LANES];
		for (int k = 0; k < nq; k++)
			s[k] = _mm256_setzero_si256();
		for (int d = 0; d < BY_DIM; d += 16) {
			const __m256i v = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(r + d)));
			for (int k = 0; k < nq; k++)
				s[k] = _mm256_add_epi32(s[k], _mm256_madd_epi16(v,
					_mm256_loadu_si256((const __m256i *)(q[k] + d))));
		}
		for (int k = 0; k < nq; k++)
			out[(long)k * n + i] = sum256(s[k]);
	}
}

__attribute__((target("avx2")))
static void coarse_avx2(const int8_t *rows, int n, const int16_t *const q[BY_LANES], int nq, int32_t *out)
{
	switch (nq) {
	case 1: rows_avx2(rows, n, q, 1, out); break;
	case 2: rows_avx2(rows, n, q, 2, out); break;
	case 3: rows_avx2(rows, n, q, 3, out); break;
	default: rows_avx2(rows, n, q, 4, out);
	}
}

__attribute__((target("avx512bw,avx512f")))
INLINE void rows_avx512(const int8_t *rows, int n, const int16_t *const q[BY_LANES], const int nq, int32_t *out)
{
	for (int i = 0; i < n; i++) {
		const int8_t *r = rows + (long)i * BY_DIM;
		__m512i s[BY_LANES];
		for (int k = 0; k < nq; k++)
			s[k] = _mm512_setzero_si512();
		for (int d = 0; d < BY_DIM; d += 32) {
			const __m512i v = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(r + d)));
			for (int k = 0; k < nq; k++)
				s[k] = _mm512_add_epi32(s[k], _mm512_madd_epi16(v,
					_mm512_loadu_si512(q[k] + d)));
		}
		for (int k = 0; k < nq; k++)
			out[(long)k * n + i] = _mm512_reduce_add_epi32(s[k]);
	}
}

__attribute__((target("avx512bw,avx512f")))
static void coarse_avx512(const int8_t *rows, int n, const int16_t *const q[BY_LANES], int nq, int32_t *out)
{
	switch (nq) {
	case 1: rows_avx512(rows, n, q, 1, out); break;
	case 2: rows_avx512(rows, n, q, 2, out); break;
	case 3: rows_avx512(rows, n, q, 3, out); break;
	default: rows_avx512(rows, n, q, 4, out);
	}
}

#endif

// The processor is asked at each call; that is a load and a test.
static coarse_fn *choose(const char **name)
{
#ifdef X86
	if (__builtin_cpu_supports("avx512bw")) {
		*name = "avx512";
		return coarse_avx512;
	}
	if (__builtin_cpu_supports("avx2")) {
		*name = "avx2";
		return coarse_avx2;
	}
#endif
	*name = "plain";
	return coarse_plain;
}

void by_coarse(const int8_t *rows, int n, const int16_t *q0, const int16_t *q1,
	const int16_t *q2, const int16_t *q3, int nq, int32_t *out)
{
	const int16_t *const q[BY_LANES] = { q0, q1, q2, q3 };
	const char *name;
	choose(&name)(rows, n, q, nq, out);
}

void by_coarse_as(char kernel, const int8_t *rows, int n, const int16_t *q0,
	const int16_t *q1, const int16_t *q2, const int16_t *q3, int nq, int32_t *out)
{
	const int16_t *const q[BY_LANES] = { q0, q1, q2, q3 };
#ifdef X86
	if (kernel == 'w' && __builtin_cpu_supports("avx512bw")) {
		coarse_avx512(rows, n, q, nq, out);
		return;
	}
	if (kernel == '2' && __builtin_cpu_supports("avx2")) {
		coarse_avx2(rows, n, q, nq, out);
		return;
	}
#endif
	coarse_plain(rows, n, q, nq, out);
}

const char *by_kernel(void)
{
	const char *name;
	(void)choose(&name);
	return name;
}
