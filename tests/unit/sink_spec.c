// SPDX-License-Identifier: Apache-2.0
/* sink_spec.c - which outputs are taken, and that each mistake is one sentence. */
#include <errno.h>
#include "base/sink_spec.h"
#include "sink_util.h"

static void test_framing(void)
{
	enum framing f = FRAMING_MESSAGE;

	CHECK_EQ(sink_framing("-", &f), 0);
	CHECK_EQ(f, FRAMING_STREAM);
	CHECK_EQ(sink_framing("kafka:a/b", &f), 0);
	CHECK_EQ(f, FRAMING_MESSAGE);
	CHECK_EQ(sink_framing("file:kafka:a/b", &f), 0);
	CHECK_EQ(f, FRAMING_STREAM);
}

static void test_parts(void)
{
	struct sink_spec s;

	CHECK_EQ(sink_spec_parse(&s, "file:/tmp/a b:c"), 0);
	CHECK_STR(s.path, "/tmp/a b:c");
	CHECK_EQ(sink_spec_parse(&s, "kafka:SSL://a:1,[::1]:65535,c/t.x_Y-0"), 0);
	CHECK_EQ(s.brokers_len, strlen("SSL://a:1,[::1]:65535,c"));
	CHECK(!strncmp(s.brokers, "SSL://a:1,[::1]:65535,c/", s.brokers_len + 1));
	CHECK_STR(s.topic, "t.x_Y-0");
	CHECK_EQ(sink_spec_parse(&s, "kafka:[::1]/t"), 0);
	CHECK_EQ(sink_spec_parse(&s, "kafka:10.0.0.1:9092/t"), 0);
}

static void expect_mistake(const char *output, const char *words)
{
	struct sink_spec s;
	char *text;
	int err;

	catch_log();
	err = sink_spec_parse(&s, output);
	text = caught_log();
	CHECK_EQ(err, -EINVAL);
	CHECK_EQ(lines_with(text, "\n"), 1);
	CHECK_EQ(lines_with(text, words), 1);
	if (err != -EINVAL || !strstr(text, words))
		printf("# output \"%s\" gave %s\n", output, text);
}

static void test_mistakes(void)
{
	static const char any[] = "expected -, file:PATH or kafka:BROKER[,BROKER...]/TOPIC";
	static const char brokers[] = "expected kafka:HOST[:PORT][,HOST[:PORT]...]/TOPIC";
	static const char topic[] = "not a topic name, expected 1 to 249";
	char longest[300] = "kafka:a/";

	expect_mistake("", any);
	expect_mistake("--", any);
	expect_mistake("out.json", any);
	expect_mistake("File:x", any);
	expect_mistake("file:", "expected file:PATH");
	expect_mistake("kafka:", "expected kafka:BROKER[,BROKER...]/TOPIC");
	expect_mistake("kafka:a:9092", "no topic");
	expect_mistake("kafka:/t", brokers);
	expect_mistake("kafka:a,/t", brokers);
	expect_mistake("kafka:,a/t", brokers);
	expect_mistake("kafka:a b/t", brokers);
	expect_mistake("kafka:a:/t", brokers);
	expect_mistake("kafka::9092/t", brokers);
	expect_mistake("kafka:a:0/t", brokers);
	expect_mistake("kafka:a:65536/t", brokers);
	expect_mistake("kafka:a:9092x/t", brokers);
	expect_mistake("kafka:a,fe80::1:9092/t", brokers);
	expect_mistake("kafka:a/", topic);
	expect_mistake("kafka:a/..", topic);
	expect_mistake("kafka:a/t t", topic);
	memset(longest + strlen(longest), 't', 249);
	CHECK_EQ(sink_spec_parse(&(struct sink_spec){ 0 }, longest), 0);
	strcat(longest, "t");
	expect_mistake(longest, topic);
}

static void test_close_of_none(void)
{
	struct sink_stats st = { .accepted = 7, .lost = { 1, 2, 3 } };

	sink_close(NULL, 0, &st);
	CHECK_EQ(st.accepted + lost_in_all(&st), 0);
	sink_close(NULL, 0, NULL);
}

int main(void)
{
	RUN(test_framing);
	RUN(test_parts);
	RUN(test_mistakes);
	RUN(test_close_of_none);
	return check_done();
}
