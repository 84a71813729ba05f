#include <stdio.h>
#include <string.h>

#include "av.h"

// The containers that a recording may come in. Everything that names other
// files or addresses (playlists, concat, image sequences, SDP) is left out.
static const char *const containers[] = {
	"mov", "matroska", "webm", "avi", "flv", "mpegts", "mpeg", "mpegvideo",
	"h264", "hevc", "m4v", "mjpeg", "mjpeg_2000", "asf", "ogg", "ivf", "obu",
	"dv", "mxf", "nut", "gif", "yuv4mpegpipe", "wtv", "rm", "h263", "vc1", "dvr-ms",
	NULL,
};

static int allowed(const char *name)
{
	for (const char *const *c = containers; *c; c++)
		if (av_match_name(*c, name))
			return 1;
	return 0;
}

// no_open refuses every file but the one already open.
static int no_open(AVFormatContext *s, AVIOContext **pb, const char *url, int flags,
	AVDictionary **options)
{
	(void)s; (void)pb; (void)url; (void)flags; (void)options;
	return AVERROR(EPERM);
}

static void discard_but(AVFormatContext *s, int keep)
{
	for (unsigned i = 0; i < s->nb_streams; i++) {
		int video = s->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
		if ((int)i != keep && (keep >= 0 || !video))
			s->streams[i]->discard = AVDISCARD_ALL;
	}
}

static int find_info(AVFormatContext *s, int64_t max_pixels)
{
	unsigned n = s->nb_streams;
	AVDictionary **opts = n ? av_calloc(n, sizeof *opts) : NULL;
	for (unsigned i = 0; opts && i < n; i++)
		av_dict_set_int(&opts[i], "max_pixels", max_pixels + max_pixels / 16, 0);
	int rc = avformat_find_stream_info(s, opts);
	for (unsigned i = 0; opts && i < n; i++)
		av_dict_free(&opts[i]);
	av_free(opts);
	return rc;
}

static int open_format(by_demuxer *d, const char *name, int64_t max_pixels, by_err *e)
{
	const AVInputFormat *in = NULL;
	int rc = av_probe_input_buffer2(d->pb, &in, name, NULL, 0, 0);
	if (rc < 0)
		return rc;
	snprintf(e->format, sizeof e->format, "%s", in->name);
	if (!allowed(in->name))
		return BY_NO_FORMAT;
	if (!(d->fmt = avformat_alloc_context()))
		return AVERROR(ENOMEM);
	d->fmt->pb = d->pb;
	d->fmt->io_open = no_open;
	d->fmt->max_streams = 64;
	AVDictionary *o = NULL;
	av_dict_set(&o, "protocol_whitelist", "file", 0);
	rc = avformat_open_input(&d->fmt, name, in, &o); // frees fmt when it fails
	av_dict_free(&o);
	if (rc < 0)
		return rc;
	discard_but(d->fmt, -1);
	if ((rc = find_info(d->fmt, max_pixels)) < 0)
		return rc;
	d->stream = av_find_best_stream(d->fmt, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (d->stream < 0)
		return BY_NO_STREAM;
	discard_but(d->fmt, d->stream);
	const AVCodecParameters *p = d->fmt->streams[d->stream]->codecpar;
	if ((int64_t)p->width * p->height > max_pixels)
		return BY_TOO_LARGE;
	return 0;
}

int by_dmx_open(by_demuxer **out, const char *url, const char *name,
	int64_t max_pixels, by_err *e)
{
	by_log_clear();
	by_demuxer *d = av_mallocz(sizeof *d);
	if (!d)
		return AVERROR(ENOMEM);
	int rc = AVERROR(ENOMEM);
	AVDictionary *o = NULL;
	av_dict_set(&o, "protocol_whitelist", "file", 0);
	if ((d->pkt = av_packet_alloc()))
		rc = avio_open2(&d->pb, url, AVIO_FLAG_READ, NULL, &o);
	av_dict_free(&o);
	if (rc >= 0)
		rc = open_format(d, name, max_pixels, e);
	if (rc < 0) {
		if (by_log_size_refused())
			rc = BY_TOO_LARGE;
		by_log_take(e);
		by_dmx_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void by_dmx_info(by_demuxer *d, by_info *i)
{
	AVStream *st = d->fmt->streams[d->stream];
	AVCodecParameters *p = st->codecpar;
	memset(i, 0, sizeof *i);
	snprintf(i->codec, sizeof i->codec, "%s", avcodec_get_name(p->codec_id));
	snprintf(i->format, sizeof i->format, "%s", d->fmt->iformat->name);
	i->w = p->width;
	i->h = p->height;
	size_t n = 0;
	uint8_t *m = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &n);
	i->orient = by_orient_of(n >= 36 ? m : NULL);
	i->tb = st->time_base;
	i->avg = st->avg_frame_rate;
	i->real = st->r_frame_rate;
	i->sar = st->sample_aspect_ratio.num > 0 ? st->sample_aspect_ratio : p->sample_aspect_ratio;
	i->duration = st->duration;
	if (i->duration == AV_NOPTS_VALUE && d->fmt->duration != AV_NOPTS_VALUE)
		i->duration = av_rescale_q(d->fmt->duration, AV_TIME_BASE_Q, st->time_base);
	i->frames = st->nb_frames;
	i->start = st->start_time;
	i->colour.full_range = p->color_range == AVCOL_RANGE_JPEG;
	i->colour.primaries = p->color_primaries;
	i->colour.transfer = p->color_trc;
	i->colour.matrix = p->color_space;
	i->extra = p->extradata;
	i->extra_len = p->extradata_size;
	for (unsigned k = 0; k < d->fmt->nb_streams; k++)
		i->audio += d->fmt->streams[k]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
}

int by_dmx_read(by_demuxer *d, by_packet *p)
{
	by_log_clear();
	for (;;) {
		av_packet_unref(d->pkt);
		int rc = av_read_frame(d->fmt, d->pkt);
		if (rc < 0)
			return rc;
		if (d->pkt->stream_index == d->stream)
			break;
		// A stream that showed up late (MPEG-TS): never read it again.
		discard_but(d->fmt, d->stream);
	}
	size_t n = 0;
	p->data = d->pkt->data;
	p->len = d->pkt->size;
	p->extra = av_packet_get_side_data(d->pkt, AV_PKT_DATA_NEW_EXTRADATA, &n);
	p->extra_len = p->extra ? (int32_t)n : 0;
	p->pts = d->pkt->pts;
	p->dts = d->pkt->dts;
	p->duration = d->pkt->duration;
	p->flags = d->pkt->flags;
	return 0;
}

void by_dmx_close(by_demuxer *d)
{
	if (!d)
		return;
	av_packet_free(&d->pkt);
	avformat_close_input(&d->fmt);
	if (d->pb)
		avio_closep(&d->pb);
	av_free(d);
}
