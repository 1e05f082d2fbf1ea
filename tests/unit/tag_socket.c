/* SPDX-License-Identifier: Apache-2.0 */
/* tag_socket.c - what is asked and answered over the tag socket; slow and vanished clients. */
#include "tag_server.h"

static int connected(void)
{
	struct sockaddr_un a = tag_address(path);
	const struct timeval wait = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		abort();
	return fd;
}

static void send_text(int fd, const char *text)
{
	CHECK_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the other end closes, or until n bytes are there. */
static size_t receive(int fd, char *text, size_t n)
{
	size_t len = 0;
	ssize_t came;

	while (len < n && (came = recv(fd, text + len, n - len, 0)) > 0)
		len += (size_t)came;
	text[len] = '\0';
	return len;
}

static void test_requests_are_answered(void)
{
	struct server s;

	start(&s);
	expect("x", 0, "", "");
	expect("x\n\n# no request\n \t\r\nx\r\n", 0, "", "");
	CHECK_EQ(s.answered, 3);
	expect("", 0, "", "");
	expect("list\n", 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n", "");
	expect("bad", -EBADMSG, "", "ninetap: error: refused: \"x\" is a\\b\n");
	expect("odd", 0, "", "ninetap: warning: taken over, but: odd it is\n");
	expect("x\n\nbad\nodd\nbad\nx\n", -EBADMSG, "", "ninetap: error: line 3: refused: \"x\" is a\\b\n"
	       "ninetap: warning: line 4: taken over, but: odd it is\nninetap: error: line 5: refused: \"x\" is a\\b\n");
	stop(&s);
}

static void test_requests_in_pieces(void)
{
	const char *request = "one\nlist\nbad";
	char text[4096];
	struct server s;
	int fd;

	start(&s);
	fd = connected();
	for (const char *p = request; *p; p++)
		CHECK_EQ(send(fd, p, 1, MSG_NOSIGNAL), 1);
	CHECK_EQ(receive(fd, text, strlen(OK)), strlen(OK));
	CHECK_STR(text, OK);
	shutdown(fd, SHUT_WR);		/* the last line needs no newline */
	receive(fd, text, sizeof(text) - 1);
	CHECK_STR(text, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n" OK "{\"ok\":false,\"error\":\"\\\"x\\\" is a\\\\b\"}\n");
	CHECK_EQ(s.answered, 3);
	close(fd);
	stop(&s);
}

static void test_many_requests(void)
{
	size_t n = 100000;
	char *many = malloc(n * 2 + 1), *text;
	struct server s;

	for (size_t i = 0; i < n; i++)
		memcpy(many + 2 * i, "x\n", 3);
	start(&s);
	CHECK_EQ(ask(many, &text), 0);
	CHECK_EQ(s.answered, n);
	free(text);
	stop(&s);
	free(many);
}

/* More than one turn's, in one go, from one who then waits. */
static void test_many_requests_at_once(void)
{
	char requests[2001] = "", text[1000 * sizeof(OK)];
	struct server s;
	int fd;

	for (int i = 0; i < 1000; i++)
		memcpy(requests + 2 * i, "x\n", 3);
	start(&s);
	fd = connected();
	send_text(fd, requests);
	CHECK_EQ(receive(fd, text, 1000 * strlen(OK)), 1000 * strlen(OK));
	close(fd);
	stop(&s);
}

/* Who asks for more than it takes gets the next when it took the last. */
static void test_big_answers_one_by_one(void)
{
	struct server s;
	int fd;

	start(&s);
	fd = connected();
	send_text(fd, "big\nbig\nbig\nbig\nbig\nbig\nbig\nbig\n");
	while (!s.answered)
		expect("", 0, "", "");
	for (int i = 0; i < 10; i++)
		expect("x", 0, "", "");
	CHECK_EQ(s.answered, 11);
	close(fd);
	stop(&s);
}

static void test_big_answers(void)
{
	struct server s;
	char *text;

	start(&s);
	CHECK_EQ(ask("big\nlist\nbig", &text), 0);
	CHECK_EQ(strlen(text), 2 * BIG_LINES * 100LL + 2 * 13);
	free(text);
	stop(&s);
}

/* Requests without end from one who never reads: some are answered, others go on, and no memory is lost to it. */
static void test_slow_client_holds_nobody(void)
{
	int fd, before = -1;
	struct server s;

	start(&s);
	fd = connected();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (s.answered != before) {
		before = s.answered;
		while (send(fd, "pad\npad\n", 8, MSG_NOSIGNAL) == 8)
			;
		CHECK_EQ(errno, EAGAIN);
		for (int i = 0; i < 10; i++)
			expect("x", 0, "", "");
		before += 10;
	}
	printf("# %d requests were answered\n", before);
	CHECK(before < 3000);
	close(fd);
	expect("x", 0, "", "");
	stop(&s);
}

static void test_vanished_clients(void)
{
	struct server s;
	int fd;

	start(&s);
	for (int i = 0; i < 200; i++) {
		fd = connected();
		send_text(fd, i % 2 ? "big\nx\nhal" : "x");
		close(fd);
	}
	expect("x", 0, "", "");
	stop(&s);
}

static void test_idle_clients_make_room(void)
{
	int fds[100];
	char text[100];
	struct server s;

	start(&s);
	for (int i = 0; i < 100; i++)
		fds[i] = connected();
	expect("list", 0, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n", "");
	CHECK_EQ(receive(fds[0], text, sizeof(text) - 1), 0);	/* the first that came was closed */
	send_text(fds[99], "x\n");
	CHECK_EQ(receive(fds[99], text, strlen(OK)), strlen(OK));
	for (int i = 0; i < 100; i++)
		close(fds[i]);
	stop(&s);
}

static void test_overlong_line(void)
{
	size_t n = (16 << 20) + 100000;
	char *line = malloc(n + 1), *text;
	struct server s;

	memset(line, 'x', n);
	line[n] = '\0';
	start(&s);
	CHECK_EQ(ask(line, &text), -EBADMSG);
	CHECK_STR(text, "");
	CHECK(strstr(caught, "ninetap: error: refused: a line is longer than 16 MiB\n"));
	CHECK_EQ(s.answered, 0);
	free(text);
	line[16 << 20] = '\0';
	CHECK_EQ(ask(line, &text), 0);
	CHECK_EQ(s.answered, 1);
	free(text);
	free(line);
	stop(&s);
}

static void test_closed_before_all_is_answered(void)
{
	char want[300];
	struct server s;

	start(&s);
	snprintf(want, sizeof(want), "ninetap: error: tag socket %s: it was closed before all was answered\n", path);
	expect("die\nx\n", -ECONNRESET, "", want);
	expect("x", 0, "", "");
	stop(&s);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	RUN(test_requests_are_answered);
	RUN(test_requests_in_pieces);
	RUN(test_many_requests);
	RUN(test_many_requests_at_once);
	RUN(test_big_answers);
	RUN(test_big_answers_one_by_one);
	RUN(test_slow_client_holds_nobody);
	RUN(test_vanished_clients);
	RUN(test_idle_clients_make_room);
	RUN(test_overlong_line);
	RUN(test_closed_before_all_is_answered);
	rmdir(dir);
	return check_done();
}
