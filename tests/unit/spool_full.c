// SPDX-License-Identifier: Apache-2.0
/*
 * spool_full.c - disks that are really full or read-only: a small tmpfs in a
 * mount namespace of the test's own.
 */
#include <sched.h>
#include <sys/mount.h>
#include "spool_util.h"

/* A disk that is full: the oldest segment makes room, until there is none but the one being written. */
static void test_disk_full(void)
{
	struct spool_stats st;
	struct spool_msg m;
	struct spool *s;
	uint64_t id;

	fresh();
	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_EQ(mount("none", dir, "tmpfs", 0, "size=1m"), 0);
	s = open_spool(16 * MIB);	/* segments of 256 KiB */
	for (uint64_t i = 1; i <= 1000; i++)
		CHECK_EQ(put(s, i, 3000), 0);
	st = stats(s);
	CHECK(st.lost_full > 0 && st.segments >= 3);
	CHECK_EQ(lost.records, st.lost_full);
	CHECK_EQ(lost.unknown, 0);
	CHECK_EQ(st.errors, 0);
	CHECK_EQ(spool_next(s, &m, &id), 0);
	expect(s, m.seq + 1, 1000, 3000, NULL);
	spool_close(s);
	CHECK_EQ(umount(dir), 0);
}

/* No older segment: the message is refused, and it works again when there is room. */
static void test_disk_too_small(void)
{
	static char filler[900 << 10];
	char path[256];
	struct spool *s;
	uint64_t i = 1;
	int fd;

	fresh();
	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_EQ(mount("none", dir, "tmpfs", 0, "size=1m"), 0);
	snprintf(path, sizeof(path), "%s/filler", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(write(fd, filler, sizeof(filler)), sizeof(filler));
	close(fd);
	catch_log();
	s = open_spool(16 * MIB);
	while (!put(s, i, 3000))
		i++;
	CHECK_EQ(put(s, i, 3000), -ENOSPC);
	CHECK_EQ(stats(s).errors, 2);
	CHECK_EQ(caught("No space left"), 1);
	unlink(path);
	put_all(s, i, i + 20, 3000);
	expect(s, 1, i + 20, 3000, NULL);
	CHECK_EQ(stats(s).lost_full, 0);
	spool_close(s);
	CHECK_EQ(umount(dir), 0);
}

/* Read-only at the start is refused; read-only later is an error like others, and nothing is dropped. */
static void test_read_only(void)
{
	struct spool_settings set = settings(MIB);
	struct spool *s = NULL;

	fresh();
	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_EQ(mount("none", dir, "tmpfs", 0, "size=4m"), 0);
	s = open_spool(MIB);
	put_all(s, 1, 20, 3000);
	spool_close(s);
	CHECK_EQ(mount("none", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	s = NULL;
	catch_log();
	CHECK_EQ(spool_open(&s, &set), -EROFS);
	CHECK_EQ(caught("read-only"), 1);
	CHECK(!s);
	CHECK_EQ(mount("none", dir, NULL, MS_REMOUNT, NULL), 0);
	s = open_spool(MIB);
	CHECK_EQ(mount("none", dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	for (int i = 0; i < 500; i++)
		CHECK_EQ(put(s, 21, 3000), -EROFS);
	CHECK_EQ(lost.calls, 0);
	CHECK_EQ(mount("none", dir, NULL, MS_REMOUNT, NULL), 0);
	put_all(s, 21, 22, 3000);
	expect(s, 1, 22, 3000, NULL);
	spool_close(s);
	CHECK_EQ(umount(dir), 0);
}

static void tests(void)
{
	RUN(test_disk_full);
	RUN(test_disk_too_small);
	RUN(test_read_only);
}

int main(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("not ok a mount namespace of its own: %s\n", strerror(errno));
		return 1;
	}
	return spool_main(tests);
}
