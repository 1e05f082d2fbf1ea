// SPDX-License-Identifier: Apache-2.0
/*
 * sink_file.c - the file sink: whole batches, rotation, restart, full disks,
 * FIFOs. Runs as root: a small tmpfs is mounted in a mount namespace of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include "check.h"
#include "sink_util.h"

static char dir[] = "/tmp/ninetap-test-XXXXXX";
static char path[300], output[320];

static void use(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(output, sizeof(output), "file:%s", path);
}

static void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

/* Whole of a file, as a string; "" where there is none. Freed by the caller. */
static char *content(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = calloc(1, 1 << 20);

	if (f) {
		fread(text, 1, (1 << 20) - 1, f);
		fclose(f);
	}
	return text;
}

static int lines_of(const char *name)
{
	char *text = content(name);
	int n = lines_with(text, "\n");

	CHECK(!*text || text[strlen(text) - 1] == '\n');
	free(text);
	return n;
}

/* "<path>.20261121T221500.000000001Z": is name such a one? */
static int is_rotated(const char *name, const char *base)
{
	static const char shape[] = ".dddddddd" "Tdddddd" ".dddddddddZ";
	size_t n = strlen(base);

	if (strncmp(name, base, n) || strlen(name) != n + sizeof(shape) - 1)
		return 0;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? name[n + i] < '0' || name[n + i] > '9' : name[n + i] != shape[i])
			return 0;
	return 1;
}

/* Counts rotated files of base and the lines in them; *last is one of them. */
static int rotated(const char *base, int *lines, char *last)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	*lines = 0;
	while ((e = readdir(d))) {
		char full[600];

		if (!is_rotated(e->d_name, base))
			continue;
		snprintf(full, sizeof(full), "%s/%s", dir, e->d_name);
		*lines += lines_of(full);
		if (last)
			strcpy(last, full);
		n++;
	}
	closedir(d);
	return n;
}

/* The descriptor of this process that is open on name, or -1. */
static int fd_of(const char *name)
{
	struct stat want, st;

	if (stat(name, &want))
		return -1;
	for (int fd = 3; fd < 1024; fd++)
		if (!fstat(fd, &st) && st.st_dev == want.st_dev && st.st_ino == want.st_ino)
			return fd;
	return -1;
}

static void test_writes(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	struct stat info;
	char *text;

	umask(0);
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 3, 1, 10, 1);
	CHECK_EQ(sink_put(k, &b), 0);
	text = content(path);
	CHECK_EQ(strlen(text), b.bytes.len);
	CHECK(!memcmp(text, b.bytes.data, b.bytes.len));
	free(text);
	CHECK_EQ(fd_of(path) >= 0, 1);
	CHECK(fcntl(fd_of(path), F_GETFD) & FD_CLOEXEC);
	sink_close(k, 0, &st);
	CHECK_EQ(stat(path, &info), 0);
	CHECK_EQ(info.st_mode & 07777, 0640);
	CHECK_EQ(st.accepted, 10);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(lost_in_all(&st), 0);
	umask(022);
	drop(&b);
	empty_dir();
}

static void test_head_once(void)
{
	struct sink_settings s = (use("out.avro"), test_settings(output));
	struct buf head = { (unsigned char *)"HEAD\n", 5, 5 };
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	s.head = &head;
	s.encoding = "avro";
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 0, 1, 1, 1);
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(sink_put(k, &b), 0);
	sink_close(k, 0, NULL);
	text = content(path);
	CHECK_EQ(lines_with(text, "HEAD"), 1);
	CHECK_EQ(lines_with(text, "\n"), 3);
	CHECK(!strncmp(text, "HEAD\n{", 6));
	free(text);
	empty_dir();

	CHECK_EQ(sink_open(&k, &s), 0);		/* without a record: valid all the same */
	sink_close(k, 0, NULL);
	text = content(path);
	CHECK_STR(text, "HEAD\n");
	free(text);
	drop(&b);
	empty_dir();
}

static void test_rotation_by_size(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct buf head = { (unsigned char *)"HEAD\n", 5, 5 };
	struct batch b = { 0 };
	struct sink *k;
	struct stat info;
	char last[600] = "";
	int lines;

	s.head = &head;
	fill(&b, 0, 1, 10, 50);
	s.rotate_bytes = 5 + 3 * b.bytes.len;		/* three batches a file, to the byte */
	CHECK_EQ(sink_open(&k, &s), 0);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(sink_put(k, &b), 0);
	sink_close(k, 0, NULL);
	CHECK_EQ(rotated("out.json", &lines, last), 3);
	CHECK_EQ(lines, 3 * 31);
	CHECK_EQ(lines_of(path), 11);
	CHECK_EQ(stat(last, &info), 0);
	CHECK_EQ(info.st_size, (long long)s.rotate_bytes);
	empty_dir();

	s.rotate_bytes = 1;				/* a batch larger than the bound */
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(sink_put(k, &b), 0);
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
	CHECK_EQ(sink_put(k, &b), 0);
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
		CHECK_EQ(sink_put(k, &b), 0);
		sink_close(k, 0, NULL);
	}
	CHECK_EQ(lines_with(caught_log(), "keep what "), 2);
	CHECK_EQ(lines_of(path), 7);
	CHECK_EQ(rotated("out.json", &lines, NULL), 2);
	CHECK_EQ(lines, 14);
	drop(&b);
	empty_dir();
}

static void test_two_writers(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	struct sink *k, *other;
	char *text;

	CHECK_EQ(sink_open(&k, &s), 0);
	catch_log();
	CHECK_EQ(sink_open(&other, &s), -EWOULDBLOCK);
	text = caught_log();
	CHECK_EQ(lines_with(text, "another process is writing it"), 1);
	sink_close(k, 0, NULL);
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
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(rename(path, moved), 0);
	CHECK_EQ(sink_put(k, &b), 0);
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
		CHECK_EQ(sink_put(k, &b), 0);
	sink_close(k, 0, &st);
	text = caught_log();
	CHECK_EQ(st.delivered, 20);
	CHECK_EQ(lines_of(path), 20);
	CHECK_EQ(lines_with(text, "going on with the same file"), 1);
	CHECK_EQ(lines_with(text, "\n"), 1);
	drop(&b);
	empty_dir();
}

static void test_full_disk(void)
{
	struct sink_settings s;
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;
	int puts = 0, err = 0;

	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_EQ(mount("none", dir, "tmpfs", 0, "size=65536"), 0);
	use("out.json");
	s = test_settings(output);
	fill(&b, 5, 1, 100, 80);			/* about 11 kB: the 6th is cut in its middle */
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	while (!(err = sink_put(k, &b)) && puts < 100)
		puts++;
	CHECK_EQ(err, -ENOSPC);
	CHECK_EQ(sink_put(k, &b), -ENOSPC);
	CHECK_EQ(lines_of(path), puts * 100);
	CHECK_EQ(sink_lost(k, 5), 200);
	CHECK_EQ(sink_lost(k, 4), 0);
	CHECK_EQ(truncate(path, 0), 0);			/* room again */
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(lines_of(path), 100);
	sink_close(k, 0, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "No space left on device"), 1);
	CHECK_EQ(lines_with(text, "works again"), 1);
	CHECK(puts > 1);
	CHECK_EQ(st.accepted, (puts + 3) * 100);
	CHECK_EQ(st.delivered, (puts + 1) * 100);
	CHECK_EQ(st.lost[SINK_LOSS_WRITE], 200);
	CHECK_EQ(st.delivered + lost_in_all(&st), st.accepted);
	drop(&b);
	CHECK_EQ(umount(dir), 0);
}

static void expect_refused(const char *name, int want, const char *words)
{
	struct sink_settings s = test_settings(name);
	struct sink *k;
	char *text;
	int err;

	catch_log();
	err = sink_open(&k, &s);
	text = caught_log();
	CHECK_EQ(err, want);
	CHECK(k == NULL);
	CHECK_EQ(lines_with(text, "\n"), 1);
	CHECK_EQ(lines_with(text, words), 1);
}

static void test_other_kinds(void)
{
	struct sink_settings s = test_settings("file:/dev/null");
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;

	snprintf(output, sizeof(output), "file:%s", dir);
	expect_refused(output, -EISDIR, "it is a directory");
	use("none/out.json");
	expect_refused(output, -ENOENT, "No such file");
	use("fifo");
	CHECK_EQ(mkfifo(path, 0600), 0);
	expect_refused(output, -ENXIO, "start its reader first");
	use("disk");
	CHECK_EQ(mknod(path, S_IFBLK | 0600, makedev(7, 255)), 0);
	fill(&b, 0, 1, 5, 1);
	s.rotate_bytes = 1;
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(sink_put(k, &b), 0);
	sink_close(k, 0, &st);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(access("/dev/null", W_OK), 0);
	drop(&b);
	empty_dir();
}

static void test_fifo(void)
{
	struct sink_settings s = (use("fifo"), test_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text = calloc(1, 1 << 16);
	int reader, err;

	CHECK_EQ(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	s.rotate_bytes = 1;
	fill(&b, 0, 1, 20, 80);
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(sink_put(k, &b), 0);
	CHECK_EQ(read(reader, text, (1 << 16) - 1), 2 * (long long)b.bytes.len);
	close(reader);
	catch_log();
	err = sink_put(k, &b);
	CHECK_EQ(lines_with(caught_log(), "its reader is gone"), 1);
	CHECK_EQ(err, -EPIPE);
	sink_close(k, 0, &st);
	CHECK_EQ(st.delivered, 40);
	CHECK_EQ(st.lost[SINK_LOSS_WRITE], 20);
	free(text);
	drop(&b);
	empty_dir();
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	RUN(test_writes);
	RUN(test_head_once);
	RUN(test_rotation_by_size);
	RUN(test_rotation_by_age);
	RUN(test_restart);
	RUN(test_two_writers);
	RUN(test_moved_by_others);
	RUN(test_rotation_fails);
	RUN(test_other_kinds);
	RUN(test_fifo);
	RUN(test_full_disk);
	rmdir(dir);
	return check_done();
}
