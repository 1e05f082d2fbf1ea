// SPDX-License-Identifier: Apache-2.0
/*
 * flows_writer.c - flows.c over maps of the kernel, while a writer counts into
 * them: what is handed out is what was written, in every field of every flow.
 */
#include <pthread.h>
#include "unit/flows_maps.h"

#define EVENTS 400000U			/* some 2.7 million packets */

static struct event *events;
static uint32_t written;

static void *writer(void *arg)
{
	uint64_t seed = 5;

	(void)arg;
	for (uint32_t i = 0; i < EVENTS; i++) {
		maps_write(&events[i], &seed);
		__atomic_store_n(&written, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static bool done(void)
{
	return __atomic_load_n(&written, __ATOMIC_ACQUIRE) == EVENTS;
}

static void test_counts_while_they_are_written(void)
{
	struct flows_settings s;
	uint64_t seed = 6;
	pthread_t thread;
	struct flows *f;

	events = calloc(EVENTS, sizeof(*events));
	CHECK_EQ(maps_open(), 0);
	s = maps_settings();
	CHECK_EQ(flows_open(&f, &s), 0);
	CHECK_EQ(pthread_create(&thread, NULL, writer, NULL), 0);
	while (!done()) {
		CHECK(flows_collect(f, __atomic_load_n(&shared->now_ns, __ATOMIC_RELAXED)) >= 0);
		maps_deliver(f, &seed);
	}
	pthread_join(thread, NULL);
	flows_close(f);
	maps_finish(&seed);
	printf("# %llu sets, %llu flows\n", (unsigned long long)shared->control.generation, (unsigned long long)shared->wired);
	CHECK(shared->wired < MAPS_WIRE);
	CHECK(shared->control.generation > 20);
	check_records(shared->wire, shared->wired, events, EVENTS);
	maps_close();
	free(events);
}

int main(void)
{
	RUN(test_counts_while_they_are_written);
	return check_done();
}
