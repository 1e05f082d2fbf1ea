// SPDX-License-Identifier: Apache-2.0
/*
 * collect_workers.c - several workers over rings in memory, in front of a sink
 * that takes and reports when it likes: each record once, of each CPU in
 * order, and the end of a run whatever the sink does.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "collect/workers.h"
#include "sink/impl.h"
#include "unit/check.h"

#define CPUS 4U				/* and threads that don't divide them */
#define THREADS 3U
#define RING_BYTES (2 * NT_CHUNK_BYTES)
#define BATCH 50U
#define QUEUE 100000U

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

/* The sink: who called it, what it took, what it said. */
static struct {
	struct sink *sink;
	const struct buf *head;		/* of the file, which ends with its sync marker */
	pthread_t owner;
	bool owned;
	atomic_bool room, silent;	/* silent: reports wait for the end */
	int fails_from;			/* the n-th batch finds its reader gone; 0: none does */
	uint64_t batches, records[CPUS], next_seq[CPUS];
	struct sink_batch queue[QUEUE];
	uint32_t counts[QUEUE], from, to;
} fake;

static void owned_by_one(void)
{
	if (!fake.owned)
		fake.owner = pthread_self();
	fake.owned = true;
	CHECK(pthread_equal(fake.owner, pthread_self()));
}

static int fake_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	owned_by_one();
	CHECK(b->cpu < CPUS && b->stream == STREAM_PACKETS);
	CHECK(!memcmp(b->bytes.data + b->bytes.len - 16, fake.head->data + fake.head->len - 16, 16));
	if (++fake.batches % 5 == 0)
		return -EAGAIN;
	CHECK_EQ(b->seq, fake.next_seq[b->cpu]);
	fake.next_seq[b->cpu] = b->seq + b->count;
	fake.records[b->cpu] += b->count;
	if (fake.fails_from && fake.batches >= (uint64_t)fake.fails_from) {
		sink_lose_batch(s, b, ticket, NT_LOSS_WRITE);
		return -EPIPE;
	}
	fake.counts[fake.to] = b->count;
	fake.queue[fake.to++] = (struct sink_batch){ b->stream, b->cpu, ticket };
	return 0;
}

static bool fake_has_room(const struct sink *s)
{
	(void)s;
	return atomic_load(&fake.room) && fake.to < QUEUE;
}

static void fake_poll(struct sink *s)
{
	owned_by_one();
	while (!atomic_load(&fake.silent) && fake.from < fake.to)
		sink_report(s, &fake.queue[fake.from++], 0, 0);
}

/* What it has not reported is lost to its end. */
static void fake_close(struct sink *s, int timeout_ms)
{
	(void)timeout_ms;
	for (; fake.from < fake.to; fake.from++)
		sink_report(s, &fake.queue[fake.from], fake.counts[fake.from], NT_LOSS_CLOSED);
}

static const struct sink_ops fake_ops = { .put = fake_put, .has_room = fake_has_room, .poll = fake_poll, .close = fake_close };

struct world {
	struct loader loader;
	int ring_fds[CPUS];
	struct nt_ring_chunk *rings[CPUS];
	struct nt_outcomes outcomes[CPUS];
	struct outlet out;
	struct iface_table *ifaces;
	struct workers *workers;
	uint64_t wanted[CPUS];		/* records that write_rings() writes */
};

static void open_ring(struct world *w, uint32_t cpu)
{
	size_t bytes = RING_BYTES / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk);

	w->ring_fds[cpu] = memfd_create("ring", MFD_CLOEXEC);
	CHECK_EQ(ftruncate(w->ring_fds[cpu], bytes), 0);
	w->rings[cpu] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w->ring_fds[cpu], 0);
	CHECK(w->rings[cpu] != MAP_FAILED);
	fake.next_seq[cpu] = 1;
}

/* Whose workers they are by then. */
static void on_report(void *arg, const struct sink_report *r)
{
	const struct outlet *out = arg;

	out->reported(out->reported_arg, r);
}

static void open_outlet(struct world *w, uint64_t limit)
{
	const struct sink_settings set = { .output = { "-" }, .reported = on_report, .arg = &w->out };

	w->out = (struct outlet){ .origin = &origin, .batch_records = BATCH, .limit = limit };
	fake.sink = calloc(1, sizeof(*fake.sink));
	CHECK_EQ(tagger_open(&w->out.tagger, NULL), 0);
	CHECK_EQ(encoder_open(&w->out.encoder, "avro", FRAMING_STREAM, STREAM_PACKETS, &origin), 0);
	fake.head = encoder_head(w->out.encoder);
	CHECK(fake.sink && !sink_init(fake.sink, &fake_ops, &set));
	w->out.sink = fake.sink;
}

static void start(struct world *w)
{
	struct workers_settings s = {
		.threads = THREADS, .loader = &w->loader, .out = &w->out, .ifaces = w->ifaces, .batch_linger_ns = 1000000,
	};

	CHECK_EQ(workers_start(&w->workers, &s), 0);
}

static void open_world(struct world *w, uint64_t limit)
{
	memset(&fake, 0, sizeof(fake));
	atomic_store(&fake.room, true);
	*w = (struct world){ .loader = { .cpus = CPUS, .ring_bytes = RING_BYTES, .outcomes = w->outcomes, .ring_fds = w->ring_fds } };
	w->loader.bell_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bell", 0, 0, (uint32_t)sysconf(_SC_PAGESIZE), NULL);
	CHECK(w->loader.bell_fd >= 0);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		open_ring(w, cpu);
	CHECK_EQ(iface_table_open(&w->ifaces), 0);
	open_outlet(w, limit);
}

static void close_world(struct world *w)
{
	workers_free(w->workers);
	iface_table_close(w->ifaces);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		munmap(w->rings[cpu], RING_BYTES / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk));
		close(w->ring_fds[cpu]);
	}
	close(w->loader.bell_fd);
}

/* As the programs do; false: the ring is full. */
static bool write_record(struct nt_ring_chunk *ring, uint64_t seq)
{
	uint64_t pos = ring->producer, size = NT_RECORD_SIZE(0);
	struct nt_record r = { .seq = seq, .sample = 1, .packets = 2, .bytes = 100, .dir = NT_DIR_IN, .hook = NT_HOOK_TC };

	if (pos + size - __atomic_load_n(&ring->consumer, __ATOMIC_ACQUIRE) > RING_BYTES)
		return false;
	r.layer[0].version = 4;
	memcpy(ring[pos % RING_BYTES / NT_CHUNK_BYTES].data + pos % NT_CHUNK_BYTES, &r, size);
	__atomic_store_n(&ring->producer, pos + size, __ATOMIC_RELEASE);
	return true;
}

/* So many on each CPU, and more on those behind. False: a ring stayed full for a while. */
static bool write_rings(struct world *w, uint64_t n)
{
	const struct timespec step = { .tv_nsec = 100000 };
	bool more = true;

	for (uint64_t seq = 1; more; seq++) {
		more = false;
		for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
			int tries = 0;

			if (seq > n * (cpu + 1))
				continue;
			while (!write_record(w->rings[cpu], seq)) {
				if (++tries > 2000)
					return false;
				nanosleep(&step, NULL);
			}
			w->wanted[cpu] = seq;
			more = true;
		}
	}
	return true;
}

static bool idle_in_time(const struct world *w)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000 && !workers_idle(w->workers); i++)
		nanosleep(&step, NULL);
	return workers_idle(w->workers);
}

static const struct nt_outcome *outcome(const struct world *w, uint32_t cpu)
{
	return &w->outcomes[cpu].copy[w->outcomes[cpu].current & 1];
}

/* As run.c ends. */
static void end(struct world *w, bool keep, bool wait)
{
	workers_drain(w->workers, keep);
	CHECK(!wait || idle_in_time(w));
	workers_join(w->workers);
	outlet_close(&w->out, 0, NULL);
	if (!keep && !w->out.error)
		workers_abandon(w->workers);
}

static void test_each_record_once_and_in_order(void)
{
	struct world w;

	open_world(&w, 0);
	start(&w);
	CHECK(write_rings(&w, 20000));
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(fake.records[cpu], w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.packets, 2 * w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->missing, 0);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
		CHECK_EQ(workers_ring_fill(w.workers, cpu), 0);
	}
	CHECK(workers_turn_ns(w.workers) > 0);
	close_world(&w);
}

static void test_the_limit_is_exact_for_all_together(void)
{
	uint64_t taken = 0, safe = 0, unread = 0, written = 0;
	struct world w;

	open_world(&w, 33333);
	start(&w);
	CHECK(write_rings(&w, 10000));
	CHECK_EQ(poll(&(struct pollfd){ .fd = workers_done_fd(w.workers), .events = POLLIN }, 1, 10000), 1);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		taken += fake.records[cpu];
		safe += outcome(&w, cpu)->safe.events;
		unread += outcome(&w, cpu)->unread;
		written += w.wanted[cpu];
	}
	CHECK_EQ(taken, 33333);
	CHECK_EQ(safe, 33333);
	CHECK_EQ(safe + unread, written);
	close_world(&w);
}

/* All of them stop, whoever's batch it was; what was not read is where it was. */
static void test_a_reader_that_is_gone_ends_all(void)
{
	struct world w;

	open_world(&w, 0);
	fake.fails_from = 100;
	start(&w);
	CHECK(!write_rings(&w, 100000));
	CHECK_EQ(poll(&(struct pollfd){ .fd = workers_done_fd(w.workers), .events = POLLIN }, 1, 10000), 1);
	CHECK_EQ(w.out.error, -EPIPE);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK(outcome(&w, cpu)->safe.events < w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, 0);
	}
	close_world(&w);
}

/* Without room to the end: nothing is settled, and the next process finds all of it. */
static void test_what_is_kept_stays_in_the_rings(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.room, false);
	start(&w);
	CHECK(write_rings(&w, 150));
	end(&w, true, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->safe.events, 0);
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, 0);
		CHECK_EQ(w.rings[cpu]->consumer, 0);
		CHECK_EQ(workers_ring_fill(w.workers, cpu), w.rings[cpu]->producer);
	}
	close_world(&w);
}

/* The same without a next process: each record is lost, in a relay, in a lane or in its ring. */
static void test_what_is_never_taken_is_lost(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.room, false);
	start(&w);
	CHECK(write_rings(&w, 300));
	end(&w, false, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, 0);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
	}
	CHECK(!workers_sink_full(w.workers) || fake.to == 0);
	close_world(&w);
}

/* The sink says it when it is closed: the threads are gone by then. */
static void test_last_reports_are_settled(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.silent, true);
	start(&w);
	CHECK(write_rings(&w, 200));
	end(&w, false, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, w.wanted[cpu]);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
	}
	close_world(&w);
}

/* Another number goes on where this one ended. */
static void test_rings_change_hands(void)
{
	struct world w;
	struct workers_settings s;

	open_world(&w, 0);
	start(&w);
	CHECK(write_rings(&w, 1000));
	workers_drain(w.workers, true);
	CHECK(idle_in_time(&w));
	workers_join(w.workers);
	workers_free(w.workers);
	s = (struct workers_settings){ .threads = 2, .loader = &w.loader, .out = &w.out, .ifaces = w.ifaces };
	fake.owned = false;
	CHECK_EQ(workers_start(&w.workers, &s), 0);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(fake.records[cpu], w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
	}
	close_world(&w);
}

static void test_how_many(void)
{
	CHECK_EQ(workers_number(0, 2, 2), 1);
	CHECK_EQ(workers_number(0, 8, 7), 1);
	CHECK_EQ(workers_number(0, 8, 8), 2);
	CHECK_EQ(workers_number(0, 512, 512), 64);
	CHECK_EQ(workers_number(3, 8, 1), 3);
	CHECK_EQ(workers_number(64, 2, 2), 2);
	CHECK_EQ(workers_number(1, 64, 64), 1);
}

int main(void)
{
	RUN(test_how_many);
	RUN(test_each_record_once_and_in_order);
	RUN(test_the_limit_is_exact_for_all_together);
	RUN(test_a_reader_that_is_gone_ends_all);
	RUN(test_what_is_kept_stays_in_the_rings);
	RUN(test_what_is_never_taken_is_lost);
	RUN(test_last_reports_are_settled);
	RUN(test_rings_change_hands);
	return check_done();
}
