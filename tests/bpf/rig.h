/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - the BPF programs in test runs: loaded, never attached, one packet at
 * a time on one CPU with a ring and flow tables of its own, counters read
 * around each.
 *
 * What the kernel makes of a packet comes back as the struct outcome that the
 * host's parser gives. Owner: the caller; one thread, pinned to one CPU.
 */
#ifndef NINETAP_TESTS_RIG_H
#define NINETAP_TESTS_RIG_H

#include <stddef.h>
#include "text.h"

struct __sk_buff;
struct xdp_md;
struct nt_bpf;

enum rig_prog { RIG_XDP, RIG_TC_IN, RIG_TC_OUT, RIG_TC_IN_L3, RIG_TC_OUT_L3, RIG_PROGS };

struct rig_settings {
	struct nt_config cfg;
	uint32_t ring_bytes;		/* a power of two; 0: no ring */
	uint32_t flow_entries;		/* of each flow table, short and long; 0: none */
	bool leave;			/* records stay in the ring */
};

struct rig {
	struct rig_settings set;
	struct nt_bpf *skel;
	struct nt_ring_chunk *ring;	/* NULL: none */
	int ring_fd, cpu;
	int tables[2][2];		/* [long][generation & 1]; -1: none */
	struct nt_counts now;		/* up to the last packet */
	uint64_t counts[NT_COUNT_MAX];	/* the same: events by fate, then notes */
	struct nt_tally last;		/* what the last packet added to its fate, and to seen */
	struct nt_record rec;		/* last one read */
	size_t rec_bytes;
	unsigned int recs;		/* read since the last packet */
	uint64_t ts_ns;			/* in a replay: that of the last packet */
	int64_t gap_ns;			/* in a replay: to the next one; 1,000 unless set */
};

/* As the programs are by default: two VXLAN ports, no filter, a replay. */
struct rig_settings rig_defaults(void);

/* 0 or -errno, said on stdout. rig_close() is due either way. */
int rig_open(struct rig *r, const struct rig_settings *s);
void rig_close(struct rig *r);

/* Can a test run of this program take the frame? The kernel has bounds of its own. */
bool rig_takes(enum rig_prog prog, const uint8_t *bytes, uint32_t n);

/*
 * One packet. 0; the kernel's -errno; -EPROTO after a line on stdout where
 * the programs broke a rule of their own: verdict, one fate a packet and the
 * same events, packets and bytes there as in seen, ended as often as begun,
 * record exactly if counted, sizes, hook, direction, time and number.
 */
int rig_run(struct rig *r, enum rig_prog prog, const uint8_t *bytes, uint32_t n, uint32_t wire, struct outcome *o);

/* The same for TC programs with a context (its size: sizeof(struct __sk_buff)). */
int rig_run_skb(struct rig *r, enum rig_prog prog, const struct packet *pk, struct __sk_buff *ctx, struct outcome *o);

/* The same for the XDP program; ctx.data_end is how many bytes are linear. */
int rig_run_xdp(struct rig *r, const struct packet *pk, struct xdp_md *ctx, struct outcome *o);

/* What user space sets: 0 or -errno. */
int rig_mode(const struct rig *r, uint32_t ifindex, enum nt_mode mode, uint32_t sample);
int rig_control(const struct rig *r, const struct nt_control *c);

/* The next record in the ring, whole, which is taken out of it. 1, or 0: there is none. */
int rig_next(struct rig *r, struct nt_record *out);

/* For a packet that came another way than by a test run: the program's descriptor, and what came of it. */
int rig_fd(const struct rig *r, enum rig_prog prog);
int rig_take(struct rig *r, enum rig_prog prog, struct outcome *o);

/* Makes two outcomes comparable: what depends on hook, place and time is zeroed. 1: the same. */
int rig_same(const struct outcome *a, const struct outcome *b);

#endif
