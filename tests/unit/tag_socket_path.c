/* SPDX-License-Identifier: Apache-2.0 */
/* tag_socket_path.c - whose the path of a tag socket is, and who may take it. */
#include "tag_server.h"

static void test_nobody_listens(void)
{
	struct sockaddr_un a = tag_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char want[300];

	snprintf(want, sizeof(want), "ninetap: error: no ninetap listens at %s: run one with -t socket\n", path);
	expect("x", -ENOENT, "", want);
	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	expect("x", -ECONNREFUSED, "", want);
	unlink(path);
}

static void test_mode_and_removal(void)
{
	struct server s;
	struct stat st;

	umask(0);
	start(&s);
	CHECK(!lstat(path, &st) && S_ISSOCK(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 0600);
	stop(&s);
	CHECK(lstat(path, &st) && errno == ENOENT);
	start(&s);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	stop(&s);
	CHECK(!lstat(path, &st));	/* that of another is left */
	unlink(path);
	umask(022);
}

static void test_folder_is_made(void)
{
	char before[sizeof(path)], folder[80];
	struct server s;

	strcpy(before, path);
	snprintf(folder, sizeof(folder), "%s/sub", dir);
	snprintf(path, sizeof(path), "%s/sub/s", dir);
	start(&s);
	expect("x", 0, "", "");
	stop(&s);
	CHECK_EQ(rmdir(folder), 0);	/* nothing else is left in it */
	strcpy(path, before);
}

/* What open says; *out is closed again. */
static int open_again(const char *at)
{
	struct tag_socket *t;
	int err;

	catch_stderr();
	err = tag_socket_open(&t, at, answer, NULL);
	caught_stderr();
	CHECK(!err == !!t);
	tag_socket_close(t);
	return err;
}

static void test_a_live_one_stays(void)
{
	char want[300];
	struct server s;

	start(&s);
	snprintf(want, sizeof(want), "ninetap: error: tag socket %s: another ninetap listens there: "
		 "give it a path of its own, -t socket:PATH\n", path);
	CHECK_EQ(open_again(path), -EADDRINUSE);
	CHECK_STR(caught, want);
	expect("x", 0, "", "");
	stop(&s);
}

static void test_a_stale_one_goes(void)
{
	struct sockaddr_un a = tag_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct server s;

	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(listen(fd, 1), 0);
	close(fd);			/* as after kill -9 */
	start(&s);
	expect("x", 0, "", "");
	stop(&s);
}

static void test_what_is_no_socket_stays(void)
{
	struct stat st;
	char link[80];

	close(open(path, O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(open_again(path), -EEXIST);
	CHECK(strstr(caught, "something that is no socket is there"));
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode));
	snprintf(link, sizeof(link), "%s/link", dir);
	CHECK_EQ(symlink(path, link), 0);
	CHECK_EQ(open_again(link), -EEXIST);
	unlink(link);
	unlink(path);
	CHECK_EQ(open_again("/nonexistent/a/b"), -ENOENT);
	CHECK(strstr(caught, "make its folder: No such file or directory"));
}

static void *open_one(void *out)
{
	(void)!tag_socket_open(out, path, answer, NULL);
	return NULL;
}

/* Of several that start at once in the place of a dead one, one gets it. */
static void test_race_for_a_stale_one(void)
{
	struct sockaddr_un a = tag_address(path);
	struct tag_socket *sockets[4];
	pthread_t threads[4];

	for (int round = 0; round < 50; round++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), got = 0;

		CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
		close(fd);
		catch_stderr();
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, open_one, &sockets[i]);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		caught_stderr();
		for (int i = 0; i < 4; i++) {
			got += sockets[i] != NULL;
			tag_socket_close(sockets[i]);
		}
		CHECK_EQ(got, 1);
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	RUN(test_nobody_listens);
	RUN(test_mode_and_removal);
	RUN(test_folder_is_made);
	RUN(test_a_live_one_stays);
	RUN(test_a_stale_one_goes);
	RUN(test_what_is_no_socket_stays);
	RUN(test_race_for_a_stale_one);
	rmdir(dir);
	return check_done();
}
