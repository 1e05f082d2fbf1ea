// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_disk.c - the Kafka sink whose spool is on a full disk: nothing is
 * lost while there is time, and no more is taken than memory holds. Runs as
 * root: a small tmpfs is mounted in a mount namespace of its own.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include "sink_mock.h"
#include "sink_spool.h"

/* Nothing fits the disk: batches wait in memory until no more is taken, and none is lost. */
static void test_full_disk(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	int taken;

	CHECK_EQ(mount("none", spool_dir, "tmpfs", 0, "size=65536"), 0);
	s.spool_after_ns = 50000000;
	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	taken = put_some(k, &b, 1, 1000, 4);
	CHECK(taken >= 8192 / 50 && taken < 1000);
	CHECK(!sink_has_room(k));
	sink_get_stats(k, &st);
	CHECK(st.spooled > 100 && st.spooled < 1000);
	CHECK_EQ(lost_in_all(&st), 0);
	rd_kafka_mock_broker_set_up(mock, 1);
	CHECK_EQ(put_some(k, &b, 1 + 50 * (uint64_t)taken, 10, PATIENCE_S), 10);
	serve(k, 50 * (uint64_t)(taken + 10));
	drain(k);
	sink_close(k, 20000, &st);
	caught_log();
	balance(&st);
	CHECK_EQ(st.accepted, 50 * (taken + 10));
	CHECK_EQ(lost_in_all(&st), 0);
	CHECK_EQ(st.spool_lost_full, 0);
	CHECK(st.spool_errors > 0);
	CHECK_EQ(check_topic("t", 7, 1, 50 * (uint64_t)(taken + 10)), 0);
	drop(&b);
	mock_stop();
	CHECK_EQ(umount(spool_dir), 0);
	remove_spool();
}

/* A spool that takes nothing is no reason to throw the producer away: it delivers once it can. */
static void test_useless_disk(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	static char zeros[32768];
	struct sink_stats st;
	struct batch b = { 0 };
	char name[64];
	struct sink *k;
	double start;
	int fd;

	CHECK_EQ(mount("none", spool_dir, "tmpfs", 0, "size=32768"), 0);
	snprintf(name, sizeof(name), "%s/others", spool_dir);
	fd = open(name, O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, zeros, sizeof(zeros)) > 0);
	close(fd);
	s.spool_after_ns = 50000000;
	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	for (start = seconds(); seconds() - start < 2.5; )	/* several attempts */
		put_some(k, &b, 1 + 50 * tickets_n, 1, 1);
	rd_kafka_mock_broker_set_up(mock, 1);
	serve(k, 50 * tickets_n);
	sink_close(k, 10000, &st);
	caught_log();
	CHECK_EQ(st.producers, 0);
	CHECK_EQ(st.spooled, 0);
	CHECK_EQ(st.delivered, 50 * tickets_n);
	CHECK(st.spool_errors > 1 && st.spool_errors < 5);
	balance(&st);
	CHECK_EQ(check_topic("t", 7, 1, 50 * tickets_n), 0);
	drop(&b);
	mock_stop();
	CHECK_EQ(umount(spool_dir), 0);
	remove_spool();
}

/* Neither brokers nor room on the disk at the end: that is lost, and said. */
static void test_close_on_full_disk(void)
{
	struct sink_settings s = (mock_start("t"), spool_settings(output));
	struct sink_stats st;
	struct batch b = { 0 };
	struct sink *k;
	char *text;

	CHECK_EQ(mount("none", spool_dir, "tmpfs", 0, "size=65536"), 0);
	rd_kafka_mock_broker_set_down(mock, 1);
	catch_log();
	CHECK_EQ(sink_open(&k, &s), 0);
	CHECK_EQ(put_some(k, &b, 1, 40, PATIENCE_S), 40);
	sink_close(k, 200, &st);
	text = caught_log();
	CHECK(st.spooled > 100);
	CHECK(st.lost[NT_LOSS_CLOSED] > 100);
	CHECK_EQ(st.spooled + st.lost[NT_LOSS_CLOSED], 2000);
	CHECK_EQ(reported_lost(), st.lost[NT_LOSS_CLOSED]);
	CHECK_EQ(lines_with(text, "counted as lost: the spool does not take them"), 1);
	balance(&st);
	drop(&b);
	mock_stop();
	CHECK_EQ(umount(spool_dir), 0);
	remove_spool();
}

int main(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(spool_dir))
		return 1;
	RUN(test_full_disk);
	RUN(test_useless_disk);
	RUN(test_close_on_full_disk);
	rmdir(spool_dir);
	return check_done();
}
