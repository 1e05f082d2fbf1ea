/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * filter.bpf.h - which packets are put down: the filter, then the sampler.
 *
 * A packet passes the filter if one of its layers, the innermost or a carrier,
 * matches every list that is set: prefixes by source or destination, ports by
 * either, protocols. Sampling is systematic, one in N of those that pass, CPU
 * by CPU (RFC 5475 section 5.1).
 */
#ifndef NINETAP_FILTER_BPF_H
#define NINETAP_FILTER_BPF_H

#include "maps.bpf.h"

static INLINE int cidr_has(__u8 version, const __u8 *addr)
{
	struct nt_cidr key = { .prefix = 128 };

	if (version == 6) {
		__builtin_memcpy(key.addr, addr, 16);
	} else {
		key.addr[10] = key.addr[11] = 0xff;
		__builtin_memcpy(key.addr + 12, addr, 4);
	}
	return bpf_map_lookup_elem(&nt_cidrs, &key) != NULL;
}

static INLINE int port_has(__u16 port)
{
	__u32 word = port >> 6;
	__u64 *bits = bpf_map_lookup_elem(&nt_ports, &word);

	return bits && *bits >> (port & 63) & 1;
}

static INLINE int filter_cidr(const struct nt_layer *l)
{
	return !nt_cfg.filter_cidrs || cidr_has(l->version, l->src) || cidr_has(l->version, l->dst);
}

static INLINE int filter_port(const struct nt_layer *l)
{
	if (!nt_cfg.filter_ports)
		return 1;
	return l->has & NT_HAS_PORTS && (port_has(l->src_port) || port_has(l->dst_port));
}

static INLINE int filter_proto(const struct nt_layer *l)
{
	return !nt_cfg.filter_protos || nt_cfg.protos[l->proto >> 6] >> (l->proto & 63) & 1;
}

/* Global for the verifier's sake, as nt_level_*. */
GLOBAL int nt_filter_layer(const struct nt_layer *l)
{
	return l && filter_proto(l) && filter_port(l) && filter_cidr(l);
}

static INLINE int filter_passes(const struct nt_record *r)
{
	if (!nt_cfg.filter_cidrs && !nt_cfg.filter_ports && !nt_cfg.filter_protos)
		return 1;
	for (int i = 0; i < (int)NT_LAYERS_MAX; i++)
		if (i <= r->tunnels && nt_filter_layer(&r->layer[i]))
			return 1;
	return 0;
}

/* One in nt_cfg.sample; in NT_MODE_SAMPLED one in the interface's own rate instead, counted apart. */
static INLINE int sample_passes(struct nt_cpu *c, const struct nt_iface_mode *m)
{
	struct nt_record *r = &c->parse.rec;

	r->sample = nt_cfg.sample;
	if (m->mode == NT_MODE_SAMPLED) {
		r->sample = m->sample ? m->sample : 1;
		return c->sampled++ % r->sample == 0;
	}
	return nt_cfg.sample <= 1 || c->passed++ % nt_cfg.sample == 0;
}

#endif
