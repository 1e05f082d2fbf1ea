/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * view.h - the bytes of a frame as the parser sees them, and the state that it
 * leaves behind. Contract between parse*.h and whoever includes them.
 *
 * The includer (pkt.bpf.h for XDP and TC, tests/host_view.h for the host)
 * defines before including this file:
 *   struct nt_view		where the bytes are
 *   view_bytes(v, p, off, n)	pointer to n bytes at offset off, or NULL if
 *				the frame ends before; n is a constant <= 64;
 *				valid until the next call
 *   view_linear(v, off, n)	the same, but NULL as well where they would have
 *				to be copied
 *   ld16, ld32(ptr)		big-endian loads from any alignment
 *   copy16(dst, src)		16 bytes, dst aligned to 8
 *   copy4(dst, src)		4 bytes and 12 zeros, dst aligned to 8
 *   INLINE			how functions are forced inline
 *   nt_cfg			const struct nt_config
 * and after it
 *   view_extension(), view_level()	see parse_ip.h and parse.h
 */
#ifndef NINETAP_VIEW_H
#define NINETAP_VIEW_H

#include "ninetap/abi.h"

/* Offsets stay below this; it bounds the depth of headers that is read. */
#define NT_DEPTH_BYTES 2047U
#define NT_SCRATCH_BYTES 64U

/*
 * State of one packet's parsing. `etype` says what is at `off`, as an
 * EtherType; ETYPE_ETH stands for an Ethernet header. `end` and `wire_end`
 * bound what is read and what counts as payload: they shrink with each IP
 * header to its total length, so that padding is neither. They differ only
 * where a capture cut the frame.
 */
struct nt_parse {
	struct nt_record rec;
	__u32 off;
	__u32 end;
	__u32 wire_end;
	__u32 payload_off;		/* behind the innermost L4 header */
	__u32 notes;			/* bit i: NT_COUNT_FATES_END + i */
	__u16 etype;
	__u16 hw_vlan;			/* tag that the NIC took out; if hw_vlans */
	__u8 hw_vlans;			/* 0 or 1 */
	__u8 next;			/* IP protocol number at off */
	__u8 last_level;		/* no tunnel is entered any more */
	__u8 reserved[5];
	__u8 scratch[NT_SCRATCH_BYTES];	/* for view_bytes */
};

/* What a level found. Negative: no IP packet there. */
enum nt_level {
	NT_LEVEL_LAST = 0,		/* the layer is filled in and is the innermost */
	NT_LEVEL_TUNNEL = 1,		/* the layer is filled in and p is inside its tunnel */
	NT_LEVEL_CUT = -1,
	NT_LEVEL_NON_IP = -2,
	NT_LEVEL_MALFORMED = -3,
};

#define NOTE(count) (1U << ((count) - NT_COUNT_FATES_END))

static INLINE const __u8 *view_linear(const struct nt_view *v, __u32 off, const __u32 n);
static INLINE const __u8 *view_bytes(const struct nt_view *v, struct nt_parse *p, __u32 off, const __u32 n);

/*
 * n bytes of header at p->off + at, or NULL and a note why not. The bounds
 * come before view_bytes, which knows the frame's end but not that of the
 * IP packet in it.
 */
static INLINE const __u8 *header(const struct nt_view *v, struct nt_parse *p, __u32 at, const __u32 n)
{
	__u32 off = p->off + at;
	const __u8 *h;

	if (off > NT_DEPTH_BYTES - NT_SCRATCH_BYTES) {
		p->notes |= NOTE(NT_COUNT_TOO_DEEP);
		return NULL;
	}
	h = off + n <= p->end ? view_bytes(v, p, off, n) : NULL;
	if (!h)
		p->notes |= NOTE(NT_COUNT_CUT);
	return h;
}

#endif
