// SPDX-License-Identifier: Apache-2.0
/*
 * tagger.c - the cache in front of the inventory: what a record is asked by,
 * and that a cached answer never outlives its time, a statement or a reload.
 */
#include <arpa/inet.h>
#include <string.h>
#include "inventory/statement.h"
#include "tag/tagger.h"
#include "unit/check.h"

#define SECOND 1000000000LL

static struct problems problems;

static void say(struct inventory *inv, const char *text)
{
	struct statement s = {0};

	CHECK_EQ(statement_read(&s, text, strlen(text), TIME_ALWAYS, &problems), 0);
	CHECK_EQ(inventory_apply(inv, &s, LAYER_STREAM, &problems), 0);
	statement_free(&s);
}

static struct inventory *inventory(void)
{
	struct inventory *inv;

	CHECK_EQ(inventory_open(&inv), 0);
	say(inv, "{\"kind\":\"tenant\",\"name\":\"demo\",\"subnets\":[\"10.0.0.0/8\"]}");
	return inv;
}

static struct board *board(struct inventory *inv)
{
	struct board *b;

	CHECK_EQ(board_open(&b, inv), 0);
	return b;
}

static struct nt_record record(uint32_t src, uint32_t dst, uint16_t sport)
{
	struct nt_record r = { .seq = 1, .sample = 1, .packets = 1, .dir = NT_DIR_IN, .hook = NT_HOOK_TC };
	uint32_t be[2] = { htonl(src), htonl(dst) };

	r.layer[0] = (struct nt_layer){ .version = 4, .proto = 6, .has = NT_HAS_PORTS, .src_port = sport, .dst_port = 80 };
	memcpy(r.layer[0].src, &be[0], 4);
	memcpy(r.layer[0].dst, &be[1], 4);
	return r;
}

/* The id of the instance at the source, "" if there is none. */
static const char *source(struct tagger *t, const struct nt_record *r, int64_t ts)
{
	const struct tags *tags;
	static char id[64];

	tagger_begin(t);
	tags = tagger_find(t, r, ts);
	snprintf(id, sizeof(id), "%s", tags->src_instance ? tags->src_instance->s : "");
	tagger_end(t);
	return id;
}

static void test_what_is_asked(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 1234);
	static const __u8 mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	struct tag_query q, zero;

	tag_query_of(&q, &r);
	CHECK(!memcmp(q.src, mapped, 16));
	CHECK_EQ(q.src_port, 1234);
	CHECK_EQ(q.dst_port, 80);
	CHECK_EQ(q.proto, 6);
	CHECK_EQ(q.tunnel[0], NT_TUNNEL_NONE);
	r.layer[0].has = 0;		/* a later fragment: what stands there is no port */
	r.layer[0].vlan[0] = 7;		/* beyond vlans: no tag */
	tag_query_of(&q, &r);
	CHECK_EQ(q.has_ports, 0);
	CHECK_EQ(q.src_port, 0);
	CHECK_EQ(q.vlan[0], 0);
	tag_query_of(&zero, &r);
	CHECK(!memcmp(&q, &zero, sizeof(q)));
}

static void test_a_damaged_record_leads_nowhere(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct tag_query q;

	r.layer[0].vlans = 255;
	tag_query_of(&q, &r);
	CHECK_EQ(q.vlans, 0);
}

static void test_the_innermost_tunnel_is_asked_first(void)
{
	struct nt_record r = record(1, 2, 3);
	struct tag_query q;

	r.tunnels = 2;
	r.layer[2] = r.layer[0];
	r.layer[2].version = 6;
	r.layer[2].vlans = 2;
	r.layer[2].vlan[0] = 100;
	r.layer[2].vlan[1] = 200;
	r.layer[0].tunnel = NT_TUNNEL_VXLAN;
	r.layer[0].id = 42;
	r.layer[1].tunnel = NT_TUNNEL_GTP;
	r.layer[1].id = 7;
	tag_query_of(&q, &r);
	CHECK_EQ(q.tunnel[0], NT_TUNNEL_GTP);
	CHECK_EQ(q.tunnel_id[0], 7);
	CHECK_EQ(q.tunnel[1], NT_TUNNEL_VXLAN);
	CHECK_EQ(q.tunnel_id[1], 42);
	CHECK_EQ(q.vlans, 2);
	CHECK_EQ(q.vlan[1], 200);
	CHECK(!memcmp(q.src, r.layer[2].src, 16));
}

static void test_no_inventory_no_tags(void)
{
	struct nt_record r = record(1, 2, 3);
	struct tagger *t;

	CHECK_EQ(tagger_open(&t, NULL), 0);
	CHECK_EQ(tagger_begin(t), 0);
	CHECK(tagger_find(t, &r, 0) == &tags_none);
	tagger_end(t);
	tagger_close(t);
}

static void test_the_second_time_is_a_hit(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger_stats st;
	struct tagger *t;

	say(inv, "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\"}");
	CHECK_EQ(tagger_open(&t, b), 0);
	for (int i = 0; i < 5; i++)
		CHECK_STR(source(t, &r, i * SECOND), "a");
	tagger_get_stats(t, &st);
	CHECK_EQ(st.misses, 1);
	CHECK_EQ(st.hits, 4);
	tagger_close(t);
	board_close(b);
}

static void test_an_answer_ends_with_its_time(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger *t;

	say(inv, "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\","
	    "\"from\":\"1970-01-01T00:00:10Z\",\"until\":\"1970-01-01T00:00:20Z\"}");
	say(inv, "{\"kind\":\"instance\",\"id\":\"b\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\","
	    "\"from\":\"1970-01-01T00:00:20Z\"}");
	CHECK_EQ(tagger_open(&t, b), 0);
	for (int i = 0; i < 3; i++) {	/* back and forth: packets of two CPUs do not come in order */
		CHECK_STR(source(t, &r, 10 * SECOND - 1), "");
		CHECK_STR(source(t, &r, 10 * SECOND), "a");
		CHECK_STR(source(t, &r, 20 * SECOND - 1), "a");
		CHECK_STR(source(t, &r, 20 * SECOND), "b");
	}
	tagger_close(t);
	board_close(b);
}

static void test_an_answer_ends_with_a_statement(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger *t;

	CHECK_EQ(tagger_open(&t, b), 0);
	CHECK_STR(source(t, &r, 5 * SECOND), "");
	say(board_change(b), "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\"}");
	board_changed(b);
	CHECK_STR(source(t, &r, 5 * SECOND), "a");
	say(board_change(b), "{\"kind\":\"end\",\"id\":\"a\",\"until\":\"1970-01-01T00:00:05Z\"}");
	board_changed(b);
	CHECK_STR(source(t, &r, 5 * SECOND), "");
	CHECK_STR(source(t, &r, 5 * SECOND - 1), "a");
	say(board_change(b), "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.9\"}");
	board_changed(b);
	CHECK_STR(source(t, &r, 5 * SECOND - 1), "");
	tagger_close(t);
	board_close(b);
}

/* Tenants and applications are not of an address: all answers end. */
static void test_an_answer_ends_with_an_application(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 1234);
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger *t;

	CHECK_EQ(tagger_open(&t, b), 0);
	tagger_begin(t);
	CHECK(!tagger_find(t, &r, 0)->app);
	tagger_end(t);
	say(board_change(b), "{\"kind\":\"application\",\"name\":\"web\",\"proto\":\"tcp\",\"ports\":80}");
	board_changed(b);
	tagger_begin(t);
	CHECK(tagger_find(t, &r, 0)->app);
	tagger_end(t);
	tagger_close(t);
	board_close(b);
}

static void test_an_answer_ends_with_its_inventory(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct board *b = board(inventory());
	struct inventory *next = inventory();
	struct tagger *t;
	uint64_t revision;

	CHECK_EQ(tagger_open(&t, b), 0);
	CHECK_STR(source(t, &r, 0), "");
	revision = tagger_begin(t);
	tagger_end(t);
	say(next, "{\"kind\":\"instance\",\"id\":\"n\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\"}");
	CHECK_EQ(inventory_carry(next, board_look(b)), 0);
	inventory_close(board_swap(b, next));
	CHECK_STR(source(t, &r, 0), "n");
	CHECK(tagger_begin(t) > revision);
	tagger_end(t);
	tagger_close(t);
	board_close(b);
}

/* More flows than the cache has room for: slots are shared, answers are not. */
static void test_flows_push_each_other_out(void)
{
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger_stats st;
	struct tagger *t;
	int wrong = 0;

	say(inv, "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\"}");
	say(inv, "{\"kind\":\"instance\",\"id\":\"b\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.2\"}");
	CHECK_EQ(tagger_open(&t, b), 0);
	for (uint32_t i = 0; i < 600000; i++) {
		struct nt_record r = record(0x0a000001 + i % 2, 0x0b000000 + i % 300000, 3);

		wrong += strcmp(source(t, &r, 0), i % 2 ? "b" : "a") != 0;
	}
	CHECK_EQ(wrong, 0);
	tagger_get_stats(t, &st);
	CHECK_EQ(st.hits + st.misses, 600000);
	CHECK(st.misses > 300000);
	tagger_close(t);
	board_close(b);
}

/* The n-th of many flows of two sources, in no order. */
static struct nt_record any_flow(uint32_t n)
{
	uint32_t flow = (n * 2654435769U >> 7) % 20000;

	return record(0x0a000001 + flow % 2, 0x0b000000 + flow, 3);
}

/* What was asked for finds its slot before its turn, and another flow may get that slot meanwhile. */
static void test_flows_push_out_what_was_asked_for(void)
{
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger *t;
	int wrong = 0;

	say(inv, "{\"kind\":\"instance\",\"id\":\"a\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\"}");
	say(inv, "{\"kind\":\"instance\",\"id\":\"b\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.2\"}");
	CHECK_EQ(tagger_open(&t, b), 0);
	tagger_begin(t);		/* for all of them, so that the cache stays small */
	for (uint32_t i = 0, ahead = 0; i < 600000; i++) {
		struct nt_record r;

		for (; ahead - i < TAGGER_AHEAD; ahead++) {
			r = any_flow(ahead);
			tagger_ask(t, &r);
		}
		r = any_flow(i);
		wrong += strcmp(tagger_find(t, &r, 0)->src_instance->s, r.layer[0].src[3] == 2 ? "b" : "a") != 0;
	}
	tagger_end(t);
	CHECK_EQ(wrong, 0);
	tagger_close(t);
	board_close(b);
}

/* What was seen before its turn holds for a time as well. */
static void test_what_was_asked_for_ends_with_its_time(void)
{
	struct nt_record r = record(0x0a000001, 0x0a000002, 3);
	struct inventory *inv = inventory();
	struct board *b = board(inv);
	struct tagger *t;

	say(inv, "{\"kind\":\"instance\",\"id\":\"old\",\"tenant\":\"demo\",\"addresses\":\"10.0.0.1\","
		 "\"from\":\"1970-01-01T00:00:00Z\",\"until\":\"1970-01-01T00:01:00Z\"}");
	CHECK_EQ(tagger_open(&t, b), 0);
	tagger_begin(t);
	CHECK(tagger_find(t, &r, 30 * SECOND)->src_instance != NULL);
	for (unsigned int i = 0; i < TAGGER_AHEAD; i++)
		tagger_ask(t, &r);
	CHECK(tagger_find(t, &r, 59 * SECOND)->src_instance != NULL);
	CHECK(tagger_find(t, &r, 60 * SECOND)->src_instance == NULL);
	CHECK(tagger_find(t, &r, 30 * SECOND)->src_instance != NULL);
	tagger_end(t);
	tagger_close(t);
	board_close(b);
}

int main(void)
{
	RUN(test_what_is_asked);
	RUN(test_a_damaged_record_leads_nowhere);
	RUN(test_the_innermost_tunnel_is_asked_first);
	RUN(test_no_inventory_no_tags);
	RUN(test_the_second_time_is_a_hit);
	RUN(test_an_answer_ends_with_its_time);
	RUN(test_an_answer_ends_with_a_statement);
	RUN(test_an_answer_ends_with_an_application);
	RUN(test_an_answer_ends_with_its_inventory);
	RUN(test_flows_push_each_other_out);
	RUN(test_flows_push_out_what_was_asked_for);
	RUN(test_what_was_asked_for_ends_with_its_time);
	return check_done();
}
