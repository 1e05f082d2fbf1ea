/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_http.c - tests the server as clients see it: what it answers and to
 * whom, what it says when it can't listen, and that clients who are slow,
 * many or never end keep nobody else from being answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/endpoint.h"
#include "check.h"
#include "ledger_sample.h"
#include "options_util.h"
#include "serve/health.h"
#include "serve/http.h"
#include "serve/serve.h"

#define PATIENCE_MS 20000
#define SECOND INT64_C(1000000000)

static struct ledger_cpu cpus[SAMPLE_CPUS];
static char answer[1 << 17];

/* Without the errors of the spool that are in the sample. */
static struct ledger healthy(void)
{
	struct ledger l = sample_ledger(cpus);

	l.sink.spool_errors = 0;
	return l;
}

static struct serve *opened(const char *address)
{
	struct serve *s = NULL;

	catch_stderr();
	CHECK_EQ(serve_open(&s, address), 0);
	caught_stderr();
	return s;
}

static int dial(const char *address)
{
	struct sockaddr_storage to;
	socklen_t len = 0;
	int fd;

	CHECK(!endpoint_mistake(address, &to, &len));
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_EQ(connect(fd, (struct sockaddr *)&to, len), 0);
	return fd;
}

/* Everything until the server ends the connection, within PATIENCE_MS. */
static const char *read_all(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	while (poll(&p, 1, PATIENCE_MS) == 1) {
		ssize_t got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);

		if (got <= 0) {
			answer[n] = '\0';
			return answer;
		}
		n += (size_t)got;
	}
	strcpy(answer, "the server did not end the connection");
	return answer;
}

/* Whether the server ends it, although a byte comes every now and then. */
static bool ends_while_dripping(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int ms = 0; ms < PATIENCE_MS; ms += 100) {
		if (poll(&p, 1, 100) == 1)
			return recv(fd, answer, sizeof(answer), 0) <= 0;
		if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
			return true;
	}
	return false;
}

static const char *ask(const struct serve *s, const char *request)
{
	int fd = dial(serve_address(s));

	CHECK_EQ(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	read_all(fd);
	close(fd);
	return answer;
}

#define HOST "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static void test_before_the_first_ledger(void)
{
	struct serve *s = opened("127.0.0.1:0");

	CHECK(begins(caught, "ninetap: metrics at http://127.0.0.1:"));
	CHECK(!strstr(serve_address(s), ":0") && strstr(caught, serve_address(s)));
	CHECK(begins(ask(s, GET("/healthz")), "HTTP/1.1 503 "));
	CHECK(strstr(answer, "\r\n\r\nthe run has not begun\n") != NULL);
	CHECK(begins(ask(s, GET("/metrics")), "HTTP/1.1 503 "));
	serve_publish(NULL, NULL);
	serve_close(s);
	serve_close(NULL);
}

static void test_answers(void)
{
	struct serve *s = opened("127.0.0.1:0");
	struct ledger l = healthy();

	serve_publish(s, &l);
	CHECK(begins(ask(s, GET("/healthz")), "HTTP/1.1 200 OK\r\n"));
	CHECK(strstr(answer, "\r\n\r\nok\n") && strstr(answer, "\r\nConnection: close\r\n"));
	CHECK(begins(ask(s, "HEAD /healthz HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 OK\r\n"));
	CHECK(strstr(answer, "\r\nContent-Length: 3\r\n") && strstr(answer, "\r\n\r\n")[4] == '\0');
	CHECK(begins(ask(s, GET("/")), "HTTP/1.1 404 "));
	CHECK(begins(ask(s, GET("/metrics/")), "HTTP/1.1 404 "));
	CHECK(begins(ask(s, "POST /metrics HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), "HTTP/1.1 405 "));
	CHECK(strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL);
	CHECK(begins(ask(s, "DELETE /metrics HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 405 "));
	CHECK(begins(ask(s, "\x16\x03\x01 no http at all\r\n\r\n"), "") && !strstr(answer, " 200 "));
	CHECK(begins(ask(s, GET("/healthz")), "HTTP/1.1 200 OK\r\n"));
	serve_close(s);
}

static const struct {
	const char *accept, *type;
} wishes[] = {
	{ "", "application/openmetrics-text; version=1.0.0; charset=utf-8" },
	{ "Accept: */*\r\n", "application/openmetrics-text; version=1.0.0; charset=utf-8" },
	{ "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3\r\n",
	  "application/openmetrics-text; version=1.0.0; charset=utf-8" },
	{ "Accept: text/plain;version=0.0.4;q=1,*/*;q=0.1\r\n", "text/plain; version=0.0.4; charset=utf-8" },
	{ "Accept: text/html,*/*;q=0.8\r\n", "text/plain; version=0.0.4; charset=utf-8" },
};

static void test_formats(void)
{
	struct serve *s = opened("127.0.0.1:0");
	struct ledger l = sample_ledger(cpus);

	serve_publish(s, &l);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		bool open = begins(wishes[i].type, "application/");
		char request[256], type[128];

		snprintf(request, sizeof(request), "GET /metrics HTTP/1.1\r\n" HOST "%s\r\n", wishes[i].accept);
		snprintf(type, sizeof(type), "\r\nContent-Type: %s\r\n", wishes[i].type);
		CHECK(begins(ask(s, request), "HTTP/1.1 200 OK\r\n"));
		CHECK(strstr(answer, type) != NULL);
		CHECK(strstr(answer, "ninetap_packets_seen_total{cpu=\"5\"} ") != NULL);
		CHECK_EQ(open, !strcmp(answer + strlen(answer) - strlen("# EOF\n"), "# EOF\n"));
	}
	serve_close(s);
}

/* What is published later is what is answered; the publisher's own memory is not looked at again. */
static void test_newest_is_shown(void)
{
	struct serve *s = opened("[::1]:0");
	struct ledger_cpu own[SAMPLE_CPUS];
	struct ledger l;

	CHECK(begins(serve_address(s), "[::1]:"));
	memcpy(own, cpus, sizeof(own));
	l = sample_ledger(own);
	own[0].counts.seen.packets = 71;
	serve_publish(s, &l);
	own[0].counts.seen.packets = 72;
	CHECK(strstr(ask(s, GET("/metrics")), "ninetap_packets_seen_total{cpu=\"0\"} 71\n") != NULL);
	serve_publish(s, &l);
	own[0].counts.seen.packets = 73;
	serve_publish(s, &l);
	own[0].counts.seen.packets = 74;
	CHECK(strstr(ask(s, GET("/metrics")), "ninetap_packets_seen_total{cpu=\"0\"} 73\n") != NULL);
	CHECK(strstr(ask(s, GET("/metrics")), "ninetap_packets_seen_total{cpu=\"0\"} 73\n") != NULL);
	l.cpus_n = l.ifaces_n = 0;
	serve_publish(s, &l);
	CHECK(begins(ask(s, GET("/metrics")), "HTTP/1.1 200 OK\r\n") && !strstr(answer, "cpu="));
	serve_close(s);
}

static void test_illness_is_told(void)
{
	struct serve *s = opened("127.0.0.1:0");
	struct ledger l = sample_ledger(cpus);

	l.worker_idle_ns = 6 * SECOND;
	serve_publish(s, &l);
	CHECK(begins(ask(s, GET("/healthz")), "HTTP/1.1 503 "));
	CHECK(strstr(answer, "\r\n\r\na worker has not looked at its rings for more than 5 s\n") != NULL);
	CHECK(begins(ask(s, GET("/metrics")), "HTTP/1.1 200 "));
	serve_close(s);
}

static void test_health(void)
{
	struct ledger l = { .sink = { .accepted = 10, .delivered = 4 } };
	struct health h = { 0 };
	int64_t now = 1000 * SECOND;

	CHECK(!health_check(&h, &(struct ledger){ .sink = { .accepted = 1 } }, now));	/* it has only just begun */
	CHECK(!health_check(&h, &l, now));
	CHECK(!health_check(&h, &l, now + HEALTH_SINK_NS));
	CHECK(health_check(&h, &l, now + HEALTH_SINK_NS + 1) != NULL);
	l.sink.spooled = 1;		/* it moves: by the spool, or by a loss that is counted */
	CHECK(!health_check(&h, &l, now + 11 * SECOND));
	CHECK(health_check(&h, &l, now + 22 * SECOND) != NULL);
	l.sink.lost[NT_LOSS_REFUSED] = 1;
	CHECK(!health_check(&h, &l, now + 23 * SECOND));
	l.sink.delivered = 8;		/* nothing waits */
	CHECK(!health_check(&h, &l, now + 24 * SECOND));
	CHECK(!health_check(&h, &l, now + 99 * SECOND));
	l.sink.accepted = 11;
	CHECK(!health_check(&h, &l, now + 100 * SECOND));
	l.sink.delivered = 9;
	l.sink.spool_errors = 1;
	CHECK(health_check(&h, &l, now + 101 * SECOND) != NULL);
	CHECK(health_check(&h, &l, now + 161 * SECOND) != NULL);
	CHECK(!health_check(&h, &l, now + 161 * SECOND + 1));
	l.worker_idle_ns = HEALTH_WORKER_NS;
	CHECK(!health_check(&h, &l, now + 162 * SECOND));
	l.worker_idle_ns++;
	CHECK(health_check(&h, &l, now + 162 * SECOND) != NULL);
}

static void test_address_in_use(void)
{
	struct serve *s = opened("127.0.0.1:0"), *second;
	char want[128];

	catch_stderr();
	CHECK_EQ(serve_open(&second, serve_address(s)), -EADDRINUSE);
	caught_stderr();
	snprintf(want, sizeof(want), "ninetap: error: listen at %s: Address already in use\n", serve_address(s));
	CHECK_STR(caught, want);
	CHECK(!second);
	catch_stderr();
	CHECK_EQ(serve_open(&second, "203.0.113.1:0"), -EADDRNOTAVAIL);
	CHECK_STR(caught_stderr(), "ninetap: error: listen at 203.0.113.1:0: Cannot assign requested address\n");
	serve_close(s);
}

/* The port is free at once for the next one, although connections of this one linger. */
static void test_address_again(void)
{
	struct serve *s = opened("127.0.0.1:0");
	char address[ENDPOINT_TEXT];

	snprintf(address, sizeof(address), "%s", serve_address(s));
	ask(s, GET("/healthz"));
	serve_close(s);
	s = opened(address);
	CHECK(s && !strcmp(serve_address(s), address));
	serve_close(s);
}

static unsigned int say_hello(void *arg, const char *path, const char *accept, struct buf *body, const char **type)
{
	(void)arg, (void)path, (void)accept, (void)type;
	return buf_put(body, "hello", 5) ? 500 : 200;
}

/* Who sends a byte now and then is shown the door by age, others meanwhile are answered. */
static void test_clients_who_never_end(void)
{
	static const char half[] = "GET / HTTP/1.1\r\nX-Slow: ";
	int slow[HTTP_CLIENTS_EACH - 1], fd;
	struct http *h;

	CHECK_EQ(http_open(&h, "127.0.0.1:0", say_hello, NULL), 0);
	for (size_t i = 0; i < HTTP_CLIENTS_EACH - 1; i++) {
		slow[i] = dial(http_address(h));
		CHECK_EQ(send(slow[i], half, i ? sizeof(half) - 1 : 0, MSG_NOSIGNAL), i ? sizeof(half) - 1 : 0);
	}
	http_expire(h, clock_monotonic_ns());
	for (int i = 0; i < 3; i++) {
		fd = dial(http_address(h));
		CHECK_EQ(send(fd, GET("/"), strlen(GET("/")), MSG_NOSIGNAL), strlen(GET("/")));
		CHECK(strstr(read_all(fd), "\r\n\r\nhello") != NULL);
		close(fd);
	}
	http_expire(h, clock_monotonic_ns() + HTTP_SECONDS * SECOND);
	CHECK(ends_while_dripping(slow[1]));	/* the library would wait for it */
	for (size_t i = 0; i < HTTP_CLIENTS_EACH - 1; i++) {
		CHECK(!strstr(read_all(slow[i]), "did not end"));
		close(slow[i]);
	}
	http_close(h);
}

/* More than are allowed: those are turned away, and once the others are gone all is as before. */
static void test_too_many_clients(void)
{
	int64_t until = clock_monotonic_ns() + PATIENCE_MS * INT64_C(1000000);
	int many[2 * HTTP_CLIENTS_EACH], fd;
	struct http *h;

	CHECK_EQ(http_open(&h, "127.0.0.1:0", say_hello, NULL), 0);
	for (size_t i = 0; i < 2 * HTTP_CLIENTS_EACH; i++)
		many[i] = dial(http_address(h));
	CHECK(!strstr(read_all(many[2 * HTTP_CLIENTS_EACH - 1]), "did not end"));
	http_expire(h, clock_monotonic_ns() + HTTP_SECONDS * SECOND);
	for (size_t i = 0; i < 2 * HTTP_CLIENTS_EACH; i++) {
		CHECK(!strstr(read_all(many[i]), "did not end"));
		close(many[i]);
	}
	do {			/* the server may see their end a little later than they do */
		fd = dial(http_address(h));
		(void)!send(fd, GET("/"), strlen(GET("/")), MSG_NOSIGNAL);
		read_all(fd);
		close(fd);
	} while (!answer[0] && clock_monotonic_ns() < until);
	CHECK(strstr(answer, "\r\n\r\nhello") != NULL);
	http_close(h);
}

/* A reader that reads nothing does not keep the publisher, nor the end. */
static void test_reader_that_does_not_read(void)
{
	struct serve *s = opened("127.0.0.1:0");
	struct ledger l = healthy();
	int fd = dial(serve_address(s)), small = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	serve_publish(s, &l);
	CHECK_EQ(send(fd, GET("/metrics"), strlen(GET("/metrics")), MSG_NOSIGNAL), strlen(GET("/metrics")));
	for (int i = 0; i < 100; i++)
		serve_publish(s, &l);
	CHECK(begins(ask(s, GET("/healthz")), "HTTP/1.1 200 "));
	serve_close(s);
	close(fd);
}

int main(void)
{
	sample_cpus(cpus);
	RUN(test_before_the_first_ledger);
	RUN(test_answers);
	RUN(test_formats);
	RUN(test_newest_is_shown);
	RUN(test_illness_is_told);
	RUN(test_health);
	RUN(test_address_in_use);
	RUN(test_address_again);
	RUN(test_clients_who_never_end);
	RUN(test_too_many_clients);
	RUN(test_reader_that_does_not_read);
	return check_done();
}
