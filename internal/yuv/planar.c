// Samples, weights and norms are finite, and the sign of a zero means nothing to a
// network. Told so, the compiler clamps with one instruction instead of four.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("finite-math-only", "no-signed-zeros")
#endif

#include <stddef.h>

#include "clones.h"
#include "yuv.h"

// rows combines the taps of one output row, over n columns, into t.
INLINE void rows(float *restrict t, const uint8_t *restrict s, int stride, int n,
	const float *w, int wn, int taps)
{
	if (taps == 1) {
		for (int x = 0; x < n; x++)
			t[x] = s[x];
		return;
	}
	const uint8_t *restrict b = s + stride;
	const float w0 = w[0], w1 = w[wn];
	int k = 2;
	if (taps == 2) {
		for (int x = 0; x < n; x++)
			t[x] = w0 * s[x] + w1 * b[x];
		return;
	}
	const uint8_t *restrict c = b + stride;
	const float w2 = w[2 * wn];
	for (int x = 0; x < n; x++)
		t[x] = w0 * s[x] + w1 * b[x] + w2 * c[x];
	for (k = 3; k + 1 < taps; k += 2) {
		const uint8_t *restrict p = s + (ptrdiff_t)stride * k, *restrict q = p + stride;
		const float wp = w[k * wn], wq = w[(k + 1) * wn];
		for (int x = 0; x < n; x++)
			t[x] += wp * p[x] + wq * q[x];
	}
	if (k < taps) {
		const uint8_t *restrict p = s + (ptrdiff_t)stride * k;
		const float wp = w[k * wn];
		for (int x = 0; x < n; x++)
			t[x] += wp * p[x];
	}
}

// Vectors that may lie anywhere. Without AVX the compiler makes two of each of
// the longer ones.
typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t i4 __attribute__((vector_size(16)));
typedef int32_t i8 __attribute__((vector_size(32)));

#define SUM4(p, q) \
	(__builtin_shuffle(p, q, (i4){0, 4, 1, 5}) + __builtin_shuffle(p, q, (i4){2, 6, 3, 7}))
#define SUM8(p, q)                                              \
	(__builtin_shuffle(p, q, (i8){0, 8, 1, 9, 4, 12, 5, 13}) + \
		__builtin_shuffle(p, q, (i8){2, 10, 3, 11, 6, 14, 7, 15}))
#define PAIR8(p, q)                                             \
	(__builtin_shuffle(p, q, (i8){0, 1, 8, 9, 4, 5, 12, 13}) + \
		__builtin_shuffle(p, q, (i8){2, 3, 10, 11, 6, 7, 14, 15}))

// lanes4 and lanes8 combine the taps of each output column, which lie side by side
// and are at most as many as there are lanes. Gathering the first taps of several
// columns, then their second ones, takes several times as long.
INLINE void lanes4(float *restrict o, const float *restrict s, int n,
	const int32_t *restrict start, const float *restrict w)
{
	int x = 0;
#define AT(i) (*(const v4 *)(s + start[x + i]) * *(const v4 *)(w + 4 * (x + i)))
	for (; x + 4 <= n; x += 4) {
		v4 a = SUM4(AT(0), AT(1)), b = SUM4(AT(2), AT(3));
		*(v4 *)(o + x) = __builtin_shuffle(a, b, (i4){0, 1, 4, 5}) +
			__builtin_shuffle(a, b, (i4){2, 3, 6, 7});
	}
	for (; x < n; x++) {
		v4 a = AT(0);
		o[x] = (a[0] + a[2]) + (a[1] + a[3]);
	}
#undef AT
}

INLINE void lanes8(float *restrict o, const float *restrict s, int n,
	const int32_t *restrict start, const float *restrict w)
{
	int x = 0;
#define AT(i) (*(const v8 *)(s + start[x + i]) * *(const v8 *)(w + 8 * (x + i)))
	for (; x + 8 <= n; x += 8) {
		v8 a = SUM8(AT(0), AT(1)), b = SUM8(AT(2), AT(3));
		v8 c = SUM8(AT(4), AT(5)), d = SUM8(AT(6), AT(7));
		v8 ab = PAIR8(a, b), cd = PAIR8(c, d);
		*(v8 *)(o + x) = __builtin_shuffle(ab, cd, (i8){0, 1, 2, 3, 8, 9, 10, 11}) +
			__builtin_shuffle(ab, cd, (i8){4, 5, 6, 7, 12, 13, 14, 15});
	}
	for (; x < n; x++) {
		v8 a = AT(0);
		o[x] = ((a[0] + a[2]) + (a[1] + a[3])) + ((a[4] + a[6]) + (a[5] + a[7]));
	}
#undef AT
}

// columns combines the taps of each output column of one row. It returns where
// the result lies: o, or t itself when nothing has to be done.
INLINE const float *columns(float *restrict o, const float *restrict t, by_axis a, int x0,
	const int32_t *restrict start, const float *restrict w)
{
	const int n = a.n;
	if (a.step) {
		const float *restrict s = t + a.first - x0;
		switch (a.taps) {
		case 1:
			return s;
		case 2:
			for (int x = 0; x < n; x++)
				o[x] = (s[2 * x] + s[2 * x + 1]) * 0.5f;
			return o;
		case 3:
			for (int x = 0; x < n; x++)
				o[x] = (s[3 * x] + s[3 * x + 1] + s[3 * x + 2]) * (1.0f / 3);
			return o;
		case 4:
			for (int x = 0; x < n; x++)
				o[x] = (s[4 * x] + s[4 * x + 1] + s[4 * x + 2] + s[4 * x + 3]) * 0.25f;
			return o;
		}
	}
	if (a.doubles) { // chroma of a picture that keeps its width
		const float *restrict s = t + a.first - x0;
		const int m = n / 2;
		o[0] = s[0];
		for (int x = 0; x + 1 < m; x++) {
			o[2 * x + 1] = 0.75f * s[x] + 0.25f * s[x + 1];
			o[2 * x + 2] = 0.25f * s[x] + 0.75f * s[x + 1];
		}
		o[n - 1] = s[m - 1];
		return o;
	}
	const float *restrict s = t - x0;
	if (a.lanes == 4) {
		lanes4(o, s, n, start, w);
		return o;
	}
	if (a.lanes == 8) {
		lanes8(o, s, n, start, w);
		return o;
	}
	for (int x = 0; x < n; x++)
		o[x] = w[x] * s[start[x]];
	for (int k = 1; k < a.taps; k++) {
		const float *restrict wk = w + (ptrdiff_t)k * n;
		for (int x = 0; x < n; x++)
			o[x] += wk[x] * s[start[x] + k];
	}
	return o;
}

// blocks averages whole blocks of S×taps samples, the case of a picture that
// shrinks by whole numbers: sums stay in 16 bits until the last.
INLINE void blocks(float *restrict o, uint16_t *restrict t, const uint8_t *restrict s,
	int stride, int n, int taps, int S)
{
	const uint8_t *restrict b = s + stride;
	for (int x = 0; x < n * S; x++)
		t[x] = s[x] + b[x];
	for (int k = 2; k < taps; k++) {
		const uint8_t *restrict p = s + (ptrdiff_t)stride * k;
		for (int x = 0; x < n * S; x++)
			t[x] += p[x];
	}
	const float inv = 1.0f / (S * taps);
	for (int x = 0; x < n; x++) {
		int sum = t[S * x] + t[S * x + 1];
		if (S > 2)
			sum += t[S * x + 2];
		if (S > 3)
			sum += t[S * x + 3];
		o[x] = sum * inv;
	}
}

// plane_row makes one output row of one plane. It returns where the row lies.
INLINE const float *plane_row(float *o, float *tmp, const uint8_t *s, int stride, int x0,
	int width, by_axis ax, by_axis ay, const int32_t *xs, const float *xw,
	const int32_t *ys, const float *yw, int i)
{
	s += (ptrdiff_t)ys[i] * stride + x0;
	if (ax.step && ay.step && ay.taps > 1 && ay.taps < 256) {
		const uint8_t *f = s + ax.first - x0;
		switch (ax.taps) {
		case 2:
			blocks(o, (uint16_t *)tmp, f, stride, ax.n, ay.taps, 2);
			return o;
		case 3:
			blocks(o, (uint16_t *)tmp, f, stride, ax.n, ay.taps, 3);
			return o;
		case 4:
			blocks(o, (uint16_t *)tmp, f, stride, ax.n, ay.taps, 4);
			return o;
		}
	}
	rows(tmp, s, stride, width, yw + i, ay.n, ay.taps);
	return columns(o, tmp, ax, x0, xs, xw);
}

INLINE float clamp255(float v)
{
	v = v < 0 ? 0 : v;
	return v > 255 ? 255 : v;
}

INLINE void colours(const by_planar_args *a, float *restrict r, float *restrict g,
	float *restrict b, const float *mean, const float *scale, const float *restrict y,
	const float *restrict u, const float *restrict v, int n)
{
	const by_matrix m = a->m;
	const float ro = -m.ys * m.y0 - 128 * m.rv, go = -m.ys * m.y0 - 128 * (m.gu + m.gv),
		    bo = -m.ys * m.y0 - 128 * m.bu;
	const float sr = scale[0], sg = scale[1], sb = scale[2];
	const float mr = mean[0] * sr, mg = mean[1] * sg, mb = mean[2] * sb;
	for (int x = 0; x < n; x++) {
		const float l = m.ys * y[x];
		r[x] = clamp255(l + m.rv * v[x] + ro) * sr - mr;
		g[x] = clamp255(l + m.gu * u[x] + m.gv * v[x] + go) * sg - mg;
		b[x] = clamp255(l + m.bu * u[x] + bo) * sb - mb;
	}
}

INLINE void flat(float *restrict p, float v, ptrdiff_t n)
{
	for (ptrdiff_t i = 0; i < n; i++)
		p[i] = v;
}

CLONES
void by_planar(const by_planar_args *a, float *dst, const uint8_t *y, const uint8_t *u,
	const uint8_t *v, const int32_t *lxs, const float *lxw, const int32_t *lys,
	const float *lyw, const int32_t *cxs, const float *cxw, const int32_t *cys,
	const float *cyw, float *tmp)
{
	const int w = a->lx.n, h = a->ly.n, cw = a->canvas_w, ch = a->canvas_h;
	const ptrdiff_t plane = (ptrdiff_t)cw * ch;
	float *row = tmp, *oy = row + (a->luma_w > a->chroma_w ? a->luma_w : a->chroma_w);
	float *ou = oy + w, *ov = ou + w;
	float *rowu = ov + w, *rowv = rowu + a->chroma_w;
	const int ri = a->rgb ? 0 : 2, bi = 2 - ri;
	const float mean[3] = {a->mean[ri], a->mean[1], a->mean[bi]};
	const float scale[3] = {a->scale[ri], a->scale[1], a->scale[bi]};
	for (int i = 0; i < h; i++) {
		const float *py = plane_row(oy, row, y, a->stride_y, a->luma_x0, a->luma_w, a->lx,
			a->ly, lxs, lxw, lys, lyw, i);
		const float *pu = plane_row(ou, rowu, u, a->stride_c, a->chroma_x0, a->chroma_w,
			a->cx, a->cy, cxs, cxw, cys, cyw, i);
		const float *pv = plane_row(ov, rowv, v, a->stride_c, a->chroma_x0, a->chroma_w,
			a->cx, a->cy, cxs, cxw, cys, cyw, i);
		float *d = dst + (ptrdiff_t)i * cw;
		colours(a, d + ri * plane, d + plane, d + bi * plane, mean, scale, py, pu, pv, w);
		for (int k = 0; k < 3; k++)
			flat(d + k * plane + w, a->fill[k], cw - w);
	}
	for (int k = 0; k < 3; k++)
		flat(dst + k * plane + (ptrdiff_t)h * cw, a->fill[k], (ptrdiff_t)(ch - h) * cw);
}
