// SPDX-License-Identifier: Apache-2.0
/*
 * spool_together.c - messages that are appended many at once: the files are
 * those that one after the other makes, in a tenth of the system calls, and
 * what goes wrong in the middle leaves those before it. pwritev(2) is
 * interposed here, in the test. Needs root, for a small disk.
 */
#include <dlfcn.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include "spool_util.h"

#define MESSAGES 900U

static unsigned int writes, fails_at;	/* calls so far; the one from which on no more than a message fits */

/* As of a disk that takes only little at once: part of what is many messages, then nothing. */
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	static ssize_t (*real)(int, const struct iovec *, int, off_t);
	static bool part;

	if (!real)
		real = (ssize_t (*)(int, const struct iovec *, int, off_t))dlsym(RTLD_NEXT, "pwritev");
	writes++;
	if (!fails_at || writes < fails_at || (n <= 2 && !part))
		return real(fd, v, n, at);
	part = !part;
	if (part)
		return real(fd, v, 3, at);
	errno = EIO;
	return -1;
}

/* Sizes of the segments, one behind the other. */
static unsigned int sizes(off_t size[], unsigned int max)
{
	struct stat st;
	unsigned int n = 0;

	for (; n < max && *segment_path(n); n++) {
		CHECK_EQ(stat(segment_path(n), &st), 0);
		size[n] = st.st_size;
	}
	return n;
}

/* Sizes differ from message to message; segments are of 256 KiB. */
static void test_the_same_files(void)
{
	off_t one[64], all[64];
	unsigned int n, calls;
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, MESSAGES, 700);
	n = sizes(one, 64);
	spool_close(s);
	fresh();
	s = open_spool(16 * MIB);
	calls = writes;
	CHECK_EQ(put_together(s, 1, MESSAGES, 700, 0, 0), MESSAGES);
	CHECK(n >= 3);
	CHECK_EQ(sizes(all, 64), n);
	CHECK_EQ(memcmp(one, all, n * sizeof(*one)), 0);
	CHECK(writes - calls <= MESSAGES / 10);
	expect(s, 1, MESSAGES, 700, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).segments, n);
	spool_close(s);
	s = open_spool(16 * MIB);
	expect(s, 1, MESSAGES, 700, NULL);
	expect_end(s);
	CHECK_EQ(lost.calls, 0);
	spool_close(s);
}

static void test_a_bad_one(void)
{
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	CHECK_EQ(put_together(s, 1, 50, 300, 41, -EINVAL), 40);
	CHECK_EQ(put_together(s, 41, 45, 300, 41, -EINVAL), 0);
	CHECK_EQ(put_together(s, 41, 50, 300, 0, 0), 10);
	CHECK_EQ(put_together(s, 51, 50, 300, 0, 0), 0);	/* none */
	expect(s, 1, 50, 300, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).errors, 2);
	spool_close(s);
}

/* Never more than its bound, whatever comes at once; the oldest goes. */
static void test_bound(void)
{
	struct spool_msg m;
	struct spool *s;
	uint64_t id;

	fresh();
	s = open_spool(MIB);
	for (uint64_t i = 1; i < 10 * MESSAGES; i += MESSAGES) {
		CHECK_EQ(put_together(s, i, i + MESSAGES - 1, 1000, 0, 0), MESSAGES);
		CHECK(stats(s).held_bytes <= MIB);
	}
	CHECK(stats(s).lost_full > 0);
	CHECK_EQ(lost.records, stats(s).lost_full);
	CHECK_EQ(spool_next(s, &m, &id), 0);
	expect(s, m.seq + 1, 10 * MESSAGES, 1000, NULL);
	expect_end(s);
	spool_close(s);
}

/* Part of many is written, and nothing more: they go one by one. */
static void test_a_write_fails(void)
{
	struct spool *s;

	fresh();
	s = open_spool(16 * MIB);
	fails_at = writes + 3;
	CHECK_EQ(put_together(s, 1, 300, 100, 0, 0), 300);
	fails_at = 0;
	CHECK_EQ(stats(s).errors, 0);
	expect(s, 1, 300, 100, NULL);
	expect_end(s);
	spool_close(s);
	s = open_spool(16 * MIB);
	expect(s, 1, 300, 100, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).lost_damaged, 0);
	spool_close(s);
}

/* A full disk: the oldest makes room for each of them. */
static void test_disk_full(void)
{
	struct spool_msg m;
	struct spool *s;
	uint64_t id;

	fresh();
	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_EQ(mount("none", dir, "tmpfs", 0, "size=1m"), 0);
	s = open_spool(16 * MIB);
	CHECK_EQ(put_together(s, 1, MESSAGES, 3000, 0, 0), MESSAGES);
	CHECK(stats(s).lost_full > 0);
	CHECK_EQ(stats(s).errors, 0);
	CHECK_EQ(lost.records, stats(s).lost_full);
	CHECK_EQ(spool_next(s, &m, &id), 0);
	expect(s, m.seq + 1, MESSAGES, 3000, NULL);
	spool_close(s);
	CHECK_EQ(umount(dir), 0);
}

static void tests(void)
{
	RUN(test_the_same_files);
	RUN(test_a_bad_one);
	RUN(test_bound);
	RUN(test_a_write_fails);
	RUN(test_disk_full);
}

int main(void)
{
	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	return spool_main(tests);
}
