#include <stddef.h>
#include <string.h>

#include "clones.h"
#include "yuv.h"

enum { CHUNK = 4096 }; // columns at a time, so that the sums stay in cache

typedef uint64_t word __attribute__((may_alias, aligned(1)));

// eights makes one row of n whole cells of 8×8: the eight samples of a row as one
// word, summed in four lanes of 16 bits, of which 8 rows of 2×255 fill little. A
// compiler takes several words at once, and the mean is a shift, no division.
INLINE void eights(uint8_t *restrict dst, const uint8_t *restrict s, int stride, int n)
{
	const uint64_t even = 0x00ff00ff00ff00ffu, low = 0x0000ffff0000ffffu;
	for (int x = 0; x < n; x++) {
		uint64_t sum = 0;
		for (int y = 0; y < 8; y++) {
			const uint64_t v = *(const word *)(s + (ptrdiff_t)stride * y + 8 * x);
			sum += (v & even) + (v >> 8 & even);
		}
		sum = (sum & low) + (sum >> 16 & low);
		dst[x] = ((uint32_t)(sum + (sum >> 32)) + 32) >> 6;
	}
}

CLONES
void by_grid(uint8_t *dst, const uint8_t *src, int stride, int w, int h, int cell)
{
	uint16_t col[CHUNK]; // at most 256 rows of 255
	const int gw = (w + cell - 1) / cell, span = CHUNK / cell * cell;
	for (int y0 = 0, gy = 0; y0 < h; y0 += cell, gy++) {
		const int rows = h - y0 < cell ? h - y0 : cell;
		int x0 = 0;
		if (cell == 8 && rows == 8) {
			x0 = w & ~7; // what is left is less than a cell
			eights(dst + (ptrdiff_t)gy * gw, src + (ptrdiff_t)stride * y0, stride, x0 / 8);
		}
		for (; x0 < w; x0 += span) {
			const int n = w - x0 < span ? w - x0 : span;
			memset(col, 0, sizeof *col * n);
			for (int y = 0; y < rows; y++) {
				const uint8_t *restrict s = src + (ptrdiff_t)stride * (y0 + y) + x0;
				for (int x = 0; x < n; x++)
					col[x] += s[x];
			}
			uint8_t *d = dst + (ptrdiff_t)gy * gw + x0 / cell;
			for (int x = 0; x < n; x += cell) {
				const int c = n - x < cell ? n - x : cell;
				uint32_t sum = 0;
				for (int k = 0; k < c; k++)
					sum += col[x + k];
				const uint32_t area = (uint32_t)c * rows;
				*d++ = (sum + area / 2) / area;
			}
		}
	}
}

CLONES
void by_means(float *dst, const uint8_t *src, int stride, int w, int h, int gw, int gh)
{
	uint32_t col[CHUNK];
	for (int gy = 0; gy < gh; gy++) {
		const int y0 = (int64_t)gy * h / gh, y1 = (int64_t)(gy + 1) * h / gh;
		for (int a = 0, b; a < gw; a = b) { // cells [a,b) at a time
			const int x0 = (int64_t)a * w / gw;
			int n = 0;
			for (b = a; b < gw && (int64_t)(b + 1) * w / gw - x0 <= CHUNK; b++)
				n = (int64_t)(b + 1) * w / gw - x0;
			memset(col, 0, sizeof *col * n);
			for (int y = y0; y < y1; y++) {
				const uint8_t *restrict s = src + (ptrdiff_t)stride * y + x0;
				for (int x = 0; x < n; x++)
					col[x] += s[x];
			}
			for (int c = a, x = 0; c < b; c++) {
				const int from = x, to = (int64_t)(c + 1) * w / gw - x0;
				uint32_t sum = 0;
				for (; x < to; x++)
					sum += col[x];
				dst[(ptrdiff_t)gy * gw + c] = (float)sum / (float)((y1 - y0) * (to - from));
			}
		}
	}
}
