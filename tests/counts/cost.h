/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost.h - how a stretch of work is counted.
 *
 * Who uses it times nothing and says nothing of costs. It runs under
 * callgrind (counts.py says how), which writes a dump for each stretch;
 * without callgrind it does the same work, counted by nobody.
 */
#ifndef NINETAP_COST_H
#define NINETAP_COST_H

#include <stdint.h>

struct cost_job {
	const char *name;
	int (*prepare)(void *arg, uint32_t n);	/* not counted; may be NULL */
	int (*work)(void *arg, uint32_t n);	/* n of something; 0, or not: then there is no figure */
	void *arg;
};

/*
 * Counts n of it and then 2 n of it, each in a dump with the name and the
 * number: what does not grow with the number goes out of their difference.
 */
int cost_count(const struct cost_job *job, uint32_t n) __attribute__((warn_unused_result));

#endif
