#include <math.h>
#include <stddef.h>

#include "clones.h"
#include "yuv.h"

// at samples one plane bilinearly; x and y count from the centre of the first
// sample and must lie within [-0.5, w-0.5] and [-0.5, h-0.5], where the edge
// sample is repeated.
INLINE float at(const uint8_t *p, int stride, int w, int h, float x, float y)
{
	x = x < 0 ? 0 : x > w - 1 ? w - 1 : x;
	y = y < 0 ? 0 : y > h - 1 ? h - 1 : y;
	const int xi = (int)x, yi = (int)y;
	const float fx = x - xi, fy = y - yi;
	const uint8_t *a = p + (ptrdiff_t)yi * stride + xi;
	const int dx = xi + 1 < w;
	const uint8_t *b = yi + 1 < h ? a + stride : a;
	const float t = a[0] + fx * (a[dx] - a[0]);
	const float s = b[0] + fx * (b[dx] - b[0]);
	return t + fy * (s - t);
}

typedef struct sum {
	float y, u, v;
	int in;
} sum;

// gather averages a grid of points around one chip pixel. Points outside the
// picture count as black.
INLINE sum gather(const by_warp_args *a, const uint8_t *y, const uint8_t *u,
	const uint8_t *v, int i, int j, int cw, int ch)
{
	sum s = {0, 0, 0, 0};
	const int n = a->grid;
	const float step = 1.0f / n, off = step * 0.5f - 0.5f;
	for (int q = 0; q < n; q++) {
		const float cy = j + off + q * step;
		for (int p = 0; p < n; p++) {
			const float cx = i + off + p * step;
			const float sx = a->inv[0] * cx + a->inv[1] * cy + a->inv[2];
			const float sy = a->inv[3] * cx + a->inv[4] * cy + a->inv[5];
			if (!(sx >= -0.5f && sy >= -0.5f && sx <= a->w - 0.5f && sy <= a->h - 0.5f))
				continue;
			s.y += at(y, a->stride_y, a->w, a->h, sx, sy);
			const float qx = sx * 0.5f - 0.25f, qy = sy * 0.5f - 0.25f;
			s.u += at(u, a->stride_c, cw, ch, qx, qy);
			s.v += at(v, a->stride_c, cw, ch, qx, qy);
			s.in++;
		}
	}
	return s;
}

INLINE float clamp255(float v) { return v < 0 ? 0 : v > 255 ? 255 : v; }

CLONES
void by_warp(const by_warp_args *a, float *dst, const uint8_t *y, const uint8_t *u,
	const uint8_t *v)
{
	const int n = a->side, cw = (a->w + 1) / 2, ch = (a->h + 1) / 2;
	const ptrdiff_t plane = a->interleaved ? 1 : (ptrdiff_t)n * n;
	const int ri = a->rgb ? 0 : 2, bi = 2 - ri;
	const by_matrix m = a->m;
	const float all = 1.0f / (a->grid * a->grid);
	for (int j = 0; j < n; j++) {
		for (int i = 0; i < n; i++) {
			const sum s = gather(a, y, u, v, i, j, cw, ch);
			float c[3] = {0, 0, 0}; // R, G, B
			if (s.in) {
				const float inv = 1.0f / s.in, part = s.in * all;
				const float l = m.ys * (s.y * inv - m.y0), pu = s.u * inv - 128,
					    pv = s.v * inv - 128;
				c[0] = clamp255(l + m.rv * pv) * part;
				c[1] = clamp255(l + m.gu * pu + m.gv * pv) * part;
				c[2] = clamp255(l + m.bu * pu) * part;
			}
			float *d = dst + ((ptrdiff_t)j * n + i) * (a->interleaved ? 3 : 1);
			d[ri * plane] = (c[0] - a->mean[ri]) * a->scale[ri];
			d[plane] = (c[1] - a->mean[1]) * a->scale[1];
			d[bi * plane] = (c[2] - a->mean[bi]) * a->scale[bi];
		}
	}
}
