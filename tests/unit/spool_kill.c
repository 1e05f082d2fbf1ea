// SPDX-License-Identifier: Apache-2.0
/*
 * spool_kill.c - a process that appends, and one that also reads and acks, is
 * killed at any moment, again and again: whatever it saw taken is there
 * afterwards, whole and in order, and nothing counts as lost.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "spool_util.h"

#define ROUNDS 25
#define BIG (900U << 10)		/* takes long enough to be killed in the middle */
#define BOUND (1024 * MIB)

/* What the child tells its parent. */
struct told {
	_Atomic uint64_t taken;		/* spool_append() has returned for 1..taken */
	_Atomic uint64_t acked;		/* spool_acked() is about to be called for 1..acked */
};

static struct told *told;

static size_t size_of(uint64_t i)
{
	return i % 5 ? i * 37 % 5000 : BIG;
}

static void tell(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
}

static void append_on(int fd, bool ack)
{
	struct spool *s = open_spool(BOUND);
	struct spool_msg m;
	uint64_t id;

	for (uint64_t i = told->taken + 1;; i++) {
		if (put(s, i, size_of(i)))
			_exit(1);
		told->taken = i;
		for (int k = 0; ack && k < 3 && !spool_next(s, &m, &id); k++) {
			if (m.seq > told->acked)
				told->acked = m.seq;
			spool_acked(s, id);
		}
		spool_poll(s);
		tell(fd);
	}
}

/* Runs a child until it has told n times, and kills it. */
static void run_and_kill(int n, bool ack)
{
	int fd[2], status = 0;
	pid_t child;
	char c;

	CHECK_EQ(pipe(fd), 0);
	child = fork();
	if (!child) {
		close(fd[0]);
		append_on(fd[1], ack);
	}
	close(fd[1]);
	while (n-- > 0)
		CHECK_EQ(read(fd[0], &c, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fd[0]);
}

/* All from the first not acked on is there; what came before it may be. Returns the last. */
static uint64_t check_rest(void)
{
	struct spool *s = open_spool(BOUND);
	uint64_t id, at = 0, first = 0;
	struct spool_msg m;

	while (!spool_next(s, &m, &id)) {
		CHECK(is_whole(&m, size_of(m.seq)));
		CHECK(!at || m.seq == at + 1);
		first = first ? first : m.seq;
		at = m.seq;
	}
	CHECK(first <= told->acked + 1);
	CHECK(!told->taken || told->taken == told->acked || at >= told->taken);
	CHECK(at <= told->taken + 1);
	CHECK_EQ(stats(s).lost_damaged + stats(s).lost_full, 0);
	CHECK_EQ(lost.calls, 0);
	spool_close(s);
	return at;
}

static void kill_again_and_again(bool ack)
{
	fresh();
	told->taken = told->acked = 0;
	for (int i = 0; i < ROUNDS && !check_failures; i++) {
		uint64_t last;

		run_and_kill(1 + i * 7 % 23, ack);
		last = check_rest();
		if (last > told->taken)
			told->taken = last;	/* taken, but killed before it could tell */
	}
	CHECK(told->taken >= ROUNDS);
}

static void test_append(void)
{
	kill_again_and_again(false);
}

static void test_append_and_ack(void)
{
	kill_again_and_again(true);
	CHECK(told->acked > 0);
}

static void tests(void)
{
	RUN(test_append);
	RUN(test_append_and_ack);
}

int main(void)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told == MAP_FAILED ? 1 : spool_main(tests);
}
