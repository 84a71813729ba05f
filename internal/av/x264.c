// x264 called by its own interface, which takes a quantiser for each picture;
// libav's wrapper has none. libav has loaded the library already: its functions
// are looked up there, so that nothing more is linked. Without x264's header, or
// with that of another version, there is no such encoder.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "av.h"

#if __has_include(<x264.h>)
#include <x264.h>

struct by_x264 {
	x264_t *enc;
	x264_picture_t in, out;
};

// What is needed of x264. Names that a header's macro maps to a version's own
// are built from it.
static struct {
	int (*preset)(x264_param_t *, const char *, const char *);
	int (*profile)(x264_param_t *, const char *);
	x264_t *(*open)(x264_param_t *);
	int (*encode)(x264_t *, x264_nal_t **, int *, x264_picture_t *, x264_picture_t *);
	void (*close)(x264_t *);
	void (*picture)(x264_picture_t *);
	int found;
} lib;

#define TEXT(x) #x
#define NAME(x) TEXT(x)

static void *look(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

void by_x264_init(void)
{
	*(void **)&lib.preset = look("x264_param_default_preset");
	*(void **)&lib.profile = look("x264_param_apply_profile");
	*(void **)&lib.open = look(NAME(x264_encoder_open));
	*(void **)&lib.encode = look("x264_encoder_encode");
	*(void **)&lib.close = look("x264_encoder_close");
	*(void **)&lib.picture = look("x264_picture_init");
	lib.found = lib.preset && lib.profile && lib.open && lib.encode && lib.close && lib.picture;
}

static int configure(x264_param_t *p, const by_enccfg *c)
{
	if (lib.preset(p, c->preset, c->tune[0] ? c->tune : NULL) < 0)
		return BY_INVALID;
	p->i_log_level = X264_LOG_NONE;
	p->i_csp = X264_CSP_I420;
	p->i_width = c->w;
	p->i_height = c->h;
	p->i_threads = c->threads;
	p->i_bframe = 0;
	p->i_keyint_max = c->gop;
	// Every picture's quantiser is the caller's, so that nothing has to be
	// searched through at half size beforehand only to guess its cost.
	p->i_scenecut_threshold = 0;
	p->rc.i_rc_method = X264_RC_CQP;
	p->rc.b_mb_tree = 0;
	// A forced quantiser is held between those that x264 would take for I and B
	// pictures of its own: six for each doubling, so that these are 0 and 51.
	p->rc.i_qp_constant = 26;
	p->rc.f_ip_factor = 32;
	p->rc.f_pb_factor = 32;
	p->b_annexb = 1;
	p->b_repeat_headers = 1;
	p->b_vfr_input = 0;
	if (c->rate.num > 0 && c->rate.den > 0) {
		p->i_fps_num = c->rate.num;
		p->i_fps_den = c->rate.den;
	}
	if (c->sar.num > 0 && c->sar.den > 0) {
		p->vui.i_sar_width = c->sar.num;
		p->vui.i_sar_height = c->sar.den;
	}
	p->vui.b_fullrange = c->colour.full_range;
	p->vui.i_colorprim = c->colour.primaries;
	p->vui.i_transfer = c->colour.transfer;
	p->vui.i_colmatrix = c->colour.matrix;
	return c->profile[0] && lib.profile(p, c->profile) < 0 ? BY_INVALID : 0;
}

int by_x264_open(by_x264 **out, const by_enccfg *c)
{
	if (!lib.found)
		return BY_NO_ENCODER;
	x264_param_t p;
	int rc = configure(&p, c);
	if (rc < 0)
		return rc;
	by_x264 *x = av_mallocz(sizeof *x);
	if (!x)
		return AVERROR(ENOMEM);
	if (!(x->enc = lib.open(&p))) {
		av_free(x);
		return BY_INVALID;
	}
	*out = x;
	return 0;
}

// by_x264_encode only reads the planes, which x264 copies before it returns.
int by_x264_encode(by_x264 *x, const uint8_t *y, const uint8_t *u, const uint8_t *v, int sy, int sc,
	int64_t pts, int key, int quantiser, by_packet *pkt)
{
	x264_picture_t *in = &x->in;
	lib.picture(in);
	in->i_type = key ? X264_TYPE_IDR : X264_TYPE_AUTO;
	in->i_qpplus1 = quantiser + 1;
	in->i_pts = pts;
	in->img.i_csp = X264_CSP_I420;
	in->img.i_plane = 3;
	in->img.plane[0] = (uint8_t *)y;
	in->img.plane[1] = (uint8_t *)u;
	in->img.plane[2] = (uint8_t *)v;
	in->img.i_stride[0] = sy;
	in->img.i_stride[1] = in->img.i_stride[2] = sc;
	x264_nal_t *nal;
	int n, len = lib.encode(x->enc, &nal, &n, in, &x->out);
	if (len < 0)
		return BY_INVALID;
	*pkt = (by_packet){0};
	if (!len)
		return BY_AGAIN;
	pkt->data = nal[0].p_payload; // the units of a picture lie one after the other
	pkt->len = len;
	pkt->pts = x->out.i_pts;
	pkt->dts = x->out.i_dts;
	pkt->flags = x->out.b_keyframe ? AV_PKT_FLAG_KEY : 0;
	return 0;
}

void by_x264_close(by_x264 *x)
{
	if (!x)
		return;
	lib.close(x->enc);
	av_free(x);
}

#else

void by_x264_init(void) {}
int by_x264_open(by_x264 **out, const by_enccfg *c) { (void)out; (void)c; return BY_NO_ENCODER; }
int by_x264_encode(by_x264 *x, const uint8_t *y, const uint8_t *u, const uint8_t *v, int sy, int sc,
	int64_t pts, int key, int quantiser, by_packet *pkt)
{
	(void)x; (void)y; (void)u; (void)v; (void)sy; (void)sc;
	(void)pts; (void)key; (void)quantiser; (void)pkt;
	return BY_NO_ENCODER;
}
void by_x264_close(by_x264 *x) { (void)x; }

#endif
