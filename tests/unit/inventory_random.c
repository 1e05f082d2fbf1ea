// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_random.c - what holds for any inventory: an answer is the same
 * for all of the time that it names; as long as a stamp stays, the answers
 * under it do; an inventory that is read back from inventory_each(), and one
 * that another's streams are carried into, answers as the old one.
 */
#include "check.h"
#include "inventory_util.h"

#define TIMES 24
#define QUERIES 40
#define ROUNDS 60
#define STATEMENTS 120

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % n;
}

static const char *pick(const char *const *list, uint32_t n)
{
	return list[below(n)];
}

static const char *const ids[] = { "i-0", "i-1", "i-2", "i-3" };
static const char *const tenants[] = { NULL, "t-0", "t-1", "alpha", "beta" };
static const char *const addresses[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "2001:db8::1", "" };
static const char *const subnets[] = { "10.0.0.0/24", "10.0.0.0/16 10.0.0.2", "0.0.0.0/0", "::/0 2001:db8::/64", "" };
static const char *const ports[] = { "p-0", "p-1" };

static int64_t some_time(void)
{
	return below(12) ? below(TIMES) : TIME_ALWAYS;
}

static struct statement some_instance(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = pick(ids, 4), .tenant = pick(tenants, 5) };

	s.port = below(3) ? NULL : pick(ports, 2);
	s.from_ns = some_time();
	s.until_ns = below(3) ? TIME_OPEN : (int64_t)below(TIMES);
	s.scope = below(4) ? 0 : SCOPE_VNI(below(2));
	return s;
}

static struct statement some_end(void)
{
	struct statement s = { .kind = STATEMENT_END, .id = pick(ids, 4), .from_ns = below(TIMES) };

	s.port = below(3) ? NULL : pick(ports, 2);
	return s;
}

/* Each tenant has one id and name, so that what a reference means does not depend on what was before. */
static struct statement some_tenant(uint32_t *scope)
{
	uint32_t i = below(2);
	struct statement s = { .kind = STATEMENT_TENANT, .id = i ? "t-1" : "t-0", .name = i ? "beta" : "alpha" };

	*scope = SCOPE_VNI(i);
	s.scopes = scope;
	s.scopes_n = below(2);
	return s;
}

static struct statement some_app(struct port_range *r)
{
	struct statement s = { .kind = STATEMENT_APPLICATION, .proto = IPPROTO_TCP, .tenant = pick(tenants, 5) };

	s.name = below(2) ? "web" : "db";
	s.app_class = below(2) ? "class" : NULL;
	r->first = (uint16_t)(79 + below(3));
	r->last = (uint16_t)(r->first + below(2));
	s.ports = r;
	s.ports_n = below(4) != 0;
	return s;
}

static void say(enum layer layer)
{
	struct port_range r;
	uint32_t scope, what = below(20);
	struct statement s;

	if (what < 11)
		s = some_instance();
	else if (what < 15)
		s = some_end();
	else if (what < 18)
		s = some_tenant(&scope);
	else
		s = some_app(&r);
	CHECK_EQ(util_apply(s, s.kind == STATEMENT_TENANT ? pick(subnets, 5) :
			    s.kind == STATEMENT_INSTANCE ? pick(addresses, 5) : "", layer), 0);
}

static struct tag_query some_query(void)
{
	struct tag_query q = packet(pick(addresses, 4), below(4) ? pick(addresses, 4) : "192.0.2.1");

	q.src_port = below(2) ? 40000 : 81;
	q.has_ports = below(5) != 0;
	if (!below(3))
		q = in_vni(q, below(3));
	return q;
}

struct known {
	struct tag_query q;
	int64_t ts;
	uint64_t stamp;
	struct tag_answer answer;
};

static int same(const struct tags *a, const struct tags *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* By their words: for two inventories. */
static int alike(const struct tags *a, const struct tags *b)
{
	return !strcmp(text_of(a->tenant), text_of(b->tenant)) && !strcmp(text_of(a->src_tenant), text_of(b->src_tenant)) &&
	       !strcmp(text_of(a->dst_tenant), text_of(b->dst_tenant)) &&
	       !strcmp(text_of(a->src_instance), text_of(b->src_instance)) &&
	       !strcmp(text_of(a->dst_instance), text_of(b->dst_instance)) && !strcmp(app_of(a), app_of(b)) &&
	       !strcmp(text_of(a->app ? a->app->app_class : NULL), text_of(b->app ? b->app->app_class : NULL));
}

static void find_anew(struct known *k)
{
	k->stamp = inventory_stamp(inv, &k->q);
	inventory_find(inv, &k->q, k->ts, &k->answer);
	CHECK(k->answer.from_ns <= k->ts && k->ts < k->answer.until_ns);
}

static void check_time(const struct known *k)
{
	struct tag_answer other;

	for (int64_t ts = -1; ts <= TIMES; ts++) {
		if (ts < k->answer.from_ns || ts >= k->answer.until_ns)
			continue;
		inventory_find(inv, &k->q, ts, &other);
		CHECK(same(&other.tags, &k->answer.tags));
	}
}

/* What was found under a stamp is good for all of its time as long as that is the stamp. */
static void check_stamp(const struct known *k)
{
	if (inventory_stamp(inv, &k->q) == k->stamp)
		check_time(k);
}

static void check_all(struct known *known)
{
	for (int i = 0; i < QUERIES; i++) {
		check_stamp(&known[i]);
		find_anew(&known[i]);
		check_time(&known[i]);
	}
}

static struct known *some_known(void)
{
	static struct known known[QUERIES];

	for (int i = 0; i < QUERIES; i++) {
		known[i] = (struct known) { .q = some_query(), .ts = below(TIMES) };
		find_anew(&known[i]);
	}
	return known;
}

static void test_validity(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct known *known;
		int64_t pruned = 0;

		util_open();
		known = some_known();
		for (int i = 0; i < STATEMENTS; i++) {
			say(below(4) ? LAYER_STREAM : LAYER_FILE);
			if (!below(40)) {
				pruned = pruned > (int64_t)below(TIMES) ? pruned : (int64_t)below(TIMES);
				inventory_prune(inv, pruned);
			}
			check_all(known);
		}
		util_close();
	}
}

/* What is before time may be forgotten, and nothing else. */
static void test_prune(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct known *known;
		int64_t time = below(TIMES);

		util_open();
		for (int i = 0; i < 30; i++)
			say(LAYER_STREAM);
		known = some_known();
		inventory_prune(inv, time);
		for (int i = 0; i < QUERIES; i++) {
			struct tag_answer now;

			inventory_find(inv, &known[i].q, known[i].ts, &now);
			CHECK(known[i].ts < time || alike(&now.tags, &known[i].answer.tags));
		}
		util_close();
	}
}

static struct inventory *copy;
static int copied;

static int feed(void *arg, const struct statement *s)
{
	struct statement again = *s;

	(void)arg;
	copied++;
	return inventory_apply(copy, &again, LAYER_STREAM, &said);
}

static void compare(void)
{
	for (int i = 0; i < 4 * QUERIES; i++) {
		struct tag_query q = some_query();
		struct tag_answer a, b;
		int64_t ts = below(TIMES);

		inventory_find(inv, &q, ts, &a);
		inventory_find(copy, &q, ts, &b);
		CHECK(alike(&a.tags, &b.tags));
		CHECK(inventory_stamp(inv, &q) != inventory_stamp(copy, &q));
	}
}

static void test_each(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		util_open();
		CHECK_EQ(inventory_open(&copy), 0);
		for (int i = 0; i < 60; i++)
			say(below(2) ? LAYER_STREAM : LAYER_FILE);
		CHECK_EQ(inventory_each(inv, feed, NULL), 0);
		compare();
		inventory_close(copy);
		util_close();
	}
	CHECK(copied > ROUNDS);
}

/* All by stream: then the reload's file says nothing, and nothing changes but the revision. */
static void test_carry(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		util_open();
		CHECK_EQ(inventory_open(&copy), 0);
		for (int i = 0; i < 60; i++)
			say(LAYER_STREAM);
		CHECK_EQ(inventory_carry(copy, inv), 0);
		CHECK(inventory_revision(copy) > inventory_revision(inv));
		compare();
		inventory_close(copy);
		util_close();
	}
}

int main(void)
{
	state = 20261121;
	RUN(test_validity);
	RUN(test_prune);
	RUN(test_each);
	RUN(test_carry);
	return check_done();
}
