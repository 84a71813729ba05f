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

// prepare makes the converter and its scratch picture fit the current frame;
// both are kept until format or size change.
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
	if (d->tmp_w != f->width || d->tmp_h != f->height) {
		av_freep(&d->tmp[0]);
		d->tmp_w = d->tmp_h = 0;
		int rc = av_image_alloc(d->tmp, d->tmp_stride, f->width, f->height,
			AV_PIX_FMT_YUV420P, 64);
		if (rc < 0)
			return rc;
		d->tmp_w = f->width;
		d->tmp_h = f->height;
	}
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

int by_dec_copy(by_decoder *d, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc)
{
	AVFrame *f = d->frame;
	if (!f->data[0])
		return BY_INVALID;
	enum AVPixelFormat fmt = tight(f->format);
	uint8_t **src = f->data;
	int *stride = f->linesize;
	if (fmt != AV_PIX_FMT_YUV420P) {
		int rc = prepare(d, fmt);
		if (rc < 0)
			return rc;
		rc = sws_scale(d->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
			d->tmp, d->tmp_stride);
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
