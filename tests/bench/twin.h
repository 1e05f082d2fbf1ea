/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.h - a program of ninetap's that drops each packet it has recorded
 * (drop.bpf.c), over the maps of one that is loaded: its records come out of
 * the same rings, and its counts are in the same account.
 */
#ifndef NINETAP_BENCH_TWIN_H
#define NINETAP_BENCH_TWIN_H

#include <stdint.h>

struct twin;

/* prog: an nt_xdp, borrowed. 0 or -errno. */
int twin_open(struct twin **out, int prog) __attribute__((warn_unused_result));
void twin_close(struct twin *t);	/* NULL is fine */
int twin_fd(const struct twin *t);	/* the program; the twin's */

/* A map of a loaded program, by name, which the caller closes; -ENOENT. */
int map_of(int prog, const char *name) __attribute__((warn_unused_result));

/* The link that has this program at an interface of this namespace, which the caller closes; -ENOENT. */
int link_of(uint32_t prog_id, uint32_t ifindex) __attribute__((warn_unused_result));

#endif
