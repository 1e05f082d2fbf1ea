/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.c - the keeper and its files: each way that a file changes is seen,
 * and one that is broken changes nothing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include "inventory/keeper_priv.h"
#include "keeper_util.h"
#include "options_util.h"

#define BOX(name) "{\"kind\":\"box\",\"name\":\"" name "\"}\n"

static void test_files_are_read(void)
{
	char a[PATH_BYTES], b[PATH_BYTES], file[PATH_BYTES + 8], want[600];
	struct keeper_stats s;
	struct keeper *k;

	write_file(in_dir(a, "a"), BOX("a1") BOX("a2"));
	write_file(in_dir(b, "b"), "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[\"10.0.0.1\"]}\nx\n");
	snprintf(file, sizeof(file), "file:%s", b);
	catch_stderr();
	CHECK_EQ(OPEN(&k, a, file), 0);
	caught_stderr();
	snprintf(want, sizeof(want), "ninetap: tags: %s: 2 statements, revision 3\n"
		 "ninetap: tags: %s: 1 statements, revision 3\n", a, b);
	CHECK(strstr(caught, want));
	s = stats_of(k);
	CHECK_EQ(s.revision, 3);
	CHECK_EQ(s.inventory.instances, 1);
	CHECK_EQ(s.problems[PROBLEM_SYNTAX], 1);
	CHECK(has_box(k, "a2"));
	catch_stderr();
	keeper_log(k);
	caught_stderr();
	CHECK_STR(caught, "ninetap: tags: revision=3 tenants=0 instances=1 applications=0 prefixes=0 statements=1 "
		  "events=0 ignored=0 reloads=0 reloads_failed=0 syntax=1 no_id=0 cidr=0 overlap=0 unknown_tenant=0 "
		  "source=0\n");
	keeper_close(k);
	unlink(a);
	unlink(b);
}

static void test_what_cannot_be_opened(void)
{
	char missing[PATH_BYTES];
	struct keeper *k;

	catch_stderr();
	CHECK_EQ(OPEN(&k, (char *)in_dir(missing, "missing")), EX_NOINPUT);
	CHECK(!k);
	CHECK_EQ(OPEN(&k, "kafka:x"), EX_USAGE);
	CHECK_EQ(OPEN(&k, "socket:/nonexistent/a/b"), EX_CANTCREAT);
	caught_stderr();
	CHECK(strstr(caught, "missing: No such file or directory\n"));
	CHECK(strstr(caught, "tags: \"kafka:x\": no topic, expected "));
	keeper_close(NULL);
}

/* A keeper of one file with the box "old" in it. */
static struct keeper *follow(char path[PATH_BYTES], const char *name)
{
	struct keeper *k;

	in_dir(path, name);
	if (access(path, F_OK))
		write_file(path, BOX("old"));
	if (OPEN(&k, path) || keeper_start(k))
		abort();
	return k;
}

static void end(struct keeper *k, const char *path)
{
	keeper_close(k);
	unlink(path);
}

static void test_rewritten(void)
{
	char path[PATH_BYTES];
	struct keeper *k = follow(path, "t");

	CHECK(has_box(k, "old"));
	write_file(path, BOX("new") BOX("new2"));
	CHECK(wait_reloads(k, 1, 0));
	CHECK(has_box(k, "new") && !has_box(k, "old"));
	write_file(path, BOX("newer"));
	CHECK(wait_reloads(k, 2, 0));
	CHECK(has_box(k, "newer") && !has_box(k, "new"));
	end(k, path);
}

static void test_replaced(void)
{
	char path[PATH_BYTES];
	struct keeper *k = follow(path, "t");

	for (uint64_t i = 1; i <= 3; i++) {
		replace_file(path, i % 2 ? BOX("odd") : BOX("even"));
		CHECK(wait_reloads(k, i, 0));
		CHECK_EQ(has_box(k, "odd"), i % 2);
	}
	end(k, path);
}

static void test_asked_to(void)
{
	char path[PATH_BYTES];
	struct keeper *k = follow(path, "t");

	keeper_reload(k);
	CHECK(wait_reloads(k, 1, 0));
	CHECK(has_box(k, "old"));
	end(k, path);
}

/* Whether what happened in the folder is a reason to read again; the keeper's thread isn't begun. */
static bool is_due(struct keeper *k)
{
	files_follow(k);
	return k->reload_due;
}

/* What others do in the folder is nothing to us, and a file that is being written isn't read yet. */
static void test_others_are_left_alone(void)
{
	char path[PATH_BYTES], other[PATH_BYTES];
	struct keeper *k;
	int fd;

	write_file(in_dir(path, "t"), BOX("old"));
	CHECK_EQ(OPEN(&k, path), 0);
	CHECK(!is_due(k));
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	CHECK_EQ(write(fd, BOX("half"), sizeof(BOX("half")) - 1), sizeof(BOX("half")) - 1);
	CHECK(!is_due(k));
	write_file(in_dir(other, "tt"), "x");
	replace_file(other, "y");
	unlink(other);
	CHECK(!is_due(k));
	close(fd);
	CHECK(is_due(k));
	files_reload(k);
	CHECK(has_box(k, "half") && !is_due(k));
	end(k, path);
}

/* A link in its place is whole at once; both ways to make one don't close or rename anything. */
static void test_linked(void)
{
	char path[PATH_BYTES], other[PATH_BYTES];
	struct keeper *k;
	int fd;

	write_file(in_dir(path, "t"), BOX("old"));
	CHECK_EQ(OPEN(&k, path), 0);
	write_file(in_dir(other, "t2"), BOX("new"));
	CHECK(!unlink(path) && !link(other, path));
	CHECK(is_due(k));
	files_reload(k);
	CHECK(has_box(k, "new"));
	CHECK(!unlink(path) && !symlink("t2", path));
	CHECK(is_due(k));
	files_reload(k);
	CHECK(!is_due(k));
	/* What the link leads to is made anew, and isn't whole before it is closed. */
	unlink(other);
	fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && !is_due(k));
	close(fd);
	CHECK(is_due(k));
	end(k, path);
	unlink(other);
}

static void test_emptied_file_changes_nothing(void)
{
	char path[PATH_BYTES];
	struct keeper *k = follow(path, "t");

	catch_stderr();
	write_file(path, "");
	CHECK(wait_reloads(k, 0, 1));
	write_file(path, "# none\n");
	CHECK(wait_reloads(k, 0, 2));
	CHECK(has_box(k, "old"));
	caught_stderr();
	CHECK(strstr(caught, "t: says nothing any more\n"));
	CHECK_EQ(stats_of(k).problems[PROBLEM_SOURCE], 2);
	end(k, path);
	/* One that never said anything is fine: it will. */
	write_file(path, "");
	k = follow(path, "t");
	keeper_reload(k);
	CHECK(wait_reloads(k, 1, 0));
	end(k, path);
}

static void test_broken_files_change_nothing(void)
{
	char path[PATH_BYTES];
	struct keeper *k = follow(path, "t");

	catch_stderr();
	write_file(path, "x\ny\n");
	CHECK(wait_reloads(k, 0, 1));
	CHECK(has_box(k, "old"));
	unlink(path);
	keeper_reload(k);
	CHECK(wait_reloads(k, 0, 2));
	CHECK(has_box(k, "old"));
	caught_stderr();
	CHECK(strstr(caught, "has not one good line\n"));
	CHECK(strstr(caught, "tags: read the files again: No such file or directory: the inventory stays as it was\n"));
	CHECK_EQ(stats_of(k).problems[PROBLEM_SOURCE], 2);
	write_file(path, BOX("new"));
	CHECK(wait_reloads(k, 1, 2));
	CHECK(has_box(k, "new"));
	end(k, path);
}

/* As a ConfigMap is mounted: t -> ..data/t, ..data -> v1. */
static void test_config_map(void)
{
	char v1[PATH_BYTES], v2[PATH_BYTES], t1[PATH_BYTES], t2[PATH_BYTES], data[PATH_BYTES], next[PATH_BYTES], t[PATH_BYTES];
	struct keeper *k;

	CHECK(!mkdir(in_dir(v1, "v1"), 0700) && !mkdir(in_dir(v2, "v2"), 0700));
	write_file(in_dir(t1, "v1/t"), BOX("old"));
	write_file(in_dir(t2, "v2/t"), BOX("new"));
	CHECK(!symlink("v1", in_dir(data, "..data")) && !symlink("..data/t", in_dir(t, "t")));
	k = follow(t, "t");
	CHECK(!symlink("v2", in_dir(next, "..next")) && !rename(next, data));
	CHECK(!unlink(t1) && !rmdir(v1));
	CHECK(wait_reloads(k, 1, 0));
	CHECK(has_box(k, "new"));
	write_file(t2, BOX("newer"));		/* behind the links */
	CHECK(wait_reloads(k, 2, 0));
	CHECK(has_box(k, "newer"));
	end(k, t);
	CHECK(!unlink(t2) && !rmdir(v2) && !unlink(data));
}

/* The folder itself is a link, which no event of it tells about. */
static void test_folder_is_swapped(void)
{
	char v1[PATH_BYTES], v2[PATH_BYTES], t1[PATH_BYTES], t2[PATH_BYTES], now[PATH_BYTES], next[PATH_BYTES], t[PATH_BYTES];
	struct keeper *k;

	CHECK(!mkdir(in_dir(v1, "v1"), 0700) && !mkdir(in_dir(v2, "v2"), 0700));
	write_file(in_dir(t1, "v1/t"), BOX("old"));
	write_file(in_dir(t2, "v2/t"), BOX("new"));
	CHECK(!symlink("v1", in_dir(now, "now")));
	k = follow(t, "now/t");
	CHECK(!symlink("v2", in_dir(next, "next")) && !rename(next, now));
	CHECK(wait_reloads(k, 1, 0));
	CHECK(has_box(k, "new"));
	write_file(t2, BOX("newer"));
	CHECK(wait_reloads(k, 2, 0));
	end(k, t);
	CHECK(!unlink(t1) && !rmdir(v1) && !rmdir(v2) && !unlink(now));
}

struct reader {
	struct board *board;
	atomic_bool stop;
	uint64_t rounds;
};

/* What a tagger does: one state from hold to release. */
static void *read_along(void *arg)
{
	struct tag_query q = { .src = { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	struct reader *r = arg;

	while (!atomic_load(&r->stop)) {
		const struct inventory *inv = board_hold(r->board);
		uint64_t revision = inventory_revision(inv), stamp = inventory_stamp(inv, &q);
		struct tag_answer answer;

		inventory_find(inv, &q, 1, &answer);
		if (inventory_revision(inv) != revision || inventory_stamp(inv, &q) != stamp || !answer.tags.src_instance)
			abort();
		board_release(r->board);
		r->rounds++;
	}
	return NULL;
}

/* A burst of changes is few reloads; the last state is what holds; readers go on all the while. */
static void test_bursts(void)
{
	char path[PATH_BYTES], text[300];
	struct keeper *k;
	struct reader r = { 0 };
	pthread_t thread;
	int64_t begin = clock_monotonic_ns();

	write_file(in_dir(path, "t"), "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[\"10.0.0.1\"]}\n");
	k = follow(path, "t");
	r.board = keeper_board(k);
	CHECK(!pthread_create(&thread, NULL, read_along, &r));
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), BOX("b%d") "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[\"10.0.0.1\"]}\n", i);
		replace_file(path, text);
	}
	while (!has_box(k, "b299") && clock_monotonic_ns() - begin < WAIT_NS)
		usleep(1000);
	CHECK(has_box(k, "b299") && !has_box(k, "b298"));
	CHECK((int64_t)stats_of(k).reloads <= (clock_monotonic_ns() - begin) / 100000000 + 1);
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	CHECK(r.rounds > 0);
	end(k, path);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_files_are_read);
	RUN(test_what_cannot_be_opened);
	RUN(test_rewritten);
	RUN(test_replaced);
	RUN(test_asked_to);
	RUN(test_others_are_left_alone);
	RUN(test_linked);
	RUN(test_emptied_file_changes_nothing);
	RUN(test_broken_files_change_nothing);
	RUN(test_config_map);
	RUN(test_folder_is_swapped);
	RUN(test_bursts);
	return rmdir(dir) || check_done();	/* nothing is left in it */
}
