#include <stdlib.h>
#include <string.h>

#include "av.h"

int by_codec_id(const char *name)
{
	const AVCodecDescriptor *d = avcodec_descriptor_get_by_name(name);
	return d && d->type == AVMEDIA_TYPE_VIDEO ? (int)d->id : 0;
}

// by_orient_of reads a display matrix, which maps (x, y) to (ax+cy, bx+dy); the
// nearest quarter turn is taken.
by_orient by_orient_of(const uint8_t *matrix9)
{
	by_orient o = {0, 0, 0};
	if (!matrix9)
		return o;
	int32_t m[9];
	memcpy(m, matrix9, sizeof m);
	int64_t a = m[0], b = m[1], c = m[3], d = m[4];
	if (llabs(a) + llabs(d) >= llabs(b) + llabs(c)) {
		o.hflip = a < 0;
		o.vflip = d < 0;
	} else {
		o.transpose = 1;
		o.hflip = c < 0;
		o.vflip = b < 0;
	}
	return o;
}

static int set_extradata(AVCodecContext *ctx, const uint8_t *extra, int len)
{
	if (!len)
		return 0;
	uint8_t *b = av_mallocz((size_t)len + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!b)
		return AVERROR(ENOMEM);
	memcpy(b, extra, len);
	av_freep(&ctx->extradata);
	ctx->extradata = b;
	ctx->extradata_size = len;
	return 0;
}

int by_dec_open(by_decoder **out, const char *name, int codec_id, const uint8_t *extra, int extra_len,
	const AVCodecParameters *par, AVRational tb, by_orient base,
	int threads, int low_delay, int64_t max_pixels, by_err *e)
{
	int rc = AVERROR(ENOMEM);
	by_log_clear();
	enum AVCodecID id = par ? par->codec_id : (enum AVCodecID)codec_id;
	const AVCodec *codec = name ? avcodec_find_decoder_by_name(name) : avcodec_find_decoder(id);
	if (!codec || codec->id != id)
		return BY_NO_DECODER;
	by_decoder *d = av_mallocz(sizeof *d);
	if (!d)
		return rc;
	d->base = base;
	d->max_pixels = max_pixels;
	d->sws_fmt = -1;
	d->last = AV_NOPTS_VALUE;
	d->pkt = av_packet_alloc();
	d->frame = av_frame_alloc();
	d->ctx = avcodec_alloc_context3(codec);
	if (!d->pkt || !d->frame || !d->ctx)
		goto fail;
	if (par && (rc = avcodec_parameters_to_context(d->ctx, par)) < 0)
		goto fail;
	if ((rc = set_extradata(d->ctx, extra, extra_len)) < 0)
		goto fail;
	if (tb.num > 0 && tb.den > 0)
		d->ctx->pkt_timebase = tb;
	// Coded sizes are rounded up to blocks and rows to SIMD width, so libav's
	// own limit gets a little room; by_dec_receive checks the exact size.
	d->ctx->max_pixels = max_pixels + max_pixels / 16;
	d->ctx->thread_count = threads;
	d->ctx->thread_type = low_delay ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
	if (low_delay)
		d->ctx->flags |= AV_CODEC_FLAG_LOW_DELAY;
	if ((rc = avcodec_open2(d->ctx, codec, NULL)) < 0)
		goto fail;
	*out = d;
	return 0;
fail:
	if (by_log_size_refused())
		rc = BY_TOO_LARGE;
	by_log_take(e);
	by_dec_close(d);
	return rc;
}

// refused ends every call into the decoder: it notes complaints, which for some
// codecs (H.265) are the only sign of damage, and finds out refused sizes.
static int refused(by_decoder *d, int rc)
{
	if (by_log_errors())
		d->complained = 1;
	if (rc < 0 && rc != BY_AGAIN && rc != BY_EOF && by_log_size_refused())
		return BY_TOO_LARGE;
	return rc;
}

// by_dec_send borrows data for the call: without a buffer of its own a packet
// is copied, and padded, by avcodec_send_packet.
int by_dec_send(by_decoder *d, const uint8_t *data, int len, const uint8_t *extra,
	int extra_len, int64_t pts, int64_t dts, int64_t duration, int flags)
{
	by_log_clear();
	if (len <= 0) // libav would take an empty packet for the end of the stream
		return BY_INVALID;
	AVPacket *p = d->pkt;
	av_packet_unref(p);
	if (extra_len > 0) {
		uint8_t *s = av_packet_new_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, extra_len);
		if (!s)
			return AVERROR(ENOMEM);
		memcpy(s, extra, extra_len);
	}
	p->data = (uint8_t *)data;
	p->size = len;
	p->pts = pts;
	p->dts = dts;
	p->duration = duration;
	p->flags = flags;
	int rc = avcodec_send_packet(d->ctx, p);
	p->data = NULL;
	p->size = 0;
	av_packet_unref(p);
	return refused(d, rc);
}

int by_dec_drain(by_decoder *d)
{
	by_log_clear();
	int rc = avcodec_send_packet(d->ctx, NULL);
	return rc == BY_EOF ? 0 : refused(d, rc);
}

// stamp is the picture's time, counted on from the last one where neither
// container nor codec tells it (raw streams, the last of B-frames in AVI).
static int64_t stamp(by_decoder *d)
{
	const AVFrame *f = d->frame;
	AVRational tb = d->ctx->pkt_timebase, fr = d->ctx->framerate;
	int64_t t = f->best_effort_timestamp, step = f->pkt_duration;
	if (step <= 0 && tb.num > 0 && tb.den > 0 && fr.num > 0 && fr.den > 0)
		step = av_rescale_q(1, av_inv_q(fr), tb);
	if (t == AV_NOPTS_VALUE && step > 0)
		t = d->last == AV_NOPTS_VALUE ? 0 : d->last + step;
	d->last = t;
	return t;
}

static void describe(by_decoder *d, by_picinfo *i)
{
	AVFrame *f = d->frame;
	const AVFrameSideData *sd = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
	d->orient = sd && sd->size >= 36 ? by_orient_of(sd->data) : d->base;
	int t = d->orient.transpose;
	i->pts = stamp(d);
	i->w = t ? f->height : f->width;
	i->h = t ? f->width : f->height;
	i->sar_num = t ? f->sample_aspect_ratio.den : f->sample_aspect_ratio.num;
	i->sar_den = t ? f->sample_aspect_ratio.num : f->sample_aspect_ratio.den;
	i->damaged = (f->flags & AV_FRAME_FLAG_CORRUPT) || f->decode_error_flags || d->complained;
	d->complained = 0;
	i->key = f->key_frame;
	i->colour.primaries = f->color_primaries;
	i->colour.transfer = f->color_trc;
	i->colour.matrix = f->colorspace;
	i->colour.full_range = f->color_range == AVCOL_RANGE_JPEG;
	const AVPixFmtDescriptor *ds = av_pix_fmt_desc_get(f->format);
	if (ds && !strncmp(ds->name, "yuvj", 4))
		i->colour.full_range = 1;
	if (ds && (ds->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))) {
		// by_dec_copy turns RGB into limited YUV with these coefficients.
		i->colour.full_range = 0;
		i->colour.matrix = f->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	}
}

int by_dec_receive(by_decoder *d, by_picinfo *info)
{
	by_log_clear();
	int rc = refused(d, avcodec_receive_frame(d->ctx, d->frame));
	if (rc < 0)
		return rc;
	AVFrame *f = d->frame;
	if (f->width <= 0 || f->height <= 0 || !f->data[0]) {
		av_frame_unref(f);
		return BY_INVALID;
	}
	if ((int64_t)f->width * f->height > d->max_pixels) {
		av_frame_unref(f);
		return BY_TOO_LARGE;
	}
	describe(d, info);
	return 0;
}

void by_dec_flush(by_decoder *d)
{
	d->last = AV_NOPTS_VALUE;
	av_frame_unref(d->frame);
	avcodec_flush_buffers(d->ctx);
}

void by_dec_close(by_decoder *d)
{
	if (!d)
		return;
	sws_freeContext(d->sws);
	av_freep(&d->tmp[0]);
	av_frame_free(&d->frame);
	av_packet_free(&d->pkt);
	avcodec_free_context(&d->ctx);
	av_free(d);
}
