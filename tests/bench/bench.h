/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - what the measurements in C share. Each prints one round of its
 * figures; tests/bench/bench.py asks for as many rounds as it wants, and makes
 * medians, ratios and the table of them.
 */
#ifndef NINETAP_BENCH_H
#define NINETAP_BENCH_H

#include <stdint.h>

/* One line "KEY VALUE" on stdout. The keys, their units and limits: tests/bench/part_*.py. */
void figure(const char *key, double value);

/* The frames that are measured: plain, in VXLAN, in VXLAN and GTP-U. */
enum frame_kind { FRAME_TCP, FRAME_VXLAN, FRAME_VXLAN_GTP, FRAME_MAX };
uint32_t frame_build(enum frame_kind kind, unsigned char *to);	/* at most 512 bytes */

/* One round of all figures of a part: 0, or -1 if it has none; what was wrong is on stderr where it is known. */
int bench_kernel(void);
int bench_user(void);

#endif
