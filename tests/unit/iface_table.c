/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface_table.c - names by ifindex: what readers find, for how long, and that
 * nothing is freed under a reader (the sanitizers look on).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "check.h"
#include "tag/iface_table.h"

#define SECOND 1000000000ULL

static void test_find(void)
{
	struct iface_reader *r;
	struct iface_table *t;
	const char *name;
	enum plane plane;

	CHECK(!iface_table_open(&t));
	CHECK(!iface_reader_open(t, &r));
	CHECK(!iface_table_set(t, 7, "eth7", PLANE_CONTROL));
	CHECK(!iface_table_find(r, 7, &name, &plane));
	CHECK_STR(name, "ifindex-7");
	CHECK_EQ(plane, PLANE_NONE);
	CHECK(!iface_table_publish(t, SECOND));
	CHECK(iface_table_find(r, 7, &name, &plane));
	CHECK_STR(name, "eth7");
	CHECK_EQ(plane, PLANE_CONTROL);
	CHECK(!iface_table_find(r, 8, &name, &plane));
	iface_reader_close(r);
	iface_table_close(t);
}

static void test_gone_is_kept_for_a_while(void)
{
	struct iface_reader *r;
	struct iface_table *t;
	const char *name;
	enum plane plane;

	CHECK(!iface_table_open(&t));
	CHECK(!iface_reader_open(t, &r));
	CHECK(!iface_table_set(t, 1, "a", PLANE_DATA) && !iface_table_set(t, 2, "b", PLANE_DATA));
	iface_table_gone(t, 1, SECOND);
	iface_table_gone(t, 2, SECOND);
	CHECK(!iface_table_set(t, 2, "c", PLANE_DATA));
	CHECK(!iface_table_publish(t, SECOND + IFACE_TABLE_KEEP_NS - 1));
	CHECK(iface_table_find(r, 1, &name, &plane));
	CHECK(!iface_table_publish(t, SECOND + IFACE_TABLE_KEEP_NS));
	/* Not quiescent: the name from before is still good. */
	CHECK_STR(name, "a");
	CHECK(!iface_table_find(r, 1, &name, &plane));
	CHECK(iface_table_find(r, 2, &name, &plane));
	CHECK_STR(name, "c");
	iface_reader_close(r);
	iface_table_close(t);
}

static void test_many(void)
{
	struct iface_reader *r;
	struct iface_table *t;
	const char *name;
	enum plane plane;
	char want[16];

	CHECK(!iface_table_open(&t));
	CHECK(!iface_reader_open(t, &r));
	for (uint32_t i = 1; i <= 1000; i++) {
		snprintf(want, sizeof(want), "veth%u", i);
		CHECK(!iface_table_set(t, i * i * 31, want, PLANE_NONE));
	}
	CHECK(!iface_table_publish(t, SECOND));
	for (uint32_t i = 1; i <= 1000; i++) {
		snprintf(want, sizeof(want), "veth%u", i);
		CHECK(iface_table_find(r, i * i * 31, &name, &plane));
		CHECK_STR(name, want);
	}
	iface_reader_close(r);
	iface_table_close(t);
}

struct racer {
	pthread_t thread;
	struct iface_reader *reader;
	atomic_bool *stop;
	unsigned long wrong, found;
};

/* Name and plane always belong together, until this reader says that it is done with them. */
static void *race(void *arg)
{
	struct racer *r = arg;

	while (!atomic_load(r->stop)) {
		const char *name;
		enum plane plane;

		for (int i = 0; i < 16; i++) {
			bool there = iface_table_find(r->reader, 5, &name, &plane);

			r->found += there;
			r->wrong += there && (name[0] == 'd') != (plane == PLANE_DATA);
		}
		iface_reader_quiescent(r->reader);
	}
	return NULL;
}

static void test_readers_and_writer(void)
{
	struct racer racer[3] = { 0 };
	struct iface_table *t;
	atomic_bool stop = false;

	CHECK(!iface_table_open(&t));
	for (int i = 0; i < 3; i++) {
		racer[i].stop = &stop;
		CHECK(!iface_reader_open(t, &racer[i].reader));
		CHECK(!pthread_create(&racer[i].thread, NULL, race, &racer[i]));
	}
	for (int i = 0; i < 20000; i++) {
		CHECK(!iface_table_set(t, 5, i & 1 ? "data" : "control", i & 1 ? PLANE_DATA : PLANE_CONTROL));
		CHECK(!iface_table_publish(t, SECOND));
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++) {
		pthread_join(racer[i].thread, NULL);
		CHECK_EQ(racer[i].wrong, 0);
		iface_reader_close(racer[i].reader);
	}
	iface_table_close(t);
}

int main(void)
{
	RUN(test_find);
	RUN(test_gone_is_kept_for_a_while);
	RUN(test_many);
	RUN(test_readers_and_writer);
	return check_done();
}
