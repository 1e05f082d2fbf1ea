// SPDX-License-Identifier: Apache-2.0
/*
 * prefixes.c - the table of subnets. Linear probing, at most 3/4 full; an
 * entry is removed by moving those behind it forward, so there are no graves.
 * A look-up fetches the slots of all lengths at once, since each is a cache
 * miss in a big table.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "inventory/prefixes.h"
#include "inventory/table.h"

#define SLOTS_MIN 64U
#define MAPPED_HIGH 0xffff00000000ULL	/* of lo: ::ffff:0:0/96 */

struct key {
	uint64_t hi, lo;
	uint8_t len;
};

static void read_words(const uint8_t addr[16], uint64_t *hi, uint64_t *lo)
{
	memcpy(hi, addr, sizeof(*hi));
	memcpy(lo, addr + 8, sizeof(*lo));
	*hi = be64toh(*hi);
	*lo = be64toh(*lo);
}

/* The first n bits of a word. */
static uint64_t front(uint32_t n)
{
	return n >= 64 ? UINT64_MAX : ~(UINT64_MAX >> n);
}

static struct key key_of(uint64_t hi, uint64_t lo, uint32_t len)
{
	return (struct key) {
		.hi = hi & front(len),
		.lo = len > 64 ? lo & front(len - 64) : 0,
		.len = (uint8_t)len,
	};
}

static struct key key_of_cidr(const struct nt_cidr *c)
{
	uint64_t hi, lo;

	read_words(c->addr, &hi, &lo);
	return key_of(hi, lo, c->prefix);
}

static int is_v4(uint64_t hi, uint64_t lo, uint32_t len)
{
	return len >= 96 && !hi && (lo & front(32)) == MAPPED_HIGH;
}

void prefix_mask(struct nt_cidr *c)
{
	struct key k = key_of_cidr(c);
	uint64_t word[2] = { htobe64(k.hi), htobe64(k.lo) };

	memcpy(c->addr, word, sizeof(c->addr));
}

static uint32_t home(const struct prefixes *p, const struct key *k)
{
	return (uint32_t)(mix(k->hi + k->len, k->lo) >> 20) & p->mask;
}

/* The prefix's slot, or the empty one where it would go. */
static struct prefix *slot_of(const struct prefixes *p, const struct key *k)
{
	for (uint32_t at = home(p, k);; at = (at + 1) & p->mask) {
		struct prefix *e = &p->slot[at];

		if (e->kind == PREFIX_NONE || (e->lo == k->lo && e->hi == k->hi && e->len == k->len))
			return e;
	}
}

static int grow(struct prefixes *p)
{
	uint32_t slots = p->slot ? 2 * (p->mask + 1) : SLOTS_MIN;
	struct prefixes bigger = { .mask = slots - 1 };

	if (p->slot && p->n + 1 <= (p->mask + 1) / 4 * 3)
		return 0;
	bigger.slot = calloc(slots, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (uint32_t i = 0; p->slot && i <= p->mask; i++) {
		const struct prefix *e = &p->slot[i];
		struct key k = { e->hi, e->lo, e->len };

		if (e->kind != PREFIX_NONE)
			*slot_of(&bigger, &k) = *e;
	}
	free(p->slot);
	p->slot = bigger.slot;
	p->mask = bigger.mask;
	return 0;
}

static void list_lengths(struct lengths *l)
{
	l->used_n = 0;
	for (uint32_t len = PREFIX_LENGTHS; len-- > 0;) {
		if (l->count[len])
			l->used[l->used_n++] = (uint8_t)len;
	}
}

static void count_length(struct prefixes *p, const struct key *k, bool more)
{
	struct lengths *l = &p->lengths[is_v4(k->hi, k->lo, k->len)];
	uint32_t was = l->count[k->len];

	l->count[k->len] = more ? was + 1 : was - 1;
	if (!was || !l->count[k->len])
		list_lengths(l);
}

static int list_room(struct owners *o)
{
	uint32_t cap = o->cap ? 2 * o->cap : 4;
	uint32_t *number;

	if (o->n < o->cap)
		return 0;
	number = reallocarray(o->number, cap, sizeof(*number));
	if (!number)
		return -ENOMEM;
	o->number = number;
	o->cap = cap;
	return 0;
}

static uint32_t list_find(const struct owners *o, uint32_t number)
{
	uint32_t a = 0, b = o->n;

	while (a < b) {
		uint32_t middle = a + (b - a) / 2;

		if (o->number[middle] < number)
			a = middle + 1;
		else
			b = middle;
	}
	return a;
}

static void list_add(struct owners *o, uint32_t number)
{
	uint32_t at = list_find(o, number);

	memmove(&o->number[at + 1], &o->number[at], (o->n - at) * sizeof(*o->number));
	o->number[at] = number;
	o->n++;
}

static int reserve_lists(struct prefixes *p)
{
	uint32_t cap = p->lists_cap ? 2 * p->lists_cap : 16;
	struct owners *list;
	uint32_t *spare;

	if (p->spare_n || p->lists_n < p->lists_cap)
		return 0;
	spare = reallocarray(p->spare, cap, sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	p->spare = spare;
	list = reallocarray(p->list, cap, sizeof(*list));
	if (!list)
		return -ENOMEM;
	p->list = list;
	p->lists_cap = cap;
	return 0;
}

/* An empty list with room for two; -ENOMEM leaves it among the spare ones. */
static int list_new(struct prefixes *p, uint32_t *out)
{
	uint32_t i;

	if (reserve_lists(p))
		return -ENOMEM;
	if (!p->spare_n) {
		p->list[p->lists_n] = (struct owners) { 0 };
		p->spare[p->spare_n++] = p->lists_n++;
	}
	i = p->spare[p->spare_n - 1];
	if (list_room(&p->list[i]))
		return -ENOMEM;
	p->spare_n--;
	*out = i;
	return 0;
}

static int make_many(struct prefixes *p, struct prefix *e)
{
	uint32_t list;

	if (e->kind == PREFIX_MANY)
		return 0;
	if (list_new(p, &list))
		return -ENOMEM;
	list_add(&p->list[list], e->owner);
	e->owner = list;
	e->kind = PREFIX_MANY;
	return 0;
}

static int add_owner(struct prefixes *p, struct prefix *e, uint32_t number)
{
	struct owners *o;

	if (make_many(p, e))
		return -ENOMEM;
	o = &p->list[e->owner];
	if (list_room(o))
		return -ENOMEM;
	list_add(o, number);
	return 0;
}

int prefixes_add(struct prefixes *p, const struct nt_cidr *c, uint32_t number)
{
	struct key k = key_of_cidr(c);
	struct prefix *e;

	if (grow(p))
		return -ENOMEM;
	e = slot_of(p, &k);
	if (e->kind != PREFIX_NONE && add_owner(p, e, number))
		return -ENOMEM;
	if (e->kind == PREFIX_NONE) {
		*e = (struct prefix) { .hi = k.hi, .lo = k.lo, .len = k.len, .owner = number, .kind = PREFIX_ONE };
		p->n++;
		count_length(p, &k, true);
	}
	p->pairs++;
	return 0;
}

/* Empties a slot, and moves up what was pushed behind it. */
static void clear_slot(struct prefixes *p, uint32_t hole)
{
	for (uint32_t at = (hole + 1) & p->mask; p->slot[at].kind != PREFIX_NONE; at = (at + 1) & p->mask) {
		const struct prefix *e = &p->slot[at];
		struct key k = { e->hi, e->lo, e->len };

		if (((at - home(p, &k)) & p->mask) < ((at - hole) & p->mask))
			continue;
		p->slot[hole] = *e;
		hole = at;
	}
	p->slot[hole] = (struct prefix) { 0 };
	p->n--;
}

static void list_del(struct owners *o, uint32_t number)
{
	uint32_t at = list_find(o, number);

	o->n--;
	memmove(&o->number[at], &o->number[at + 1], (o->n - at) * sizeof(*o->number));
}

void prefixes_del(struct prefixes *p, const struct nt_cidr *c, uint32_t number)
{
	struct key k = key_of_cidr(c);
	struct prefix *e = slot_of(p, &k);

	p->pairs--;
	if (e->kind == PREFIX_MANY) {
		list_del(&p->list[e->owner], number);
		if (p->list[e->owner].n)
			return;
		p->spare[p->spare_n++] = e->owner;
	}
	count_length(p, &k, false);
	clear_slot(p, (uint32_t)(e - p->slot));
}

void prefixes_close(struct prefixes *p)
{
	for (uint32_t i = 0; i < p->lists_n; i++)
		free(p->list[i].number);
	free(p->list);
	free(p->spare);
	free(p->slot);
	*p = (struct prefixes) { 0 };
}

/* Keys of all lengths in use that could hold the address, their slots on the way to the cache. */
static uint32_t keys_of(const struct prefixes *p, const uint8_t addr[16], struct key *out)
{
	const struct lengths *l;
	uint64_t hi, lo;

	read_words(addr, &hi, &lo);
	l = &p->lengths[is_v4(hi, lo, 128)];
	for (uint32_t i = 0; i < l->used_n; i++) {
		out[i] = key_of(hi, lo, l->used[i]);
		__builtin_prefetch(&p->slot[home(p, &out[i])]);
	}
	return l->used_n;
}

static bool owns(const struct prefixes *p, const struct prefix *e, uint32_t number)
{
	const struct owners *o;
	uint32_t at;

	if (e->kind != PREFIX_MANY)
		return e->kind == PREFIX_ONE && e->owner == number;
	o = &p->list[e->owner];
	at = list_find(o, number);
	return at < o->n && o->number[at] == number;
}

bool prefixes_hold(const struct prefixes *p, const uint8_t addr[16], uint32_t number)
{
	struct key keys[PREFIX_LENGTHS];
	uint32_t n = keys_of(p, addr, keys);

	for (uint32_t i = 0; i < n; i++) {
		if (owns(p, slot_of(p, &keys[i]), number))
			return true;
	}
	return false;
}

uint32_t prefixes_longest(const struct prefixes *p, const uint8_t addr[16], uint32_t *number)
{
	struct key keys[PREFIX_LENGTHS];
	uint32_t n = keys_of(p, addr, keys);

	for (uint32_t i = 0; i < n; i++) {
		const struct prefix *e = slot_of(p, &keys[i]);

		if (e->kind == PREFIX_NONE)
			continue;
		*number = e->kind == PREFIX_ONE ? e->owner : p->list[e->owner].number[0];
		return e->kind == PREFIX_ONE ? 1 : p->list[e->owner].n;
	}
	return 0;
}
