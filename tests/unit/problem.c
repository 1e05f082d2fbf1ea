/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.c - tests inventory/problem.c: what is counted, what is kept, and
 * what a log shows of a flood. stderr is read back through a temporary file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "inventory/problem.h"
#include "check.h"

static int kept = -1;
static FILE *captured;

static void capture(void)
{
	kept = dup(STDERR_FILENO);
	captured = tmpfile();
	if (kept < 0 || !captured || dup2(fileno(captured), STDERR_FILENO) < 0)
		abort();
}

/* What was logged since capture(); the caller frees it. */
static char *release(void)
{
	char *text = calloc(1, 65536);

	if (!text || dup2(kept, STDERR_FILENO) < 0)
		abort();
	close(kept);
	rewind(captured);
	if (!fread(text, 1, 65535, captured))
		text[0] = '\0';
	fclose(captured);
	return text;
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_where(void)
{
	struct problems p = { 0 };
	char *log;

	capture();
	problem(&p, PROBLEM_CIDR, "nowhere");
	problems_at(&p, "%s", "tags.jsonl");
	p.line = 17;
	problem(&p, PROBLEM_CIDR, "%s is no address", "x");
	problems_at(&p, "%s[%d]@%d", "topic", 3, 99);
	problem(&p, PROBLEM_NO_ID, "has no id");
	log = release();
	CHECK_STR(log, "ninetap: warning: tags: nowhere\n"
		       "ninetap: warning: tags: tags.jsonl:17: x is no address\n"
		       "ninetap: warning: tags: topic[3]@99: has no id\n");
	CHECK_STR(p.last, "has no id");
	CHECK_EQ(p.count[PROBLEM_CIDR], 2);
	CHECK_EQ(p.count[PROBLEM_NO_ID], 1);
	CHECK_EQ(p.count[PROBLEM_SYNTAX], 0);
	free(log);
}

static void test_flood(void)
{
	struct problems p = { 0 };
	char *log;

	problems_at(&p, "f");
	capture();
	for (int i = 0; i < 1000; i++) {
		p.line++;
		problem(&p, PROBLEM_CIDR, "wrong");
	}
	problem(&p, PROBLEM_SOURCE, "another kind");
	log = release();
	CHECK_EQ(lines(log), PROBLEM_LOG_MAX + 1);
	CHECK(strstr(log, "another kind"));
	CHECK_EQ(p.count[PROBLEM_CIDR], 1000);
	free(log);
	capture();
	problems_calm(&p);
	problems_calm(&p);
	problem(&p, PROBLEM_CIDR, "again");
	log = release();
	CHECK_STR(log, "ninetap: warning: tags: f: 980 more: addresses and prefixes that are none\n"
		       "ninetap: warning: tags: f:1000: again\n");
	CHECK_EQ(p.count[PROBLEM_CIDR], 1001);
	free(log);
}

static void test_as_many_as_fit_are_no_flood(void)
{
	struct problems p = { 0 };
	char *log;

	capture();
	for (unsigned int i = 0; i < PROBLEM_LOG_MAX; i++)
		problem(&p, PROBLEM_CIDR, "wrong");
	problems_calm(&p);
	log = release();
	CHECK_EQ(lines(log), PROBLEM_LOG_MAX);
	free(log);
}

static void test_long_where_keeps_its_end(void)
{
	struct problems p = { 0 };
	char path[1024];

	memset(path, 'x', sizeof(path));
	memcpy(path + sizeof(path) - 6, "/tail", 6);
	problems_at(&p, "%s", path);
	CHECK_EQ(strlen(p.where), sizeof(p.where) - 1);
	CHECK(!strncmp(p.where, "...x", 4));
	CHECK_STR(p.where + sizeof(p.where) - 6, "/tail");
	path[511] = '\0';
	problems_at(&p, "%s", path);
	CHECK_STR(p.where, path);
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "\xc3\xa9", 3);
	problems_at(&p, "%sx", path);
	CHECK_EQ((unsigned char)p.where[3], 0xc3);	/* no half of a character */
}

static void test_long_text_is_marked(void)
{
	struct problems p = { 0 };
	char text[600], *log;

	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	capture();
	problem(&p, PROBLEM_SYNTAX, "%s", text);
	text[255] = '\0';
	problem(&p, PROBLEM_SYNTAX, "%s", text);
	log = release();
	CHECK(strstr(log, "yyy...\n"));
	CHECK_STR(p.last, text);
	free(log);
}

int main(void)
{
	RUN(test_where);
	RUN(test_flood);
	RUN(test_as_many_as_fit_are_no_flood);
	RUN(test_long_where_keeps_its_end);
	RUN(test_long_text_is_marked);
	return check_done();
}
