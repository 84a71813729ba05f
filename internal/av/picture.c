#include <string.h>

#include "av.h"

// tight names the format without the "j" that marks full range: samples are
// never rescaled between ranges here, the range travels as a flag.
static enum AVPixelFormat tight(enum AVPixelFormat f)
{
	switch (f) {
	case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
	case AV_PIX_FMT_YUVJ411P: return AV_PIX_FMT_YUV411P;
	case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
	case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
	case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
	default: return f;
	}
}

// squeezable tells whether the format is planar YUV of 8 to 16 bits with chroma
// halved or whole on each axis: most of what cameras and phones make besides
// 4:2:0, and worth loops of its own, ten times as fast as the general converter.
static int squeezable(const AVPixFmtDescriptor *d)
{
	const uint64_t no = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BE |
		AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER |
		AV_PIX_FMT_FLAG_FLOAT;
	if (!d || (d->flags & no) || !(d->flags & AV_PIX_FMT_FLAG_PLANAR) || d->nb_components < 3 ||
		d->log2_chroma_w > 1 || d->log2_chroma_h > 1)
		return 0;
	for (int i = 0; i < 3; i++) {
		const AVComponentDescriptor *c = &d->comp[i];
		if (c->plane != i || c->offset || c->shift || c->depth < 8 || c->depth > 16 ||
			c->step != (c->depth > 8 ? 2 : 1) || c->depth != d->comp[0].depth)
			return 0;
	}
	return 1;
}

// plane is a source plane: w×h samples of the given depth, rows stride bytes
// apart.
typedef struct plane {
	const uint8_t *p;
	int stride, w, h, depth;
} plane;

static inline int sample(const uint8_t *row, int x, int wide)
{
	return wide ? ((const uint16_t *)row)[x] : row[x];
}

// squeeze_row averages blocks of fx samples of rows a and b, rounded, to eight
// bits. The constant arguments make the compiler build a loop for each case.
static inline __attribute__((always_inline)) void squeeze_row(uint8_t *restrict t,
	const uint8_t *restrict a, const uint8_t *restrict b, int n, int fx, int wide, int shift)
{
	const int half = shift ? 1 << (shift - 1) : 0;
	for (int x = 0; x < n; x++) {
		int v = sample(a, fx * x, wide) + sample(b, fx * x, wide);
		if (fx == 2)
			v += sample(a, 2 * x + 1, wide) + sample(b, 2 * x + 1, wide);
		v = (v + half) >> shift;
		t[x] = v > 255 ? 255 : v;
	}
}

// squeeze averages blocks of fx×fy samples of s into d. Rows are always taken
// in twos, the same one twice where fy is 1 or the plane ends.
static void squeeze(uint8_t *d, int ds, plane s, int fx, int fy)
{
	const int w = (s.w + fx - 1) / fx, h = (s.h + fy - 1) / fy, whole = s.w / fx;
	const int wide = s.depth > 8, shift = s.depth - 8 + fx; // 2 or 4 samples: 1 or 2 bits
	for (int y = 0; y < h; y++) {
		const uint8_t *a = s.p + (ptrdiff_t)s.stride * y * fy;
		const uint8_t *b = fy == 2 && 2 * y + 1 < s.h ? a + s.stride : a;
		uint8_t *t = d + (ptrdiff_t)ds * y;
		if (fx == 1 && !wide)
			squeeze_row(t, a, b, whole, 1, 0, 1);
		else if (fx == 1)
			squeeze_row(t, a, b, whole, 1, 1, shift);
		else if (!wide)
			squeeze_row(t, a, b, whole, 2, 0, 2);
		else
			squeeze_row(t, a, b, whole, 2, 1, shift);
		if (whole < w) { // a lone last column
			int v = sample(a, s.w - 1, wide) + sample(b, s.w - 1, wide);
			v = (v + (1 << (s.depth - 8))) >> (s.depth - 7);
			t[whole] = v > 255 ? 255 : v;
		}
	}
}

// scratch makes room for an eight-bit 4:2:0 picture of the current size.
static int scratch(by_decoder *d)
{
	AVFrame *f = d->frame;
	if (d->tmp[0] && d->tmp_w == f->width && d->tmp_h == f->height)
		return 0;
	av_freep(&d->tmp[0]);
	int rc = av_image_alloc(d->tmp, d->tmp_stride, f->width, f->height, AV_PIX_FMT_YUV420P, 64);
	d->tmp_w = f->width;
	d->tmp_h = f->height;
	return rc < 0 ? rc : 0;
}

static void squeeze_frame(by_decoder *d, const AVPixFmtDescriptor *ds)
{
	AVFrame *f = d->frame;
	const int depth = ds->comp[0].depth;
	const int fx = ds->log2_chroma_w ? 1 : 2, fy = ds->log2_chroma_h ? 1 : 2;
	const int cw = AV_CEIL_RSHIFT(f->width, ds->log2_chroma_w);
	const int ch = AV_CEIL_RSHIFT(f->height, ds->log2_chroma_h);
	squeeze(d->tmp[0], d->tmp_stride[0],
		(plane){f->data[0], f->linesize[0], f->width, f->height, depth}, 1, 1);
	for (int i = 1; i < 3; i++)
		squeeze(d->tmp[i], d->tmp_stride[i],
			(plane){f->data[i], f->linesize[i], cw, ch, depth}, fx, fy);
}

// prepare makes the general converter fit the current frame; it is kept until
// format or size change.
static int prepare(by_decoder *d, enum AVPixelFormat fmt)
{
	AVFrame *f = d->frame;
	int matrix = f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
	if (d->sws && d->sws_fmt == fmt && d->sws_w == f->width && d->sws_h == f->height)
		return 0;
	sws_freeContext(d->sws);
	d->sws = NULL;
	if (!sws_isSupportedInput(fmt))
		return BY_NO_PIXFMT;
	d->sws = sws_getContext(f->width, f->height, fmt, f->width, f->height,
		AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!d->sws)
		return BY_NO_PIXFMT;
	const int *k = sws_getCoefficients(matrix);
	sws_setColorspaceDetails(d->sws, k, 0, k, 0, 0, 1 << 16, 1 << 16);
	d->sws_fmt = fmt;
	d->sws_w = f->width;
	d->sws_h = f->height;
	return 0;
}

static void turn(uint8_t *dst, int ds, const uint8_t *src, int ss, int w, int h, by_orient o)
{
	// w×h is the source plane. dst(x', y') = src(x, y) where a transpose swaps
	// the axes and the flips then count from the far side.
	if (!o.transpose) {
		for (int y = 0; y < h; y++) {
			const uint8_t *s = src + (ptrdiff_t)ss * (o.vflip ? h - 1 - y : y);
			uint8_t *t = dst + (ptrdiff_t)ds * y;
			if (!o.hflip) {
				memcpy(t, s, w);
				continue;
			}
			for (int x = 0; x < w; x++)
				t[x] = s[w - 1 - x];
		}
		return;
	}
	enum { B = 32 }; // blocks keep both sides of the transpose in cache
	for (int y0 = 0; y0 < h; y0 += B) {
		int y1 = y0 + B < h ? y0 + B : h;
		for (int x0 = 0; x0 < w; x0 += B) {
			int x1 = x0 + B < w ? x0 + B : w;
			for (int x = x0; x < x1; x++) {
				uint8_t *t = dst + (ptrdiff_t)ds * (o.vflip ? w - 1 - x : x);
				const uint8_t *s = src + x;
				if (o.hflip)
					for (int y = y0; y < y1; y++)
						t[h - 1 - y] = s[(ptrdiff_t)ss * y];
				else
					for (int y = y0; y < y1; y++)
						t[y] = s[(ptrdiff_t)ss * y];
			}
		}
	}
}

// convert fills the scratch picture from a frame of any format.
static int convert(by_decoder *d, enum AVPixelFormat fmt)
{
	AVFrame *f = d->frame;
	int rc = scratch(d);
	if (rc < 0)
		return rc;
	const AVPixFmtDescriptor *ds = av_pix_fmt_desc_get(fmt);
	if (squeezable(ds)) {
		squeeze_frame(d, ds);
		return 0;
	}
	if ((rc = prepare(d, fmt)) < 0)
		return rc;
	rc = sws_scale(d->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
		d->tmp, d->tmp_stride);
	return rc < 0 ? rc : 0;
}

int by_dec_copy(by_decoder *d, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc)
{
	AVFrame *f = d->frame;
	if (!f->data[0])
		return BY_INVALID;
	enum AVPixelFormat fmt = tight(f->format);
	uint8_t **src = f->data;
	int *stride = f->linesize;
	if (fmt != AV_PIX_FMT_YUV420P) {
		int rc = convert(d, fmt);
		if (rc < 0)
			return rc;
		src = d->tmp;
		stride = d->tmp_stride;
	}
	int cw = (f->width + 1) / 2, ch = (f->height + 1) / 2;
	turn(y, sy, src[0], stride[0], f->width, f->height, d->orient);
	turn(u, sc, src[1], stride[1], cw, ch, d->orient);
	turn(v, sc, src[2], stride[2], cw, ch, d->orient);
	return 0;
}
