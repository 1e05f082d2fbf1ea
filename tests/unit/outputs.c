// SPDX-License-Identifier: Apache-2.0
/* outputs.c - where the three streams go, and that each mistake is one sentence. */
#include <errno.h>
#include "base/outputs.h"
#include "sink_util.h"

static void same(const char *a, const char *b)
{
	if (a || b)
		CHECK_STR(a, b);
}

/* NULL: off. */
static void expect(const char *packets, const char *flows, const char *events, const char *encoding,
		   const char *want_flows, const char *want_events)
{
	struct outputs o;

	CHECK_EQ(outputs_derive(&o, packets, flows, events, encoding), 0);
	same(o.packets, packets);
	same(o.flows, want_flows);
	same(o.events, want_events);
	outputs_free(&o);
	CHECK(!o.packets && !o.flows && !o.events);
	outputs_free(&o);
}

static void test_derived(void)
{
	expect("kafka:a:9092,b/t", NULL, NULL, "json", "kafka:a:9092,b/t.flows", "kafka:a:9092,b/t.events");
	expect("kafka:a/nt.packets.v1", NULL, NULL, "avro", "kafka:a/nt.flows.v1", "kafka:a/nt.events.v1");
	expect("kafka:packets/packets", NULL, NULL, "json", "kafka:packets/flows", "kafka:packets/events");
	expect("kafka:packets/t", NULL, NULL, "json", "kafka:packets/t.flows", "kafka:packets/t.events");
	expect("file:/p/packets", NULL, NULL, "avro", "file:/p/packets.flows", "file:/p/packets.events");
	expect("-", NULL, NULL, "json", "-", NULL);
	expect("-", NULL, NULL, "smartx", "-", NULL);
	expect("-", NULL, NULL, NULL, "-", NULL);
	expect("-", NULL, NULL, "avro", NULL, NULL);
}

static void test_told(void)
{
	expect("kafka:a/t", "off", "off", "json", NULL, NULL);
	expect("kafka:a/t", "kafka:a/u", NULL, "json", "kafka:a/u", "kafka:a/t.events");
	expect("kafka:a/t", NULL, "kafka:a/u", "json", "kafka:a/t.flows", "kafka:a/u");
	expect("file:p", "file:off", "off", "avro", "file:off", NULL);
	expect("-", "off", "-", "json", NULL, "-");
}

static void refused(const char *packets, const char *flows, const char *events, const char *encoding,
		    const char *words)
{
	struct outputs o = { (char *)1, (char *)1, (char *)1 };
	char *text;
	int err;

	catch_log();
	err = outputs_derive(&o, packets, flows, events, encoding);
	text = caught_log();
	CHECK_EQ(err, -EINVAL);
	CHECK(!o.packets && !o.flows && !o.events);
	CHECK_EQ(lines_with(text, "\n"), 1);
	CHECK_EQ(lines_with(text, words), 1);
	if (check_failures)
		printf("# %s %s %s gave %s\n", packets, flows ? flows : "-", events ? events : "-", text);
}

static void test_mistakes(void)
{
	char longest[300] = "kafka:a/";

	refused("nowhere", NULL, NULL, "json", "open output \"nowhere\": unknown kind");
	refused("kafka:a/t", "nowhere", NULL, "json", "--flows: \"nowhere\": unknown kind");
	refused("kafka:a/t", "file:x", NULL, "json",
		"--flows: goes to a file, but the output to kafka: all streams go to one kind, or off");
	refused("file:x", NULL, "-", "json", "--events: goes to standard output, but the output to a file");
	refused("-", NULL, "kafka:a/t", "json", "--events: goes to kafka, but the output to standard output");
	refused("kafka:a/t", NULL, "kafka:b/u", "json", "--events: other brokers than those of the output");
	refused("kafka:a/t", "kafka:ab/u", NULL, "json", "--flows: other brokers than those of the output");
	refused("kafka:a/t", "kafka:a/t", NULL, "json", "--flows: the same topic as another stream's");
	refused("kafka:a/t", "kafka:a/u", "kafka:a/u", "json", "--events: the same topic as another stream's");
	refused("file:x", "file:x", NULL, "json", "--flows: the same file as another stream's");
	refused("file:x", NULL, "file:x.flows", "json", "--events: the same file as another stream's");
	refused("-", "-", NULL, "avro", "--flows: lines can't be mixed with Avro");
	refused("-", NULL, "-", "avro", "--events: lines can't be mixed with Avro");
	memset(longest + strlen(longest), 't', 245);
	refused(longest, NULL, NULL, "json", "not a topic name");
}

int main(void)
{
	RUN(test_derived);
	RUN(test_told);
	RUN(test_mistakes);
	return check_done();
}
