// SPDX-License-Identifier: Apache-2.0
/*
 * collect_observer.c - events of losses in the spool, which come many at once
 * and from the thread that sends: none is left out.
 */
#include "collect/observer.h"
#include "unit/check.h"

#define LOSSES 30000U

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

/* What the worker would put into the sink, and how many parcels it took. */
static uint64_t events_in(struct outbox *box, unsigned int *parcels)
{
	uint64_t n = 0;
	struct parcel *p;

	for (*parcels = 0; (p = outbox_next(box)); ++*parcels) {
		n += p->batch.count;
		outbox_return(p);
	}
	return n;
}

static void test_no_loss_goes_unsaid(void)
{
	const struct loader loader = { .cpus = 1, .modes_fd = -1 };
	const struct observer_settings s = { .loader = &loader, .origin = &origin, .events = "kafka:b/t" };
	struct sink_spool_loss l = { .box = "b", .reason = "full", .epoch = 7, .count = 1 };
	struct observer *o;
	unsigned int parcels;

	CHECK_EQ(observer_open(&o, &s), 0);
	for (l.seq = 1; l.seq <= LOSSES; l.seq++)
		observer_spool_lost(o, &l);
	CHECK(!observer_idle(o));
	CHECK_EQ(events_in(observer_outbox(o), &parcels), LOSSES);
	CHECK(parcels < 10);
	CHECK(observer_idle(o));
	observer_close(o);
}

static void test_without_events_nothing_is_said(void)
{
	const struct loader loader = { .cpus = 1, .modes_fd = -1 };
	const struct observer_settings s = { .loader = &loader, .origin = &origin };
	const struct sink_spool_loss l = { .box = "b", .reason = "full", .count = 1 };
	struct observer *o;

	CHECK_EQ(observer_open(&o, &s), 0);
	observer_spool_lost(o, &l);
	CHECK(observer_idle(o));
	observer_close(o);
}

int main(void)
{
	RUN(test_no_loss_goes_unsaid);
	RUN(test_without_events_nothing_is_said);
	return check_done();
}
