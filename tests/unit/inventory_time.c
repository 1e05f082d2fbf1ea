// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_time.c - what holds when: statements in any order, ends, ports
 * and their instances, and what is forgotten.
 */
#include "check.h"
#include "inventory_util.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

static void test_interval(void)
{
	util_open();
	CHECK_EQ(instance("i", "t", A, 100, 200), 0);
	CHECK_STR(holder_at(A, 99), "-");
	CHECK(answer.until_ns == 100 && answer.from_ns == TIME_ALWAYS);
	CHECK_STR(holder_at(A, 100), "i");
	CHECK(answer.from_ns == 100 && answer.until_ns == 200);
	CHECK_STR(holder_at(A, 199), "i");
	CHECK_STR(holder_at(A, 200), "-");
	CHECK(answer.from_ns == 200 && answer.until_ns == TIME_OPEN);
	util_close();
}

static void test_always(void)
{
	util_open();
	CHECK_EQ(instance("i", "t", A, TIME_ALWAYS, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, TIME_ALWAYS), "i");
	CHECK_STR(holder_at(A, TIME_OPEN - 1), "i");
	util_close();
}

/* A put names all addresses; the one before held until then. */
static void test_next_statement(void)
{
	util_open();
	CHECK_EQ(instance("i", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(instance("i", "t", B, 200, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 199), "i");
	CHECK_STR(holder_at(A, 200), "-");
	CHECK_STR(holder_at(B, 199), "-");
	CHECK_STR(holder_at(B, 200), "i");
	util_close();
}

static void test_any_order(void)
{
	util_open();
	CHECK_EQ(end("i", NULL, 300), 0);
	CHECK_EQ(instance("i", "t", B, 200, TIME_OPEN), 0);
	CHECK_EQ(instance("i", "t", A, 100, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 150), "i");
	CHECK_STR(holder_at(A, 250), "-");
	CHECK_STR(holder_at(B, 250), "i");
	CHECK_STR(holder_at(B, 300), "-");
	util_close();
}

static void test_same_moment(void)
{
	struct inventory_stats st;

	util_open();
	CHECK_EQ(instance("i", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(instance("i", "t", B, 100, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 100), "-");
	CHECK_STR(holder_at(B, 100), "i");
	CHECK_EQ(end("i", NULL, 100), 0);
	CHECK_STR(holder_at(B, 100), "-");
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.statements, 1);
	CHECK_EQ(st.instances, 0);
	util_close();
}

/* What a stream said of a moment, a file that is read later doesn't change. */
static void test_layers(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "i", .from_ns = 100, .until_ns = TIME_OPEN };

	util_open();
	CHECK_EQ(instance("i", NULL, A, 100, TIME_OPEN), 0);
	CHECK_EQ(util_apply(s, B, LAYER_FILE), 0);
	CHECK_STR(holder_at(A, 100), "i");
	CHECK_STR(holder_at(B, 100), "-");
	s.from_ns = 99;
	CHECK_EQ(util_apply(s, B, LAYER_FILE), 0);
	CHECK_STR(holder_at(B, 99), "i");
	CHECK_STR(holder_at(B, 100), "-");
	util_close();
}

static void test_reuse(void)
{
	util_open();
	CHECK_EQ(instance("old", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(end("old", NULL, 200), 0);
	CHECK_EQ(instance("new", "t", A, 200, TIME_OPEN), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 0);
	CHECK_STR(holder_at(A, 199), "old");
	CHECK_STR(holder_at(A, 200), "new");
	util_close();
}

static void test_ports(void)
{
	util_open();
	CHECK_EQ(port("p", "i", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(port("r", "i", "t", B, 100, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 100), "i");
	CHECK_EQ(end(NULL, "p", 200), 0);
	CHECK_STR(holder_at(A, 200), "-");
	CHECK_STR(holder_at(B, 200), "i");
	CHECK_EQ(end("i", NULL, 300), 0);
	CHECK_STR(holder_at(B, 299), "i");
	CHECK_STR(holder_at(B, 300), "-");
	util_close();
}

/* A port that is named anew after its instance's end is the instance's again. */
static void test_port_after_end(void)
{
	util_open();
	CHECK_EQ(end("i", NULL, 200), 0);
	CHECK_EQ(port("p", "i", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(port("r", "i", "t", B, 200, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 199), "i");
	CHECK_STR(holder_at(A, 200), "-");
	CHECK_STR(holder_at(B, 200), "-");
	CHECK_EQ(instance("i", "t", "", 250, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 260), "-");
	CHECK_EQ(port("p", "i", "t", A, 270, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 269), "-");
	CHECK_STR(holder_at(A, 270), "i");
	/* The end is taken back: another statement about its moment. */
	CHECK_EQ(instance("i", "t", "", 200, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 260), "i");
	CHECK_STR(holder_at(B, 200), "i");
	util_close();
}

static void test_port_moves(void)
{
	util_open();
	CHECK_EQ(port("p", "i", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(port("p", "k", "t", A, 200, TIME_OPEN), 0);
	CHECK_EQ(end("i", NULL, 250), 0);
	CHECK_STR(holder_at(A, 150), "i");
	CHECK_STR(holder_at(A, 260), "k");
	CHECK_EQ(end("k", NULL, 300), 0);
	CHECK_STR(holder_at(A, 300), "-");
	/* A port and an instance of one name are two things. */
	CHECK_EQ(instance("p", "t", B, 100, TIME_OPEN), 0);
	CHECK_EQ(end(NULL, "p", 400), 0);
	CHECK_STR(holder_at(B, 400), "p");
	util_close();
}

static void test_clash(void)
{
	util_open();
	CHECK_EQ(instance("a", "t", A, 100, TIME_OPEN), 0);
	CHECK_EQ(instance("b", "t", A, 200, TIME_OPEN), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 1);
	CHECK(strstr(said.last, "instance a") && strstr(said.last, "instance b") && strstr(said.last, " " A " "));
	CHECK_STR(holder_at(A, 150), "a");
	CHECK_STR(holder_at(A, 200), "b");
	/* Since the same moment: the one that was said later. */
	CHECK_EQ(instance("c", "t", A, 200, TIME_OPEN), 0);
	CHECK_STR(holder_at(A, 200), "c");
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 2);
	/* Another tenant's, another time, another network, a port of the same. */
	CHECK_EQ(instance("d", "other", A, 200, TIME_OPEN), 0);
	CHECK_EQ(instance("e", "t", A, 50, 100), 0);
	CHECK_EQ(port("p", "c", "t", A, 300, TIME_OPEN), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 3);	/* b still has it: the port's */
	util_close();
}

static void test_no_id(void)
{
	util_open();
	CHECK_EQ(instance(NULL, "t", A, 100, TIME_OPEN), -EINVAL);
	CHECK_EQ(end(NULL, NULL, 100), -EINVAL);
	CHECK_EQ(port("p", NULL, "t", A, 100, TIME_OPEN), -EINVAL);
	CHECK_EQ(said.count[PROBLEM_NO_ID], 3);
	CHECK_EQ(inventory_revision(inv), 0);
	util_close();
}

static void test_prune(void)
{
	struct inventory_stats st;

	util_open();
	CHECK_EQ(instance("gone", "t", A, 100, 200), 0);
	CHECK_EQ(instance("ended", "t", A, 200, TIME_OPEN), 0);
	CHECK_EQ(end("ended", NULL, 300), 0);
	CHECK_EQ(instance("moved", "t", A, 300, TIME_OPEN), 0);
	CHECK_EQ(instance("moved", "t", B, 400, TIME_OPEN), 0);
	CHECK_EQ(port("p", "ended", "t", "10.0.0.3", 250, TIME_OPEN), 0);
	CHECK_EQ(end("never", NULL, 300), 0);
	CHECK_EQ(inventory_prune(inv, 199), 0);
	CHECK_EQ(inventory_prune(inv, 200), 1);
	CHECK_STR(holder_at(A, 250), "ended");
	CHECK_EQ(inventory_prune(inv, 300), 4);	/* ended twice, its port, never's end */
	CHECK_STR(holder_at("10.0.0.3", 300), "-");
	CHECK_STR(holder_at(A, 300), "moved");
	CHECK_EQ(inventory_prune(inv, 500), 1);
	CHECK_STR(holder_at(A, 500), "-");
	CHECK_STR(holder_at(B, 500), "moved");
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.statements, 1);
	CHECK_EQ(st.instances, 1);
	util_close();
}

/* A million that ended are not forgotten in one go: taggers wait meanwhile. */
static void test_prune_in_parts(void)
{
	enum { N = 20000 };
	struct inventory_stats st;
	char id[32];
	int parts = 1;

	util_open();
	for (int i = 0; i < N; i++) {
		snprintf(id, sizeof(id), "i-%d", i);
		CHECK_EQ(instance(id, "t", i % 2 ? A : B, i % 3, i % 3 ? 100 : 1000), 0);
	}
	while (inventory_prune_some(inv, 100))
		parts++;
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.statements, (N + 2) / 3);
	CHECK(parts >= 4);
	CHECK_EQ(inventory_prune(inv, 1000), (N + 2) / 3);
	util_close();
}

/* Ids of texts that nobody says any more are used again. */
static void test_prune_frees(void)
{
	char id[32];

	util_open();
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "i-%d", i);
		CHECK_EQ(instance(id, id, A, i, i + 1), 0);
		inventory_prune(inv, i);
	}
	CHECK(inventory_texts_bound(inv) < 10);
	util_close();
}

int main(void)
{
	RUN(test_interval);
	RUN(test_always);
	RUN(test_next_statement);
	RUN(test_any_order);
	RUN(test_same_moment);
	RUN(test_layers);
	RUN(test_reuse);
	RUN(test_ports);
	RUN(test_port_after_end);
	RUN(test_port_moves);
	RUN(test_clash);
	RUN(test_no_id);
	RUN(test_prune);
	RUN(test_prune_in_parts);
	RUN(test_prune_frees);
	return check_done();
}
