/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_files.c - the keeper's file sources: load them, notice that they
 * changed, load all of them again into an inventory beside the one in force.
 *
 * Folders are watched, not files: an editor renames a new file over the old
 * one. A file counts as changed when its writer closed it, or something was
 * renamed or linked to it; one that is being written is left alone. A folder may also
 * be swapped under the path (a symbolic link of it, as in a ConfigMap's
 * mount): no event tells of that, so folders are looked up again and again.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/log.h"
#include "inventory/keeper_priv.h"
#include "inventory/tags_file.h"

#define RELOAD_DELAY_NS 100000000L	/* a burst of changes is one reload */

/* Behind s; NULL: from the first. */
static struct source *next_file(struct keeper *k, struct source *s)
{
	for (s = s ? s + 1 : k->sources; s < k->sources + k->sources_n; s++)
		if (s->spec.kind == TAG_SOURCE_FILE)
			return s;
	return NULL;
}

bool files_any(struct keeper *k)
{
	return next_file(k, NULL) != NULL;
}

/* Is the file at the path another one than was read? One that is missing isn't. */
static bool is_replaced(const struct source *s)
{
	struct stat st;

	return !stat(s->spec.path, &st) && (st.st_dev != s->dev || st.st_ino != s->ino);
}

static int load_file(struct keeper *k, struct source *s, struct inventory *inv)
{
	uint64_t before = inventory_revision(inv), statements;
	struct stat st;
	int err;

	if (!stat(s->spec.path, &st)) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	err = tags_file_load(inv, s->spec.path, &k->problems);
	if (err)
		return err;
	statements = inventory_revision(inv) - before;
	if (s->statements && !statements) {	/* as a full disk, or an export that failed, leaves it */
		problem(&k->problems, PROBLEM_SOURCE, "says nothing any more");
		return -EINVAL;
	}
	s->statements = statements;
	return 0;
}

int files_load(struct keeper *k, struct inventory *inv)
{
	int err = 0;

	for (struct source *s = NULL; !err && (s = next_file(k, s));)
		err = load_file(k, s, inv);
	return err;
}

void files_check(struct keeper *k, const struct inventory *inv)
{
	for (struct source *s = NULL; (s = next_file(k, s));) {
		problems_at(&k->problems, "%s", s->spec.path);
		inventory_check(inv, &k->problems);
	}
}

void files_log(struct keeper *k)
{
	uint64_t revision = inventory_revision(board_look(k->board));

	for (struct source *s = NULL; (s = next_file(k, s));)
		log_notice("tags: %s: %" PRIu64 " statements, revision %" PRIu64, s->spec.path, s->statements,
			   revision);
}

static bool is_watched(struct keeper *k, int wd)
{
	for (struct source *s = NULL; (s = next_file(k, s));)
		for (int i = 0; i < WATCH_MAX; i++)
			if (s->watch[i].wd == wd)
				return true;
	return false;
}

static void cannot_watch(struct keeper *k, const char *dir, int err)
{
	if (!k->unwatched)
		log_warn("tags: watch %s: %s: as long as this lasts changes are seen on SIGHUP alone", dir, strerror(err));
	k->unwatched = true;
}

/* Watches the folder of path, a copy that is changed. Whether that is another one than before. */
static bool watch_folder(struct keeper *k, struct file_watch *w, char *path)
{
	char *slash = strrchr(path, '/');
	const char *dir = slash == path ? "/" : slash ? path : ".";
	int before = w->wd;

	snprintf(w->name, sizeof(w->name), "%s", slash ? slash + 1 : path);
	if (slash)
		*slash = '\0';
	w->wd = inotify_add_watch(k->inotify_fd, *dir ? dir : "/", IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
	if (w->wd < 0)
		cannot_watch(k, dir, errno);
	if (before >= 0 && !is_watched(k, before))
		inotify_rm_watch(k->inotify_fd, before);
	return w->wd != before;
}

static bool watch_file(struct keeper *k, struct source *s)
{
	char path[PATH_MAX];
	bool moved = false;

	if ((size_t)snprintf(path, sizeof(path), "%s", s->spec.path) < sizeof(path))
		moved = watch_folder(k, &s->watch[WATCH_NAMED], path);
	if (realpath(s->spec.path, path))
		moved |= watch_folder(k, &s->watch[WATCH_REAL], path);
	return moved;
}

bool files_watch(struct keeper *k)
{
	bool replaced = false;

	for (struct source *s = NULL; (s = next_file(k, s));)
		if (watch_file(k, s))
			replaced |= is_replaced(s);
	return replaced;
}

/* A link is whole as soon as it is there; a new file is once its writer closes it. */
static bool is_link(const struct source *s, int watch)
{
	char real[PATH_MAX];
	const char *path = watch == WATCH_REAL ? realpath(s->spec.path, real) : s->spec.path;
	struct stat st;

	return path && !lstat(path, &st) && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
}

static bool touches(const struct source *s, const struct inotify_event *e)
{
	for (int i = 0; i < WATCH_MAX; i++) {
		if (s->watch[i].wd == e->wd && e->len && !strcmp(s->watch[i].name, e->name) &&
		    (!(e->mask & IN_CREATE) || is_link(s, i)))
			return true;
	}
	return e->mask & IN_Q_OVERFLOW;
}

static void on_change(struct keeper *k, const struct inotify_event *e)
{
	for (struct source *s = NULL; (s = next_file(k, s));)
		if (touches(s, e))
			files_reload_soon(k);
}

void files_follow(struct keeper *k)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(k->inotify_fd, events, sizeof(events))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const struct inotify_event *)(events + at);

			on_change(k, e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
}

void files_reload_soon(struct keeper *k)
{
	const struct itimerspec soon = { .it_value.tv_nsec = RELOAD_DELAY_NS };

	if (!k->reload_due)
		k->reload_due = !timerfd_settime(k->delay_fd, 0, &soon, NULL);
}

/* The inventory that is to be: the files as they are now, and what streams said. */
static int read_again(struct keeper *k, struct inventory **out)
{
	int err = inventory_open(out);

	if (!err)
		err = files_load(k, *out);
	if (!err)
		err = inventory_carry(*out, board_look(k->board));
	return err;
}

void files_reload(struct keeper *k)
{
	struct inventory *inv = NULL;
	int err;

	(void)files_watch(k);
	k->reload_due = false;		/* what changes from here on is for the next time */
	err = read_again(k, &inv);
	if (err) {
		k->reloads_failed++;
		log_error("tags: read the files again: %s: the inventory stays as it was", strerror(-err));
	} else {
		files_check(k, inv);
		inv = board_swap(k->board, inv);
		k->reloads++;
		files_log(k);
	}
	inventory_close(inv);
	malloc_trim(0);			/* it may have been large: so much is not kept for the next one */
	problems_calm(&k->problems);
}
