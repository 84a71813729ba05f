// Kernels of package yuv. Pointers are borrowed for the call; nothing is
// allocated and nothing calls back.
#ifndef BYSTANDER_YUV_H
#define BYSTANDER_YUV_H

#include <stdint.h>

// YUV to RGB: R = ys*(Y-y0) + rv*V', G = … + gu*U' + gv*V', B = … + bu*U', with
// U' = U-128, V' = V-128.
typedef struct by_matrix {
	float y0, ys, rv, gu, gv, bu;
} by_matrix;

// Where the taps of an axis begin: start[i] + k, weight[k*n + i]; with lanes,
// weight[i*lanes + k], zero beyond the taps.
typedef struct by_axis {
	int32_t n, taps;
	int32_t step; // distance of starts when all weights are equal, else 0
	int32_t first;
	int32_t doubles; // each sample becomes two, bilinearly
	int32_t lanes;   // 4 or 8, or 0: see by_planar's columns
} by_axis;

typedef struct by_planar_args {
	by_matrix m;
	float mean[3], scale[3], fill[3]; // by plane of the tensor
	int32_t rgb;                      // 1: planes are R, G, B; 0: B, G, R
	int32_t canvas_w, canvas_h;
	int32_t stride_y, stride_c;
	int32_t luma_x0, luma_w, chroma_x0, chroma_w; // columns that taps touch
	by_axis lx, ly, cx, cy;
} by_planar_args;

void by_planar(const by_planar_args *a, float *dst, const uint8_t *y, const uint8_t *u,
	const uint8_t *v, const int32_t *lxs, const float *lxw, const int32_t *lys,
	const float *lyw, const int32_t *cxs, const float *cxw, const int32_t *cys,
	const float *cyw, float *tmp);

typedef struct by_warp_args {
	by_matrix m;
	float inv[6];
	float mean[3], scale[3];
	int32_t rgb, interleaved, side, grid;
	int32_t w, h, stride_y, stride_c;
} by_warp_args;

void by_warp(const by_warp_args *a, float *dst, const uint8_t *y, const uint8_t *u,
	const uint8_t *v);

void by_grid(uint8_t *dst, const uint8_t *src, int stride, int w, int h, int cell);

void by_means(float *dst, const uint8_t *src, int stride, int w, int h, int gw, int gh);

void by_to_rgb(const by_matrix *m, uint8_t *dst, int dst_stride, int rgb, int w, int h,
	const uint8_t *y, const uint8_t *u, const uint8_t *v, int sy, int sc);

// The fill of masks. Grain repeats after BY_GRAIN samples; a row of its table goes
// on for as many more as one cell takes.
enum { BY_GRAIN = 128, BY_GRAIN_ROW = BY_GRAIN + 8 };

typedef struct by_frost_args {
	int32_t w, h, stride_y, stride_c; // the picture
	int32_t cells_w, cells_h;
	int32_t drift; // of the grain, by which column and row lie further on in it
} by_frost_args;

// A run of chroma samples [x0,x1) of row y, and what ribs add to its two rows of
// luma.
typedef struct by_run {
	int32_t y, x0, x1;
	int16_t rib[2];
} by_run;

void by_frost(const by_frost_args *f, uint8_t *y, uint8_t *u, uint8_t *v, const int32_t *cell_y,
	const int32_t *cell_u, const int32_t *cell_v, const int16_t *grain, const by_run *runs, int n);

// RGB to YUV: rows of k are Y, U, V over R, G, B; off is added.
typedef struct by_forward {
	float k[9], off[3];
} by_forward;

void by_from_rgb(const by_forward *f, const uint8_t *src, int src_stride, int step, int rgb,
	int w, int h, uint8_t *y, uint8_t *u, uint8_t *v, int sy, int sc);

#endif
