// SPDX-License-Identifier: Apache-2.0
/*
 * sink_rotate.c - the file sink: rotation by size and age, what a restart finds,
 * and that a rotation which fails loses nothing.
 */
#include <errno.h>
#include <poll.h>
#include "sink_dir.h"

static void test_rotation_by_size(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct buf head = { (unsigned char *)"HEAD\n", 5, 5 };
	struct batch b = { 0 };
	struct sink *k;
	struct stat info;
	char last[600] = "";
	int lines;

	s.head[STREAM_PACKETS] = &head;
	fill(&b, 0, 1, 10, 50);
	s.rotate_bytes = 5 + 3 * b.bytes.len;		/* three batches a file, to the byte */
	CHECK_EQ(sink_open(&k, &s), 0);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(put(k, &b), 0);
	sink_close(k, 0, NULL);
	CHECK_EQ(rotated("out.json", &lines, last), 3);
	CHECK_EQ(lines, 3 * 31);
	CHECK_EQ(lines_of(path), 11);
	CHECK_EQ(stat(last, &info), 0);
	CHECK_EQ(info.st_size, (long long)s.rotate_bytes);
	empty_dir();

	s.rotate_bytes = 1;				/* a batch larger than the bound */
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put(k, &b), 0);
	sink_poll(k);
	sink_poll(k);					/* an empty file isn't rotated */
	CHECK_EQ(rotated("out.json", &lines, NULL), 1);
	CHECK_EQ(lines_of(path), 0);
	sink_close(k, 0, NULL);
	drop(&b);
	empty_dir();
}

static void test_rotation_by_age(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct batch b = { 0 };
	struct sink *k;
	double start = seconds();
	int lines, n = 0;

	s.rotate_ns = 200000000;
	CHECK_EQ(sink_open(&k, &s), 0);
	while (seconds() - start < 0.3) {		/* empty: no rotation, however old */
		sink_poll(k);
		poll(NULL, 0, 10);
	}
	CHECK_EQ(rotated("out.json", &lines, NULL), 0);
	fill(&b, 0, 1, 10, 1);
	start = seconds();
	CHECK_EQ(put(k, &b), 0);
	sink_poll(k);
	CHECK_EQ(rotated("out.json", &lines, NULL), 0);
	while (!n && seconds() - start < 10) {		/* idle */
		sink_poll(k);
		n = rotated("out.json", &lines, NULL);
		poll(NULL, 0, 10);
	}
	CHECK(seconds() - start >= 0.2);
	CHECK_EQ(n, 1);
	CHECK_EQ(lines, 10);
	CHECK_EQ(lines_of(path), 0);
	sink_close(k, 0, NULL);
	drop(&b);
	empty_dir();
}

static void test_restart(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct batch b = { 0 };
	struct sink *k;
	int lines;

	fill(&b, 0, 1, 7, 1);
	catch_log();
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(sink_open(&k, &s), 0);
		CHECK_EQ(put(k, &b), 0);
		sink_close(k, 0, NULL);
	}
	CHECK_EQ(lines_with(caught_log(), "keep what "), 2);
	CHECK_EQ(lines_of(path), 7);
	CHECK_EQ(rotated("out.json", &lines, NULL), 2);
	CHECK_EQ(lines, 14);
	drop(&b);
	empty_dir();
}

/* Someone renames the file in use: it is left to them, PATH is made anew at rotation. */
static void test_moved_by_others(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct batch b = { 0 };
	struct sink *k;
	char moved[400];
	int lines;

	snprintf(moved, sizeof(moved), "%s/theirs", dir);
	s.rotate_bytes = 1;
	fill(&b, 0, 1, 5, 1);
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(rename(path, moved), 0);
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(lines_of(moved), 5);
	CHECK_EQ(lines_of(path), 5);
	CHECK_EQ(rotated("out.json", &lines, NULL), 0);
	sink_close(k, 0, NULL);
	drop(&b);
	empty_dir();
}

/* A name so long that its rotated form is none: the old file goes on. */
static void test_rotation_fails(void)
{
	struct sink_settings s;
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char name[241];
	double start;
	char *text;

	memset(name, 'n', 240);
	name[240] = '\0';
	use(name);
	s = test_settings(output);
	s.rotate_bytes = 1;
	fill(&b, 0, 1, 5, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(put(k, &b), 0);
	for (start = seconds(); seconds() - start < 1.2; poll(NULL, 0, 10))
		sink_poll(k);				/* tried again after a second */
	sink_close(k, 0, &st);
	text = caught_log();
	CHECK_EQ(st.delivered, 20);
	CHECK_EQ(lines_of(path), 20);
	CHECK_EQ(lines_with(text, "going on with the same file"), 1);
	CHECK_EQ(lines_with(text, "\n"), 1);
	drop(&b);
	empty_dir();
}

static void all(void)
{
	RUN(test_rotation_by_size);
	RUN(test_rotation_by_age);
	RUN(test_restart);
	RUN(test_moved_by_others);
	RUN(test_rotation_fails);
}

int main(void)
{
	return files_main(all);
}
