/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_util.h - what the tests of the spool share: a folder for each test,
 * messages whose bytes follow from their number, and the equation.
 */
#ifndef NINETAP_SPOOL_UTIL_H
#define NINETAP_SPOOL_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "sink/spool.h"

#define MIB (1ULL << 20)
#define SEC_NS 1000000000ULL

static char base_dir[] = "/tmp/ninetap-spool-XXXXXX";
static char dir[128];

/* Losses as they are reported. */
static struct lost {
	unsigned int calls;
	uint64_t records, unknown;	/* in all; of them without facts */
	struct sink_spool_loss last;
	char reason[16], box[256];
} lost;

static void on_lost(void *arg, const struct sink_spool_loss *l)
{
	struct lost *t = arg;

	t->calls++;
	t->records += l->count;
	t->unknown += l->epoch ? 0 : l->count;
	t->last = *l;
	snprintf(t->reason, sizeof(t->reason), "%s", l->reason);
	snprintf(t->box, sizeof(t->box), "%s", l->box);
}

static inline void empty_folder(const char *path)
{
	char name[512];
	struct dirent *e;
	DIR *d = opendir(path);

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
			remove(name);
		}
	if (d)
		closedir(d);
}

/* A folder that is not there yet. */
static inline void fresh(void)
{
	snprintf(dir, sizeof(dir), "%s/spool", base_dir);
	empty_folder(dir);
	rmdir(dir);
	memset(&lost, 0, sizeof(lost));
}

static inline struct spool_settings settings(uint64_t bytes_max)
{
	return (struct spool_settings){
		.dir = dir, .bytes_max = bytes_max, .sync_ns = SEC_NS, .lost = on_lost, .arg = &lost,
	};
}

static inline struct spool *open_spool(uint64_t bytes_max)
{
	struct spool_settings set = settings(bytes_max);
	struct spool *s = NULL;

	CHECK_EQ(spool_open(&s, &set), 0);
	if (!s)
		abort();
	return s;
}

/* The i-th message, i from 1: its seq is i, its length and bytes follow from i. */
static inline struct spool_msg message(uint64_t i, size_t bytes)
{
	static unsigned char payload[8 << 20];

	for (size_t k = 0; k < bytes; k++)
		payload[k] = (unsigned char)(i * 31 + k * 7);
	return (struct spool_msg){
		.stream = (enum stream)(i % STREAM_MAX), .cpu = (uint32_t)(i % 3), .count = 1 + (uint32_t)(i % 4),
		.epoch = 4711, .seq = i, .lost = i / 2, .box = "box-1", .schema = "json:1",
		.payload = payload, .bytes = bytes,
	};
}

static inline int put(struct spool *s, uint64_t i, size_t bytes)
{
	struct spool_msg m = message(i, bytes);

	return spool_append(s, &m);
}

static inline void put_all(struct spool *s, uint64_t from, uint64_t to, size_t bytes)
{
	for (uint64_t i = from; i <= to; i++)
		CHECK_EQ(put(s, i, bytes), 0);
}

#define TOGETHER_MAX 1000U

/* from..to at once, but for the one that is `bad`, which has no records. How many were taken. */
static inline uint32_t put_together(struct spool *s, uint64_t from, uint64_t to, size_t bytes, uint64_t bad, int wanted)
{
	static struct spool_msg m[TOGETHER_MAX];
	uint32_t n = 0, taken = 0;
	char *payloads = malloc(TOGETHER_MAX * bytes + 1);

	for (uint64_t i = from; i <= to && n < TOGETHER_MAX; i++, n++) {
		m[n] = message(i, bytes);
		m[n].payload = memcpy(payloads + n * bytes, m[n].payload, bytes);
		m[n].count = i == bad ? 0 : m[n].count;
	}
	CHECK_EQ(spool_append_all(s, m, n, &taken), wanted);
	free(payloads);
	return taken;
}

/* Is m the message that message(m->seq, bytes) made? */
static inline bool is_whole(const struct spool_msg *m, size_t bytes)
{
	struct spool_msg w = message(m->seq, bytes);

	return m->stream == w.stream && m->cpu == w.cpu && m->count == w.count && m->epoch == w.epoch &&
	       m->lost == w.lost && !strcmp(m->box, w.box) && !strcmp(m->schema, w.schema) &&
	       m->bytes == bytes && !memcmp(m->payload, w.payload, bytes);
}

static inline struct spool_stats stats(const struct spool *s)
{
	struct spool_stats st;

	spool_get_stats(s, &st);
	CHECK_EQ(st.in, st.out + st.held + st.lost_full + st.lost_age + st.lost_damaged);
	CHECK_EQ(spool_empty(s), !st.held);
	return st;
}

/* Reads messages from..to, in order, keeps their ids in id[0..] if not NULL. */
static inline void expect(struct spool *s, uint64_t from, uint64_t to, size_t bytes, uint64_t *id)
{
	struct spool_msg m;
	uint64_t one;

	for (uint64_t i = from; i <= to; i++) {
		CHECK(spool_unread(s));
		CHECK_EQ(spool_next(s, &m, id ? &id[i - from] : &one), 0);
		CHECK_EQ(m.seq, i);
		CHECK(is_whole(&m, bytes));
	}
}

static inline void expect_end(struct spool *s)
{
	struct spool_msg m;
	uint64_t id;

	CHECK_EQ(spool_next(s, &m, &id), -ENOENT);
	CHECK(!spool_unread(s));
}

static inline unsigned int files_in(const char *path)
{
	unsigned int n = 0;
	struct dirent *e;
	DIR *d = opendir(path);

	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, "segment-", 8);
	if (d)
		closedir(d);
	return n;
}

/* Full path of the i-th segment by name, from 0; "" if there is none. */
static inline const char *segment_path(unsigned int i)
{
	static char path[512];
	struct dirent **all;
	int n = scandir(dir, &all, NULL, alphasort);
	unsigned int at = 0;

	path[0] = '\0';
	for (int k = 0; k < n; k++) {
		if (!strncmp(all[k]->d_name, "segment-", 8) && at++ == i)
			snprintf(path, sizeof(path), "%s/%s", dir, all[k]->d_name);
		free(all[k]);
	}
	if (n >= 0)
		free(all);
	return path;
}

/* What the spool said while it was caught: catch_log(), then caught(). */
static FILE *log_file;
static int log_saved;

static inline void catch_log(void)
{
	log_file = tmpfile();
	log_saved = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

/* Lines with that in them; ends the catching. */
static inline unsigned int caught(const char *what)
{
	unsigned int n = 0;
	char line[1024];

	dup2(log_saved, STDERR_FILENO);
	close(log_saved);
	rewind(log_file);
	while (fgets(line, sizeof(line), log_file))
		n += strstr(line, what) != NULL;
	fclose(log_file);
	return n;
}

/* Runs the tests with a folder of their own. */
static inline int spool_main(void (*tests)(void))
{
	if (!mkdtemp(base_dir))
		return 1;
	tests();
	fresh();
	empty_folder(base_dir);
	rmdir(base_dir);
	return check_done();
}

#endif
