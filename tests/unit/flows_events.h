/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows_events.h - events, counted twice: into entries as the programs in the
 * kernel do, step by step, and slowly from the list of all of them. What was
 * handed out must be the second, field by field, whatever happened between.
 */
#ifndef NINETAP_FLOWS_EVENTS_H
#define NINETAP_FLOWS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "flow/flows.h"
#include "unit/check.h"

#define SEC 1000000000ULL
#define LONG_KEY(number) ((number) % 3 == 2)	/* the others fit a short one */
#define PACKET_KEY(number) ((number) % 4 == 1)	/* counted since its ring was full */

struct event {
	uint32_t cpu, key;
	uint64_t ts_ns;
	uint32_t packets, bytes, payload;
	uint16_t win, flags;
};

static inline uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33) % sides;
}

static inline struct nt_flow_head head_of(uint32_t number, uint32_t window)
{
	return (struct nt_flow_head){ .ifindex = 2, .window = window, .sample = 1, .dir = NT_DIR_IN, .hook = NT_HOOK_TC,
				      .tunnels = LONG_KEY(number) ? 2 : number % 2,
				      .mode = PACKET_KEY(number) ? NT_MODE_PACKET : NT_MODE_FLOW };
}

static inline struct nt_flow_key key_of(uint32_t number, uint32_t window)
{
	struct nt_flow_key k = { .head = head_of(number, window) };

	for (unsigned int i = 0; i <= k.head.tunnels; i++) {
		k.layer[i] = (struct nt_flow_layer){ .id = number, .src_port = (uint16_t)number, .dst_port = 53, .version = 4,
						     .proto = 6, .tunnel = (uint8_t)i, .vlans_has = 0x11, .vlan = { 7, 9 } };
		memcpy(k.layer[i].src, &number, sizeof(number));
		k.layer[i].dst[3] = (uint8_t)(i + 1);
	}
	return k;
}

static inline struct nt_flow_key4 key4_of(uint32_t number, uint32_t window)
{
	struct nt_flow_key wide = key_of(number, window);
	struct nt_flow_key4 k = { .head = wide.head };

	for (unsigned int i = 0; i <= k.head.tunnels && i < 2; i++) {
		const struct nt_flow_layer *l = &wide.layer[i];

		k.layer[i] = (struct nt_flow_layer4){ .id = l->id, .src_port = l->src_port, .dst_port = l->dst_port, .proto = l->proto,
						      .tunnel = l->tunnel, .vlans_has = l->vlans_has, .vlan = { l->vlan[0], l->vlan[1] } };
		memcpy(k.layer[i].src, l->src, 4);
		memcpy(k.layer[i].dst, l->dst, 4);
	}
	return k;
}

/* An event of the kinds that there are: one packet, or many. */
static inline struct event event_of(uint64_t *state, uint32_t cpus, uint32_t keys, uint64_t ts_ns)
{
	struct event e = { .cpu = dice(state, cpus), .key = dice(state, keys), .ts_ns = ts_ns, .packets = 1 };

	if (dice(state, 4) == 0)
		e.packets = 2 + dice(state, 44);
	e.bytes = e.packets * 60 + dice(state, 1400 * e.packets);
	e.payload = e.bytes / 2;
	e.win = (uint16_t)dice(state, 65536);
	e.flags = dice(state, 20) ? 0x10 : 1;
	return e;
}

/* --- as the programs do ------------------------------------------------------- */
static inline void lower32(__u32 *at, __u32 n)
{
	if (n < *at)
		*at = n;
}

static inline void raise32(__u32 *at, __u32 n)
{
	if (n > *at)
		*at = n;
}

static inline void count_time(struct nt_flow *f, uint64_t us, uint64_t times)
{
	if (!times)
		return;
	lower32(&f->iat_us_min, (__u32)us);
	raise32(&f->iat_us_max, (__u32)us);
	f->iat_us_sum += times * us;
	f->iat_us_sumsq += times * us * us;
}

static inline struct nt_flow fresh_entry(const struct event *e, uint64_t generation, uint64_t entry)
{
	return (struct nt_flow){ .first_ns = e->ts_ns, .last_ns = e->ts_ns, .generation = generation, .entry = entry,
				 .bytes_min = UINT32_MAX, .win_min = UINT16_MAX };
}

static inline void program_counts(struct nt_flow *f, const struct event *e)
{
	uint64_t q = e->bytes / e->packets, r = e->bytes % e->packets;

	if (f->sum.packets < 2) {
		f->iat_us_min = UINT32_MAX;
		f->iat_us_max = 0;
	}
	if (f->sum.packets)
		count_time(f, e->ts_ns > f->last_ns ? (e->ts_ns - f->last_ns) / 1000 : 0, 1);
	count_time(f, 0, e->packets - 1);
	f->sum.events++;
	f->sum.packets += e->packets;
	f->sum.bytes += e->bytes;
	f->payload_bytes += e->payload;
	f->bytes_sumsq += r * (q + 1) * (q + 1) + (e->packets - r) * q * q;
	lower32(&f->bytes_min, (__u32)q);
	raise32(&f->bytes_max, (__u32)(q + (r > 0)));
	f->win_sum += (uint64_t)e->packets * e->win;
	f->win_sumsq += (uint64_t)e->packets * e->win * e->win;
	f->win_min = e->win < f->win_min ? e->win : f->win_min;
	f->win_max = e->win > f->win_max ? e->win : f->win_max;
	f->tcp_flags |= e->flags;
	if (e->ts_ns < f->first_ns)
		f->first_ns = e->ts_ns;
	if (e->ts_ns > f->last_ns)
		f->last_ns = e->ts_ns;
	if (f->sum.packets == 1) {		/* not valid, so anything */
		f->iat_us_min = 1;
		f->iat_us_max = UINT32_MAX;
	}
}

/* --- slowly, packet by packet ---------------------------------------------------- */
static inline void slow_packet(struct nt_flow *f, uint64_t ts_ns, uint64_t bytes, uint16_t win)
{
	uint64_t us = ts_ns > f->last_ns ? (ts_ns - f->last_ns) / 1000 : 0;
	bool first = !f->sum.packets;

	if (!first) {
		f->iat_us_min = f->sum.packets == 1 || us < f->iat_us_min ? (__u32)us : f->iat_us_min;
		f->iat_us_max = f->sum.packets == 1 || us > f->iat_us_max ? (__u32)us : f->iat_us_max;
		f->iat_us_sum += us;
		f->iat_us_sumsq += us * us;
	}
	f->sum.packets++;
	f->sum.bytes += bytes;
	f->bytes_sumsq += bytes * bytes;
	f->bytes_min = first || bytes < f->bytes_min ? (__u32)bytes : f->bytes_min;
	f->bytes_max = first || bytes > f->bytes_max ? (__u32)bytes : f->bytes_max;
	f->win_sum += win;
	f->win_sumsq += (uint64_t)win * win;
	f->win_min = first || win < f->win_min ? win : f->win_min;
	f->win_max = first || win > f->win_max ? win : f->win_max;
	f->first_ns = first || ts_ns < f->first_ns ? ts_ns : f->first_ns;
	f->last_ns = first || ts_ns > f->last_ns ? ts_ns : f->last_ns;
}

static inline void slow_event(struct nt_flow *f, const struct event *e)
{
	for (uint32_t i = 0; i < e->packets; i++)
		slow_packet(f, i ? f->last_ns : e->ts_ns, e->bytes / e->packets + (i < e->bytes % e->packets), e->win);
	f->sum.events++;
	f->payload_bytes += e->payload;
	f->tcp_flags |= e->flags;
}

/* Where two differ, by the word; true if they do not. iat of a single packet says nothing. */
static inline bool same_counts(struct nt_flow a, struct nt_flow b)
{
	if (a.sum.packets == 1 && b.sum.packets == 1)
		b.iat_us_min = a.iat_us_min, b.iat_us_max = a.iat_us_max;
	if (!memcmp(&a, &b, sizeof(a)))
		return true;
	for (size_t i = 0; i < sizeof(a) / 8; i++) {
		if (memcmp((char *)&a + 8 * i, (char *)&b + 8 * i, 8))
			printf("# word %zu of struct nt_flow differs\n", i);
	}
	return false;
}

/* --- what was handed out against what was written ----------------------------------- */
static inline int by_event(const void *a, const void *b)
{
	const struct event *const *x = a, *const *y = b;

	if ((*x)->cpu != (*y)->cpu)
		return (*x)->cpu < (*y)->cpu ? -1 : 1;
	if ((*x)->key != (*y)->key)
		return (*x)->key < (*y)->key ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static inline int by_record(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->key.layer[0].id != y->key.layer[0].id)
		return x->key.layer[0].id < y->key.layer[0].id ? -1 : 1;
	if (x->counted.generation != y->counted.generation)
		return x->counted.generation < y->counted.generation ? -1 : 1;
	return x->counted.entry < y->counted.entry ? -1 : x->counted.entry > y->counted.entry;
}

/* Of equal records one is left; the same identity with anything else in it is a fault. */
static inline size_t without_twins(struct flow *r, size_t n)
{
	size_t kept = 0;

	qsort(r, n, sizeof(*r), by_record);
	for (size_t i = 0; i < n; i++) {
		if (!kept || by_record(&r[kept - 1], &r[i]))
			r[kept++] = r[i];
		else
			CHECK(!memcmp(&r[kept - 1], &r[i], sizeof(*r)));
	}
	return kept;
}

/* The record holds the next events of its flow: how many, or 0 if it does not. */
static inline size_t explains(const struct flow *r, const struct event *const *e, size_t n)
{
	struct nt_flow slow = { .generation = r->counted.generation, .entry = r->counted.entry };
	struct nt_flow_key key = key_of(r->key.layer[0].id, r->key.head.window);
	size_t used = 0;

	if (memcmp(&key, &r->key, sizeof(key)))
		return 0;
	while (used < n && used < r->counted.sum.events && e[used]->cpu == r->cpu && e[used]->key == key.layer[0].id)
		slow_event(&slow, e[used++]);
	return same_counts(slow, r->counted) ? used : 0;
}

/*
 * Every event is in one record, and each record is what slow_event() makes of
 * its events. Sorts the records and removes twins.
 */
static inline void check_records(struct flow *r, size_t records, const struct event *events, size_t n)
{
	const struct event **e = calloc(n + 1, sizeof(*e));
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		e[i] = &events[i];
	qsort(e, n, sizeof(*e), by_event);
	records = without_twins(r, records);
	for (size_t i = 0; i < records; i++) {
		size_t used = explains(&r[i], e + at, n - at);

		CHECK(used > 0);
		if (!used)
			break;
		at += used;
	}
	CHECK_EQ(at, n);
	free(e);
}

#endif
