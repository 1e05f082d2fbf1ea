/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_events.c - tests the events of the stream: their text, that each
 * fate, note and loss is in the ledger's, the messages, and what happens to a
 * batch when memory is missing; and the sums of the ledger.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "check.h"
#include "failing_alloc.h"
#include "ledger/events.h"

static const struct tag_origin origin = {
	.box = "b\"1", .site = "s\xff", .pop = NULL, .ren = "r", .epoch = 4822636712413839,
};
static const struct tag_origin bare = { .box = "b", .epoch = 1 };

/* 2026-11-21T22:42:57.351277023Z */
static const struct ledger at = { .origin = &bare, .ts_utc_ns = 1795300977351277023 };
#define HEAD(type) "{\"type\":\"" type "\",\"ts\":\"2026-11-21T22:42:57.351277023Z\",\"box\":\"b\",\"epoch\":1"

/* Each figure of the kernel differs from all others. */
static struct ledger_cpu numbered(void)
{
	struct ledger_cpu c = { .cpu = 3, .exact = true, .n = 7, .ring_bytes = 65536, .ring_fill_bytes = 128 };
	__u64 *words = (__u64 *)&c.counts;

	for (size_t i = 0; i < sizeof(c.counts) / sizeof(*words); i++)
		words[i] = 1000 + i;
	c.outcome.safe = (struct nt_tally){ 1, 2, 3 };
	for (int i = 0; i < NT_LOSS_MAX; i++) {
		c.outcome.lost[i] = (struct nt_tally){ 10 + i, 20 + i, 30 + i };
		c.flows_lost[i] = (struct nt_tally){ 110 + i, 120 + i, 130 + i };
	}
	c.outcome.unread = 41;
	c.outcome.missing = 42;
	c.flows_open = (struct nt_tally){ 51, 52, 53 };
	return c;
}

/* The only message of b; "" if there is none. Valid until the next call. */
static const char *text_of(const struct batch *b)
{
	static char text[8192];

	snprintf(text, sizeof(text), "%.*s", (int)b->bytes.len, (const char *)b->bytes.data);
	return text;
}

static json_t *parsed(const struct batch *b)
{
	json_error_t why;
	json_t *o = json_loadb((const char *)b->bytes.data, b->bytes.len, JSON_REJECT_DUPLICATES, &why);

	if (!o)
		printf("# %s: %s\n", why.text, text_of(b));
	CHECK(o != NULL);
	return o;
}

static void check_tally(const json_t *o, const char *name, struct nt_tally want)
{
	const json_t *t = json_object_get(o, name);
	int before = check_failures;

	CHECK_EQ(json_object_size(t), 3);
	CHECK_EQ(json_integer_value(json_object_get(t, "events")), want.events);
	CHECK_EQ(json_integer_value(json_object_get(t, "packets")), want.packets);
	CHECK_EQ(json_integer_value(json_object_get(t, "bytes")), want.bytes);
	if (check_failures > before)
		printf("# %s\n", name);
}

#define FATE(id, name, text) check_tally(o, #name, c.counts.name);
#define NOTE(id, name, text) CHECK_EQ(json_integer_value(json_object_get(notes, #name)), c.counts.name);
#define LOSS(id, name, text) \
	check_tally(lost, #name, c.outcome.lost[NT_LOSS_##id]); \
	check_tally(flows_lost, #name, c.flows_lost[NT_LOSS_##id]);
static void test_ledger_has_each_figure(void)
{
	struct ledger l = { .origin = &origin, .ts_utc_ns = 1, .clock_error_ns = 99, .closing = true };
	struct ledger_cpu c = numbered();
	struct batch b = { 0 };
	const json_t *notes, *lost, *flows_lost;
	json_t *o;

	events_begin(&b, 3);
	CHECK_EQ(ledger_event(&b, FRAMING_MESSAGE, &l, &c), 0);
	o = parsed(&b);
	notes = json_object_get(o, "notes");
	lost = json_object_get(o, "lost");
	flows_lost = json_object_get(o, "flows_lost");
	NT_FATES(FATE)
	NT_NOTES(NOTE)
	NT_LOSSES(LOSS)
	CHECK_EQ(json_object_size(notes), NT_COUNT_NOTES);
	CHECK_EQ(json_object_size(lost), NT_LOSS_MAX);
	CHECK_EQ(json_object_size(flows_lost), NT_LOSS_MAX);
	check_tally(o, "safe", c.outcome.safe);
	check_tally(o, "flows_open", c.flows_open);
	CHECK_EQ(json_integer_value(json_object_get(o, "unread")), 41);
	CHECK_EQ(json_integer_value(json_object_get(o, "missing")), 42);
	CHECK_EQ(json_integer_value(json_object_get(o, "seq")), c.counts.seq);
	CHECK_EQ(json_integer_value(json_object_get(o, "cpu")), 3);
	CHECK_EQ(json_integer_value(json_object_get(o, "n")), 7);
	CHECK_EQ(json_integer_value(json_object_get(o, "ring_bytes")), 65536);
	CHECK_EQ(json_integer_value(json_object_get(o, "ring_fill_bytes")), 128);
	CHECK_EQ(json_integer_value(json_object_get(o, "clock_error_ns")), 99);
	CHECK(json_is_true(json_object_get(o, "closing")) && json_is_true(json_object_get(o, "exact")));
	/* type, ts, box, site, ren, epoch; cpu, n, closing, exact, seq; notes, safe, lost, unread, missing, flows_open,
	 * flows_lost, ring_bytes, ring_fill_bytes, clock_error_ns */
	CHECK_EQ(json_object_size(o), 7 + 5 + NT_COUNT_FATES_END + 10);
	json_decref(o);
	batch_free(&b);
}

static void test_head(void)
{
	struct ledger l = { .origin = &origin, .ts_utc_ns = 1795300977351277023 };
	struct batch b = { 0 };

	events_begin(&b, 0);
	CHECK_EQ(stop_event(&b, FRAMING_MESSAGE, &l), 0);
	CHECK_STR(text_of(&b), "{\"type\":\"stop\",\"ts\":\"2026-11-21T22:42:57.351277023Z\",\"box\":\"b\\\"1\","
			       "\"site\":\"s\xef\xbf\xbd\",\"ren\":\"r\",\"epoch\":4822636712413839}");
	batch_free(&b);
}

static void test_other_events(void)
{
	struct sink_spool_loss loss = { "b", "full", 9, 1, STREAM_FLOWS, 5, 70 };
	const struct mode_change mode = { "eth\"0", NT_MODE_PACKET, NT_MODE_SAMPLED, 8, "ring" };
	struct ledger l = at;
	struct batch b = { 0 };

	events_begin(&b, 0);
	CHECK_EQ(loss_event(&b, FRAMING_MESSAGE, &l, &loss), 0);
	CHECK_STR(text_of(&b), HEAD("loss") ",\"stage\":\"spool\",\"reason\":\"full\",\"of_epoch\":9,\"cpu\":1,"
			       "\"stream\":\"flows\",\"seq\":5,\"count\":70}");
	events_begin(&b, 0);
	loss.box = "another";		/* of an earlier run: its records bear that name */
	CHECK_EQ(loss_event(&b, FRAMING_MESSAGE, &l, &loss), 0);
	CHECK(strstr(text_of(&b), ",\"box\":\"another\",\"epoch\":1,") != NULL);
	events_begin(&b, 0);
	loss = (struct sink_spool_loss){ "", "damaged", 0, 0, STREAM_PACKETS, 0, 3 };
	CHECK_EQ(loss_event(&b, FRAMING_MESSAGE, &l, &loss), 0);
	CHECK_STR(text_of(&b), HEAD("loss") ",\"stage\":\"spool\",\"reason\":\"damaged\",\"of_epoch\":0,\"cpu\":0,"
			       "\"stream\":\"packets\",\"seq\":0,\"count\":3}");
	events_begin(&b, 0);
	CHECK_EQ(mode_event(&b, FRAMING_MESSAGE, &l, &mode), 0);
	CHECK_STR(text_of(&b), HEAD("mode") ",\"iface\":\"eth\\\"0\",\"from\":\"packet\",\"to\":\"sampled\","
			       "\"sample\":8,\"reason\":\"ring\"}");
	events_begin(&b, 0);
	l.adopted = true;
	l.cpus_n = 4;
	CHECK_EQ(start_event(&b, FRAMING_MESSAGE, &l, 77), 0);
	CHECK_STR(text_of(&b), HEAD("start") ",\"version\":\"" NINETAP_VERSION "\",\"pid\":77,\"adopted\":true,\"cpus\":4}");
	batch_free(&b);
}

/* Lines in a stream, objects alone in messages; a message an event either way. */
static void check_framing(enum framing framing, const char *end)
{
	struct ledger_cpu c = numbered();
	struct batch b = { 0 };

	events_begin(&b, 5);
	CHECK_EQ(stop_event(&b, framing, &at), 0);
	CHECK_EQ(ledger_event(&b, framing, &at, &c), 0);
	for (int i = 0; i < 40; i++)
		CHECK_EQ(stop_event(&b, framing, &at), 0);
	CHECK_EQ(b.stream, STREAM_EVENTS);
	CHECK_EQ(b.cpu, 5);
	CHECK_EQ(b.count, 42);
	CHECK_EQ(b.msgs_n, 42);
	CHECK_EQ(b.msgs[0].begin, 0);
	CHECK_EQ(b.msgs[1].seq, 7);
	CHECK_EQ(b.msgs[41].end, b.bytes.len);
	for (uint32_t i = 0; i < b.msgs_n; i++) {
		const char *m = (const char *)b.bytes.data + b.msgs[i].begin;
		size_t len = b.msgs[i].end - b.msgs[i].begin, tail = strlen(end);

		CHECK_EQ(b.msgs[i].count, 1);
		CHECK(m[0] == '{' && len > tail && !memcmp(m + len - tail, end, tail));
		CHECK(!memchr(m, '\n', len - 1));
	}
	events_begin(&b, 0);
	CHECK(!b.bytes.len && !b.msgs_n && !b.count && !b.seq);
	batch_free(&b);
}

static void test_framing(void)
{
	check_framing(FRAMING_STREAM, "}\n");
	check_framing(FRAMING_MESSAGE, "}");
}

static void test_largest_numbers(void)
{
	struct ledger l = { .origin = &bare, .ts_utc_ns = INT64_MAX, .clock_error_ns = INT64_MAX };
	struct ledger_cpu c;
	struct batch b = { 0 };

	memset(&c, 0xff, sizeof(c));
	c.exact = true;
	events_begin(&b, 0);
	CHECK_EQ(ledger_event(&b, FRAMING_MESSAGE, &l, &c), 0);
	CHECK(strstr(text_of(&b), "\"ring_full\":{\"events\":18446744073709551615,\"packets\":18446744073709551615,"
				  "\"bytes\":18446744073709551615}") != NULL);
	batch_free(&b);
}

/* Without memory for the second event the first stays as it was. */
static void test_each_allocation_fails(void)
{
	struct ledger_cpu c = numbered();
	long n = 0;
	int err;

	do {
		struct batch b = { 0 };
		size_t len;

		events_begin(&b, 0);
		CHECK_EQ(stop_event(&b, FRAMING_MESSAGE, &at), 0);
		len = b.bytes.len;
		failed = 0;
		fail_at = ++n;
		err = ledger_event(&b, FRAMING_MESSAGE, &at, &c);
		for (int i = 0; i < 20 && !err; i++)
			err = stop_event(&b, FRAMING_MESSAGE, &at);
		fail_at = 0;
		CHECK_EQ(err != 0, failed != 0);
		CHECK_EQ(b.msgs_n, b.count);
		CHECK_EQ(b.msgs[b.msgs_n - 1].end, b.bytes.len);
		CHECK(b.bytes.len >= len && b.bytes.data[b.bytes.len - 1] == '}');
		batch_free(&b);
	} while (err);
	CHECK(n > 2);
}

static void test_balance(void)
{
	struct ledger_cpu c = { 0 };

	c.counts.seen = (struct nt_tally){ 0, 0, 0 };
	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++) {
		struct nt_tally *t = &c.counts.seen + i;

		*t = (struct nt_tally){ i, 10 * i, 100 * i };
		ledger_add(&c.counts.seen, t);
	}
	c.counts.cut = 5;		/* no part of it */
	CHECK(ledger_balances(&c));
	for (int i = 0; i < NT_COUNT_FATES_END; i++) {
		struct nt_tally *t = &c.counts.seen + i;

		t->events++;
		CHECK(!ledger_balances(&c));
		t->events--;
		t->packets++;
		CHECK(!ledger_balances(&c));
		t->packets--;
		t->bytes++;
		CHECK(!ledger_balances(&c));
		t->bytes--;
	}
	CHECK(ledger_balances(&c));
}

static void test_sums(void)
{
	struct ledger_cpu c = numbered();
	struct nt_counts sum = { 0 };
	const __u64 *words = (const __u64 *)&sum, *once = (const __u64 *)&c.counts;

	ledger_sum(&sum, &c.counts);
	ledger_sum(&sum, &c.counts);
	for (size_t i = 0; i < sizeof(sum) / sizeof(*words); i++)
		CHECK_EQ(words[i], 2 * once[i]);
}

/* What the texts of the counters call lost is a loss here, and nothing else. */
#define IS_LOSS(id, name, text) CHECK_EQ(ledger_is_loss(NT_COUNT_##id), !strncmp(text, "lost: ", 6));
static void test_losses(void)
{
	NT_FATES(IS_LOSS)
}

int main(void)
{
	RUN(test_wrapped);
	RUN(test_ledger_has_each_figure);
	RUN(test_head);
	RUN(test_other_events);
	RUN(test_framing);
	RUN(test_largest_numbers);
	RUN(test_each_allocation_fails);
	RUN(test_balance);
	RUN(test_sums);
	RUN(test_losses);
	return check_done();
}
