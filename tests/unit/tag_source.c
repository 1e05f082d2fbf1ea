/* SPDX-License-Identifier: Apache-2.0 */
/* tag_source.c - which sources of tags are taken, and as what. */
#include "base/tag_source.h"
#include "check.h"

static void test_kinds(void)
{
	static const struct {
		const char *text;
		enum tag_source_kind kind;
		const char *path;
	} good[] = {
		{ "tags.jsonl", TAG_SOURCE_FILE, "tags.jsonl" },
		{ "file:tags.jsonl", TAG_SOURCE_FILE, "tags.jsonl" },
		{ "file:socket", TAG_SOURCE_FILE, "socket" },
		{ "file:kafka:a/b", TAG_SOURCE_FILE, "kafka:a/b" },
		{ "./socket", TAG_SOURCE_FILE, "./socket" },
		{ "sockets", TAG_SOURCE_FILE, "sockets" },
		{ "kafka", TAG_SOURCE_FILE, "kafka" },
		{ "socket", TAG_SOURCE_SOCKET, TAG_SOCKET_DEFAULT },
		{ "socket:/run/a:b", TAG_SOURCE_SOCKET, "/run/a:b" },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tag_source s;
		const char *why = tag_source_mistake(&s, good[i].text);

		if (why)
			printf("# %s: %s\n", good[i].text, why);
		CHECK(!why);
		CHECK_EQ(s.kind, good[i].kind);
		CHECK_STR(s.path, good[i].path);
	}
}

static void test_topics(void)
{
	struct tag_source s;

	CHECK(!tag_source_mistake(&s, "kafka:a:9092,[::1]:1/t"));
	CHECK_EQ(s.kind, TAG_SOURCE_KAFKA);
	CHECK(!s.path);
	CHECK(tag_source_mistake(&s, "kafka:a:9092"));
	CHECK(tag_source_mistake(&s, "kafka:/t"));
	CHECK(tag_source_mistake(&s, "kafka:a/t t"));
}

static void test_mistakes(void)
{
	char path[TAG_SOCKET_PATH_MAX + 9] = "socket:";
	struct tag_source s;

	CHECK_STR(tag_source_mistake(&s, ""), "no path, expected PATH or file:PATH");
	CHECK_STR(tag_source_mistake(&s, "file:"), "no path, expected PATH or file:PATH");
	CHECK_STR(tag_source_mistake(&s, "socket:"), "no path, expected socket or socket:PATH");
	memset(path + 7, 'p', TAG_SOCKET_PATH_MAX);
	CHECK(!tag_source_mistake(&s, path));
	strcat(path, "p");
	CHECK_STR(tag_source_mistake(&s, path), "too long for the path of a socket: at most 107 bytes");
}

int main(void)
{
	RUN(test_kinds);
	RUN(test_topics);
	RUN(test_mistakes);
	return check_done();
}
