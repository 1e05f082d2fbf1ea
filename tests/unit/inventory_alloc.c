// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_alloc.c - every allocation of the inventory fails once: the call
 * says -ENOMEM and answers are as before, or it did without; the same call
 * again does what it should. Linked as failing_alloc.h says.
 */
#include "check.h"
#include "failing_alloc.h"
#include "inventory_util.h"

#define STEPS 80			/* enough for tables to grow */
#define TIMES 4

static const char *const addresses[4] = { "10.0.0.1", "10.0.1.1", "10.9.0.1", "2001:db8::1" };

/* The words of all answers, as one text. */
static void answers(const struct inventory *of, char *out, size_t size)
{
	static const int64_t times[TIMES] = { 0, 15, 30, STEPS };
	size_t len = 0;

	for (int i = 0; i < 4 * TIMES; i++) {
		struct tag_query q = packet(addresses[i % 4], "10.0.0.77");
		struct tag_answer a;

		inventory_find(of, &q, times[i / 4], &a);
		len += (size_t)snprintf(out + len, size - len, "%s %s %s %s;", text_of(a.tags.src_tenant),
					text_of(a.tags.dst_tenant), text_of(a.tags.src_instance), app_of(&a.tags));
	}
}

struct step {
	struct statement s;
	struct nt_cidr cidrs[8];
	uint32_t scope;
	struct port_range ports[2];
	char id[16], other[16];
};

static void add_cidr(struct step *st, const char *text)
{
	st->cidrs[st->s.cidrs_n++] = util_cidr(text);
}

static void make_tenant(struct step *st, int i)
{
	char text[32];

	st->s.name = st->other;
	for (int k = 0; k < 5; k++) {
		snprintf(text, sizeof(text), "10.%d.0.0/16", (i + k) % 20);
		add_cidr(st, text);
	}
	add_cidr(st, "192.168.0.0/16");
	st->scope = SCOPE_VNI((unsigned int)i);
	st->s.scopes = &st->scope;
	st->s.scopes_n = 1;
}

/* The i-th statement: always the same. */
static void make(struct step *st, int i)
{
	static const enum statement_kind kinds[] = {
		STATEMENT_INSTANCE, STATEMENT_INSTANCE, STATEMENT_TENANT, STATEMENT_APPLICATION, STATEMENT_END, STATEMENT_BOX,
		STATEMENT_INTERFACE,
	};

	*st = (struct step) { .ports = { { (uint16_t)(70 + i % 10), 80 }, { 90, 99 } } };
	st->s = (struct statement) { .kind = kinds[i % 7], .id = st->id, .from_ns = i, .until_ns = TIME_OPEN, .proto = 6 };
	st->s.cidrs = st->cidrs;
	snprintf(st->id, sizeof(st->id), "id-%d", i % 11);
	snprintf(st->other, sizeof(st->other), "name-%d", i % 11);
	if (st->s.kind == STATEMENT_TENANT) {
		make_tenant(st, i);
		return;
	}
	if (st->s.kind == STATEMENT_INSTANCE) {
		add_cidr(st, addresses[i % 4]);
		st->s.port = i % 3 ? NULL : st->other;
	}
	st->s.tenant = i % 2 ? st->other : NULL;
	st->s.name = st->s.match = st->s.host = st->other;
	st->s.ports = st->ports;
	st->s.ports_n = 2;
}

static void apply(int i)
{
	char before[1024], after[1024];
	struct step st;
	int err;

	make(&st, i);
	answers(inv, before, sizeof(before));
	err = inventory_apply(inv, &st.s, i % 2 ? LAYER_STREAM : LAYER_FILE, &said);
	if (!err)
		return;
	CHECK(err == -ENOMEM && failed);
	answers(inv, after, sizeof(after));
	CHECK_STR(after, before);
	CHECK_EQ(inventory_apply(inv, &st.s, i % 2 ? LAYER_STREAM : LAYER_FILE, &said), 0);
}

static int count_one(void *arg, const struct statement *s)
{
	(void)s;
	++*(int *)arg;
	return 0;
}

static int count_all(void)
{
	int n = 0, err = inventory_each(inv, count_one, &n);

	if (!err)
		return n;
	CHECK(err == -ENOMEM && failed);
	n = 0;
	CHECK_EQ(inventory_each(inv, count_one, &n), 0);
	return n;
}

static void carry(void)
{
	struct inventory *next = NULL;

	if (inventory_open(&next)) {
		CHECK(!next && failed);
		return;
	}
	if (inventory_carry(next, inv))
		CHECK(failed);
	inventory_close(next);
}

/* All of it through one failure; what came of it goes to out. */
static void go(char *out, size_t size, int *n)
{
	memset(&said, 0, sizeof(said));
	for (int i = 0; i < PROBLEM_MAX; i++)
		said.logged[i] = PROBLEM_LOG_MAX;
	if (inventory_open(&inv)) {
		CHECK(!inv && failed);
		CHECK_EQ(inventory_open(&inv), 0);
	}
	for (int i = 0; i < STEPS; i++)
		apply(i);
	*n = count_all();
	carry();
	answers(inv, out, size);
	util_close();
}

static void test_all(void)
{
	char want[1024], got[1024];
	int want_n, got_n;
	long n = 0;

	fail_at = 0;
	go(want, sizeof(want), &want_n);
	do {
		failed = 0;
		fail_at = ++n;
		go(got, sizeof(got), &got_n);
		fail_at = 0;
		CHECK_STR(got, want);
		CHECK_EQ(got_n, want_n);
	} while (failed);
	CHECK(n > 100);
}

int main(void)
{
	RUN(test_wrapped);
	RUN(test_all);
	return check_done();
}
