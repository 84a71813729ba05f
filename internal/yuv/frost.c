#include <stddef.h>
#include <string.h>

#include "clones.h"
#include "yuv.h"

// Samples are 8.8 fixed point in lanes of 16 bits. Between the middles of two
// cells with values a and b, sample k of n has a + (b-a)·(2k+1)/2n. Each sample
// ends up between 0 and 65535, so it is exact although b-a and what is added may
// be negative: a lane counts modulo 65536.
typedef uint16_t lanes __attribute__((vector_size(16)));
typedef uint8_t octet __attribute__((vector_size(8)));

enum { PART = 256 }; // chroma samples at a time

INLINE int within(int v, int n) { return v < 0 ? 0 : v >= n ? n - 1 : v; }

// move copies n bytes, sixteen at a time, the last ones again where n is no
// multiple: runs are short, and a call for each would take longer.
INLINE void move(uint8_t *restrict d, const uint8_t *restrict s, int n)
{
	if (n < 16) {
		for (int i = 0; i < n; i++)
			d[i] = s[i];
		return;
	}
	for (int i = 0; i < n - 16; i += 16)
		memcpy(d + i, s + i, 16);
	memcpy(d + n - 16, s + n - 16, 16);
}

// eight interpolates a cell of luma, from a to b in sixteenths, and adds what the
// texture has there.
INLINE void eight(uint8_t *dst, int a, int b, int rib, const int16_t *grain)
{
	const lanes odd = {1, 3, 5, 7, 9, 11, 13, 15};
	lanes g;
	memcpy(&g, grain, sizeof g);
	const lanes v = (uint16_t)(a * 16 + rib) + (uint16_t)(b - a) * odd + g;
	const octet o = __builtin_convertvector(v >> 8, octet);
	memcpy(dst, &o, sizeof o);
}

// four interpolates a cell of chroma, from a to b in eighths: four lanes in a
// word, where borrows between them cancel in the sum.
INLINE void four(uint8_t *dst, int a, int b)
{
	uint64_t v = (uint64_t)a * 0x0008000800080008u +
		     (uint64_t)(int64_t)(b - a) * 0x0007000500030001u + 0x0080008000800080u;
	v = v >> 8 & 0x00ff00ff00ff00ffu;
	v = (v | v >> 8) & 0x0000ffff0000ffffu;
	const uint32_t o = v | v >> 16;
	memcpy(dst, &o, sizeof o);
}

// luma draws the two rows of luma that chroma samples [c0,c1) of a run stand for.
// They lie between the same two rows of cells, since the middles of cells do.
INLINE void luma(const by_frost_args *f, uint8_t *y, const int32_t *cell, const int16_t *grain,
	const by_run *r, int c0, int c1)
{
	uint8_t first[2 * PART + 16], second[2 * PART + 16];
	const int x0 = 2 * c0, x1 = 2 * c1 < f->w ? 2 * c1 : f->w;
	const int top = 2 * r->y, j = (top - 4) >> 3, last = f->cells_w - 1;
	const int fa = ((top - 4) & 7) * 2 + 1, fb = fa + 2;
	const int ra = r->rib[0] + 128, rb = r->rib[1] + 128; // 128 rounds
	const int32_t *up = cell + (ptrdiff_t)within(j, f->cells_h) * f->cells_w;
	const int32_t *dn = cell + (ptrdiff_t)within(j + 1, f->cells_h) * f->cells_w;
	const int16_t *ga = grain + ((top + f->drift) & (BY_GRAIN - 1)) * BY_GRAIN_ROW;
	const int16_t *gb = grain + ((top + 1 + f->drift) & (BY_GRAIN - 1)) * BY_GRAIN_ROW;
	int i = (x0 - 4) >> 3;
	const int from = i * 8 + 4;
	int p = up[i < 0 ? 0 : i], q = dn[i < 0 ? 0 : i];
	int a = (p * (16 - fa) + q * fa) >> 6, b = (p * (16 - fb) + q * fb) >> 6;
	for (int x = from; x < x1; x += 8) {
		i += i < last;
		p = up[i], q = dn[i];
		const int na = (p * (16 - fa) + q * fa) >> 6, nb = (p * (16 - fb) + q * fb) >> 6;
		const int g = (x + f->drift) & (BY_GRAIN - 1);
		eight(first + x - from, a, na, ra, ga + g);
		eight(second + x - from, b, nb, rb, gb + g);
		a = na, b = nb;
	}
	y += (ptrdiff_t)f->stride_y * top + x0;
	move(y, first + x0 - from, x1 - x0);
	if (top + 1 < f->h)
		move(y + f->stride_y, second + x0 - from, x1 - x0);
}

INLINE void chroma(const by_frost_args *f, uint8_t *u, uint8_t *v, const int32_t *cell_u,
	const int32_t *cell_v, const by_run *r, int x0, int x1)
{
	uint8_t first[PART + 8], second[PART + 8];
	const int j = (r->y - 2) >> 2, fy = ((r->y - 2) & 3) * 2 + 1, last = f->cells_w - 1;
	const ptrdiff_t up = (ptrdiff_t)within(j, f->cells_h) * f->cells_w;
	const ptrdiff_t dn = (ptrdiff_t)within(j + 1, f->cells_h) * f->cells_w;
	int i = (x0 - 2) >> 2;
	const int from = i * 4 + 2;
	int k = i < 0 ? 0 : i;
	int a = (cell_u[up + k] * (8 - fy) + cell_u[dn + k] * fy) >> 4;
	int b = (cell_v[up + k] * (8 - fy) + cell_v[dn + k] * fy) >> 4;
	for (int x = from; x < x1; x += 4) {
		i += i < last;
		const int na = (cell_u[up + i] * (8 - fy) + cell_u[dn + i] * fy) >> 4;
		const int nb = (cell_v[up + i] * (8 - fy) + cell_v[dn + i] * fy) >> 4;
		four(first + x - from, a, na);
		four(second + x - from, b, nb);
		a = na, b = nb;
	}
	const ptrdiff_t at = (ptrdiff_t)f->stride_c * r->y + x0;
	move(u + at, first + x0 - from, x1 - x0);
	move(v + at, second + x0 - from, x1 - x0);
}

CLONES
void by_frost(const by_frost_args *f, uint8_t *y, uint8_t *u, uint8_t *v, const int32_t *cell_y,
	const int32_t *cell_u, const int32_t *cell_v, const int16_t *grain, const by_run *runs, int n)
{
	for (const by_run *r = runs; r < runs + n; r++) {
		for (int x0 = r->x0; x0 < r->x1; x0 += PART) {
			const int x1 = r->x1 - x0 < PART ? r->x1 : x0 + PART;
			luma(f, y, cell_y, grain, r, x0, x1);
			chroma(f, u, v, cell_u, cell_v, r, x0, x1);
		}
	}
}
