// SPDX-License-Identifier: Apache-2.0
/*
 * tagger.c - see tagger.h. The cache is an array of slots; an answer is in one
 * of the few from the hash of all that it depends on. With many flows each
 * look is a miss of the processor's caches and of its TLB: hence huge pages,
 * slots that are fetched some records ahead, and an array that is no larger
 * than the flows need.
 */
#include "tag/tagger.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/huge.h"
#include "inventory/stamps.h"

#define SLOTS_MIN 8192U			/* 1 MiB */
#define SLOTS_MAX 131072U		/* 16 MiB */
#define WINDOW 4U			/* slots that an answer may be in */

/* Two cache lines: what is compared, and what is found. A stamp of 0 is no inventory's. */
struct slot {
	struct tag_query key;
	uint64_t stamp;
	int64_t from_ns, until_ns;
	struct tags tags;
};
_Static_assert(sizeof(struct slot) == 128, "two cache lines");
_Static_assert(offsetof(struct tag_query, tunnel_id) == 32 && offsetof(struct tag_query, src_port) == 40 &&
	       offsetof(struct tag_query, vlan) == 44 && offsetof(struct tag_query, tunnel) == 48 &&
	       offsetof(struct tag_query, vlans) == 50 && offsetof(struct tag_query, has_ports) == 52,
	       "query_words() knows where each member is");

/* What is known of a record before its turn. */
struct ahead {
	struct slot *window;
	const struct slot *seen;	/* the one of its query, as of so many misses; NULL: not looked for, or none */
	uint64_t seen_misses;
	uint32_t src_hash, dst_hash;
	struct tag_query query;
};

struct tagger {
	struct board *board;		/* NULL: no record has tags */
	const struct inventory *inv;	/* between begin and end */
	const struct stamps *stamps;	/* inv's */
	struct slot *slots;
	uint32_t slots_n;		/* a power of two; WINDOW more are behind them */
	uint32_t pushed_out;		/* answers that another flow has taken the place of */
	struct tagger_stats stats;
	uint32_t asked, found;		/* the next of ahead[] to be written, to be used */
	struct ahead ahead[TAGGER_AHEAD];
};

static size_t cache_bytes(uint32_t slots)
{
	return (slots + WINDOW) * sizeof(struct slot);
}

/* An empty cache takes the place of the one there was. -ENOMEM: that stays. */
static int make_cache(struct tagger *t, uint32_t slots)
{
	struct slot *empty = huge_map(cache_bytes(slots));

	if (!empty)
		return -ENOMEM;
	huge_unmap(t->slots, cache_bytes(t->slots_n));
	t->slots = empty;
	t->slots_n = slots;
	return 0;
}

/* Flows push each other out: a larger cache, if there is memory for it. */
static void grow_cache(struct tagger *t)
{
	if (t->pushed_out < t->slots_n / 8 || t->slots_n >= SLOTS_MAX)
		return;
	t->pushed_out = 0;
	(void)make_cache(t, 4 * t->slots_n);
}

int tagger_open(struct tagger **out, struct board *b)
{
	struct tagger *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->board = b;
	if (b && make_cache(t, SLOTS_MIN)) {
		free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

void tagger_close(struct tagger *t)
{
	if (!t)
		return;
	huge_unmap(t->slots, cache_bytes(t->slots_n));
	free(t);
}

uint64_t tagger_begin(struct tagger *t)
{
	if (!t->board)
		return 0;
	grow_cache(t);
	t->inv = board_hold(t->board);
	t->stamps = inventory_stamps(t->inv);
	return inventory_revision(t->inv);
}

void tagger_end(struct tagger *t)
{
	if (!t->inv)
		return;
	t->inv = NULL;
	t->asked = t->found = 0;
	board_release(t->board);
}

/*
 * A query as words: put together in registers, since bytes that were stored
 * one by one can't be loaded as a word without waiting for the stores.
 */
static inline uint64_t join2(uint32_t a, uint32_t b)
{
	const uint32_t half[2] = { a, b };
	uint64_t w;

	memcpy(&w, half, sizeof(w));
	return w;
}

static inline uint64_t join5(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t e)
{
	return htole64(a | b << 8 | c << 16 | (uint32_t)d << 24 | (uint64_t)e << 32);
}

static inline void address_words(uint64_t w[2], const struct nt_layer *l, const __u8 *addr)
{
	uint32_t ip4;

	if (l->version == 6) {
		memcpy(w, addr, 16);
		return;
	}
	memcpy(&ip4, addr, sizeof(ip4));
	w[0] = 0;
	w[1] = join2(htonl(0xffff), ip4);
}

/* Ports and VLANs lie in a layer as in a query: in one word, of which what is valid is kept. */
static inline uint64_t ports_word(const struct nt_layer *l, bool ports, uint8_t vlans)
{
	static const uint16_t valid[2][NT_VLANS_MAX + 1][4] = {
		{ { 0, 0, 0, 0 }, { 0, 0, 0xffff, 0 }, { 0, 0, 0xffff, 0xffff } },
		{ { 0xffff, 0xffff, 0, 0 }, { 0xffff, 0xffff, 0xffff, 0 }, { 0xffff, 0xffff, 0xffff, 0xffff } },
	};
	uint64_t w, mask;

	_Static_assert(offsetof(struct nt_layer, dst_port) == offsetof(struct nt_layer, src_port) + 2 &&
		       offsetof(struct nt_layer, vlan) == offsetof(struct nt_layer, src_port) + 4, "one word");
	memcpy(&w, (const char *)l + offsetof(struct nt_layer, src_port), sizeof(w));
	memcpy(&mask, valid[ports][vlans], sizeof(mask));
	return w & mask;
}

static inline void query_words(uint64_t w[7], const struct nt_record *rec)
{
	const struct nt_layer *l = &rec->layer[rec->tunnels];
	uint32_t inner_id = 0, outer_id = 0;
	uint8_t inner = NT_TUNNEL_NONE, outer = NT_TUNNEL_NONE;
	/* Of a damaged record, which the encoder refuses, vlans may be anything. */
	uint8_t vlans = l->vlans <= NT_VLANS_MAX ? l->vlans : 0;
	bool ports = l->has & NT_HAS_PORTS;

	if (rec->tunnels) {
		inner_id = l[-1].id;
		inner = l[-1].tunnel;
	}
	if (rec->tunnels > 1) {
		outer_id = l[-2].id;
		outer = l[-2].tunnel;
	}
	address_words(w, l, l->src);
	address_words(w + 2, l, l->dst);
	w[4] = join2(inner_id, outer_id);
	w[5] = ports_word(l, ports, vlans);
	w[6] = join5(inner, outer, vlans, l->proto, ports);
}

void tag_query_of(struct tag_query *q, const struct nt_record *rec)
{
	uint64_t w[7];

	query_words(w, rec);
	memcpy(q, w, sizeof(w));
}

/* Where to look: a hash of the whole query, made of those of its addresses. */
static inline void find_window(struct tagger *t, struct ahead *a, const uint64_t w[7])
{
	uint64_t h;

	a->src_hash = hash_words(w[0], w[1]);
	a->dst_hash = hash_words(w[2], w[3]);
	h = mix(mix(w[4], w[5] ^ w[6] << 24), (uint64_t)a->src_hash << 32 | a->dst_hash);
	a->window = &t->slots[(h ^ h >> 32) & (t->slots_n - 1)];
}

static inline bool same_query(const struct tag_query *a, const struct tag_query *b)
{
	uint64_t x[7], y[7];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
		 (x[4] ^ y[4]) | (x[5] ^ y[5]) | (x[6] ^ y[6]));
}

static inline bool answers(const struct slot *s, const struct tag_query *q, uint64_t stamp, int64_t ts)
{
	return s->stamp == stamp && ts >= s->from_ns && ts < s->until_ns && same_query(&s->key, q);
}

/* One that holds nothing, or the same at another time; else one after the other. */
static struct slot *victim(struct tagger *t, struct slot *window, const struct tag_query *q)
{
	for (unsigned int i = 0; i < WINDOW; i++)
		if (!window[i].stamp || same_query(&window[i].key, q))
			return &window[i];
	t->pushed_out++;
	return &window[t->stats.misses % WINDOW];
}

static const struct tags *look_up(struct tagger *t, struct slot *window, const struct tag_query *q,
				  uint64_t stamp, int64_t ts)
{
	struct slot *s = victim(t, window, q);
	struct tag_answer answer;

	inventory_find(t->inv, q, ts, &answer);
	*s = (struct slot){ *q, stamp, answer.from_ns, answer.until_ns, answer.tags };
	t->stats.misses++;
	return &s->tags;
}

/* Its slot has been fetched by now: the texts that its encoder will copy are fetched in turn. */
static inline void look_ahead(const struct tagger *t, struct ahead *a)
{
	for (unsigned int i = 0; i < WINDOW; i++) {
		const struct slot *s = &a->window[i];

		if (!same_query(&s->key, &a->query))
			continue;
		a->seen = s;
		a->seen_misses = t->stats.misses;
		__builtin_prefetch(s->tags.src_instance);
		__builtin_prefetch((const char *)s->tags.src_instance + 64);
		__builtin_prefetch(s->tags.dst_instance);
		__builtin_prefetch((const char *)s->tags.dst_instance + 64);
		return;
	}
}

void tagger_ask(struct tagger *t, const struct nt_record *rec)
{
	struct ahead *a = &t->ahead[t->asked % TAGGER_AHEAD];
	uint64_t w[7];

	if (!t->inv || t->asked - t->found == TAGGER_AHEAD)
		return;
	query_words(w, rec);
	memcpy(&a->query, w, sizeof(w));
	find_window(t, a, w);
	a->seen = NULL;
	for (int i = 0; i < 4; i++)	/* the lines of two slots: few answers are further off */
		__builtin_prefetch((const char *)a->window + 64 * i);
	if (t->asked - t->found >= TAGGER_AHEAD / 2)
		look_ahead(t, &t->ahead[(t->asked - TAGGER_AHEAD / 2) % TAGGER_AHEAD]);
	t->asked++;
}

/* The slot that answers a, or NULL. A miss may have put another answer into the one that was seen. */
static inline const struct slot *answer_of(const struct tagger *t, const struct ahead *a, uint64_t stamp, int64_t ts)
{
	const struct slot *s = a->seen;

	if (s && a->seen_misses == t->stats.misses && s->stamp == stamp && ts >= s->from_ns && ts < s->until_ns)
		return s;
	for (unsigned int i = 0; i < WINDOW; i++)
		if (answers(&a->window[i], &a->query, stamp, ts))
			return &a->window[i];
	return NULL;
}

const struct tags *tagger_find(struct tagger *t, const struct nt_record *rec, int64_t ts_utc_ns)
{
	const struct ahead *a = &t->ahead[t->found % TAGGER_AHEAD];
	const struct slot *s;
	uint64_t stamp;

	if (!t->inv)
		return &tags_none;
	if (t->asked == t->found)
		tagger_ask(t, rec);
	t->found++;
	stamp = stamps_get(t->stamps, a->src_hash, a->dst_hash);
	s = answer_of(t, a, stamp, ts_utc_ns);
	if (!s)
		return look_up(t, a->window, &a->query, stamp, ts_utc_ns);
	t->stats.hits++;
	return &s->tags;
}

void tagger_get_stats(const struct tagger *t, struct tagger_stats *out)
{
	*out = t->stats;
}
