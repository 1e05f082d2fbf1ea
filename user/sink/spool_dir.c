// SPDX-License-Identifier: Apache-2.0
/*
 * spool_dir.c - the spool's folder: made, locked, and what an earlier run left
 * in it. Only names of our own are looked at. All segments but the last end
 * where the next begins, so that only the last is read at the start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "sink/spool_priv.h"

#define DIR_MODE 0700

static const char *dir_reason(int err)
{
	if (err == -EBUSY)
		return "another ninetap is using it";
	if (err == -ENOTDIR)
		return "it is not a directory";
	if (err == -EROFS)
		return "it is on a read-only file system";
	if (err == -EACCES)
		return "it can't be written by this user";
	if (err == -ENOENT)
		return "the folder that it is to be made in is missing";
	return strerror(-err);
}

static int take_dir(struct spool *s)
{
	if (mkdir(s->dir, DIR_MODE) && errno != EEXIST)
		return -errno;
	s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return -errno;
	if (flock(s->dir_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return faccessat(s->dir_fd, ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

int spool_take_dir(struct spool *s)
{
	int err = take_dir(s);

	if (err)
		log_error("open the spool %s: %s", s->dir, dir_reason(err));
	return err;
}

/* Is it a name that spool_name() made? */
static bool is_segment(const char *name, uint64_t *number)
{
	static const char digits[] = "0123456789abcdef", prefix[] = "segment-";
	const char *p = name + sizeof(prefix) - 1;
	uint64_t v = 0;

	if (strncmp(name, prefix, sizeof(prefix) - 1) || strlen(p) != 16 || strspn(p, digits) != 16)
		return false;
	for (; *p; p++)
		v = v << 4 | (uint64_t)(strchr(digits, *p) - digits);
	*number = v;
	return v && v <= SPOOL_NUMBER_MAX;
}

static int add_found(struct spool *s, const char *name)
{
	struct segment *seg;
	struct stat st;
	uint64_t number;

	if (!is_segment(name, &number) || fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	seg = spool_push(s, number);
	if (!seg)
		return -ENOMEM;
	seg->bytes = (uint64_t)st.st_size;
	spool_add(&s->c.bytes, seg->bytes);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int list_segments(struct spool *s)
{
	int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (errno = 0; !err && (e = readdir(d)); errno = 0)
		err = add_found(s, e->d_name);
	if (!err && errno)
		err = -errno;
	closedir(d);
	if (s->n)
		qsort(s->segments, s->n, sizeof(*s->segments), by_number);
	return err;
}

struct scan {
	uint64_t end, last_ns;
	uint32_t index;
	bool junk;			/* behind the last message, and not just a torn one */
};

static void scan_record(struct scan *scan, int found, const struct spool_record *rec)
{
	if (found != SPOOL_GOOD && found != SPOOL_BODY) {
		scan->junk |= found == SPOOL_JUNK;
		return;
	}
	if (rec->number < scan->end || rec->index < scan->index)
		return;
	scan->end = rec->number + rec->msg.count;
	scan->index = rec->index + 1;
	scan->last_ns = rec->time_ns;
	scan->junk = false;
}

/* Finds the end of the last segment: the only thing that no other file tells. */
static int scan_last(struct spool *s, struct segment *seg)
{
	struct scan scan = { .end = seg->number };
	struct spool_record rec;
	int err = spool_reader_open(&s->reader, s->dir_fd, seg->number, seg->bytes), found = 0;

	while (!err && found != SPOOL_END) {
		found = spool_reader_next(&s->reader, false, &rec);
		if (found < 0)
			err = found;
		else if (found != SPOOL_END)
			scan_record(&scan, found, &rec);
	}
	scan.junk |= s->reader.err != 0;
	spool_reader_close(&s->reader);
	seg->end = scan.end + scan.junk;	/* what can't be read there was one record at least */
	seg->last_ns = scan.last_ns;
	return err;
}

static void drop_empty_last(struct spool *s)
{
	struct segment *seg = &s->segments[s->n - 1];
	char name[SPOOL_NAME];

	if (seg->end > seg->number)
		return;
	if (unlinkat(s->dir_fd, spool_name(seg->number, name), 0))
		spool_add(&s->c.errors, 1);
	spool_add(&s->c.bytes, -seg->bytes);
	spool_add(&s->c.segments, -1ULL);
	s->n--;
}

static int recover(struct spool *s)
{
	int err = list_segments(s);

	if (err || !s->n)
		return err;
	for (size_t i = 0; i + 1 < s->n; i++)
		s->segments[i].end = s->segments[i + 1].number;
	err = scan_last(s, &s->segments[s->n - 1]);
	if (err)
		return err;
	s->next_number = s->segments[s->n - 1].end;
	s->unread = s->next_number - s->segments[0].number;
	spool_add(&s->c.in, s->unread);
	spool_add(&s->c.held, s->unread);
	drop_empty_last(s);
	return 0;
}

int spool_recover(struct spool *s)
{
	int err;

	s->next_number = 1;
	err = recover(s);
	if (err)
		log_error("read the spool %s: %s", s->dir, strerror(-err));
	else if (s->unread)
		log_notice("go on with the spool %s: %llu records wait in it", s->dir, (unsigned long long)s->unread);
	return err;
}
