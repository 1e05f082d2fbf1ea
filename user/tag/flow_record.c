// SPDX-License-Identifier: Apache-2.0
/*
 * flow_record.c - a flow's key as the record of a packet, so that flows are
 * tagged and encoded by what tags and encodes packets; contract in tag.h.
 */
#include <string.h>
#include "tag/tag.h"

#define NIBBLE 0xfU

static void layer_of(struct nt_layer *l, const struct nt_flow_layer *k)
{
	memcpy(l->src, k->src, sizeof(l->src));
	memcpy(l->dst, k->dst, sizeof(l->dst));
	memcpy(l->vlan, k->vlan, sizeof(l->vlan));
	l->id = k->id;
	l->src_port = k->src_port;
	l->dst_port = k->dst_port;
	l->version = k->version;
	l->proto = k->proto;
	l->tunnel = k->tunnel;
	l->vlans = k->vlans_has & NIBBLE;
	l->has = k->vlans_has >> 4;
}

void flow_record(struct nt_record *rec, const struct flow *f)
{
	const struct nt_flow_head *h = &f->key.head;

	memset(rec, 0, sizeof(*rec));
	if (h->tunnels > NT_TUNNELS_MAX)
		return;
	rec->ifindex = h->ifindex;
	rec->sample = h->sample;
	rec->dir = h->dir;
	rec->hook = h->hook;
	rec->tunnels = h->tunnels;
	for (unsigned int i = 0; i <= h->tunnels; i++)
		layer_of(&rec->layer[i], &f->key.layer[i]);
}
