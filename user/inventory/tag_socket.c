/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_socket.c - the end of tag_socket.h that listens: where, and to whom.
 * What a connection does is tag_peer.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "inventory/tag_peer.h"

#define PEERS_MAX 64U
#define LOCK_TRIES 100			/* of 10 ms */

struct tag_socket {
	struct tag_peer *peers[PEERS_MAX];
	size_t peers_n;
	uint64_t turns;			/* of serve, to know who was silent for longest */
	tag_socket_answer *answer;
	void *arg;
	char path[TAG_SOCKET_PATH_MAX + 1];
	bool bound;			/* the path is ours to remove */
	dev_t dev;			/* which file it is */
	ino_t ino;
	int listen_fd, epoll_fd;
};

static int fail(const char *path, const char *what, int err)
{
	log_error("tag socket %s: %s: %s", path, what, strerror(-err));
	return err;
}

/* Into out, which has room for a path. */
static const char *folder_of(const char *path, char *out)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		return ".";
	memcpy(out, path, len);
	out[len] = '\0';
	return len ? out : "/";
}

/* The last one: /run is empty after each start of the system. */
static int make_folder(const char *path)
{
	char folder[TAG_SOCKET_PATH_MAX + 1];

	if (mkdir(folder_of(path, folder), 0755) && errno != EEXIST)
		return fail(path, "make its folder", -errno);
	return 0;
}

/* Does somebody listen there? -ECONNREFUSED and -ENOENT: no. */
static int try_connect(const char *path)
{
	struct sockaddr_un a = tag_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int in_use(const char *path)
{
	log_error("tag socket %s: another ninetap listens there: give it a path of its own, -t socket:PATH", path);
	return -EADDRINUSE;
}

/* Removes what a killed ninetap left; nothing else. */
static int clear_path(const char *path)
{
	struct stat st;
	int err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(path, "look at it", -errno);
	if (!S_ISSOCK(st.st_mode)) {
		log_error("tag socket %s: something that is no socket is there", path);
		return -EEXIST;
	}
	err = try_connect(path);
	if (!err || err == -EAGAIN)	/* EAGAIN: its queue is full */
		return in_use(path);
	if (err != -ECONNREFUSED)
		return fail(path, "ask who listens there", err);
	return unlink(path) && errno != ENOENT ? fail(path, "remove the old one", -errno) : 0;
}

/*
 * Of two that start at once only one may find the path empty: the folder is
 * locked until it listens. Others may lock folders too, so there is an end to it.
 */
static int lock_folder(const char *path)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	char folder[sizeof(((struct tag_socket *)0)->path)];
	int fd, err = -EWOULDBLOCK;

	fd = open(folder_of(path, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(path, "open its folder", -errno);
	for (int i = 0; err == -EWOULDBLOCK && i < LOCK_TRIES; i++) {
		if (i)
			nanosleep(&nap, NULL);
		err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	}
	if (!err)
		return fd;
	close(fd);
	return fail(path, "lock its folder", err);
}

/* Nobody can connect before listen(2), so that the mode is right before anybody may. */
static int bind_path(struct tag_socket *s)
{
	struct sockaddr_un a = tag_address(s->path);
	struct stat st = { 0 };

	if (bind(s->listen_fd, (struct sockaddr *)&a, sizeof(a)))
		return fail(s->path, "bind", -errno);
	s->bound = !lstat(s->path, &st);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	if (!s->bound || chmod(s->path, 0600) || listen(s->listen_fd, (int)PEERS_MAX))
		return fail(s->path, "listen", -errno);
	return 0;
}

static int watch(struct tag_socket *s)
{
	/* By edge: who can't be accepted for want of descriptors must not wake us for ever. */
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &e))
		return fail(s->path, "wait for events", -errno);
	return 0;
}

static int listen_at(struct tag_socket *s)
{
	int err = make_folder(s->path), lock = -1;

	if (err)
		return err;
	s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listen_fd < 0)
		return fail(s->path, "open", -errno);
	lock = lock_folder(s->path);
	if (lock < 0)
		return lock;
	err = clear_path(s->path);
	if (!err)
		err = bind_path(s);
	close(lock);
	return err ? err : watch(s);
}

int tag_socket_open(struct tag_socket **out, const char *path, tag_socket_answer *answer, void *arg)
{
	struct tag_socket *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (!s)
		return fail(path, "open", -ENOMEM);
	s->listen_fd = s->epoll_fd = -1;
	s->answer = answer;
	s->arg = arg;
	if (strlen(path) >= sizeof(s->path)) {
		err = fail(path, "open", -ENAMETOOLONG);
	} else {
		strcpy(s->path, path);
		err = listen_at(s);
	}
	if (err)
		tag_socket_close(s);
	else
		*out = s;
	return err;
}

/* Somebody else may have put another in its place. */
static void remove_path(const struct tag_socket *s)
{
	struct stat st;

	if (s->bound && !lstat(s->path, &st) && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
}

void tag_socket_close(struct tag_socket *s)
{
	if (!s)
		return;
	remove_path(s);
	for (size_t i = 0; i < s->peers_n; i++)
		tag_peer_close(s->peers[i]);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s);
}

int tag_socket_fd(const struct tag_socket *s)
{
	return s->epoll_fd;
}

static void drop_peer(struct tag_socket *s, struct tag_peer *p)
{
	for (size_t i = 0; i < s->peers_n; i++)
		if (s->peers[i] == p)
			s->peers[i] = s->peers[--s->peers_n];
	tag_peer_close(p);		/* epoll forgets what is closed */
}

/* The one that was silent for longest makes room. */
static void drop_silent(struct tag_socket *s)
{
	struct tag_peer *silent = s->peers[0];

	for (size_t i = 1; i < s->peers_n; i++)
		if (s->peers[i]->turn < silent->turn)
			silent = s->peers[i];
	drop_peer(s, silent);
}

static void add_peer(struct tag_socket *s, int fd)
{
	struct tag_peer *p = tag_peer_open(fd);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };

	if (!p || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e)) {
		free(p);
		close(fd);
		return;
	}
	if (s->peers_n == PEERS_MAX)
		drop_silent(s);
	p->turn = s->turns;
	s->peers[s->peers_n++] = p;
}

static void accept_all(struct tag_socket *s)
{
	int fd;

	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		add_peer(s, fd);
}

static void serve_peer(struct tag_socket *s, struct tag_peer *p)
{
	uint32_t before = p->events;
	struct epoll_event e = { .data.ptr = p };

	p->turn = s->turns;
	if (!tag_peer_serve(p, s->answer, s->arg)) {
		drop_peer(s, p);
		return;
	}
	e.events = p->events;
	if (p->events != before)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, p->fd, &e);
}

/* Those that are there come first: who comes may take the place of one of them. */
void tag_socket_serve(struct tag_socket *s)
{
	struct epoll_event events[16];
	int n = epoll_wait(s->epoll_fd, events, 16, 0);
	bool come = false;

	s->turns++;
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			serve_peer(s, events[i].data.ptr);
		else
			come = true;
	}
	if (come)
		accept_all(s);
}
