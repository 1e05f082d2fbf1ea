// SPDX-License-Identifier: Apache-2.0
/*
 * cost_lib.c - see cost.h.
 */
#include "counts/cost.h"

#include <stdio.h>
#include <valgrind/callgrind.h>

static int count_one(const struct cost_job *job, uint32_t n)
{
	char title[64];
	int err = job->prepare ? job->prepare(job->arg, n) : 0;

	if (err)
		return err;
	snprintf(title, sizeof(title), "%s %u", job->name, n);
	CALLGRIND_START_INSTRUMENTATION;
	err = job->work(job->arg, n);
	CALLGRIND_STOP_INSTRUMENTATION;
	CALLGRIND_DUMP_STATS_AT(title);
	return err;
}

int cost_count(const struct cost_job *job, uint32_t n)
{
	int err = count_one(job, n);

	return err ? err : count_one(job, 2 * n);
}
