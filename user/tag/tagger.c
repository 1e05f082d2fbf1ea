// SPDX-License-Identifier: Apache-2.0
/*
 * tagger.c - see tagger.h. The cache is an array of slots; an answer is in one
 * of the few from the hash of all that it depends on. With many flows each look is a miss of the processor's caches and
 * of its TLB: hence huge pages, and slots that are fetched some records ahead.
 */
#include "tag/tagger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOTS 131072U			/* 16 MiB once all are in use */
#define WINDOW 4U			/* slots that an answer may be in */
#define HUGE_BYTES (2UL << 20)

/* Two cache lines: what is compared, and what is found. A stamp of 0 is no inventory's. */
struct slot {
	struct tag_query key;
	uint64_t stamp;
	int64_t from_ns, until_ns;
	struct tags tags;
};
_Static_assert(sizeof(struct slot) == 128, "two cache lines");

#define CACHE_BYTES ((SLOTS + WINDOW) * sizeof(struct slot))

/* What is known of a record before its turn. */
struct ahead {
	struct slot *window;
	struct tag_query query;
};

struct tagger {
	struct board *board;		/* NULL: no record has tags */
	const struct inventory *inv;	/* between begin and end */
	struct slot *slots;
	void *map;			/* that they lie in, from a boundary of huge pages on */
	struct tagger_stats stats;
	uint32_t asked, found;		/* the next of ahead[] to be written, to be used */
	struct ahead ahead[TAGGER_AHEAD];
};

static int open_cache(struct tagger *t)
{
	t->map = mmap(NULL, CACHE_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->map == MAP_FAILED)
		return -ENOMEM;
	t->slots = (void *)(((uintptr_t)t->map + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	madvise(t->slots, CACHE_BYTES, MADV_HUGEPAGE);	/* slower without, that is all */
	return 0;
}

int tagger_open(struct tagger **out, struct board *b)
{
	struct tagger *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->board = b;
	if (b && open_cache(t)) {
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
	if (t->slots)
		munmap(t->map, CACHE_BYTES + HUGE_BYTES);
	free(t);
}

uint64_t tagger_begin(struct tagger *t)
{
	if (!t->board)
		return 0;
	t->inv = board_hold(t->board);
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

static inline void map_address(__u8 out[16], const struct nt_layer *l, const __u8 *addr)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (l->version == 6) {
		memcpy(out, addr, 16);
		return;
	}
	memcpy(out, mapped, 12);
	memcpy(out + 12, addr, 4);
}

void tag_query_of(struct tag_query *q, const struct nt_record *rec)
{
	const struct nt_layer *l = &rec->layer[rec->tunnels];

	*q = (struct tag_query){ .proto = l->proto, .vlans = l->vlans, .has_ports = !!(l->has & NT_HAS_PORTS) };
	map_address(q->src, l, l->src);
	map_address(q->dst, l, l->dst);
	if (q->has_ports) {
		q->src_port = l->src_port;
		q->dst_port = l->dst_port;
	}
	for (unsigned int i = 0; i < l->vlans; i++)
		q->vlan[i] = l->vlan[i];
	for (unsigned int i = 0; i < rec->tunnels; i++) {
		q->tunnel[i] = l[-1 - (int)i].tunnel;
		q->tunnel_id[i] = l[-1 - (int)i].id;
	}
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Odd constants keep a word of zeros from wiping out its partner. */
static inline uint32_t slot_of(const struct tag_query *q)
{
	uint64_t w[7], h;

	memcpy(w, q, sizeof(w));
	h = fold(w[0] ^ 0x9e3779b97f4a7c15, w[1] ^ 0xc2b2ae3d27d4eb4f) ^
	    fold(w[2] ^ 0xff51afd7ed558ccd, w[3] ^ 0xc4ceb9fe1a85ec53) ^
	    fold(w[4] ^ 0x94d049bb133111eb, w[5] ^ (w[6] << 24) ^ 0xbf58476d1ce4e5b9);
	return (h ^ h >> 32) & (SLOTS - 1);
}

static inline bool same_query(const struct tag_query *a, const struct tag_query *b)
{
	uint64_t x[7], y[7], differ = 0;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (int i = 0; i < 7; i++)
		differ |= x[i] ^ y[i];
	return !differ;
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

void tagger_ask(struct tagger *t, const struct nt_record *rec)
{
	struct ahead *a = &t->ahead[t->asked % TAGGER_AHEAD];

	if (!t->inv || t->asked - t->found == TAGGER_AHEAD)
		return;
	tag_query_of(&a->query, rec);
	a->window = &t->slots[slot_of(&a->query)];
	for (int i = 0; i < 4; i++)	/* the lines of two slots: few answers are further off */
		__builtin_prefetch((const char *)a->window + 64 * i);
	t->asked++;
}

const struct tags *tagger_find(struct tagger *t, const struct nt_record *rec, int64_t ts_utc_ns)
{
	const struct ahead *a = &t->ahead[t->found % TAGGER_AHEAD];
	uint64_t stamp;

	if (!t->inv)
		return &tags_none;
	if (t->asked == t->found)
		tagger_ask(t, rec);
	t->found++;
	stamp = inventory_stamp(t->inv, &a->query);
	for (unsigned int i = 0; i < WINDOW; i++) {
		if (answers(&a->window[i], &a->query, stamp, ts_utc_ns)) {
			t->stats.hits++;
			return &a->window[i].tags;
		}
	}
	return look_up(t, a->window, &a->query, stamp, ts_utc_ns);
}

void tagger_get_stats(const struct tagger *t, struct tagger_stats *out)
{
	*out = t->stats;
}
