// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_lists.c - statements with long lists: each element is taken once,
 * in the order that it was named in. A time that grows with the square of
 * such a list would stop the readers of the rings; here it would be noticed.
 */
#include "check.h"
#include "inventory_util.h"

#define LONG 200000U

static uint64_t wrong, listed;

static struct nt_cidr nth_address(uint32_t n)
{
	struct nt_cidr c = util_cidr("10.0.0.0");

	c.addr[13] = (uint8_t)(n >> 16);
	c.addr[14] = (uint8_t)(n >> 8);
	c.addr[15] = (uint8_t)n;
	return c;
}

static int look(void *arg, const struct statement *s)
{
	(void)arg;
	listed = s->kind == STATEMENT_INSTANCE ? s->cidrs_n : s->scopes_n;
	for (uint32_t i = 0; i < s->cidrs_n; i++) {
		struct nt_cidr want = nth_address(i);

		wrong += memcmp(s->cidrs[i].addr, want.addr, sizeof(want.addr)) != 0;
	}
	for (uint32_t i = 0; i < s->scopes_n; i++)
		wrong += s->scopes[i] != SCOPE_VNI(i);
	return 0;
}

/* Applies it, and looks at what is kept of it: the first n elements, each once. */
static void check_kept(const struct statement *s, uint32_t n)
{
	util_open();
	wrong = listed = 0;
	CHECK_EQ(inventory_apply(inv, s, LAYER_STREAM, &said), 0);
	CHECK_EQ(inventory_each(inv, look, NULL), 0);
	CHECK_EQ(listed, n);
	CHECK_EQ(wrong, 0);
	util_close();
}

/* n addresses and, behind them, all of them again. */
static void addresses(uint32_t n)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "many", .until_ns = TIME_OPEN };

	s.cidrs = calloc(2 * n, sizeof(*s.cidrs));
	for (uint32_t i = 0; i < 2 * n; i++)
		s.cidrs[s.cidrs_n++] = nth_address(i % n);
	check_kept(&s, n);
	free(s.cidrs);
}

static void scopes(uint32_t n)
{
	struct statement s = { .kind = STATEMENT_TENANT, .id = "many" };

	s.scopes = calloc(2 * n, sizeof(*s.scopes));
	for (uint32_t i = 0; i < 2 * n; i++)
		s.scopes[s.scopes_n++] = SCOPE_VNI(i % n);
	check_kept(&s, n);
	free(s.scopes);
}

static void test_addresses(void)
{
	addresses(1);
	addresses(8);
	addresses(9);			/* with their twins more than fit into a short list */
	addresses(LONG);
}

static void test_scopes(void)
{
	scopes(1);
	scopes(8);
	scopes(9);
	scopes(LONG);
}

int main(void)
{
	RUN(test_addresses);
	RUN(test_scopes);
	return check_done();
}
