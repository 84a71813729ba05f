#include <stddef.h>

#include "clones.h"
#include "yuv.h"

INLINE uint8_t byte(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }

CLONES
void by_to_rgb(const by_matrix *m, uint8_t *dst, int dst_stride, int rgb, int w, int h,
	const uint8_t *y, const uint8_t *u, const uint8_t *v, int sy, int sc)
{
	// Fixed point, 14 bits: exact to half a step.
	const int k = 1 << 14, ys = (int)(m->ys * k + 0.5f), y0 = (int)m->y0;
	const int rv = (int)(m->rv * k + 0.5f), bu = (int)(m->bu * k + 0.5f);
	const int gu = (int)(m->gu * k - 0.5f), gv = (int)(m->gv * k - 0.5f);
	const int ri = rgb ? 0 : 2, bi = 2 - ri;
	for (int j = 0; j < h; j++) {
		const uint8_t *restrict py = y + (ptrdiff_t)sy * j;
		const uint8_t *restrict pu = u + (ptrdiff_t)sc * (j / 2);
		const uint8_t *restrict pv = v + (ptrdiff_t)sc * (j / 2);
		uint8_t *restrict d = dst + (ptrdiff_t)dst_stride * j;
		for (int x = 0; x < w; x++) {
			const int l = ys * (py[x] - y0) + k / 2, a = pu[x / 2] - 128, b = pv[x / 2] - 128;
			d[3 * x + ri] = byte((l + rv * b) >> 14);
			d[3 * x + 1] = byte((l + gu * a + gv * b) >> 14);
			d[3 * x + bi] = byte((l + bu * a) >> 14);
		}
	}
}

INLINE uint8_t near(float v)
{
	const int i = (int)(v + 0.5f);
	return i < 0 ? 0 : i > 255 ? 255 : i;
}

CLONES
void by_from_rgb(const by_forward *f, const uint8_t *src, int src_stride, int step, int rgb,
	int w, int h, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc)
{
	const int ri = rgb ? 0 : 2, bi = 2 - ri;
	const float *k = f->k;
	for (int j = 0; j < h; j++) {
		const uint8_t *restrict s = src + (ptrdiff_t)src_stride * j;
		uint8_t *restrict d = y + (ptrdiff_t)sy * j;
		for (int x = 0; x < w; x++) {
			const uint8_t *p = s + (ptrdiff_t)step * x;
			d[x] = near(k[0] * p[ri] + k[1] * p[1] + k[2] * p[bi] + f->off[0]);
		}
	}
	for (int j = 0; j < h; j += 2) {
		const uint8_t *a = src + (ptrdiff_t)src_stride * j;
		const uint8_t *b = j + 1 < h ? a + src_stride : a;
		uint8_t *pu = u + (ptrdiff_t)sc * (j / 2), *pv = v + (ptrdiff_t)sc * (j / 2);
		for (int x = 0; x < w; x += 2) {
			const ptrdiff_t l = (ptrdiff_t)step * x, r = x + 1 < w ? l + step : l;
			const float R = a[l + ri] + a[r + ri] + b[l + ri] + b[r + ri];
			const float G = a[l + 1] + a[r + 1] + b[l + 1] + b[r + 1];
			const float B = a[l + bi] + a[r + bi] + b[l + bi] + b[r + bi];
			pu[x / 2] = near((k[3] * R + k[4] * G + k[5] * B) * 0.25f + f->off[1]);
			pv[x / 2] = near((k[6] * R + k[7] * G + k[8] * B) * 0.25f + f->off[2]);
		}
	}
}
