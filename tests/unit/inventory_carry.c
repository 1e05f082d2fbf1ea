// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_carry.c - what streams said of tenants' names, and a file that is
 * read again and knows nothing of it: no name and no tenant is lost.
 */
#include "check.h"
#include "inventory_util.h"

#define TENANTS 4

static const char *const ids[TENANTS] = { "t1", "t2", "t3", "t4" };
static const char *const first[TENANTS] = { "a", "b", "c", "d" };
static const char *const subnets[TENANTS] = { "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16" };
static const char *const addresses[TENANTS] = { "10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1" };

static void read_file(void)
{
	for (int i = 0; i < TENANTS; i++)
		CHECK_EQ(tenant(ids[i], first[i], 0, subnets[i]), 0);
}

static void rename_tenant(int i, const char *name)
{
	struct statement s = { .kind = STATEMENT_TENANT, .id = ids[i], .name = name };

	CHECK_EQ(util_apply(s, subnets[i], LAYER_STREAM), 0);
}

static const char *tenant_of(int i)
{
	return text_of(ask(packet(addresses[i], "203.0.113.1"), 100)->src_tenant);
}

/* Each has the name that the next one had: down or up the list. */
static void wander(int from, int to, int step)
{
	struct inventory *before;

	util_open();
	read_file();
	rename_tenant(from, "new");
	for (int i = from + step; i != to + step; i += step)
		rename_tenant(i, first[i - step]);
	before = inv;
	CHECK_EQ(inventory_open(&inv), 0);
	read_file();
	CHECK_EQ(inventory_carry(inv, before), 0);
	CHECK_STR(tenant_of(from), "new");
	for (int i = from + step; i != to + step; i += step)
		CHECK_STR(tenant_of(i), first[i - step]);
	inventory_close(before);
	util_close();
}

static void test_names_wander_down(void)
{
	wander(0, TENANTS - 1, 1);
}

static void test_names_wander_up(void)
{
	wander(TENANTS - 1, 0, -1);
}

int main(void)
{
	RUN(test_names_wander_down);
	RUN(test_names_wander_up);
	return check_done();
}
