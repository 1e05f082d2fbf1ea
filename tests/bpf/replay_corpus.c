// SPDX-License-Identifier: Apache-2.0
/*
 * replay_corpus.c - the same record from the host's parser, XDP and TC, for
 * every input that the fuzzer kept, and for random changes of the table of
 * packets. Compared whole, byte for byte, notes and fates included; each
 * counts as one packet of the length on the wire.
 *
 *   replay_corpus [DIR ...]	each file a fuzz_parse input; by default
 *				tests/fuzz/corpus_parse, and build/fuzz/corpus_parse if there
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include "host_view.h"
#include "fuzz/parse_input.h"
#include "rig.h"
#include "unit/check.h"

#define CHANGED_FRAMES 40000

static struct rig rig;
static const char *const *dirs;
static unsigned long compared, left_out;

static void compare(const struct parse_input *in, const struct outcome *host, enum rig_prog prog, const char *name)
{
	char a[TEXT_BYTES], b[TEXT_BYTES];
	struct outcome o;
	int err;

	if (!rig_takes(prog, in->frame, in->n)) {
		left_out++;
		return;
	}
	err = rig_run(&rig, prog, in->frame, in->n, in->wire, &o);
	compared++;
	if (!err && (rig.last.packets != 1 || rig.last.bytes != in->wire))
		err = -EPROTO;
	if (!err && rig_same(host, &o))
		return;
	printf("# %s: program %d, error %d\n#   host:   %s\n#   kernel: %s\n", name, prog, err,
	       text_outcome(host, NULL, a), err ? "" : text_outcome(&o, NULL, b));
	packet_print(in->frame, in->n);
	CHECK(!"the same record");
}

static void compare_all(const struct parse_input *in, const char *name)
{
	struct outcome host;

	host.fate = host_parse(in->frame, in->n, in->wire, in->l3, &host.rec, &host.notes);
	if (!in->l3)
		compare(in, &host, RIG_XDP, name);
	compare(in, &host, in->l3 ? RIG_TC_IN_L3 : RIG_TC_IN, name);
}

static void compare_file(const char *dir, const char *name)
{
	static uint8_t data[PARSE_INPUT_MAX];
	struct parse_input in;
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	CHECK(f != NULL);
	if (!f)
		return;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	if (parse_input(data, n, &in))
		compare_all(&in, name);
}

static void compare_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d) {
		printf("# %s: %s\n", path, strerror(errno));
		CHECK(!"corpus is there");
		return;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			compare_file(path, e->d_name);
	closedir(d);
}

static void test_kept_inputs(void)
{
	compared = left_out = 0;
	for (const char *const *d = dirs; *d; d++)
		compare_dir(*d);
	printf("# kept inputs: %lu records compared, %lu frames that a test run cannot take\n", compared, left_out);
	CHECK(compared > 0);
}

static uint32_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d >> 32;
}

/* A few bytes of a row replaced, most of them in headers; now and then its end is cut. */
static void change(struct packet *pk, uint64_t *state)
{
	for (uint32_t i = 1 + next_random(state) % 3; i--;) {
		uint32_t at = next_random(state) % pk->n, value = next_random(state);

		pk->bytes[at] = value >> next_random(state) % 8;
	}
	if (next_random(state) % 4 == 0)
		pk->n = 15 + next_random(state) % (pk->n - 14);
}

static void test_changed_frames(void)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	unsigned int rows = 0, done = 0;
	struct packet pk;

	compared = left_out = 0;
	while (packet_cases[rows].name)
		rows++;
	while (done < CHANGED_FRAMES) {
		const struct packet_case *c = &packet_cases[next_random(&state) % rows];

		CHECK(packet_build(c->spec, &pk) == 0);
		if (pk.n < 15)
			continue;
		change(&pk, &state);
		compare_all(&(struct parse_input){ pk.bytes, pk.n, pk.wire < pk.n ? pk.n : pk.wire, pk.l3 }, c->name);
		done++;
	}
	printf("# changed frames: %lu records compared, %lu frames that a test run cannot take\n", compared, left_out);
	CHECK(compared > CHANGED_FRAMES);
}

int main(int argc, char **argv)
{
	static const char *usual[] = { "tests/fuzz/corpus_parse", NULL, NULL };
	struct rig_settings s = rig_defaults();
	struct stat st;

	if (!stat("build/fuzz/corpus_parse", &st))
		usual[1] = "build/fuzz/corpus_parse";
	dirs = argc > 1 ? (const char *const *)argv + 1 : usual;
	if (rig_open(&rig, &s)) {
		printf("not ok rig\n");
		return 1;
	}
	RUN(test_kept_inputs);
	if (argc == 1)
		RUN(test_changed_frames);
	rig_close(&rig);
	return check_done();
}
