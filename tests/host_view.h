/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_view.h - the host's side of bpf/view.h, so that the parser runs under
 * sanitizers, a fuzzer and a debugger. Include it in one file of a program.
 *
 * Each view_bytes() gives its bytes at the end of a heap block of its own and
 * spoils what the call before gave: a read behind n is an error of ASan, and
 * a pointer kept too long reads 0xdb.
 */
#ifndef NINETAP_TESTS_HOST_VIEW_H
#define NINETAP_TESTS_HOST_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#define INLINE inline __attribute__((unused))

#include "ninetap/abi.h"

struct nt_view {
	const __u8 *data;
	__u32 bytes;
	__u8 *window;			/* NT_SCRATCH_BYTES on the heap */
};

static struct nt_config nt_cfg = { .sample = 1, .vxlan_ports_n = 2, .vxlan_ports = { 4789, 8472 } };

static INLINE __u16 ld16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

static INLINE __u32 ld32(const __u8 *at)
{
	return (__u32)ld16(at) << 16 | ld16(at + 2);
}

static INLINE void copy16(__u8 *dst, const __u8 *src)
{
	memcpy(dst, src, 16);
}

static INLINE void copy4(__u8 *dst, const __u8 *src)
{
	memset(dst, 0, 16);
	memcpy(dst, src, 4);
}

#include "view.h"

/* Nothing is linear: every level goes the general way. */
static bool host_general;

static INLINE const __u8 *view_bytes(const struct nt_view *v, struct nt_parse *p __attribute__((unused)),
				     __u32 off, const __u32 n)
{
	__u8 *at = v->window + NT_SCRATCH_BYTES - n;

	memset(v->window, 0xdb, NT_SCRATCH_BYTES);
	if (n > v->bytes || off > v->bytes - n)
		return NULL;
	memcpy(at, v->data + off, n);
	return at;
}

static INLINE const __u8 *view_linear(const struct nt_view *v, __u32 off, const __u32 n)
{
	return host_general ? NULL : view_bytes(v, NULL, off, n);
}

#include "parse.h"

static INLINE int view_extension(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	return parse_extension(v, p, l);
}

static INLINE int view_level(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	return parse_level(v, p, l);
}

/* What the parser's state holds before: the packet before, so anything. */
static __u8 host_stale = 0xdb;

static INLINE int host_levels(const struct nt_view *v, struct nt_parse *p, __u32 wire_bytes, bool l3)
{
	const __u8 *h;

	parse_begin(p, ETYPE_ETH, v->bytes, wire_bytes);
	if (l3)
		p->etype = (h = header(v, p, 0, 1)) ? etype_of_version(h[0]) : ETYPE_IP4;
	return parse_levels(v, p);
}

/* One packet's fate, without filter and sampler; in *out time, place, seq and unused layers are zero. */
static INLINE int host_parse(const void *frame, uint32_t caplen, uint32_t wirelen, bool l3,
			     struct nt_record *out, uint32_t *notes)
{
	static const int fates[] = { NT_COUNT_TRUNCATED, NT_COUNT_NON_IP, NT_COUNT_MALFORMED };
	__u8 *exact = malloc(caplen + !caplen);
	struct nt_view v = { exact, caplen, malloc(NT_SCRATCH_BYTES) };
	struct nt_parse p;
	int found;

	if (!exact || !v.window)
		abort();
	memcpy(exact, frame, caplen);
	memset(&p, host_stale, sizeof(p));
	found = host_levels(&v, &p, wirelen, l3);
	free(exact);
	free(v.window);
	p.rec.ts_ns = p.rec.seq = p.rec.ifindex = p.rec.cpu = p.rec.dir = p.rec.hook = 0;
	p.rec.packets = p.rec.sample = 1;
	p.rec.bytes = wirelen;
	p.rec.payload_bytes = p.wire_end > p.payload_off ? p.wire_end - p.payload_off : 0;
	memset(out, 0, sizeof(*out));
	if (found >= 0)
		memcpy(out, &p.rec, NT_RECORD_SIZE(p.rec.tunnels % NT_LAYERS_MAX));
	*notes = p.notes;
	return found < 0 ? fates[-found - 1] : NT_COUNT_RECORDED;
}

#endif
