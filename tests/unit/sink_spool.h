/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_spool.h - a folder for the tests of the Kafka sink's spool, and what
 * was said of losses in it.
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

#endif
