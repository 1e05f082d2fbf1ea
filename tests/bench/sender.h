/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender.h - sends live frames (BPF_F_TEST_XDP_LIVE_FRAMES) out of an interface
 * of this namespace, from the CPU that the caller is on, and counts them.
 */
#ifndef NINETAP_BENCH_SENDER_H
#define NINETAP_BENCH_SENDER_H

#include <stdint.h>

#define SENDER_HEADERS (14 + 20 + 8)	/* Ethernet, IPv4, UDP */
#define SENDER_FRAME_MAX 3400		/* for which live frames have room */
#define SENDER_PORT 53			/* where all go to */

struct live;

/* Set by the caller but for the first two. */
struct sender {
	struct live *live;
	int known;
	uint64_t packets;
	uint64_t flows;			/* taken in turn */
	uint64_t bytes;			/* of a frame, without FCS: SENDER_HEADERS to SENDER_FRAME_MAX */
	uint64_t cpu;			/* each CPU's sender has flows of its own */
	uint64_t ahead;			/* it waits while more than so many are not settled; 0: never */
	uint64_t (*settled)(void *arg);	/* how many are, counted from anywhere; NULL: nobody says */
	void *arg;
};

/* 0 or -errno; sender_close() either way. */
int sender_open(struct sender *s, const char *target) __attribute__((warn_unused_result));
void sender_close(struct sender *s);

/* 0 or -errno; how many were sent, and the time that it took. */
int sender_send(struct sender *s, uint64_t *sent, uint64_t *ns) __attribute__((warn_unused_result));

#endif
