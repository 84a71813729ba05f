// Small C side of package av. Nothing here calls back into Go. Every function
// that takes a by_err fills in libav's own last complaint of this thread.
#ifndef BYSTANDER_AV_H
#define BYSTANDER_AV_H

#include <errno.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum {
	BY_EOF = AVERROR_EOF,
	BY_AGAIN = AVERROR(EAGAIN),
	BY_INVALID = AVERROR_INVALIDDATA,
	BY_NO_DECODER = AVERROR_DECODER_NOT_FOUND,
	BY_NO_ENCODER = AVERROR_ENCODER_NOT_FOUND,
	BY_NO_STREAM = AVERROR_STREAM_NOT_FOUND,
	// Codes of our own, outside libav's.
	BY_TOO_LARGE = FFERRTAG('B', 'y', 's', 'z'),
	BY_NO_FORMAT = FFERRTAG('B', 'y', 'f', 'm'),
	BY_NO_PIXFMT = FFERRTAG('B', 'y', 'p', 'x'),
	BY_HELD = FFERRTAG('B', 'y', 'h', 'd'),
};

typedef struct by_err {
	char text[160];
	char format[40]; // container that probing found, when it did
} by_err;

// Process-wide: libav prints nothing; the last error line is kept per thread.
void by_log_init(void);
void by_log_clear(void);
void by_log_take(by_err *e);
int by_log_size_refused(void);
int by_log_errors(void);

typedef struct by_colour {
	int32_t full_range, primaries, transfer, matrix;
} by_colour;

// How a decoded picture becomes an upright one: transpose first, then flip.
typedef struct by_orient {
	int32_t transpose, hflip, vflip;
} by_orient;

by_orient by_orient_of(const uint8_t *matrix9);

// ---- decoder

typedef struct by_picinfo {
	int64_t pts;
	int32_t w, h; // upright
	int32_t sar_num, sar_den;
	int32_t damaged, key;
	by_colour colour;
} by_picinfo;

typedef struct by_decoder {
	AVCodecContext *ctx;
	AVPacket *pkt;
	AVFrame *frame;
	by_orient base;   // from the container
	by_orient orient; // of the current picture
	struct SwsContext *sws;
	int sws_fmt, sws_w, sws_h, sws_matrix;
	uint8_t *tmp[4];
	int tmp_stride[4];
	int tmp_w, tmp_h;
	int64_t max_pixels;
	int64_t last; // time of the picture before
	int complained; // libav logged an error since the picture before
} by_decoder;

int by_codec_id(const char *name);

// name asks for one decoder of libav's by name; NULL takes the codec's usual one.
int by_dec_open(by_decoder **out, const char *name, int codec_id, const uint8_t *extra, int extra_len,
	const AVCodecParameters *par, AVRational tb, by_orient base,
	int threads, int low_delay, int64_t max_pixels, by_err *e);
int by_dec_send(by_decoder *d, const uint8_t *data, int len, const uint8_t *extra,
	int extra_len, int64_t pts, int64_t dts, int64_t duration, int flags);
int by_dec_drain(by_decoder *d);
int by_dec_receive(by_decoder *d, by_picinfo *info);
int by_dec_copy(by_decoder *d, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc);
void by_dec_flush(by_decoder *d);
void by_dec_close(by_decoder *d);

// ---- demuxer

typedef struct by_demuxer {
	AVFormatContext *fmt;
	AVIOContext *pb;
	AVPacket *pkt;
	int stream;
} by_demuxer;

typedef struct by_info {
	char codec[32];
	char format[40];
	int32_t w, h; // as coded
	by_orient orient;
	AVRational tb, avg, real, sar;
	int64_t duration, frames, start;
	by_colour colour;
	const uint8_t *extra;
	int32_t extra_len;
	int32_t audio; // audio streams present, never read
} by_info;

typedef struct by_packet {
	const uint8_t *data;
	const uint8_t *extra;
	int32_t len, extra_len;
	int64_t pts, dts, duration;
	int32_t flags;
} by_packet;

int by_dmx_open(by_demuxer **out, const char *url, const char *name,
	int64_t max_pixels, by_err *e);
void by_dmx_info(by_demuxer *d, by_info *i);
int by_dmx_read(by_demuxer *d, by_packet *p);
void by_dmx_close(by_demuxer *d);

// ---- encoder

typedef struct by_enccfg {
	int32_t codec_id;
	int32_t w, h; // of the source planes
	int32_t pad;  // odd sides: 1 pads to even, 0 encodes 4:4:4 (H.264 only)
	AVRational tb, rate, sar;
	int64_t bitrate, maxrate, bufsize;
	double crf; // negative: unset
	int32_t lossless, gop, threads, global_header;
	int32_t nvenc; // 1 encodes H.264 on an NVIDIA card
	by_colour colour;
	char preset[16], tune[32], profile[16];
} by_enccfg;

typedef struct by_encoder {
	AVCodecContext *ctx;
	AVFrame *frame;
	AVPacket **pkts;
	int npkts;
	int w, h;
	int convert;         // 0 wrap, 1 pad, 2 widen chroma to 4:4:4
	uint8_t *tmp[4];
	int tmp_stride[4];
	int held;            // plane views that libav still holds
} by_encoder;

int by_enc_open(by_encoder **out, const by_enccfg *c, by_err *e);
int by_enc_send(by_encoder *x, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc,
	int64_t pts, int force_key);
int by_enc_drain(by_encoder *x);
int by_enc_receive(by_encoder *x, int i, by_packet *p);
void by_enc_close(by_encoder *x);

// ---- encoder whose caller chooses each picture's quantiser (x264.c)

typedef struct by_x264 by_x264;

void by_x264_init(void);
int by_x264_open(by_x264 **out, const by_enccfg *c);
int by_x264_encode(by_x264 *x, const uint8_t *y, const uint8_t *u, const uint8_t *v, int sy, int sc,
	int64_t pts, int key, int quantiser, by_packet *p);
void by_x264_close(by_x264 *x);

// ---- muxer

typedef struct by_muxcfg {
	int32_t codec_id;
	int32_t w, h;
	AVRational tb, rate, sar;
	by_colour colour;
	char format[16];
} by_muxcfg;

typedef struct by_muxer {
	AVFormatContext *fmt;
	AVPacket *pkt;
	AVRational tb; // of the packets that come in
	int from_nought;
	int64_t first;
} by_muxer;

int by_mux_open(by_muxer **out, const char *url, const by_muxcfg *c,
	const uint8_t *extra, int extra_len, by_err *e);
int by_mux_write(by_muxer *m, const uint8_t *data, int len, int64_t pts, int64_t dts,
	int64_t duration, int key);
int by_mux_finish(by_muxer *m);
void by_mux_close(by_muxer *m);

#endif
