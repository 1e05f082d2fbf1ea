/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_streams.c - what the keeper takes over from its socket, and from
 * messages of a topic, which are made here: a broker is in tests/tags.
 */
#include <pthread.h>
#include "inventory/keeper_priv.h"
#include "keeper_util.h"
#include "options_util.h"

#define PUT_1 "{\"kind\":\"instance\",\"id\":\"i-1\",\"addresses\":[\"10.0.0.1\"],\"from\":\"2026-01-01T00:00:00Z\"}\n"
#define PORT_1 "{\"kind\":\"instance\",\"id\":\"i-2\",\"port\":\"p-1\",\"addresses\":[\"10.0.0.2\"],\"from\":\"2026-01-01T00:00:00Z\"}"
#define LIST "{\"kind\":\"list\"}"
#define T0 INT64_C(1767225600000000000)	/* 2026-01-01T00:00:00Z */

/* Who holds 10.0.0.last at that time: a copy, or "". */
static const char *holder(struct keeper *k, unsigned char last, int64_t ts_ns, char out[64])
{
	struct tag_query q = { .src = { [10] = 0xff, 0xff, 10, 0, 0, last } };
	struct tag_answer a;

	inventory_find(board_hold(keeper_board(k)), &q, ts_ns, &a);
	snprintf(out, 64, "%s", a.tags.src_instance ? a.tags.src_instance->s : "");
	board_release(keeper_board(k));
	return out;
}

/* A keeper with a socket alone, its thread not begun. */
static struct keeper *open_socket(char path[PATH_BYTES])
{
	char source[PATH_BYTES + 8];
	struct keeper *k;

	snprintf(source, sizeof(source), "socket:%s", in_dir(path, "s"));
	if (OPEN(&k, source))
		abort();
	k->sources[0].name = "socket";	/* the text above goes */
	k->sources[0].spec.path = path;
	return k;
}

static void test_put_end_list(void)
{
	char path[PATH_BYTES], text[4096], who[64];
	struct keeper *k = open_socket(path);

	CHECK_EQ(keeper_start(k), 0);
	CHECK_EQ(ask_keeper(path, PUT_1, text, sizeof(text)), 0);
	CHECK_STR(holder(k, 1, T0, who), "i-1");
	CHECK_EQ(ask_keeper(path, LIST, text, sizeof(text)), 0);
	CHECK(strstr(text, "\"i-1\"") && strstr(text, "\"10.0.0.1\"") && !strstr(text, "\"ok\""));
	CHECK_EQ(ask_keeper(path, "{\"kind\":\"end\",\"id\":\"i-1\",\"until\":\"2026-01-01T00:00:01Z\"}", text, sizeof(text)), 0);
	CHECK_STR(holder(k, 1, T0 + 999999999, who), "i-1");
	CHECK_STR(holder(k, 1, T0 + 1000000000, who), "");
	keeper_close(k);
	CHECK(access(path, F_OK));
}

/* Without a time a statement is about now. */
static void test_put_is_about_now(void)
{
	char path[PATH_BYTES], text[4096], who[64];
	struct keeper *k = open_socket(path);
	int64_t before = clock_ns(CLOCK_REALTIME), after;

	CHECK_EQ(keeper_start(k), 0);
	CHECK_EQ(ask_keeper(path, "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":\"10.0.0.3\"}", text, sizeof(text)), 0);
	after = clock_ns(CLOCK_REALTIME);
	CHECK_STR(holder(k, 3, before - 1, who), "");
	CHECK_STR(holder(k, 3, after, who), "i");
	keeper_close(k);
}

static void test_refusals_are_answered(void)
{
	char path[PATH_BYTES], text[4096];
	struct keeper *k = open_socket(path);

	CHECK_EQ(keeper_start(k), 0);
	catch_stderr();
	CHECK_EQ(ask_keeper(path, "{\"kind\":\"instance\"}", text, sizeof(text)), -EBADMSG);
	CHECK_EQ(ask_keeper(path, "\"\\\"\x01\xff\n", text, sizeof(text)), -EBADMSG);
	CHECK_EQ(ask_keeper(path, "{\"kind\":\"lis\"}", text, sizeof(text)), -EBADMSG);
	CHECK_EQ(ask_keeper(path, " { \"kind\" :\t\"list\"}\r\n", text, sizeof(text)), 0);
	/* Half of it is right: that is taken over. */
	CHECK_EQ(ask_keeper(path, "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[\"10.0.0.300\",\"10.0.0.3\"]}", text,
			    sizeof(text)), 0);
	caught_stderr();
	CHECK(strstr(caught, "ninetap: error: refused: "));
	CHECK(strstr(caught, "ninetap: warning: taken over, but: "));
	CHECK(strstr(caught, "tags: socket "));
	catch_stderr();			/* what was wrong before isn't said again */
	CHECK_EQ(ask_keeper(path, PUT_1, text, sizeof(text)), 0);
	CHECK_STR(caught_stderr(), "");
	keeper_close(k);
}

static void test_list_reads_back(void)
{
	char path[PATH_BYTES], text[4096], again[4096], twin[PATH_BYTES];
	struct keeper *k = open_socket(path);

	CHECK_EQ(keeper_start(k), 0);
	CHECK_EQ(ask_keeper(path, PUT_1 PORT_1 "\n{\"kind\":\"tenant\",\"id\":\"t\",\"subnets\":\"10.0.0.0/8\"}\n"
			    "{\"kind\":\"application\",\"name\":\"dns\",\"proto\":\"udp\",\"ports\":53}", text, sizeof(text)), 0);
	CHECK_EQ(ask_keeper(path, LIST, text, sizeof(text)), 0);
	keeper_close(k);
	write_file(in_dir(twin, "t"), text);
	CHECK_EQ(OPEN(&k, twin), 0);
	CHECK_EQ(stats_of(k).revision, 4);
	keeper_close(k);
	k = open_socket(path);
	CHECK_EQ(keeper_start(k), 0);
	CHECK_EQ(ask_keeper(path, text, again, sizeof(again)), 0);
	CHECK_EQ(ask_keeper(path, LIST, again, sizeof(again)), 0);
	CHECK_STR(again, text);
	keeper_close(k);
	unlink(twin);
}

static void test_streams_outlive_a_reload(void)
{
	char path[PATH_BYTES], file[PATH_BYTES], source[PATH_BYTES + 8], text[4096], who[64];
	uint64_t revision;
	struct keeper *k;

	write_file(in_dir(file, "t"), "{\"kind\":\"box\",\"name\":\"old\"}\n");
	snprintf(source, sizeof(source), "socket:%s", in_dir(path, "s"));
	CHECK_EQ(OPEN(&k, file, source), 0);
	CHECK_EQ(keeper_start(k), 0);
	CHECK_EQ(ask_keeper(path, PUT_1, text, sizeof(text)), 0);
	revision = inventory_revision(board_hold(keeper_board(k)));
	board_release(keeper_board(k));
	CHECK_EQ(revision, 2);
	replace_file(file, "{\"kind\":\"box\",\"name\":\"new\"}\n");
	CHECK(wait_reloads(k, 1, 0));
	CHECK(has_box(k, "new") && !has_box(k, "old"));
	CHECK_STR(holder(k, 1, T0, who), "i-1");
	CHECK(stats_of(k).revision > revision);
	keeper_close(k);
	unlink(file);
}

static void test_two_keepers_on_one_socket(void)
{
	char path[PATH_BYTES], source[PATH_BYTES + 8], text[4096];
	struct keeper *k = open_socket(path), *other;

	CHECK_EQ(keeper_start(k), 0);
	snprintf(source, sizeof(source), "socket:%s", path);
	catch_stderr();
	CHECK_EQ(OPEN(&other, source), EX_CANTCREAT);
	CHECK(strstr(caught_stderr(), "another ninetap listens there: give it a path of its own, -t socket:PATH\n"));
	CHECK_EQ(ask_keeper(path, LIST, text, sizeof(text)), 0);
	keeper_close(k);
}

static void test_a_replay_opens_no_socket(void)
{
	char path[PATH_BYTES], source[PATH_BYTES + 8], *sources[] = { source, NULL };
	const struct keeper_settings s = { .sources = sources };
	struct keeper *k;

	snprintf(source, sizeof(source), "socket:%s", in_dir(path, "s"));
	catch_stderr();
	CHECK_EQ(keeper_open(&k, &s), 0);
	CHECK(strstr(caught_stderr(), "a replay takes no statements\n"));
	CHECK(access(path, F_OK));
	keeper_close(k);
}

/* As if a topic had it. */
static void message(struct keeper *k, const char *key, const char *payload, int64_t time_ns)
{
	static int64_t offset;
	const struct topic_message m = {
		.topic = "inv", .partition = 3, .offset = offset++, .time_ns = time_ns, .key = key,
		.payload = payload, .payload_len = payload ? strlen(payload) : 0,
	};

	catch_stderr();
	keeper_message(&k->sources[0], &m);
	caught_stderr();
}

static void test_messages(void)
{
	char path[PATH_BYTES], who[64];
	struct keeper *k = open_socket(path);

	message(k, "i-3", "{\"kind\":\"instance\",\"id\":\"i-3\",\"addresses\":\"10.0.0.3\"}", T0);
	CHECK_STR(caught, "");
	CHECK_STR(holder(k, 3, T0 - 1, who), "");
	CHECK_STR(holder(k, 3, T0, who), "i-3");
	message(k, NULL, "no statement", T0);
	CHECK(strstr(caught, "tags: inv[3]@1: "));
	message(k, "x", "", T0);
	CHECK(strstr(caught, "tags: inv[3]@2: "));
	CHECK_EQ(k->events, 3);
	CHECK_EQ(k->problems.count[PROBLEM_SYNTAX], 2);
	message(k, "x", "{\"event_type\":\"image.create\",\"payload\":{}}", T0);
	CHECK_STR(caught, "");
	CHECK_EQ(k->ignored, 1);
	keeper_close(k);
}

static void test_tombstones(void)
{
	char path[PATH_BYTES], who[64], longest[300];
	struct keeper *k = open_socket(path);

	message(k, "i-1", PUT_1, T0);
	message(k, "p-1", PORT_1, T0);
	CHECK_STR(holder(k, 2, T0, who), "i-2");
	message(k, "i-1", NULL, T0 + 5);
	CHECK_STR(holder(k, 1, T0 + 4, who), "i-1");
	CHECK_STR(holder(k, 1, T0 + 5, who), "");
	message(k, "p-1", NULL, T0 + 7);
	CHECK_STR(holder(k, 2, T0 + 6, who), "i-2");
	CHECK_STR(holder(k, 2, T0 + 7, who), "");
	message(k, "nobody", NULL, T0);
	CHECK_STR(caught, "");		/* of what was never there it is no mistake */
	memset(longest, 'k', 256);
	longest[256] = '\0';
	message(k, NULL, NULL, T0);
	message(k, "", NULL, T0);
	message(k, "\xff", NULL, T0);
	message(k, longest, NULL, T0);
	CHECK(strstr(caught, "a message without a value, and its key is no id\n"));
	CHECK_EQ(k->problems.count[PROBLEM_NO_ID], 4);
	keeper_close(k);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_put_end_list);
	RUN(test_put_is_about_now);
	RUN(test_refusals_are_answered);
	RUN(test_list_reads_back);
	RUN(test_streams_outlive_a_reload);
	RUN(test_two_keepers_on_one_socket);
	RUN(test_a_replay_opens_no_socket);
	RUN(test_messages);
	RUN(test_tombstones);
	return rmdir(dir) || check_done();	/* nothing is left in it */
}
