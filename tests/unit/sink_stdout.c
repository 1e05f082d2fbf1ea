// SPDX-License-Identifier: Apache-2.0
/*
 * sink_stdout.c - standard output as a pipe: all of it comes out, a reader that
 * goes away or falls asleep is noticed, and the ledger is exact.
 *
 * While fd 1 is the pipe nothing is checked: a check may print.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include "sink_util.h"

static int saved, reader;
static struct sink *sink;

static void begin(int stop_fd)
{
	struct sink_settings s = test_settings("-");
	int p[2], err;

	s.stop_fd = stop_fd;
	fflush(stdout);
	saved = dup(1);
	if (pipe2(p, O_CLOEXEC))
		return;
	dup2(p[1], 1);
	close(p[1]);
	reader = p[0];
	err = sink_open(&sink, &s);
	if (err)
		abort();
}

static void end(struct sink_stats *st)
{
	sink_close(sink, 0, st);
	dup2(saved, 1);
	close(saved);
}

/* Lines that are still in the pipe, whose writer is gone. */
static int lines_left(void)
{
	static char text[1 << 20];
	ssize_t n, all = 0;

	while ((n = read(reader, text + all, sizeof(text) - 1 - (size_t)all)) > 0)
		all += n;
	text[all] = '\0';
	return lines_with(text, "\n");
}

static void test_writes(void)
{
	struct sink_stats st;
	struct batch b = { 0 };
	int err;

	fill(&b, 0, 1, 10, 1);
	begin(-1);
	err = put(sink, &b);
	end(&st);
	CHECK_EQ(err, 0);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(lines_left(), 10);
	close(reader);
	drop(&b);
}

static void *read_slowly(void *lines)
{
	char piece[1000];
	ssize_t n;

	while ((n = read(reader, piece, sizeof(piece))) > 0)
		for (ssize_t i = 0; i < n; i++)
			*(int *)lines += piece[i] == '\n';
	return NULL;
}

/* Far more than a pipe holds, a stop is asked for, but the reader goes on reading. */
static void test_waits_for_reader(void)
{
	struct sink_stats st;
	struct batch b = { 0 };
	int err = 0, lines = 0, stop = eventfd(1, EFD_CLOEXEC);
	pthread_t t;

	fill(&b, 0, 1, 5000, 80);
	begin(stop);
	pthread_create(&t, NULL, read_slowly, &lines);
	for (int i = 0; i < 10 && !err; i++)
		err = put(sink, &b);
	end(&st);
	pthread_join(t, NULL);
	CHECK_EQ(err, 0);
	CHECK_EQ(lines, 50000);
	CHECK_EQ(st.delivered, 50000);
	close(reader);
	close(stop);
	drop(&b);
}

static void test_sleeping_reader_and_stop(void)
{
	struct sink_stats st;
	struct batch b = { 0 };
	int err, again, stop = eventfd(1, EFD_CLOEXEC);
	double start = seconds(), took, all;
	uint64_t of_cpu;
	char *text;

	fill(&b, 9, 1, 5000, 80);
	catch_log();
	begin(stop);
	err = put(sink, &b);
	took = seconds() - start;
	again = put(sink, &b);
	all = seconds() - start;
	of_cpu = sink_lost(sink, 9);
	end(&st);
	text = caught_log();
	CHECK_EQ(err, -ECANCELED);
	CHECK_EQ(again, -ECANCELED);
	CHECK(took > 1.9 && took < 10);
	CHECK(all - took < 1);				/* it isn't waited for once more */
	CHECK_EQ(lines_with(text, "\n"), 1);
	CHECK_EQ(st.accepted, 10000);
	CHECK(st.delivered > 100 && st.delivered < 5000);
	CHECK_EQ(lines_left(), st.delivered);
	CHECK_EQ(st.lost[NT_LOSS_CLOSED], 10000 - st.delivered);
	CHECK_EQ(of_cpu, 10000 - st.delivered);
	close(reader);
	close(stop);
	drop(&b);
}

static void *stop_then_nothing(void *stop)
{
	uint64_t one = 1;

	if (write(*(int *)stop, &one, sizeof(one)) < 0)
		abort();
	return NULL;
}

static volatile bool sip_on;

/* 200 kB a second: there is always progress, and it would take minutes. */
static void *sip(void *fd)
{
	char text[4096];

	while (sip_on && read(*(int *)fd, text, sizeof(text)) != 0)
		usleep(20000);
	return NULL;
}

static void test_slow_reader_and_stop(void)
{
	struct sink_stats st;
	struct batch b = { 0 };
	int err, stop = eventfd(1, EFD_CLOEXEC);
	pthread_t thread;

	fill(&b, 9, 1, 100000, 80);
	catch_log();
	begin(stop);
	sip_on = true;
	pthread_create(&thread, NULL, sip, &reader);
	err = put(sink, &b);
	sip_on = false;
	end(&st);
	CHECK_EQ(err, -ECANCELED);
	CHECK_EQ(lines_with(caught_log(), "not all in 5 s"), 1);
	CHECK_EQ(st.delivered + st.lost[NT_LOSS_CLOSED], 100000);
	CHECK(st.lost[NT_LOSS_CLOSED] > 0);
	pthread_join(thread, NULL);
	close(reader);
	close(stop);
	drop(&b);
}

/* The stop comes while put waits already. */
static void test_stop_wakes(void)
{
	struct batch b = { 0 };
	int err, stop = eventfd(0, EFD_CLOEXEC);
	double start = seconds(), took;
	pthread_t t;

	fill(&b, 0, 1, 5000, 80);
	catch_log();
	begin(stop);
	pthread_create(&t, NULL, stop_then_nothing, &stop);
	err = put(sink, &b);
	took = seconds() - start;
	end(NULL);
	caught_log();
	pthread_join(t, NULL);
	CHECK_EQ(err, -ECANCELED);
	CHECK(took < 10);
	close(reader);
	close(stop);
	drop(&b);
}

/* A descriptor like any other: a program that was started without fd 0 gets it. */
static void test_stop_is_fd_0(void)
{
	struct batch b = { 0 };
	int err, was = dup(0), stop = eventfd(1, EFD_CLOEXEC);

	fill(&b, 0, 1, 5000, 80);
	catch_log();
	dup2(stop, 0);
	begin(0);
	alarm(20);		/* else put would wait for ever */
	err = put(sink, &b);
	alarm(0);
	end(NULL);
	caught_log();
	CHECK_EQ(err, -ECANCELED);
	dup2(was, 0);
	close(was);
	close(reader);
	close(stop);
	drop(&b);
}

static void test_reader_goes(void)
{
	struct sink_stats st;
	struct batch b = { 0 };
	int first, err, again;
	char *text;

	fill(&b, 0, 1, 10, 1);
	catch_log();
	begin(-1);
	first = put(sink, &b);
	close(reader);
	err = put(sink, &b);
	again = put(sink, &b);
	end(&st);
	text = caught_log();
	CHECK_EQ(first, 0);
	CHECK_EQ(err, -EPIPE);
	CHECK_EQ(again, -EPIPE);
	CHECK_EQ(lines_with(text, "\n"), 1);
	CHECK_EQ(st.accepted, 30);
	CHECK_EQ(st.delivered, 10);
	CHECK_EQ(st.lost[NT_LOSS_WRITE], 20);
	drop(&b);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	RUN(test_writes);
	RUN(test_waits_for_reader);
	RUN(test_sleeping_reader_and_stop);
	RUN(test_slow_reader_and_stop);
	RUN(test_stop_wakes);
	RUN(test_stop_is_fd_0);
	RUN(test_reader_goes);
	return check_done();
}
