#include <stddef.h>
#include <string.h>

#include "clones.h"
#include "yuv.h"

enum { CHUNK = 4096 }; // columns at a time, so that the sums stay in cache

CLONES
void by_grid(uint8_t *dst, const uint8_t *src, int stride, int w, int h, int cell)
{
	uint16_t col[CHUNK]; // at most 256 rows of 255
	const int gw = (w + cell - 1) / cell, span = CHUNK / cell * cell;
	for (int y0 = 0, gy = 0; y0 < h; y0 += cell, gy++) {
		const int rows = h - y0 < cell ? h - y0 : cell;
		for (int x0 = 0; x0 < w; x0 += span) {
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
