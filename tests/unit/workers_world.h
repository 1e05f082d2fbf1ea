/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers_world.h - rings in memory, which are written as the programs do it,
 * and several workers between them and the sink of workers_sink.h.
 */
#ifndef NINETAP_TESTS_WORKERS_WORLD_H
#define NINETAP_TESTS_WORKERS_WORLD_H

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "collect/workers.h"
#include "unit/workers_sink.h"

#define THREADS 3U			/* which don't divide the CPUs */
#define RING_BYTES (2 * NT_CHUNK_BYTES)
#define BATCH 50U

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

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

#endif
