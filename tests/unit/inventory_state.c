// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_state.c - what an inventory makes of statements that contradict,
 * replace or complete each other; what is carried over a reload; boxes; the
 * board.
 */
#include "check.h"
#include "inventory/board.h"
#include "inventory_util.h"

#define A "10.0.0.1"

static const char *tenant_at(const char *address)
{
	return text_of(ask(packet(address, "203.0.113.1"), 100)->src_tenant);
}

static void forever(const char *id, const char *tenant)
{
	CHECK_EQ(instance(id, tenant, A, TIME_ALWAYS, TIME_OPEN), 0);
}

static struct tag_query q_of(void)
{
	return packet(A, "203.0.113.1");
}

static void test_described_later(void)
{
	uint64_t stamp;
	struct tag_query q = q_of();

	util_open();
	forever("by-id", "5f1a");
	forever("by-name", "demo");
	CHECK_EQ(said.count[PROBLEM_TENANT], 2);
	CHECK_STR(tenant_at(A), "-");		/* two tenants, as far as is known */
	stamp = inventory_stamp(inv, &q);
	CHECK_EQ(tenant("5f1a", "demo", SCOPE_VNI(1), ""), 0);
	CHECK(inventory_stamp(inv, &q) != stamp);
	CHECK_STR(tenant_at(A), "demo");
	CHECK_STR(holder_at(A, 100), "by-name");
	CHECK_STR(text_of(ask(in_vni(q, 1), 100)->src_instance), "by-name");
	CHECK_EQ(end("by-name", NULL, 50), 0);
	CHECK_STR(text_of(ask(in_vni(q, 1), 100)->src_instance), "by-id");
	/* An id goes before a name. */
	CHECK_EQ(tenant("demo", "other", SCOPE_VNI(2), ""), 0);
	CHECK_STR(text_of(ask(in_vni(q, 2), 40)->src_instance), "by-name");
	util_close();
}

static void test_undescribed(void)
{
	util_open();
	forever("i", "ghost");
	CHECK_STR(tenant_at(A), "ghost");
	CHECK_EQ(said.count[PROBLEM_TENANT], 1);
	util_close();
}

/* What a file names is reported at its end, if it was never described, at the line that named it first. */
static void test_check(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "i", .tenant = "ghost", .until_ns = TIME_OPEN };

	util_open();
	problems_at(&said, "tags.jsonl");
	said.line = 7;
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	said.line = 8;
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	s.id = "k";
	s.tenant = "demo";
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	CHECK_EQ(tenant("x", "demo", 0, ""), 0);
	CHECK_EQ(said.count[PROBLEM_TENANT], 0);
	inventory_check(inv, &said);
	CHECK_EQ(said.count[PROBLEM_TENANT], 1);
	CHECK(strstr(said.last, "ghost"));
	CHECK_EQ(said.line, 8);
	problems_at(&said, "more.jsonl");	/* another file's end: it was said */
	inventory_check(inv, &said);
	CHECK_EQ(said.count[PROBLEM_TENANT], 1);
	util_close();
}

/* A project's event says nothing of its networks, and often not even its name. */
static void test_told_in_part(void)
{
	struct statement part = { .kind = STATEMENT_TENANT, .id = "a", .partial = true }, listed;
	struct inventory *next;

	util_open();
	CHECK_EQ(util_apply(part, "", LAYER_STREAM), 0);
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "-");
	listed = (struct statement){ .kind = STATEMENT_TENANT, .id = "a", .name = "demo",
				     .scopes = (uint32_t[]){ SCOPE_VNI(42) }, .scopes_n = 1 };
	CHECK_EQ(util_apply(listed, "10.0.0.0/8", LAYER_FILE), 0);
	CHECK_EQ(util_apply(part, "", LAYER_STREAM), 0);
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "demo");
	CHECK_STR(tenant_at(A), "demo");
	part.name = "renamed";
	CHECK_EQ(util_apply(part, "", LAYER_STREAM), 0);
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "renamed");
	CHECK_STR(tenant_at(A), "renamed");
	util_close();

	util_open();			/* what was told in part leaves a file read later its say */
	part.name = NULL;
	CHECK_EQ(util_apply(part, "", LAYER_STREAM), 0);
	CHECK_EQ(inventory_open(&next), 0);
	listed.cidrs = NULL;
	CHECK_EQ(inventory_apply(next, &listed, LAYER_FILE, &said), 0);
	CHECK_EQ(inventory_carry(next, inv), 0);
	inventory_close(inv);
	inv = next;
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "demo");
	util_close();
}

/* A file that is read again does not bring back what a stream has ended, however long ago. */
static void test_ended_for_good(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN };
	const struct { const char *id, *port; } cases[] = { { "i", NULL }, { "i", "p" } };

	for (int i = 0; i < 2; i++) {
		struct inventory *next;
		struct nt_cidr address = util_cidr(A);

		util_open();
		s.id = cases[i].id;
		s.port = cases[i].port;
		CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
		CHECK_EQ(end("i", NULL, 100), 0);
		inventory_prune(inv, 1000);
		CHECK_EQ(inventory_open(&next), 0);
		s.cidrs = &address;
		s.cidrs_n = 1;
		CHECK_EQ(inventory_apply(next, &s, LAYER_FILE, &said), 0);
		CHECK_EQ(inventory_carry(next, inv), 0);
		inventory_close(inv);
		inv = next;
		CHECK_STR(holder_at(A, 99), "i");
		CHECK_STR(holder_at(A, 2000), "-");
		s.cidrs_n = 0;
		s.cidrs = NULL;
		util_close();
	}
}

/* Of an instance that ends again and again, and has a port in a file, one end is kept. */
static void test_last_end_is_enough(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "i", .port = "p", .from_ns = TIME_ALWAYS,
			       .until_ns = TIME_OPEN };
	struct inventory_stats st;

	util_open();
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(instance("i", NULL, "", 10 * i, TIME_OPEN), 0);
		CHECK_EQ(end("i", NULL, 10 * i + 5), 0);
	}
	inventory_prune(inv, 1000);	/* the last end is yet to come */
	CHECK_STR(holder_at(A, 1000), "-");
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.statements, 3);
	inventory_prune(inv, 2000);
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.statements, 1);
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	CHECK_STR(holder_at(A, 2000), "-");
	util_close();
}

/* Two networks of one tenant with the same addresses: without a scope no instance is named. */
static void test_two_networks(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "a", .tenant = "demo", .from_ns = 0, .until_ns = TIME_OPEN,
			       .scope = SCOPE_VNI(42) };

	util_open();
	CHECK_EQ(tenant("demo", NULL, SCOPE_VNI(42), ""), 0);
	CHECK_EQ(util_apply(s, A, LAYER_STREAM), 0);
	CHECK_STR(holder_at(A, 100), "a");
	s.id = "b";
	s.scope = SCOPE_VNI(43);
	CHECK_EQ(util_apply(s, A, LAYER_STREAM), 0);
	CHECK_STR(holder_at(A, 100), "-");
	CHECK_STR(tenant_at(A), "demo");
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->src_instance), "a");
	CHECK_EQ(end("a", NULL, 50), 0);
	CHECK_STR(holder_at(A, 100), "b");
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 0);
	util_close();
}

/* An instance with the address in two networks is still one; beside another, in whichever of them, it is not. */
static void test_two_networks_of_one_instance(void)
{
	struct statement s = { .kind = STATEMENT_INSTANCE, .id = "a", .tenant = "demo", .from_ns = 0, .until_ns = TIME_OPEN };
	static const struct { const char *id, *port; uint32_t scope; const char *is; } steps[] = {
		{ "a", "p", SCOPE_VNI(42), "a" }, { "a", "q", SCOPE_VNI(43), "a" }, { "b", "r", SCOPE_VNI(42), "-" },
	};

	for (int first = 0; first < 3; first++) {	/* the order in which they are found doesn't matter */
		util_open();
		for (int i = 0; i < 3; i++) {
			s.id = steps[(first + i) % 3].id;
			s.port = steps[(first + i) % 3].port;
			s.scope = steps[(first + i) % 3].scope;
			CHECK_EQ(util_apply(s, A, LAYER_STREAM), 0);
			if (!first || i == 2)
				CHECK_STR(holder_at(A, 100), steps[i].is);
		}
		util_close();
	}
}

static void test_claims(void)
{
	util_open();
	CHECK_EQ(tenant("a", NULL, SCOPE_VNI(42), ""), 0);
	CHECK_EQ(tenant("b", NULL, SCOPE_VNI(42), ""), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 1);
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "a");
	CHECK_EQ(tenant("a", NULL, 0, ""), 0);
	CHECK_STR(text_of(ask(in_vni(q_of(), 42), 100)->tenant), "b");
	CHECK_EQ(tenant("c", "b", 0, ""), -EINVAL);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 2);
	CHECK_EQ(tenant("c", NULL, 0, "10.0.0.0/8 10.0.0.0/8 11.0.0.0/8"), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 3);
	CHECK(strstr(said.last, "10.0.0.0/8"));
	CHECK_EQ(tenant("d", NULL, 0, "10.0.0.0/8"), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 3);	/* another tenant's: normal */
	CHECK_EQ(tenant(NULL, NULL, 0, ""), -EINVAL);
	CHECK_EQ(said.count[PROBLEM_NO_ID], 1);
	util_close();
}

static void test_replaced(void)
{
	struct inventory_stats st;

	util_open();
	CHECK_EQ(tenant("a", "old", 0, "10.0.0.0/8 11.0.0.0/8"), 0);
	CHECK_EQ(tenant("a", "new", 0, "11.0.0.0/8 12.0.0.0/8"), 0);
	CHECK_STR(tenant_at(A), "-");
	CHECK_STR(tenant_at("11.0.0.1"), "new");
	CHECK_STR(tenant_at("12.0.0.1"), "new");
	CHECK_EQ(tenant("b", "old", 0, ""), 0);	/* a name that is free again */
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.prefixes, 2);
	CHECK_EQ(st.tenants, 2);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 0);
	util_close();
}

static const char *app_on(uint16_t port)
{
	struct tag_query q = q_of();

	q.dst_port = port;
	return app_of(ask(q, 100));
}

static void test_applications(void)
{
	struct inventory_stats st;

	util_open();
	CHECK_EQ(app("first", NULL, IPPROTO_TCP, 100, 200), 0);
	CHECK_EQ(app("second", NULL, IPPROTO_TCP, 50, 300), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 1);
	CHECK_STR(app_on(49), "-");
	CHECK_STR(app_on(50), "second");
	CHECK_STR(app_on(99), "second");
	CHECK_STR(app_on(100), "first");
	CHECK_STR(app_on(200), "first");
	CHECK_STR(app_on(201), "second");
	CHECK_STR(app_on(300), "second");
	CHECK_STR(app_on(301), "-");
	CHECK_EQ(app("first", NULL, IPPROTO_TCP, 150, 150), 0);
	CHECK_STR(app_on(149), "second");
	CHECK_STR(app_on(150), "first");
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 1);
	CHECK_EQ(app("first", NULL, IPPROTO_UDP, 150, 150), 0);
	CHECK_EQ(app("all", NULL, IPPROTO_TCP, 1, 65535), 0);
	CHECK_STR(app_on(65535), "all");
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.applications, 4);
	util_close();
}

/* By id, and by a name that is known only later: one tenant's, and the later counts, in the place of the first. */
static void test_application_of_one(void)
{
	struct inventory_stats st;

	util_open();
	CHECK_EQ(app("web", "x", IPPROTO_TCP, 80, 80), 0);
	CHECK_EQ(app("db", "demo", IPPROTO_TCP, 90, 90), 0);
	CHECK_EQ(app("web", "demo", IPPROTO_TCP, 90, 91), 0);
	forever("i", "demo");
	CHECK_STR(app_on(80), "-");
	CHECK_EQ(tenant("x", "demo", 0, ""), 0);
	CHECK_STR(app_on(80), "-");
	CHECK_STR(app_on(90), "web");
	CHECK_STR(app_on(91), "web");
	inventory_get_stats(inv, &st);
	CHECK_EQ(st.applications, 2);
	CHECK_EQ(app("web", "x", IPPROTO_TCP, 70, 70), 0);
	CHECK_STR(app_on(91), "-");
	CHECK_STR(app_on(90), "db");
	CHECK_STR(app_on(70), "web");
	util_close();
}

/* A stream's description stays whatever a file says, in any order; and goes over to what is read next. */
static void test_layers(void)
{
	struct statement s = { .kind = STATEMENT_TENANT, .id = "a", .name = "stream" };
	struct port_range r = { 80, 80 };
	struct statement web = { .kind = STATEMENT_APPLICATION, .name = "web", .app_class = "stream", .proto = 6 };
	struct inventory *next;
	uint64_t revision;

	util_open();
	web.ports = &r;
	web.ports_n = 1;
	CHECK_EQ(util_apply(s, "10.0.0.0/8", LAYER_STREAM), 0);
	CHECK_EQ(util_apply(web, "", LAYER_STREAM), 0);
	CHECK_EQ(tenant("a", "file", 0, "11.0.0.0/8"), 0);
	CHECK_EQ(tenant("f", "only", 0, "12.0.0.0/8"), 0);
	CHECK_EQ(app("web", NULL, 6, 80, 80), 0);
	forever("i", "a");
	CHECK_STR(tenant_at(A), "stream");
	revision = inventory_revision(inv);
	CHECK_EQ(revision, 6);
	CHECK_EQ(inventory_open(&next), 0);
	CHECK_EQ(inventory_carry(next, inv), 0);
	CHECK(inventory_revision(next) > revision);
	util_close();
	inv = next;
	CHECK_STR(tenant_at("10.0.0.9"), "stream");
	CHECK_STR(tenant_at("12.0.0.9"), "-");
	CHECK_STR(holder_at(A, 100), "i");
	CHECK_STR(text_of(ask(q_of(), 100)->app->app_class), "stream");
	CHECK_EQ(end("i", NULL, 50), 0);
	CHECK_STR(holder_at(A, 100), "-");
	CHECK_EQ(inventory_revision(inv), revision + 2);
	util_close();
}

static void test_boxes(void)
{
	struct statement out, s = { .kind = STATEMENT_BOX, .name = "box-a", .site = "old", .pop = "P" };
	struct statement rule = { .kind = STATEMENT_INTERFACE, .match = "eth[01]", .plane = PLANE_DATA };

	util_open();
	CHECK_EQ(util_apply(s, "203.0.113.7", LAYER_FILE), 0);
	s.site = "new";
	s.pop = NULL;
	CHECK_EQ(util_apply(s, "203.0.113.8", LAYER_FILE), 0);
	CHECK(inventory_box(inv, "box-a", &out));
	CHECK_STR(out.site, "new");
	CHECK(!out.pop && !out.owner && out.cidrs_n == 1 && out.cidrs[0].addr[15] == 8);
	CHECK(!inventory_box(inv, "box-b", &out));
	CHECK_EQ(util_apply(rule, "", LAYER_FILE), 0);
	rule.box = "box-a";
	rule.match = "eth*";
	rule.plane = PLANE_CONTROL;
	CHECK_EQ(util_apply(rule, "", LAYER_FILE), 0);
	CHECK_EQ(inventory_plane(inv, "box-a", "eth1"), PLANE_DATA);
	CHECK_EQ(inventory_plane(inv, "box-a", "eth2"), PLANE_CONTROL);
	CHECK_EQ(inventory_plane(inv, "box-b", "eth2"), PLANE_NONE);
	util_close();
}

static void test_board(void)
{
	struct board *b;
	struct inventory *next;

	util_open();
	CHECK_EQ(board_open(&b, inv), 0);
	CHECK(board_hold(b) == inv && board_look(b) == inv);
	CHECK(board_hold(b) == inv);		/* another reader's */
	board_release(b);
	board_release(b);
	CHECK(board_change(b) == inv);
	board_changed(b);
	CHECK_EQ(inventory_open(&next), 0);
	CHECK(board_swap(b, next) == inv);
	CHECK(board_hold(b) == next);
	board_release(b);
	util_close();
	board_close(b);
	board_close(NULL);
	inventory_close(NULL);
}

static void test_texts(void)
{
	struct texts *pool;
	const struct text *a, *b;

	CHECK_EQ(texts_open(&pool), 0);
	a = texts_take(pool, "a text");
	CHECK(texts_take(pool, "a text") == a && a->refs == 2 && a->len == 6 && a->ascii);
	b = texts_take(pool, "another that is longer than eight");
	CHECK(a->id != b->id && texts_bound(pool) == 2);
	texts_drop(pool, a);
	CHECK(texts_find(pool, "a text") == a);
	texts_drop(pool, a);
	CHECK(!texts_find(pool, "a text"));
	a = texts_take(pool, "a third");
	CHECK(a->id == 0 && texts_bound(pool) == 2);
	b = texts_take(pool, "gr\xc3\xbc\xc3\x9f");
	CHECK(b && b->len == 6 && !b->ascii);
	texts_drop(pool, NULL);
	texts_close(pool);
	texts_close(NULL);
}

int main(void)
{
	RUN(test_described_later);
	RUN(test_undescribed);
	RUN(test_check);
	RUN(test_told_in_part);
	RUN(test_ended_for_good);
	RUN(test_last_end_is_enough);
	RUN(test_two_networks);
	RUN(test_two_networks_of_one_instance);
	RUN(test_claims);
	RUN(test_replaced);
	RUN(test_applications);
	RUN(test_application_of_one);
	RUN(test_layers);
	RUN(test_boxes);
	RUN(test_board);
	RUN(test_texts);
	return check_done();
}
