// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_prefixes.c - the table of subnets against a plain list of them:
 * random prefixes of few owners come and go, and each address's longest
 * prefix and owners are looked for both ways.
 */
#include "check.h"
#include "inventory_util.h"
#include "inventory/prefixes.h"

#define PAIRS 400
#define OWNERS 5U

struct pair {
	struct nt_cidr cidr;
	uint32_t owner;
	bool there;
};

static struct pair pairs[PAIRS];
static uint64_t state = 1;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % n;
}

/* Few different bits, so that prefixes hold each other. */
static void some_address(uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (below(2)) {
		addr[10] = addr[11] = 0xff;
		addr[12] = 10;
	} else {
		addr[0] = 0x20;
		addr[7] = (uint8_t)below(4);
	}
	addr[13] = (uint8_t)below(3);
	addr[15] = (uint8_t)below(4);
}

static bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr, mapped, sizeof(mapped));
}

static bool holds(const struct nt_cidr *c, const uint8_t addr[16])
{
	struct nt_cidr host = { .prefix = c->prefix };

	memcpy(host.addr, addr, sizeof(host.addr));
	prefix_mask(&host);
	return !memcmp(host.addr, c->addr, sizeof(host.addr)) && is_v4(addr) == (is_v4(c->addr) && c->prefix >= 96);
}

static void make_pairs(void)
{
	for (int i = 0; i < PAIRS; i++) {
		struct nt_cidr *c = &pairs[i].cidr;
		bool again = false;

		some_address(c->addr);
		c->prefix = is_v4(c->addr) ? 96 + below(33) : below(129);
		prefix_mask(c);
		pairs[i].owner = below(OWNERS);
		pairs[i].there = false;
		for (int k = 0; k < i; k++)
			again |= !memcmp(&pairs[k].cidr, c, sizeof(*c)) && pairs[k].owner == pairs[i].owner;
		i -= again;
	}
}

static void check_address(const struct prefixes *p, const uint8_t addr[16])
{
	uint32_t owners = 0, first = OWNERS, number = OWNERS;
	bool any[OWNERS] = { false };
	int longest = -1;

	for (int i = 0; i < PAIRS; i++) {
		const struct pair *e = &pairs[i];

		if (!e->there || !holds(&e->cidr, addr))
			continue;
		any[e->owner] = true;
		if ((int)e->cidr.prefix > longest) {
			longest = (int)e->cidr.prefix;
			owners = 0;
			first = OWNERS;
		}
		if ((int)e->cidr.prefix == longest) {
			owners++;
			first = e->owner < first ? e->owner : first;
		}
	}
	CHECK_EQ(prefixes_longest(p, addr, &number), owners);
	CHECK_EQ(number, first);
	for (uint32_t o = 0; o < OWNERS; o++)
		CHECK_EQ(prefixes_hold(p, addr, o), any[o]);
}

static void toggle(struct prefixes *p, struct pair *e)
{
	if (e->there)
		prefixes_del(p, &e->cidr, e->owner);
	else
		CHECK_EQ(prefixes_add(p, &e->cidr, e->owner), 0);
	e->there = !e->there;
}

static void test_as_a_list(void)
{
	struct prefixes p = { 0 };
	uint64_t there = 0;

	make_pairs();
	for (int i = 0; i < 20000; i++) {
		uint8_t addr[16];

		toggle(&p, &pairs[below(PAIRS)]);
		some_address(addr);
		check_address(&p, addr);
	}
	for (int i = 0; i < PAIRS; i++)
		there += pairs[i].there;
	CHECK_EQ(p.pairs, there);
	CHECK(p.lists_n <= PAIRS);		/* lists are used again */
	for (int i = 0; i < PAIRS; i++) {
		if (pairs[i].there)
			toggle(&p, &pairs[i]);
	}
	CHECK_EQ(p.pairs, 0);
	CHECK_EQ(p.n, 0);
	CHECK(!p.lengths[0].used_n && !p.lengths[1].used_n);
	prefixes_close(&p);
}

static void test_empty(void)
{
	struct prefixes p = { 0 };
	uint8_t addr[16] = { 0 };
	uint32_t number;

	CHECK_EQ(prefixes_longest(&p, addr, &number), 0);
	CHECK(!prefixes_hold(&p, addr, 0));
	prefixes_close(&p);
}

int main(void)
{
	RUN(test_as_a_list);
	RUN(test_empty);
	return check_done();
}
