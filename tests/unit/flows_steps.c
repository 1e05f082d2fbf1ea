// SPDX-License-Identifier: Apache-2.0
/*
 * flows_steps.c - a process that collects flows is stepped through, one machine
 * instruction after the other; wherever it stored something, it is as if it
 * were killed there: another one takes over a copy of the world and goes on to
 * the end. Each event must then be in one record, exactly.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit/flows_fake.h"

#define KEYS 7U
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 2U			/* has many more instructions to step through */
#else
#define ROUNDS 6U
#endif
#define START_NS (10 * SEC)

static struct world *lived, *copy;
static volatile int *in_kernel;		/* shared: no kill strikes there */

static void events(uint64_t seed, uint32_t n, uint64_t now_ns)
{
	*in_kernel = 1;
	for (uint32_t i = 0; i < n; i++) {
		struct event e = event_of(&seed, FAKE_CPUS, KEYS, now_ns + i * 1500);

		if (!fake_event(&e))
			abort();
	}
	*in_kernel = 0;
}

/* The life of one process; the middle rounds find flows due. */
static void live(void)
{
	struct flows_settings s = fake_settings();
	struct flows *f;

	if (flows_open(&f, &s))
		_exit(1);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint64_t now_ns = START_NS + round * SEC;

		events(round + 1, 8, now_ns);
		if (flows_collect(f, now_ns) < 0)
			_exit(1);
		fake_deliver(f, now_ns);
	}
	_exit(0);
}

/* Slots may be missing at first: there are fewer than flows on both CPUs, with those that are due. */
static void collect_all(struct flows *f, uint64_t now_ns)
{
	int left = 1;

	for (int i = 0; left > 0 && i < 10; i++) {
		left = flows_collect(f, now_ns);
		fake_deliver(f, now_ns);
	}
	CHECK_EQ(left, 0);
}

/* And that of the next, from where the first one was. It is asked for flows at once: all are old by now. */
static void take_over(void)
{
	uint64_t now_ns = START_NS + 100 * SEC;
	struct flows_settings s = fake_settings();
	struct flows *f;

	if (flows_open(&f, &s)) {
		CHECK(!"opens");
		return;
	}
	fake_deliver(f, now_ns);
	collect_all(f, now_ns);
	events(77, 6, now_ns);
	collect_all(f, now_ns);
	flows_shutdown(f);
	fake_deliver(f, now_ns);
	CHECK_EQ(flows_slots_used(f), 0);
	flows_close(f);
	CHECK_EQ(fake.unsettled, 0);
	check_records(world->wire, world->wired, world->event, world->events);
}

/* True if anything that outlives the process is not as it was. */
static bool changed(const struct world *before)
{
	return memcmp(before->slots, lived->slots, sizeof(lived->slots)) || before->wired != lived->wired ||
	       before->control.generation != lived->control.generation || before->deleted != lived->deleted;
}

static int step(pid_t child)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) || waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

static void kill_at_each_store(pid_t child)
{
	struct world *before = malloc(sizeof(*before));
	unsigned int kills = 0;
	int status;

	*before = *lived;
	while (WIFSTOPPED(status = step(child)) && !check_failures) {
		if (*in_kernel || !changed(before))
			continue;
		*before = *lived;
		*copy = *lived;
		world = copy;
		take_over();
		world = lived;
		kills++;
	}
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	printf("# killed at %u places\n", kills);
	CHECK(kills > 80 * ROUNDS);
	free(before);
}

static void test_kill_at_each_store(void)
{
	pid_t child;
	int status;

	copy = world_new();
	world = lived = world_new();
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		live();
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSTOPPED(status));
	kill_at_each_store(child);
	if (check_failures) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	munmap(lived, sizeof(*lived));
	munmap(copy, sizeof(*copy));
}

int main(void)
{
	in_kernel = mmap(NULL, sizeof(*in_kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (in_kernel == MAP_FAILED)
		return 1;
	RUN(test_kill_at_each_store);
	return check_done();
}
