#include <string.h>

#include "av.h"

static int add_stream(by_muxer *m, const by_muxcfg *c, const uint8_t *extra, int extra_len)
{
	AVStream *st = avformat_new_stream(m->fmt, NULL);
	if (!st)
		return AVERROR(ENOMEM);
	AVCodecParameters *p = st->codecpar;
	p->codec_type = AVMEDIA_TYPE_VIDEO;
	p->codec_id = c->codec_id;
	p->width = c->w;
	p->height = c->h;
	p->format = AV_PIX_FMT_YUV420P;
	p->sample_aspect_ratio = st->sample_aspect_ratio = c->sar;
	p->color_range = c->colour.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	p->color_primaries = c->colour.primaries;
	p->color_trc = c->colour.transfer;
	p->color_space = c->colour.matrix;
	if (extra_len) {
		p->extradata = av_mallocz((size_t)extra_len + AV_INPUT_BUFFER_PADDING_SIZE);
		if (!p->extradata)
			return AVERROR(ENOMEM);
		memcpy(p->extradata, extra, extra_len);
		p->extradata_size = extra_len;
	}
	st->time_base = c->tb;
	st->avg_frame_rate = c->rate;
	// AVI knows no time stamps, only a rate: its clock is the frame rate.
	if (!strcmp(c->format, "avi") && c->rate.num > 0 && c->rate.den > 0)
		st->time_base = av_inv_q(c->rate);
	return 0;
}

int by_mux_open(by_muxer **out, const char *url, const by_muxcfg *c,
	const uint8_t *extra, int extra_len, by_err *e)
{
	by_log_clear();
	by_muxer *m = av_mallocz(sizeof *m);
	if (!m)
		return AVERROR(ENOMEM);
	AVDictionary *o = NULL;
	int rc = avformat_alloc_output_context2(&m->fmt, NULL, c->format, url);
	if (rc < 0)
		goto fail;
	rc = AVERROR(ENOMEM);
	if (!(m->pkt = av_packet_alloc()))
		goto fail;
	if (avformat_query_codec(m->fmt->oformat, c->codec_id, FF_COMPLIANCE_NORMAL) == 0) {
		rc = BY_NO_FORMAT;
		goto fail;
	}
	m->tb = c->tb;
	m->first = AV_NOPTS_VALUE;
	// AVI would fill the time before the first picture with empty ones.
	m->from_nought = !strcmp(c->format, "avi");
	m->fmt->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
	m->fmt->flags |= AVFMT_FLAG_BITEXACT; // no build date, no library name
	if ((rc = add_stream(m, c, extra, extra_len)) < 0)
		goto fail;
	if (!strcmp(c->format, "mp4") || !strcmp(c->format, "mov")) {
		av_dict_set(&o, "movflags", "faststart", 0);
		av_dict_set_int(&o, "video_track_timescale", c->tb.den, 0);
		av_dict_set_int(&o, "movie_timescale", c->tb.den, 0);
	}
	if ((rc = avio_open2(&m->fmt->pb, url, AVIO_FLAG_WRITE, NULL, NULL)) < 0)
		goto fail;
	if ((rc = avformat_write_header(m->fmt, &o)) < 0)
		goto fail;
	av_dict_free(&o);
	*out = m;
	return 0;
fail:
	av_dict_free(&o);
	by_log_take(e);
	by_mux_close(m);
	return rc;
}

int by_mux_write(by_muxer *m, const uint8_t *data, int len, int64_t pts, int64_t dts,
	int64_t duration, int key)
{
	AVPacket *p = m->pkt;
	AVRational tb = m->fmt->streams[0]->time_base;
	by_log_clear();
	if (m->from_nought && m->first == AV_NOPTS_VALUE)
		m->first = dts;
	if (m->from_nought) {
		pts -= m->first;
		dts -= m->first;
	}
	p->data = (uint8_t *)data;
	p->size = len;
	p->pts = av_rescale_q(pts, m->tb, tb);
	p->dts = av_rescale_q(dts, m->tb, tb);
	p->duration = av_rescale_q(duration, m->tb, tb);
	p->flags = key ? AV_PKT_FLAG_KEY : 0;
	p->stream_index = 0;
	int rc = av_write_frame(m->fmt, p);
	p->data = NULL;
	p->size = 0;
	av_packet_unref(p);
	if (rc >= 0 && m->fmt->pb->error < 0)
		rc = m->fmt->pb->error;
	return rc;
}

int by_mux_finish(by_muxer *m)
{
	by_log_clear();
	int rc = av_write_trailer(m->fmt);
	avio_flush(m->fmt->pb);
	if (rc >= 0 && m->fmt->pb->error < 0)
		rc = m->fmt->pb->error;
	int rc2 = avio_closep(&m->fmt->pb);
	return rc < 0 ? rc : rc2;
}

void by_mux_close(by_muxer *m)
{
	if (!m)
		return;
	if (m->fmt && m->fmt->pb)
		avio_closep(&m->fmt->pb);
	av_packet_free(&m->pkt);
	avformat_free_context(m->fmt);
	av_free(m);
}
