// SPDX-License-Identifier: Apache-2.0
/*
 * sink_file.c - the file sink: whole batches, a full disk, FIFOs and what is no
 * file. Runs as root: a small tmpfs is mounted in a mount namespace of its own.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include "sink_dir.h"

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
	CHECK_EQ(put(k, &b), 0);
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

	s.head[STREAM_PACKETS] = &head;
	s.encoding[STREAM_PACKETS] = "avro";
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 0, 1, 1, 1);
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(put(k, &b), 0);
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

/* Packets' file is there at once, the others' with their first batch; each has its own head. */
static void test_streams(void)
{
	struct sink_settings s = (use("out.avro"), test_settings(output));
	struct buf head = { (unsigned char *)"HEAD\n", 5, 5 }, head2 = { (unsigned char *)"FLOWS\n", 6, 6 };
	char flows[340], events[340];
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	snprintf(flows, sizeof(flows), "%s.flows", output);
	snprintf(events, sizeof(events), "%s.events", output);
	s.output[STREAM_FLOWS] = flows;
	s.output[STREAM_EVENTS] = events;
	s.head[STREAM_PACKETS] = &head;
	s.head[STREAM_FLOWS] = &head2;
	s.encoding[STREAM_PACKETS] = s.encoding[STREAM_FLOWS] = "avro";
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(access(path, F_OK), 0);
	CHECK_EQ(access(flows + 5, F_OK), -1);
	fill(&b, 0, 1, 3, 1);
	b.stream = STREAM_FLOWS;
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(access(flows + 5, F_OK), 0);
	CHECK_EQ(access(events + 5, F_OK), -1);
	sink_close(k, 0, &st);
	text = content(flows + 5);
	CHECK_EQ(lines_with(text, "FLOWS"), 1);
	CHECK_EQ(lines_with(text, "\n"), 4);
	free(text);
	text = content(path);
	CHECK_STR(text, "HEAD\n");
	free(text);
	CHECK_EQ(access(events + 5, F_OK), -1);
	CHECK_EQ(st.delivered, 3);
	drop(&b);
	empty_dir();
}

/* A file of flows that can't be made: lost and said once, tried again with each batch. */
static void test_late_open_fails(void)
{
	struct sink_settings s = (use("out.json"), test_settings(output));
	char folder[400], flows[420];
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	snprintf(folder, sizeof(folder), "%s/later", dir);
	snprintf(flows, sizeof(flows), "file:%s/flows.json", folder);
	s.output[STREAM_FLOWS] = flows;
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	fill(&b, 3, 1, 3, 1);
	b.stream = STREAM_FLOWS;
	CHECK_EQ(put(k, &b), -ENOENT);
	CHECK_EQ(put(k, &b), -ENOENT);
	CHECK_EQ(reported_lost(), 6);
	CHECK_EQ(sink_lost(k, 3), 0);			/* of packets alone */
	CHECK_EQ(mkdir(folder, 0700), 0);
	CHECK_EQ(put(k, &b), 0);
	b.stream = STREAM_EVENTS;			/* is off */
	CHECK_EQ(put(k, &b), -EINVAL);
	b.stream = STREAM_PACKETS;
	CHECK_EQ(put(k, &b), 0);
	b.count = 0;
	CHECK_EQ(put(k, &b), 0);			/* empty: reported, too */
	sink_close(k, 0, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "open "), 1);
	CHECK_EQ(lines_with(text, "works again"), 1);
	CHECK_EQ(st.accepted, 15);
	CHECK_EQ(st.delivered, 6);
	CHECK_EQ(st.lost[NT_LOSS_WRITE], 9);
	drop(&b);
	unlink(flows + 5);
	rmdir(folder);
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
	struct sink_settings s;
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
	expect_refused(output, -ENOTSUP, "it is a block device");
	use("null");			/* a node of our own: a broken sink would rename the real one */
	CHECK_EQ(mknod(path, S_IFCHR | 0600, makedev(1, 3)), 0);
	s = test_settings(output);
	s.rotate_bytes = 1;
	fill(&b, 0, 1, 5, 1);
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(put(k, &b), 0);
	sink_close(k, 0, &st);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(access(path, W_OK), 0);
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
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(read(reader, text, (1 << 16) - 1), 2 * (long long)b.bytes.len);
	close(reader);
	catch_log();
	err = put(k, &b);
	CHECK_EQ(lines_with(caught_log(), "its reader is gone"), 1);
	CHECK_EQ(err, -EPIPE);
	sink_close(k, 0, &st);
	CHECK_EQ(st.delivered, 40);
	CHECK_EQ(st.lost[NT_LOSS_WRITE], 20);
	free(text);
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
	while (!(err = put(k, &b)) && puts < 100)
		puts++;
	CHECK_EQ(err, -ENOSPC);
	CHECK_EQ(put(k, &b), -ENOSPC);
	CHECK_EQ(lines_of(path), puts * 100);
	CHECK_EQ(sink_lost(k, 5), 200);
	CHECK_EQ(sink_lost(k, 4), 0);
	CHECK_EQ(truncate(path, 0), 0);			/* room again */
	CHECK_EQ(put(k, &b), 0);
	CHECK_EQ(lines_of(path), 100);
	sink_close(k, 0, &st);
	text = caught_log();
	CHECK_EQ(lines_with(text, "No space left on device"), 1);
	CHECK_EQ(lines_with(text, "works again"), 1);
	CHECK(puts > 1);
	CHECK_EQ(st.accepted, (puts + 3) * 100);
	CHECK_EQ(st.delivered, (puts + 1) * 100);
	CHECK_EQ(st.lost[NT_LOSS_WRITE], 200);
	CHECK_EQ(st.delivered + lost_in_all(&st), st.accepted);
	drop(&b);
	CHECK_EQ(umount(dir), 0);
}

static void all(void)
{
	RUN(test_writes);
	RUN(test_head_once);
	RUN(test_streams);
	RUN(test_late_open_fails);
	RUN(test_two_writers);
	RUN(test_other_kinds);
	RUN(test_fifo);
	RUN(test_full_disk);
}

int main(void)
{
	return files_main(all);
}
