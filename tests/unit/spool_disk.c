// SPDX-License-Identifier: Apache-2.0
/*
 * spool_disk.c - disks that fail: an error of each call that the spool makes.
 * The C library's functions are interposed here, in the test.
 */
#include <dlfcn.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include "spool_util.h"

enum call { NONE, PWRITEV, FTRUNCATE, FDATASYNC, FSYNC, PREAD, OPENAT, UNLINKAT, CALL_MAX };

static atomic_int failing;		/* bits 1 << enum call */
static atomic_int with;			/* the errno */
static atomic_int partly;		/* bytes that pwritev(2) writes before it fails */
static sem_t sync_begun, sync_on;	/* fdatasync(2) tells, and waits, while holding */
static atomic_bool holding;

static bool fails(enum call c)
{
	if (!(failing & 1 << c))
		return false;
	errno = with;
	return true;
}

static void fail(int calls, int err)
{
	with = err;
	failing = calls;
}

/* The spool's path alone: the log and the tests themselves go on. */
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	static ssize_t (*real)(int, const struct iovec *, int, off_t);

	if (!real)
		real = (ssize_t (*)(int, const struct iovec *, int, off_t))dlsym(RTLD_NEXT, "pwritev");
	if (failing & 1 << PWRITEV && partly > 0) {
		struct iovec part = { v[0].iov_base, v[0].iov_len < (size_t)partly ? v[0].iov_len : (size_t)partly };

		partly = 0;
		return real(fd, &part, 1, at);
	}
	return fails(PWRITEV) ? -1 : real(fd, v, n, at);
}

int ftruncate(int fd, off_t n)
{
	static int (*real)(int, off_t);

	if (!real)
		real = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
	return fails(FTRUNCATE) ? -1 : real(fd, n);
}

int fdatasync(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	if (holding) {
		sem_post(&sync_begun);
		sem_wait(&sync_on);
	}
	return fails(FDATASYNC) ? -1 : real(fd);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	static ssize_t (*real)(int, void *, size_t, off_t);

	if (!real)
		real = (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
	return fails(PREAD) ? -1 : real(fd, p, n, at);
}

int openat(int fd, const char *path, int flags, ...)
{
	static int (*real)(int, const char *, int, ...);
	va_list ap;
	mode_t mode;

	if (!real)
		real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return !strncmp(path, "segment-", 8) && fails(OPENAT) ? -1 : real(fd, path, flags, mode);
}

int unlinkat(int fd, const char *path, int flags)
{
	static int (*real)(int, const char *, int);

	if (!real)
		real = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");
	return fails(UNLINKAT) ? -1 : real(fd, path, flags);
}

/* Each errno of a write, with nothing or part of it written: nothing of it stays, and it is said once. */
static void test_write_fails(void)
{
	static const int errs[] = { EIO, EROFS, EFBIG, ENOSPC };
	struct spool *s;
	uint64_t i = 1;
	struct stat before, after;

	fresh();
	s = open_spool(MIB);
	for (size_t k = 0; k < sizeof(errs) / sizeof(errs[0]); k++) {
		put_all(s, i, i + 2, 100);
		i += 3;
		CHECK_EQ(stat(segment_path(0), &before), 0);
		catch_log();
		fail(1 << PWRITEV, errs[k]);
		CHECK_EQ(put(s, 99, 100), -errs[k]);
		partly = 40;
		CHECK_EQ(put(s, 99, 100), -errs[k]);
		CHECK_EQ(stats(s).errors, 2 * (k + 1));
		CHECK_EQ(stat(segment_path(0), &after), 0);
		CHECK_EQ(before.st_size, after.st_size);
		fail(NONE, 0);
		CHECK_EQ(put(s, i, 100), 0);
		CHECK_EQ(caught("write the spool"), 2);	/* that it fails, that it works again */
		i++;
	}
	expect(s, 1, i - 1, 100, NULL);
	expect_end(s);
	CHECK_EQ(lost.calls, 0);
	spool_close(s);
	s = open_spool(MIB);
	expect(s, 1, i - 1, 100, NULL);
	expect_end(s);
	spool_close(s);
}

/* What can't be cut off again ends its segment; neither this run nor the next trips over it. */
static void test_cut_fails(void)
{
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	for (uint64_t i = 1; i <= 9; i += 3) {
		put_all(s, i, i + 2, 100);
		fail(1 << PWRITEV | 1 << FTRUNCATE, EIO);
		partly = 50;
		CHECK_EQ(put(s, 99, 100), -EIO);
		fail(NONE, 0);
	}
	put_all(s, 10, 10, 100);
	CHECK_EQ(files_in(dir), 4);
	expect(s, 1, 10, 100, NULL);
	expect_end(s);
	spool_close(s);
	s = open_spool(MIB);
	expect(s, 1, 10, 100, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).lost_damaged, 0);
	spool_close(s);
}

static void test_create_fails(void)
{
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	for (int k = 0; k < 3; k++) {
		fail(1 << OPENAT, k ? EMFILE : EIO);
		CHECK_EQ(put(s, 1, 100), k ? -EMFILE : -EIO);
		expect_end(s);
		fail(1 << PWRITEV, EIO);	/* made, but not written */
		CHECK_EQ(put(s, 1, 100), -EIO);
		expect_end(s);
		spool_acked(s, 1ULL << 32);	/* may take the empty file away */
		fail(1 << PWRITEV | 1 << FTRUNCATE, EIO);
		CHECK_EQ(put(s, 1, 100), -EIO);
		expect_end(s);
	}
	fail(NONE, 0);
	put_all(s, 1, 3, 100);
	expect(s, 1, 3, 100, NULL);
	expect_end(s);
	CHECK_EQ(stats(s).errors, 9);
	spool_close(s);
}

/* No descriptor is no damage: the same call works later. An unreadable sector is. */
static void test_read_fails(void)
{
	struct spool_msg m;
	struct spool *s;
	uint64_t id;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, 3, 100);
	fail(1 << OPENAT, EMFILE);
	catch_log();
	CHECK_EQ(spool_next(s, &m, &id), -EMFILE);
	CHECK_EQ(spool_next(s, &m, &id), -EMFILE);
	CHECK_EQ(caught("read the spool"), 1);
	CHECK_EQ(stats(s).held, 9);
	fail(NONE, 0);
	expect(s, 1, 2, 100, NULL);
	spool_rewind(s);
	fail(1 << PREAD, EIO);
	CHECK_EQ(spool_next(s, &m, &id), -ENOENT);
	CHECK_EQ(stats(s).lost_damaged, 9);
	CHECK_EQ(lost.records, 9);
	fail(NONE, 0);
	put_all(s, 4, 5, 100);
	expect(s, 4, 5, 100, NULL);
	expect_end(s);
	spool_close(s);
}

/* What can't be deleted isn't lost: neither when room is needed nor by age. */
static void test_delete_fails(void)
{
	struct spool_stats st;
	struct spool *s;
	uint64_t i = 1;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, 300, 3000);
	fail(1 << UNLINKAT, EROFS);
	for (i = 301; i < 1000 && !put(s, i, 3000); i++)
		;
	CHECK_EQ(put(s, i, 3000), -EROFS);
	st = stats(s);
	CHECK_EQ(st.lost_full + lost.calls, 0);
	CHECK(st.held_bytes <= MIB);
	fail(NONE, 0);
	CHECK_EQ(put(s, i, 3000), 0);
	CHECK(stats(s).lost_full > 0);
	spool_close(s);
}

/* The caller goes on while the disk takes its time; a failure is counted, and said once. */
static void test_sync(void)
{
	struct spool_settings set = settings(16 * MIB);
	struct spool *s = NULL;

	fresh();
	set.sync_ns = 1;
	CHECK_EQ(spool_open(&s, &set), 0);
	holding = true;
	put_all(s, 1, 3, 100);
	spool_poll(s);
	sem_wait(&sync_begun);		/* the thread is in fdatasync(2) */
	for (uint64_t i = 4; i <= 4000; i++) {
		CHECK_EQ(put(s, i, 3000), 0);	/* more segments than are remembered */
		spool_poll(s);
	}
	expect(s, 1, 3, 100, NULL);
	catch_log();
	fail(1 << FDATASYNC, EIO);
	holding = false;
	sem_post(&sync_on);
	while (!stats(s).errors)
		sched_yield();
	fail(NONE, 0);
	spool_close(s);
	CHECK(caught("sync the spool") >= 1);
	s = open_spool(16 * MIB);
	expect(s, 1, 3, 100, NULL);
	spool_close(s);
}

static void tests(void)
{
	RUN(test_write_fails);
	RUN(test_cut_fails);
	RUN(test_create_fails);
	RUN(test_read_fails);
	RUN(test_delete_fails);
	RUN(test_sync);
}

int main(void)
{
	sem_init(&sync_begun, 0, 0);
	sem_init(&sync_on, 0, 0);
	return spool_main(tests);
}
