/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_util.h - what the tests of the keeper share: files in a folder of
 * their own, and waiting for what its thread does.
 */
#ifndef NINETAP_KEEPER_UTIL_H
#define NINETAP_KEEPER_UTIL_H

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "check.h"
#include "inventory/keeper.h"
#include "inventory/tag_socket.h"

#define WAIT_NS 20000000000LL
#define PATH_BYTES 108

static char dir[] = "/tmp/ninetap-keeper.XXXXXX";

/* A path in the folder of the test, into out. */
static inline const char *in_dir(char out[PATH_BYTES], const char *name)
{
	snprintf(out, PATH_BYTES, "%s/%s", dir, name);
	return out;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) == EOF || fclose(f))
		abort();
}

/* A new file takes the place of the one at path. */
static inline void replace_file(const char *path, const char *text)
{
	char fresh[PATH_BYTES + 4];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	write_file(fresh, text);
	if (rename(fresh, path))
		abort();
}

static inline int open_keeper(struct keeper **k, char *const *sources)
{
	const struct keeper_settings s = { .sources = sources, .live = true };

	return keeper_open(k, &s);
}
#define OPEN(k, ...) open_keeper((k), (char *[]){ __VA_ARGS__, NULL })

static inline struct keeper_stats stats_of(struct keeper *k)
{
	struct keeper_stats s;

	keeper_get_stats(k, &s);
	return s;
}

static inline bool has_box(struct keeper *k, const char *name)
{
	struct statement s = { 0 };
	bool has = inventory_box(board_hold(keeper_board(k)), name, &s);

	board_release(keeper_board(k));
	return has;
}

/* Until so many reloads were done, and so many were given up. */
static inline bool wait_reloads(struct keeper *k, uint64_t done, uint64_t failed)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	int64_t end = clock_monotonic_ns() + WAIT_NS;
	struct keeper_stats s = stats_of(k);

	while ((s.reloads < done || s.reloads_failed < failed) && clock_monotonic_ns() < end) {
		nanosleep(&nap, NULL);
		s = stats_of(k);
	}
	return s.reloads == done && s.reloads_failed == failed;
}

/* Asks the keeper's socket; what it lists is in text. */
static inline int ask_keeper(const char *path, const char *request, char *text, size_t size)
{
	FILE *f = fmemopen(text, size, "w");
	int err;

	if (!f)
		abort();
	memset(text, 0, size);
	err = tag_socket_ask(path, request, strlen(request), NULL, f);
	fclose(f);
	return err;
}

#endif
