#include <stdio.h>
#include <string.h>

#include "av.h"

static void x264_options(AVDictionary **o, const by_enccfg *c)
{
	av_dict_set(o, "preset", c->preset, 0);
	if (c->tune[0])
		av_dict_set(o, "tune", c->tune, 0);
	if (c->profile[0])
		av_dict_set(o, "profile", c->profile, 0);
	av_dict_set(o, "forced-idr", "1", 0);
	char num[32];
	if (c->lossless) {
		av_dict_set(o, "qp", "0", 0);
	} else if (c->crf >= 0) {
		snprintf(num, sizeof num, "%.3f", c->crf);
		av_dict_set(o, "crf", num, 0);
	}
}

// nvenc_options ask for what x264_options do: no delay, key pictures on demand, a
// constant quality beneath a cap.
static void nvenc_options(AVDictionary **o, const by_enccfg *c)
{
	av_dict_set(o, "preset", "p1", 0);
	av_dict_set(o, "tune", "ull", 0);
	if (c->profile[0])
		av_dict_set(o, "profile", c->profile, 0);
	av_dict_set(o, "forced-idr", "1", 0);
	av_dict_set(o, "zerolatency", "1", 0);
	av_dict_set(o, "delay", "0", 0);
	if (c->crf >= 0) {
		av_dict_set(o, "rc", "vbr", 0);
		char num[32];
		snprintf(num, sizeof num, "%.3f", c->crf);
		av_dict_set(o, "cq", num, 0);
	}
}

static void vpx_options(AVDictionary **o, const by_enccfg *c)
{
	av_dict_set(o, "deadline", "realtime", 0);
	av_dict_set(o, "cpu-used", "8", 0);
	av_dict_set(o, "lag-in-frames", "0", 0);
	av_dict_set(o, "auto-alt-ref", "0", 0);
	if (c->codec_id == AV_CODEC_ID_VP9)
		av_dict_set(o, "row-mt", "1", 0);
	if (c->lossless)
		av_dict_set(o, "lossless", "1", 0);
	else if (c->crf >= 0)
		av_dict_set_int(o, "crf", (int64_t)(c->crf + 0.5), 0);
}

static int configure(by_encoder *x, const by_enccfg *c, AVDictionary **o)
{
	AVCodecContext *a = x->ctx;
	int odd = (c->w | c->h) & 1;
	a->pix_fmt = AV_PIX_FMT_YUV420P;
	a->width = c->w;
	a->height = c->h;
	if (odd && c->codec_id == AV_CODEC_ID_H264) {
		x->convert = c->pad ? 1 : 2;
		if (c->pad) {
			a->width += c->w & 1;
			a->height += c->h & 1;
		} else {
			a->pix_fmt = AV_PIX_FMT_YUV444P;
		}
		int rc = av_image_alloc(x->tmp, x->tmp_stride, a->width, a->height, a->pix_fmt, 64);
		if (rc < 0)
			return rc;
	}
	a->time_base = c->tb;
	a->framerate = c->rate;
	a->sample_aspect_ratio = c->sar;
	a->gop_size = c->gop;
	a->max_b_frames = 0;
	a->thread_count = c->threads;
	a->bit_rate = c->bitrate;
	a->rc_max_rate = c->maxrate;
	a->rc_buffer_size = c->bufsize;
	a->color_range = c->colour.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	a->color_primaries = c->colour.primaries;
	a->color_trc = c->colour.transfer;
	a->colorspace = c->colour.matrix;
	if (c->global_header)
		a->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	if (c->nvenc)
		nvenc_options(o, c);
	else if (c->codec_id == AV_CODEC_ID_H264)
		x264_options(o, c);
	else
		vpx_options(o, c);
	return 0;
}

static const AVCodec *encoder_for(int id)
{
	switch (id) {
	case AV_CODEC_ID_H264: return avcodec_find_encoder_by_name("libx264");
	case AV_CODEC_ID_VP8: return avcodec_find_encoder_by_name("libvpx");
	case AV_CODEC_ID_VP9: return avcodec_find_encoder_by_name("libvpx-vp9");
	default: return NULL;
	}
}

int by_enc_open(by_encoder **out, const by_enccfg *c, by_err *e)
{
	by_log_clear();
	const AVCodec *codec = c->nvenc ? avcodec_find_encoder_by_name("h264_nvenc") : encoder_for(c->codec_id);
	if (!codec)
		return BY_NO_ENCODER;
	by_encoder *x = av_mallocz(sizeof *x);
	if (!x)
		return AVERROR(ENOMEM);
	int rc = AVERROR(ENOMEM);
	AVDictionary *o = NULL;
	x->w = c->w;
	x->h = c->h;
	x->frame = av_frame_alloc();
	x->ctx = avcodec_alloc_context3(codec);
	if (x->frame && x->ctx && (rc = configure(x, c, &o)) >= 0)
		rc = avcodec_open2(x->ctx, codec, &o);
	av_dict_free(&o);
	if (rc < 0) {
		by_log_take(e);
		by_enc_close(x);
		return rc;
	}
	*out = x;
	return 0;
}

// let_go runs when libav drops its view of a plane.
static void let_go(void *opaque, uint8_t *data)
{
	(void)data;
	__atomic_sub_fetch((int *)opaque, 1, __ATOMIC_RELEASE);
}

static int view(by_encoder *x, int i, uint8_t *p, int stride, int rows)
{
	AVFrame *f = x->frame;
	f->data[i] = p;
	f->linesize[i] = stride;
	f->buf[i] = av_buffer_create(p, (size_t)stride * rows, let_go, &x->held,
		AV_BUFFER_FLAG_READONLY);
	if (!f->buf[i])
		return AVERROR(ENOMEM);
	__atomic_add_fetch(&x->held, 1, __ATOMIC_RELAXED);
	return 0;
}

// pad copies a w×h plane into a W×H one and repeats the last column and row.
static void pad(uint8_t *d, int ds, int W, int H, const uint8_t *s, int ss, int w, int h)
{
	for (int y = 0; y < H; y++) {
		const uint8_t *r = s + (ptrdiff_t)ss * (y < h ? y : h - 1);
		uint8_t *t = d + (ptrdiff_t)ds * y;
		memcpy(t, r, w);
		memset(t + w, r[w - 1], W - w);
	}
}

// widen repeats each chroma sample over the pixels that it covers.
static void widen(uint8_t *d, int ds, int W, int H, const uint8_t *s, int ss)
{
	for (int y = 0; y < H; y++) {
		const uint8_t *r = s + (ptrdiff_t)ss * (y / 2);
		uint8_t *t = d + (ptrdiff_t)ds * y;
		for (int x = 0; x < W; x++)
			t[x] = r[x / 2];
	}
}

static void convert(by_encoder *x, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc)
{
	int W = x->ctx->width, H = x->ctx->height, cw = (x->w + 1) / 2, ch = (x->h + 1) / 2;
	pad(x->tmp[0], x->tmp_stride[0], W, H, y, sy, x->w, x->h);
	if (x->convert == 2) {
		widen(x->tmp[1], x->tmp_stride[1], W, H, u, sc);
		widen(x->tmp[2], x->tmp_stride[2], W, H, v, sc);
	} else {
		pad(x->tmp[1], x->tmp_stride[1], W / 2, H / 2, u, sc, cw, ch);
		pad(x->tmp[2], x->tmp_stride[2], W / 2, H / 2, v, sc, cw, ch);
	}
}

// by_enc_send lends the planes to the encoder for the call: libx264 and libvpx
// copy a picture before they return. held proves it.
int by_enc_send(by_encoder *x, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc,
	int64_t pts, int force_key)
{
	AVFrame *f = x->frame;
	AVCodecContext *a = x->ctx;
	by_log_clear();
	av_frame_unref(f);
	uint8_t *p[3] = {y, u, v};
	int stride[3] = {sy, sc, sc}, ch = (a->height + 1) / 2;
	if (x->convert) {
		convert(x, y, u, v, sy, sc);
		for (int i = 0; i < 3; i++) {
			p[i] = x->tmp[i];
			stride[i] = x->tmp_stride[i];
		}
		if (x->convert == 2)
			ch = a->height;
	}
	int rc = 0;
	for (int i = 0; i < 3 && !rc; i++)
		rc = view(x, i, p[i], stride[i], i ? ch : a->height);
	f->format = a->pix_fmt;
	f->width = a->width;
	f->height = a->height;
	f->pts = pts;
	f->sample_aspect_ratio = a->sample_aspect_ratio;
	f->color_range = a->color_range;
	f->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	if (!rc)
		rc = avcodec_send_frame(a, f);
	av_frame_unref(f);
	if (rc >= 0 && __atomic_load_n(&x->held, __ATOMIC_ACQUIRE))
		rc = BY_HELD;
	return rc;
}

int by_enc_drain(by_encoder *x)
{
	by_log_clear();
	int rc = avcodec_send_frame(x->ctx, NULL);
	return rc == BY_EOF ? 0 : rc;
}

int by_enc_receive(by_encoder *x, int i, by_packet *p)
{
	if (i >= x->npkts) {
		AVPacket **a = av_realloc_array(x->pkts, i + 1, sizeof *a);
		if (!a)
			return AVERROR(ENOMEM);
		x->pkts = a;
		if (!(a[i] = av_packet_alloc()))
			return AVERROR(ENOMEM);
		x->npkts = i + 1;
	}
	AVPacket *k = x->pkts[i];
	av_packet_unref(k);
	int rc = avcodec_receive_packet(x->ctx, k);
	if (rc < 0)
		return rc;
	p->data = k->data;
	p->len = k->size;
	p->extra = NULL;
	p->extra_len = 0;
	p->pts = k->pts;
	p->dts = k->dts;
	p->duration = k->duration;
	p->flags = k->flags;
	return 0;
}

void by_enc_close(by_encoder *x)
{
	if (!x)
		return;
	for (int i = 0; i < x->npkts; i++)
		av_packet_free(&x->pkts[i]);
	av_freep(&x->pkts);
	avcodec_free_context(&x->ctx);
	av_frame_free(&x->frame);
	av_freep(&x->tmp[0]);
	av_free(x);
}
