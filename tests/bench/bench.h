/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - what the parts of the benchmark share: rounds of a figure, their
 * median and spread, and the row that is printed.
 */
#ifndef NINETAP_BENCH_H
#define NINETAP_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_ROUNDS 7

struct figure {
	double ns[BENCH_ROUNDS];	/* sorted by figure_done() */
};

void figure_done(struct figure *f);
double figure_median(const struct figure *f);
double figure_spread(const struct figure *f);	/* (max - min) / median, without the extremes */

/* "name  median  spread  limit's name  its median  ratio"; limit may be NULL. */
void row(const char *name, const struct figure *f, const char *limit_name, const struct figure *limit);

/* The frames that are measured: plain, in VXLAN, in VXLAN and GTP-U. */
enum frame_kind { FRAME_TCP, FRAME_VXLAN, FRAME_VXLAN_GTP, FRAME_MAX };
uint32_t frame_build(enum frame_kind kind, unsigned char *to);	/* at most 512 bytes */

/* 0, or -1 after it said why there is no figure. */
int bench_kernel(void);
int bench_user(void);

#endif
