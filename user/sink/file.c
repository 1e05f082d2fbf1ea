// SPDX-License-Identifier: Apache-2.0
/*
 * file.c - the sink "file:PATH": batches to a file of each stream, rotated by
 * size and age. The packets' is opened at once, the others' with the first
 * batch that comes for them.
 *
 * PATH is always the file in use. A rotated file is complete and is called
 * PATH.YYYYMMDDThhmmss.nnnnnnnnnZ after the UTC of its rotation; what PATH held
 * before the start is rotated away first, so that nothing is overwritten or
 * mixed. FIFOs and character devices are written as they are, not rotated.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/out.h"

#define FILE_MODE 0640
#define RETRY_NS 1000000000ULL		/* between attempts at a rotation that fails */
#define NAME_TRIES 100

struct file {
	struct out out;
	char *path;			/* NULL: this stream is off */
	bool open;
	uint64_t rotate_bytes, rotate_ns;
	uint64_t first_ns;		/* when the file got its first batch, 0: it has none */
	uint64_t retry_ns;		/* no rotation before then */
	bool stuck;			/* the last rotation failed, and that was logged */
};

struct file_sink {
	struct sink base;
	struct file files[STREAM_MAX];
};

static uint64_t now_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

/* "PATH.20260102T030405.000000006Z" of now. */
static int rotated_name(char *name, size_t size, const char *path)
{
	struct timespec t;
	struct tm tm;
	char stamp[32];
	int n;

	clock_gettime(CLOCK_REALTIME, &t);
	if (!gmtime_r(&t.tv_sec, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm))
		return -EOVERFLOW;
	n = snprintf(name, size, "%s.%s.%09ldZ", path, stamp, t.tv_nsec);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Renames, but never onto something that exists: -EEXIST. */
static int rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (link(from, to))		/* a file system without RENAME_NOREPLACE */
		return -errno;
	return unlink(from) ? -errno : 0;
}

/* name: at least PATH_MAX bytes; where it is now. */
static int move_away(const char *path, char *name)
{
	int err = -EEXIST;

	for (int i = 0; err == -EEXIST && i < NAME_TRIES; i++) {
		err = rotated_name(name, PATH_MAX, path);
		if (!err)
			err = rename_new(path, name);
	}
	return err;
}

/* O_NONBLOCK: a FIFO without a reader is an error, not a wait; a slow one is waited for in out.c. */
static int open_path(const char *path, int *fd, struct stat *st)
{
	*fd = -1;
	if (!stat(path, st) && S_ISBLK(st->st_mode))
		return -ENOTSUP;	/* a disk isn't even opened */
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, FILE_MODE);
	if (*fd < 0 || fstat(*fd, st))
		return -errno;
	if (S_ISREG(st->st_mode) && flock(*fd, LOCK_EX | LOCK_NB))
		return -errno;
	return 0;
}

/* Opens PATH for writing; what it holds is moved away first. */
static int take_path(const char *path, int *fd)
{
	char name[PATH_MAX];
	struct stat st;
	int err = open_path(path, fd, &st);

	if (!err && S_ISREG(st.st_mode) && st.st_size) {
		err = move_away(path, name);
		if (!err) {
			log_notice("keep what %s held: it is now %s", path, name);
			close(*fd);
			err = open_path(path, fd, &st);
			if (err && rename_new(name, path))
				log_error("put %s back: it is now %s", path, name);
		}
	}
	if (err && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

/* Is PATH still the file that we write to? */
static bool path_is_ours(const struct file *f)
{
	struct stat ours, there;

	return !fstat(f->out.fd, &ours) && !stat(f->path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static void finish(const struct file *f)
{
	if (f->out.regular && fsync(f->out.fd))
		log_error("sync %s: %s", f->path, strerror(errno));
	if (close(f->out.fd))
		log_error("close %s: %s", f->path, strerror(errno));
}

/* Puts a fresh file in the place of the one in use, or leaves all as it was. */
static int swap_files(struct file *f)
{
	char name[PATH_MAX] = "";
	bool ours = path_is_ours(f);	/* else somebody moved it: PATH is theirs */
	int fd, err = ours ? move_away(f->path, name) : 0;

	if (err)
		return err;
	err = take_path(f->path, &fd);
	if (err) {
		if (ours && rename_new(name, f->path))
			log_error("go on with %s: it is now %s", f->path, name);
		return err;
	}
	log_info("rotate %s: %s", f->path, ours ? name : "it was moved by somebody else");
	finish(f);
	return out_use(&f->out, fd);
}

static void rotate(struct file *f, uint64_t now)
{
	int err;

	if (now < f->retry_ns)
		return;
	err = swap_files(f);
	if (err && !f->stuck)
		log_error("rotate %s: %s; going on with the same file", f->path, strerror(-err));
	if (!err && f->stuck)
		log_notice("rotate %s: works again", f->path);
	f->stuck = err != 0;
	f->retry_ns = err ? now + RETRY_NS : 0;
	if (!err)
		f->first_ns = 0;
}

/* more: bytes that are about to be written. */
static void rotate_if_due(struct file *f, size_t more, uint64_t now)
{
	bool big = f->rotate_bytes && f->out.bytes + more > f->rotate_bytes;
	bool old = f->rotate_ns && now - f->first_ns >= f->rotate_ns;

	if (f->out.regular && f->first_ns && (big || old))
		rotate(f, now);
}

static const char *open_reason(const char *path, int err)
{
	struct stat st;

	if (err == -EISDIR)
		return "it is a directory, expected file:PATH of a file";
	if (err == -ENOTSUP)
		return "it is a block device";
	if (err == -EWOULDBLOCK)
		return "another process is writing it";
	if (err == -ENXIO && !stat(path, &st) && S_ISFIFO(st.st_mode))
		return "nobody reads this FIFO: start its reader first";
	return strerror(-err);
}

/* Tried again with each batch; a failure is logged once, until it works. */
static int open_file(struct file *f)
{
	int fd, err = take_path(f->path, &fd);

	if (!err)
		err = out_use(&f->out, fd);
	if (err && !f->out.failing)
		log_error("open %s: %s", f->path, open_reason(f->path, err));
	if (err && fd >= 0)
		close(fd);
	f->open = !err;
	return err;
}

static int file_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	struct file *f = &((struct file_sink *)s)->files[b->stream];
	uint64_t now = now_ns();
	int err = f->open ? 0 : open_file(f);

	if (err) {
		f->out.failing = true;	/* it has been said why */
		return out_lose(&f->out, s, b, ticket, err);
	}
	rotate_if_due(f, b->bytes.len, now);
	err = out_put(&f->out, s, b, ticket);
	if (!err && !f->first_ns)
		f->first_ns = now;
	return err;
}

static bool file_has_room(const struct sink *s)
{
	(void)s;
	return true;
}

static void file_poll(struct sink *s)
{
	struct file_sink *all = (struct file_sink *)s;
	uint64_t now = now_ns();

	for (int i = 0; i < STREAM_MAX; i++)
		if (all->files[i].open)
			rotate_if_due(&all->files[i], 0, now);
}

static void file_close(struct sink *s, int timeout_ms)
{
	struct file_sink *all = (struct file_sink *)s;

	(void)timeout_ms;
	for (int i = 0; i < STREAM_MAX; i++) {
		struct file *f = &all->files[i];

		if (f->open) {
			out_end(&f->out);
			finish(f);
		}
		free(f->path);
	}
}

static const struct sink_ops file_ops = {
	.put = file_put, .has_room = file_has_room, .poll = file_poll, .close = file_close,
};

static int init_file(struct file *f, const struct sink_settings *s, const char *path, enum stream stream)
{
	f->rotate_bytes = s->rotate_bytes;
	f->rotate_ns = s->rotate_ns;
	f->path = strdup(path);
	if (!f->path) {
		log_error("open %s: out of memory", path);
		return -ENOMEM;
	}
	out_init(&f->out, f->path, s, stream);
	return stream == STREAM_PACKETS ? open_file(f) : 0;
}

int file_open(struct sink **out, const struct sink_settings *s, const struct sink_spec specs[STREAM_MAX])
{
	struct file_sink *all = calloc(1, sizeof(*all));
	int err = all ? sink_init(&all->base, &file_ops, s) : -ENOMEM;

	if (err)
		log_error("open files: %s", strerror(-err));
	for (int i = 0; i < STREAM_MAX && !err; i++)
		if (s->output[i])
			err = init_file(&all->files[i], s, specs[i].path, i);
	if (!err) {
		*out = &all->base;
		return 0;
	}
	if (all)
		for (int i = 0; i < STREAM_MAX; i++)
			free(all->files[i].path);
	sink_free(all ? &all->base : NULL);
	return err;
}
