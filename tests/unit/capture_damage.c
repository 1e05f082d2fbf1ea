// SPDX-License-Identifier: Apache-2.0
/*
 * capture_damage.c - captures cut at every byte, compressed ones too, bytes
 * flipped, and paths that are no file.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include "capture_lib.h"
#include "check.h"

static struct seen s;

static bool one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && !end[1];
}

/* Where each packet ends; a cut there (or before the first, at least) is no damage. */
struct ends {
	int n;
	size_t at[16];
};

static struct image *small_pcap(struct ends *e)
{
	struct image *im = image_new(true);

	put_pcap_head(im, 0xa1b23c4d, 1);
	e->at[0] = im->n;
	for (e->n = 1; e->n < 4; e->n++) {
		put_pcap_packet(im, 1, 2, (uint8_t)(e->n - 1), 20u + e->n, 100);
		e->at[e->n] = im->n;
	}
	return im;
}

static struct image *small_pcapng(struct ends *e)
{
	struct image *im = image_new(false);

	e->n = 0;
	for (uint8_t i = 0; i < 3; i++) {
		im->big_endian = i % 2;
		put_section(im);
		e->at[e->n++] = im->n;
		begin_iface(im, 1, 30);
		put_option(im, 2, "eth0", 4);
		put_option(im, 9, "\x09", 1);
		end_block(im);
		e->at[e->n++] = im->n;
		put_packet(im, 0, 9, i, 21, 100);
		e->at[e->n++] = im->n;
	}
	return im;
}

static bool is_end(const struct ends *e, size_t n)
{
	for (int i = 0; i < e->n; i++)
		if (e->at[i] == n)
			return true;
	return false;
}

static void check_cut(const struct ends *e, size_t n, int whole)
{
	CHECK_EQ(s.frames, whole);
	for (int i = 0; i < s.frames; i++)
		CHECK(s.frame[i].right);
	CHECK_EQ(s.code, is_end(e, n) ? 0 : EX_DATAERR);
	if (s.code) {
		CHECK(one_line(s.said));
		CHECK(!n || strstr(s.said, "cut short: it ends at byte"));
	}
}

/* Every step-th of e->at from the first on stands behind a frame. */
static int frames_before(const struct ends *e, size_t n, int first, int step)
{
	int frames = 0;

	for (int i = first; i < e->n; i += step)
		frames += e->at[i] <= n;
	return frames;
}

static void cut_everywhere(struct image *im, const struct ends *e, int first, int step)
{
	size_t whole = im->n;

	for (im->n = 0; im->n <= whole; im->n++) {
		read_image(im, false, &s);
		check_cut(e, im->n, frames_before(e, im->n, first, step));
	}
	free(im);
}

static void test_pcap_cut_at_every_byte(void)
{
	struct ends e;
	struct image *im = small_pcap(&e);

	cut_everywhere(im, &e, 1, 1);
}

static void test_pcapng_cut_at_every_byte(void)
{
	struct ends e;
	struct image *im = small_pcapng(&e);

	cut_everywhere(im, &e, 2, 3);
}

static void test_flipped_bytes(void)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };

	for (int k = 0; k < 6; k++) {
		struct ends e;
		struct image *im = k % 2 ? small_pcap(&e) : small_pcapng(&e);

		for (size_t i = 0; i < im->n; i++) {
			im->bytes[i] ^= masks[k / 2];
			read_image(im, false, &s);
			im->bytes[i] ^= masks[k / 2];
			CHECK(s.frames <= 3);
			CHECK(s.code ? one_line(s.said) : !s.said[0]);
		}
		free(im);
	}
}

static void test_compressed(void)
{
	struct ends e;
	struct image *im = small_pcap(&e);

	read_image(im, true, &s);
	CHECK_EQ(s.code, 0);
	CHECK_EQ(s.frames, 3);
	CHECK(s.frame[2].right);
	free(im);
	im = small_pcapng(&e);
	read_image(im, true, &s);
	CHECK_EQ(s.code, 0);
	CHECK_EQ(s.frames, 3);
	CHECK(s.frame[2].right);
	free(im);
}

/* However far what is left reaches, a stream that breaks off is never taken for a whole file. */
static void test_compressed_cut_at_every_byte(void)
{
	struct ends e;
	struct image *im = small_pcapng(&e);
	int fd = image_fd(im, true), most = 0;
	off_t whole = lseek(fd, 0, SEEK_END);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (off_t n = whole - 1; n >= 0; n--) {
		CHECK(!ftruncate(fd, n));
		read_path(path, &s);
		CHECK_EQ(s.code, EX_DATAERR);
		CHECK(one_line(s.said));
		most = s.frames > most ? s.frames : most;
		for (int i = 0; i < s.frames; i++)
			CHECK(s.frame[i].right);
	}
	CHECK_EQ(most, 3);
	close(fd);
	free(im);
}

static void check_no_input(const char *path, const char *why)
{
	read_path(path, &s);
	CHECK(!s.opened);
	CHECK_EQ(s.code, EX_NOINPUT);
	CHECK(one_line(s.said));
	CHECK(strstr(s.said, why) != NULL);
}

static void test_paths(void)
{
	char dir[] = "/tmp/ninetap-capture-XXXXXX", path[64];

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/none.pcap", dir);
	check_no_input(dir, "it is a directory");
	check_no_input(path, strerror(ENOENT));
	CHECK(!symlink("none.pcap", path));
	check_no_input(path, strerror(ELOOP));
	unlink(path);
	rmdir(dir);
}

/* A pipe can't be sought in; the descriptor stays the caller's. */
static void test_standard_input(void)
{
	struct ends e;
	struct image *im = small_pcapng(&e);
	int ends[2], kept = dup(STDIN_FILENO);

	CHECK(!pipe(ends));
	CHECK_EQ(write(ends[1], im->bytes, im->n - 1), im->n - 1);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	read_path("-", &s);
	CHECK_EQ(s.frames, 2);
	CHECK_EQ(s.code, EX_DATAERR);
	CHECK(strstr(s.said, "standard input") != NULL);
	CHECK_EQ(read(STDIN_FILENO, im->bytes, 1), 0);
	dup2(kept, STDIN_FILENO);
	close(kept);
	free(im);
}

int main(void)
{
	RUN(test_pcap_cut_at_every_byte);
	RUN(test_pcapng_cut_at_every_byte);
	RUN(test_flipped_bytes);
	RUN(test_compressed);
	RUN(test_compressed_cut_at_every_byte);
	RUN(test_paths);
	RUN(test_standard_input);
	return check_done();
}
