// SPDX-License-Identifier: Apache-2.0
/*
 * spool_folder.c - the folder of the spool: made, locked, shared with files of
 * others; and the messages that no spool takes.
 */
#include "spool_util.h"

static void test_lock(void)
{
	struct spool_settings set = settings(MIB);
	struct spool *s, *second = NULL;

	fresh();
	s = open_spool(MIB);
	CHECK_EQ(spool_open(&second, &set), -EBUSY);
	CHECK(!second);
	put_all(s, 1, 3, 10);
	spool_close(s);
	s = open_spool(MIB);
	expect(s, 1, 3, 10, NULL);
	spool_close(s);
}

static void test_folder(void)
{
	struct spool_settings set = settings(MIB);
	struct spool *s = NULL;
	struct stat st;
	char path[256];
	FILE *f;

	fresh();
	s = open_spool(MIB);
	CHECK_EQ(stat(dir, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	put_all(s, 1, 3, 10);
	CHECK_EQ(stat(segment_path(0), &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	spool_close(s);
	s = NULL;
	snprintf(path, sizeof(path), "%s/none/spool", base_dir);
	set.dir = path;
	CHECK_EQ(spool_open(&s, &set), -ENOENT);
	snprintf(path, sizeof(path), "%s/file", base_dir);
	f = fopen(path, "w");
	fclose(f);
	CHECK_EQ(spool_open(&s, &set), -ENOTDIR);
	CHECK(!s);
	remove(path);
}

static void make_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void test_foreign(void)
{
	static const char *const names[] = {
		"readme", "segment-", "segment-1", "segment-000000000000001", "segment-00000000000000zz",
		"segment-0000000000000001.bak", "segment-0000000000000001a", "segment-ffffffffffffffff", "segment-0000000000000000",
	};
	char path[256];
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	put_all(s, 1, 3, 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make_file(names[i], "theirs");
	snprintf(path, sizeof(path), "%s/segment-0000000000000300", dir);
	CHECK_EQ(mkdir(path, 0700), 0);
	spool_close(s);
	s = open_spool(MIB);
	CHECK_EQ(stats(s).in, 9);
	put_all(s, 4, 1000, 3000);
	CHECK(lost.records > 0);
	spool_close(s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		CHECK_EQ(access(path, F_OK), 0);
	}
}

static void test_refused(void)
{
	struct spool_msg m = message(1, 10);
	char text[300];
	struct spool *s;

	fresh();
	s = open_spool(MIB);
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	m.box = m.schema = text;
	CHECK_EQ(spool_append(s, &m), 0);
	text[255] = 'x';
	text[256] = '\0';
	CHECK_EQ(spool_append(s, &m), -EINVAL);
	m = message(1, 10);
	m.count = 0;
	CHECK_EQ(spool_append(s, &m), -EINVAL);
	m = message(1, 10);
	m.stream = STREAM_MAX;
	CHECK_EQ(spool_append(s, &m), -EINVAL);
	CHECK_EQ(put(s, 2, MIB), -EMSGSIZE);
	CHECK_EQ(stats(s).errors, 4);
	CHECK_EQ(put(s, 3, MIB - 1000), 0);	/* all else goes for it */
	CHECK_EQ(stats(s).lost_full, 2);
	expect(s, 3, 3, MIB - 1000, NULL);
	spool_close(s);
}

static void tests(void)
{
	RUN(test_lock);
	RUN(test_folder);
	RUN(test_foreign);
	RUN(test_refused);
}

int main(void)
{
	return spool_main(tests);
}
