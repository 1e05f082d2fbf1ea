/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_spool.h - a folder for the tests of the Kafka sink's spool, what was
 * said of losses in it, and how such a sink is fed and emptied.
 */
#ifndef NINETAP_SINK_SPOOL_TEST_H
#define NINETAP_SINK_SPOOL_TEST_H

#include <dirent.h>
#include <fcntl.h>
#include "sink_util.h"

static char spool_dir[] = "/tmp/ninetap-test-XXXXXX";

/* The last loss, and how many there were since the folder was emptied. */
static struct sink_spool_loss spool_loss;
static char spool_loss_reason[32];
static int spool_losses;

static inline void on_spool_lost(void *arg, const struct sink_spool_loss *l)
{
	(void)arg;
	spool_loss = *l;
	snprintf(spool_loss_reason, sizeof(spool_loss_reason), "%s", l->reason);
	spool_losses++;
}

/* All files in it: each test begins without. */
static inline void remove_spool(void)
{
	DIR *d = opendir(spool_dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	spool_losses = 0;
}

#define AFTER_NS 300000000ULL
#define DRAIN_PATIENCE_S 20.0

static inline struct sink_settings spool_settings(const char *to)
{
	struct sink_settings s = test_settings(to);

	s.spool = spool_dir;
	s.spool_bytes = 64 << 20;
	s.spool_sync_ns = 1000000000;
	s.spool_after_ns = AFTER_NS;
	s.spool_lost = on_spool_lost;
	return s;
}

/* Puts n batches of 50 from seq on, serving k; how many were taken before time was up. */
static inline int put_some(struct sink *k, struct batch *b, uint64_t seq, int n, double patience)
{
	double start = seconds();
	int taken = 0;

	while (taken < n && seconds() - start < patience) {
		fill(b, 7, seq + 50 * (uint64_t)taken, 50, 10);
		taken += !put(k, b);
		sink_poll(k);
		usleep(1000);
	}
	return taken;
}

static inline void balance(const struct sink_stats *st)
{
	CHECK_EQ(st->accepted, st->delivered + st->spooled + lost_in_all(st));
	CHECK_EQ(st->spool_in, st->spool_out + st->spool_held + st->spool_lost_full + st->spool_lost_age +
			       st->spool_lost_damaged + st->spool_lost_refused);
}

/* Serves until the spool is empty. */
static inline void drain(struct sink *k)
{
	double start = seconds();
	struct sink_stats st;

	do {
		sink_poll(k);
		sink_get_stats(k, &st);
		usleep(1000);
	} while (st.spool_held && seconds() - start < DRAIN_PATIENCE_S);
	CHECK_EQ(st.spool_held, 0);
}

#endif
