/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pkt.bpf.h - XDP frames and TC packets as one view of bytes.
 *
 * Bytes in the linear part are read in place; those behind it (fragments of a
 * multi-buffer XDP frame, pages of an skb) are copied by a helper into the
 * parser's scratch, so that no packet is changed by being looked at.
 */
#ifndef NINETAP_PKT_BPF_H
#define NINETAP_PKT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define INLINE __always_inline
#define NULL ((void *)0)

extern const volatile struct nt_config nt_cfg;

struct nt_view {
	const __u8 *data;
	const __u8 *data_end;
	void *ctx;
	int xdp;			/* known when compiled: struct xdp_md, else __sk_buff */
};

/* Wide loads: kernels for CPUs without unaligned access refuse them at load. */
static INLINE __u16 ld16(const __u8 *at)
{
	return bpf_ntohs(*(const __u16 *)at);
}

static INLINE __u32 ld32(const __u8 *at)
{
	return bpf_ntohl(*(const __u32 *)at);
}

static INLINE void copy16(__u8 *dst, const __u8 *src)
{
	((__u64 *)dst)[0] = ((const __u64 *)src)[0];
	((__u64 *)dst)[1] = ((const __u64 *)src)[1];
}

static INLINE void copy4(__u8 *dst, const __u8 *src)
{
	((__u64 *)dst)[0] = 0;
	((__u64 *)dst)[1] = 0;
	((__u32 *)dst)[0] = *(const __u32 *)src;
}

#include "view.h"

/*
 * The mask and the pin are for the verifier: the offset must be bounded in
 * the register that is added, and the sum compared in the register that is
 * read through.
 */
static INLINE const __u8 *view_linear(const struct nt_view *v, __u32 off, const __u32 n)
{
	__u64 bounded = off;
	const __u8 *at;

	asm volatile("%0 &= 0x7ff" : "+r"(bounded));
	at = v->data + bounded;
	asm volatile("" : "+r"(at));
	return at + n <= v->data_end ? at : NULL;
}

static INLINE const __u8 *view_bytes(const struct nt_view *v, struct nt_parse *p, __u32 off, const __u32 n)
{
	const __u8 *at = view_linear(v, off, n);
	long err;

	if (at)
		return at;
	err = v->xdp ? bpf_xdp_load_bytes(v->ctx, off, p->scratch, n) :
		       bpf_skb_load_bytes(v->ctx, off, p->scratch, n);
	return err ? NULL : p->scratch;
}

static INLINE void view_xdp(struct nt_view *v, struct xdp_md *ctx)
{
	v->data = (const __u8 *)(long)ctx->data;
	v->data_end = (const __u8 *)(long)ctx->data_end;
	v->ctx = ctx;
	v->xdp = 1;
}

static INLINE void view_tc(struct nt_view *v, struct __sk_buff *skb)
{
	v->data = (const __u8 *)(long)skb->data;
	v->data_end = (const __u8 *)(long)skb->data_end;
	v->ctx = skb;
	v->xdp = 0;
}

#include "parse.h"

/*
 * One level of encapsulation, and one extension header. Global, that is not
 * static: the verifier then checks each function once and for itself, instead
 * of once a path and an iteration.
 */
#define GLOBAL __attribute__((noinline))

GLOBAL int nt_ext_xdp(struct xdp_md *ctx, struct nt_parse *p, struct nt_layer *l)
{
	struct nt_view v;

	if (!p || !l)
		return -1;
	view_xdp(&v, ctx);
	return parse_extension(&v, p, l);
}

GLOBAL int nt_ext_tc(struct __sk_buff *skb, struct nt_parse *p, struct nt_layer *l)
{
	struct nt_view v;

	if (!p || !l)
		return -1;
	view_tc(&v, skb);
	return parse_extension(&v, p, l);
}

GLOBAL int nt_level_xdp(struct xdp_md *ctx, struct nt_parse *p, struct nt_layer *l)
{
	struct nt_view v;

	if (!p || !l)
		return NT_LEVEL_NON_IP;
	view_xdp(&v, ctx);
	return parse_level(&v, p, l);
}

GLOBAL int nt_level_tc(struct __sk_buff *skb, struct nt_parse *p, struct nt_layer *l)
{
	struct nt_view v;

	if (!p || !l)
		return NT_LEVEL_NON_IP;
	view_tc(&v, skb);
	return parse_level(&v, p, l);
}

static INLINE int view_extension(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	return v->xdp ? nt_ext_xdp(v->ctx, p, l) : nt_ext_tc(v->ctx, p, l);
}

static INLINE int view_level(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	return v->xdp ? nt_level_xdp(v->ctx, p, l) : nt_level_tc(v->ctx, p, l);
}

#endif
