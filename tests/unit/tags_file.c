/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tags_file.c - tags files, good and bad: which lines count, where a mistake
 * is said to be, and what is no tags file at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "check.h"
#include "inventory/lines.h"
#include "inventory/tags_file.h"
#include "options_util.h"

#define BOX "{\"kind\":\"box\",\"name\":\"b1\"}"
#define BOX2 "{\"kind\":\"box\",\"name\":\"b2\"}"

static char dir[] = "/tmp/ninetap-file.XXXXXX", path[64];

struct loaded {
	struct inventory *inv;
	struct problems problems;
	int err;
};

static void load(struct loaded *l, const char *from)
{
	*l = (struct loaded){ 0 };
	if (inventory_open(&l->inv))
		abort();
	catch_stderr();
	l->err = tags_file_load(l->inv, from, &l->problems);
	inventory_check(l->inv, &l->problems);
	caught_stderr();
}

static void load_text(struct loaded *l, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		abort();
	load(l, path);
}

static bool has_box(const struct loaded *l, const char *name)
{
	struct statement s = { 0 };

	return inventory_box(l->inv, name, &s);
}

/* boxes: how many statements were taken over; log: what is said behind "ninetap: error: tags: PATH". */
static void expect_len(const char *text, size_t len, int err, unsigned int good, const char *log)
{
	char want[4096] = "";
	struct loaded l;

	load_text(&l, text, len);
	if (*log)
		snprintf(want, sizeof(want), "tags: %s%s", path, log);
	CHECK_EQ(l.err, err);
	CHECK_EQ(inventory_revision(l.inv), good);
	if (*log ? !strstr(caught, want) : caught[0]) {
		printf("# \"%s\" has no \"%s\"\n", caught, want);
		CHECK(!"the problem is named");
	}
	inventory_close(l.inv);
}

static void expect(const char *text, int err, unsigned int good, const char *log)
{
	expect_len(text, strlen(text), err, good, log);
}

static void test_lines(void)
{
	expect(BOX "\n" BOX2 "\n", 0, 2, "");
	expect(BOX "\n" BOX2, 0, 2, "");
	expect(BOX "\r\n\r\n#\r\n" BOX2 "\r\n", 0, 2, "");
	expect("# a comment\n\n \t\n#\n" BOX "\n#" BOX2 "\n", 0, 1, "");
	expect("\xef\xbb\xbf" BOX "\n", 0, 1, "");
	expect("\xef\xbb\xbf# comment\n" BOX "\n", 0, 1, "");
	expect("  " BOX " \t\n", 0, 1, "");
}

static void test_nothing_is_said(void)
{
	expect("", 0, 0, "");
	expect("\n", 0, 0, "");
	expect("# nobody yet", 0, 0, "");
	expect("\xef\xbb\xbf", 0, 0, "");
}

static void test_mistakes_have_their_line(void)
{
	struct loaded l;

	expect(BOX "\nx\n" BOX2 "\n", 0, 2, ":2: ");
	expect("x\n" BOX "\n", 0, 1, ":1: ");
	expect("\xef\xbb\xbfx\n" BOX "\n", 0, 1, ":1: ");
	expect("# 1\r\n\r\n" BOX "\r\n" BOX2 " x", 0, 1, ":4: ");
	expect(BOX "\n{\"kind\":\"end\",\"id\":\"i\"}\n", 0, 1, ":2: ");
	expect(BOX "\n{\"kind\":\"box\",\"name\":\"\xff\"}\n", 0, 1, ":2: ");
	load_text(&l, BOX "\nx\ny\n", sizeof(BOX "\nx\ny\n") - 1);
	CHECK_EQ(l.problems.count[PROBLEM_SYNTAX], 2);
	CHECK_EQ(l.problems.line, 0);
	CHECK(has_box(&l, "b1") && !has_box(&l, "b2"));
	inventory_close(l.inv);
}

static void test_nul_bytes(void)
{
	static const char nul[] = BOX "\n{\"kind\":\"box\",\"name\":\"b\0002\"}\n\0\n" BOX2;
	struct loaded l;

	expect_len(nul, sizeof(nul) - 1, 0, 2, ":2: ");
	load_text(&l, nul, sizeof(nul) - 1);
	CHECK_EQ(l.problems.count[PROBLEM_SYNTAX], 2);
	inventory_close(l.inv);
}

static void test_not_one_good_line(void)
{
	struct loaded l;

	expect("x\n\n# y\nz\n", -EINVAL, 0, ": has not one good line\n");
	load_text(&l, "x", 1);
	CHECK_EQ(l.problems.count[PROBLEM_SOURCE], 1);
	CHECK_EQ(l.problems.count[PROBLEM_SYNTAX], 1);
	inventory_close(l.inv);
}

static void refused(const char *at, int err, const char *why)
{
	char want[200];
	struct loaded l;

	load(&l, at);
	CHECK_EQ(l.err, err);
	snprintf(want, sizeof(want), "tags: %s: %s\n", at, why);
	CHECK(strstr(caught, want));
	CHECK_EQ(l.problems.count[PROBLEM_SOURCE], 1);
	inventory_close(l.inv);
}

static void test_no_files(void)
{
	char fifo[80];

	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	CHECK_EQ(mkfifo(fifo, 0600), 0);
	refused(fifo, -EINVAL, "is not a regular file");
	unlink(fifo);
	refused("/dev/null", -EINVAL, "is not a regular file");
	refused(dir, -EISDIR, "is a directory");
	refused("/nonexistent/tags.jsonl", -ENOENT, "No such file or directory");
}

/* Lines across the pieces that a file is read in, of each length around their bound. */
static void test_pieces(void)
{
	size_t n = 3 << 18;
	char *text = malloc(n + 100);
	struct loaded l;

	for (size_t shift = 0; shift < 70; shift += 7) {
		size_t at = 0;
		unsigned int lines = 0;

		memset(text, '#', shift);
		text[shift ? at + shift : 0] = '\n';
		for (at = shift + 1; at < n; at += sizeof(BOX) + 300, lines++) {
			memset(text + at, ' ', sizeof(BOX) + 300);
			memcpy(text + at, BOX, sizeof(BOX) - 1);
			text[at + sizeof(BOX) + 299] = '\n';
		}
		load_text(&l, text, at - 1);
		CHECK_EQ(l.err, 0);
		CHECK_EQ(inventory_revision(l.inv), lines);
		CHECK_STR(caught, "");
		inventory_close(l.inv);
		n -= 50;
	}
	free(text);
}

/* One that has no end is named, left out, and costs no other. */
static void test_overlong_line(void)
{
	size_t n = 2 * (size_t)LINE_BYTES_MAX;
	char *text = malloc(n + 200), *p;

	p = stpcpy(text, BOX "\n");
	memset(p, 'x', n);
	strcpy(p + n, "\n" BOX2 "\nx\n");
	expect(text, 0, 2, ":2: is longer than 16777216 bytes\n");
	expect(text, 0, 2, ":4: ");
	strcpy(p + n, "");
	expect(text, 0, 1, ":2: is longer than 16777216 bytes\n");
	expect(p, -EINVAL, 0, ": has not one good line\n");
	memset(p, ' ', n);		/* as long as may be */
	memcpy(p, BOX2, sizeof(BOX2) - 1);
	strcpy(p + LINE_BYTES_MAX, "\n" BOX "\n");
	expect(text, 0, 3, "");
	free(text);
}

static void test_undescribed_tenants_are_named(void)
{
	expect("{\"kind\":\"instance\",\"id\":\"i\",\"tenant\":\"t\",\"addresses\":[\"10.0.0.1\"]}\n"
	       "{\"kind\":\"tenant\",\"id\":\"t\"}\n", 0, 2, "");
	expect("#\n{\"kind\":\"instance\",\"id\":\"i\",\"tenant\":\"t\",\"addresses\":[\"10.0.0.1\"]}\n", 0, 1, ":2: ");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/t", dir);
	RUN(test_lines);
	RUN(test_nothing_is_said);
	RUN(test_mistakes_have_their_line);
	RUN(test_nul_bytes);
	RUN(test_not_one_good_line);
	RUN(test_no_files);
	RUN(test_pieces);
	RUN(test_overlong_line);
	RUN(test_undescribed_tenants_are_named);
	unlink(path);
	rmdir(dir);
	return check_done();
}
