// SPDX-License-Identifier: Apache-2.0
/*
 * flows_kill.c - one process after the other collects flows from maps of the
 * kernel and is killed at a random moment, while events go on; in the end each
 * of them is in one record, exactly, once twins are removed.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "unit/flows_maps.h"

#define LIVES 200
#define EVENTS_MAX 6000U		/* in one life */

static struct event *events;
static size_t written;

static void live(uint64_t seed)
{
	struct flows_settings s = maps_settings();
	struct flows *f;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (flows_open(&f, &s))
		_exit(1);
	for (;;) {
		if (flows_collect(f, __atomic_load_n(&shared->now_ns, __ATOMIC_RELAXED)) < 0)
			_exit(2);
		maps_deliver(f, &seed);
	}
}

static void one_life(uint64_t *seed)
{
	uint32_t n = dice(seed, EVENTS_MAX);
	pid_t child = fork();
	int status;

	if (!child)
		live(*seed);
	CHECK(child > 0);
	for (uint32_t i = 0; i < n; i++)
		maps_write(&events[written++], seed);
	kill(child, SIGKILL);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
}

static void test_kills(void)
{
	uint64_t seed = 7;

	events = calloc(LIVES * (size_t)EVENTS_MAX, sizeof(*events));
	CHECK_EQ(maps_open(), 0);
	for (int i = 0; i < LIVES; i++)
		one_life(&seed);
	maps_finish(&seed);
	printf("# %zu events, %llu sets, %llu flows\n", written, (unsigned long long)shared->control.generation,
	       (unsigned long long)shared->wired);
	CHECK(shared->wired < MAPS_WIRE);
	CHECK(shared->control.generation > LIVES / 2);
	check_records(shared->wire, shared->wired, events, written);
	maps_close();
	free(events);
}

int main(void)
{
	RUN(test_kills);
	return check_done();
}
