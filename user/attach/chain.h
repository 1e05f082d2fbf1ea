/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - what runs on a packet at one interface and direction, in order:
 * XDP, then TCX, then the filters of clsact. Read from the kernel each time,
 * so that it is true whoever attached.
 */
#ifndef NINETAP_CHAIN_H
#define NINETAP_CHAIN_H

#include <stddef.h>
#include "attach/link.h"
#include "attach/progs.h"
#include "ninetap/abi.h"

/* Missing in the headers of libbpf 1.1.2: enum bpf_attach_type and flags of kernel 6.6. */
#define CHAIN_BPF_TCX_INGRESS 46
#define CHAIN_BPF_TCX_EGRESS 47
#define CHAIN_BPF_F_BEFORE (1U << 3)

enum chain_hook { CHAIN_NONE, CHAIN_XDP, CHAIN_TCX, CHAIN_CLSACT };
extern const char *const chain_hook_names[]; /* "none", "xdp", ... */
extern const char *const chain_dir_names[];  /* by enum nt_dir: "ingress", "egress" */

struct chain_prog {
	enum chain_hook hook;
	uint32_t id;			/* of the program; 0: a filter that is not BPF */
	uint32_t prio, handle;		/* of a clsact filter */
	bool generic;			/* XDP in the stack, not in the driver */
	char name[64];			/* "" where the kernel won't tell */
};

struct chain {
	struct chain_prog *progs;
	size_t n;
};

/* The TCX attach type for a direction. */
int chain_tcx_type(enum nt_dir dir);

/* Reads into *out, which the caller frees with chain_free() when this returned 0. */
int chain_read(struct rtnl *r, int ifindex, enum nt_dir dir, struct chain *out)
	__attribute__((warn_unused_result));
void chain_free(struct chain *c);

#endif
