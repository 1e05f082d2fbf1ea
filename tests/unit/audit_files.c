/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_files.c - `ninetap audit` on files: exit codes, rotated siblings, what
 * redirected standard output holds, Avro containers of our own encoder, whole,
 * cut and damaged.
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "audit/audit.h"
#include "audit_lib.h"
#include "check.h"
#include "sample.h"

static char dir[] = "/tmp/ninetap-test-XXXXXX";

static const char *in_dir(const char *name)
{
	static char paths[4][300];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(in_dir(name), "a");

	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
		abort();
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* Rows from the from-th on, until the to-th, by kind: where each goes; NULL: nowhere. */
static void write_rows(const struct cpu *c, size_t from, size_t to, const char *packets, const char *flows, const char *events)
{
	const char *const name[] = { [ROW_RECORD] = packets, [ROW_FLOW] = flows, [ROW_EVENT] = events };

	for (size_t i = from; i < to && i < c->rows_n; i++) {
		if (!c->rows[i].text || !name[c->rows[i].kind])
			continue;
		write_text(name[c->rows[i].kind], c->rows[i].text);
		write_text(name[c->rows[i].kind], "\n");
	}
}

static json_t *said;			/* by the last audit */

/* With --json: what it prints goes to a file meanwhile. */
static int audit(const char *source)
{
	struct options o = { .source = (char *)source, .json = true };
	int kept = dup(STDOUT_FILENO), fd = open(in_dir("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600), code;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	code = audit_main(&o);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(fd);
	json_decref(said);
	said = json_load_file(in_dir("printed"), 0, NULL);
	unlink(in_dir("printed"));
	return code;
}

static long long number(const char *name)
{
	return json_integer_value(json_object_get(said, name));
}

static struct cpu *sample(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	for (uint32_t i = 0; i < 50; i++)
		cpu_packet(c, i % 10 == 9 ? NT_COUNT_OVERFLOW : NT_COUNT_RECORDED, 1, 100 + i);
	cpu_flow(c, true);
	cpu_event(c, true);
	return c;
}

static void test_complete(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK(json_is_true(json_object_get(said, "complete")));
	CHECK_EQ(number("rows"), 47);
	CHECK_EQ(number("bad"), 0);
	cpu_free(c);
	empty_dir();
}

static void test_record_lost(void)
{
	struct cpu *c = sample();

	row_lose(cpu_row(c, ROW_RECORD, 17));
	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK(json_is_false(json_object_get(said, "complete")));
	cpu_free(c);
	empty_dir();
}

static void test_rotated(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, 20, "p.20260102T030405.000000006Z", "x", "x");
	write_rows(c, 20, 30, "p.20260102T030405.000000007Z", "x", "x");
	write_rows(c, 30, ROWS_MAX, "p", "p.flows.20260102T030405.000000007Z", "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	unlink(in_dir("p.20260102T030405.000000007Z"));
	CHECK_EQ(audit(in_dir("p")), 1);
	cpu_free(c);
	empty_dir();
}

/* Names that only look like it. */
static void test_not_rotated(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.20260102T030405.00000006Z", "x\n");
	write_text("p.20260102T030405.000000006Zx", "x\n");
	write_text("p.old", "x\n");
	write_text("pp.20260102T030405.000000006Z", "x\n");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("bad"), 0);
	cpu_free(c);
	empty_dir();
}

static void test_all_in_one_file(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p", "p");
	CHECK_EQ(audit(in_dir("p")), 0);
	cpu_free(c);
	empty_dir();
}

static void test_nothing_there(void)
{
	CHECK_EQ(audit(in_dir("p")), EX_NOINPUT);
	write_text("p", "");
	CHECK_EQ(audit(in_dir("p")), EX_NOINPUT);
	CHECK_EQ(audit(dir), EX_IOERR);
	empty_dir();
}

static void test_nothing_of_ours(void)
{
	write_text("p", "a,b,c\n1,2,3\n{\"ts\":1}\n[]\n{}\n");
	CHECK_EQ(audit(in_dir("p")), EX_DATAERR);
	empty_dir();
}

/* A line that a kill tore, and what came again behind it. */
static void test_torn_line(void)
{
	struct cpu *c = sample();

	write_text("p", "\n\r\n{\"ts\":\"2026-11-22T00:00:0\n");
	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p", "{\"ts\":\"2026-11");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("bad"), 3);
	cpu_free(c);
	empty_dir();
}

static void test_cpu_that_never_told(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.events", "{\"type\":\"start\",\"box\":\"box-a\",\"epoch\":7,\"version\":\"1\",\"pid\":1,\"adopted\":false}\n");
	CHECK_EQ(audit(in_dir("p")), 0);
	write_text("p.events", "{\"type\":\"start\",\"box\":\"box-a\",\"epoch\":7,\"cpus\":3}\n");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK_EQ(number("absent_cpus"), 2);
	cpu_free(c);
	empty_dir();
}

static void test_spool_dropped_something_unknown(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.events", "{\"type\":\"loss\",\"of_epoch\":0}\n");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK_EQ(number("spool_unknown"), 1);
	cpu_free(c);
	empty_dir();
}

#define RECORDS 300

/* Into one container, in batches of 40; what was written is counted by c as the kernel would. */
static void write_avro(const char *name, struct cpu *c)
{
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	struct encoder *e;
	struct batch b = { 0 };
	uint64_t random = 9;

	if (encoder_open(&e, "avro", FRAMING_STREAM, STREAM_PACKETS, &sample_origin))
		abort();
	write_file(name, encoder_head(e)->data, encoder_head(e)->len);
	for (int i = 0; i < RECORDS; i++) {
		sample_fill(&random, &r);
		r.seq = c->seq + 1;
		cpu_packet(c, NT_COUNT_RECORDED, r.packets, r.bytes);
		if (i % 40 == 0 && encoder_begin(e, &b, 1))
			abort();
		if (encoder_add(e, &b, &t))
			abort();
		if (i % 40 == 39 || i == RECORDS - 1) {
			if (encoder_end(e, &b, 0))
				abort();
			write_file(name, b.bytes.data, b.bytes.len);
		}
	}
	batch_free(&b);
	encoder_close(e);
}

static struct cpu *write_sample_avro(void)
{
	struct cpu *c = cpu_new(sample_origin.box, sample_origin.epoch, 1);

	write_avro("p", c);
	cpu_event(c, true);
	write_rows(c, 0, ROWS_MAX, NULL, NULL, "p.events");
	return c;
}

static void test_avro(void)
{
	struct cpu *c = write_sample_avro();

	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("rows"), RECORDS + 1);
	cpu_free(c);
	empty_dir();
}

static char *content(const char *name, size_t *n)
{
	FILE *f = fopen(in_dir(name), "r");
	char *bytes = malloc(1 << 20);

	*n = f ? fread(bytes, 1, 1 << 20, f) : 0;
	if (f)
		fclose(f);
	return bytes;
}

static void test_avro_cut(void)
{
	struct cpu *c = write_sample_avro();
	size_t n;
	char *bytes = content("p", &n);

	for (size_t cut = 0; cut < n && !check_failures; cut += cut < 6000 ? 97 : 23) {
		unlink(in_dir("p"));
		write_file("p", bytes, cut);
		CHECK_EQ(audit(in_dir("p")) == 0, 0);
	}
	free(bytes);
	cpu_free(c);
	empty_dir();
}

/* Each byte of a batch may break: what is then missing or other than it was is seen, or it was not a number that counts. */
static void test_avro_damaged(void)
{
	struct cpu *c = write_sample_avro();
	size_t n;
	char *bytes = content("p", &n);

	for (size_t at = 5; at < n && !check_failures; at += 31) {
		int code;

		bytes[at] ^= 0x55;
		unlink(in_dir("p"));
		write_file("p", bytes, n);
		code = audit(in_dir("p"));
		CHECK(code == 0 || code == 1 || code == EX_DATAERR);
		bytes[at] ^= 0x55;
	}
	free(bytes);
	cpu_free(c);
	empty_dir();
}

static void write_container(const char *schema, const char *codec)
{
	char sizes[3] = { 4, 22, 0 };
	size_t n = strlen(schema) * 2;
	unsigned char length[3] = { (n & 0x7f) | 0x80, (n >> 7 & 0x7f) | 0x80, n >> 14 };

	write_file("p", "Obj\x01", 4);
	write_file("p", sizes, 2);
	write_text("p", "avro.schema");
	write_file("p", length, 3);
	write_text("p", schema);
	write_text("p", "\x14" "avro.codec");
	sizes[0] = (char)(strlen(codec) * 2);
	write_file("p", sizes, 1);
	write_text("p", codec);
	write_file("p", "\0" "0123456789abcdef", 17);
}

#define PACKET_SCHEMA \
	"{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"records\",\"type\":{\"type\":\"array\",\"items\":" \
	"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"packets\",\"type\":\"int\"},{\"name\":\"x\",\"type\":" \
	"[\"null\",\"double\",{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}]},{\"name\":\"bytes\",\"type\":\"long\"}," \
	"{\"name\":\"y\",\"type\":\"F\"},{\"name\":\"seq\",\"type\":\"long\"}]}}},{\"name\":\"cpu\",\"type\":\"int\"}," \
	"{\"name\":\"epoch\",\"type\":\"long\"},{\"name\":\"box\",\"type\":\"string\"}]}"

/* Fields in another order, with others between them; the box behind its records. */
static void test_avro_of_another_order(void)
{
	static const char batch[] =
		"\x02\x3a" "\x03\x1a"				/* a batch of 29 bytes; two records in 13 bytes */
		"\x02\x00\xc8\x01" "ab\x02"			/* packets 1, null, bytes 100, seq 1 */
		"\x02\x04zz\x78" "cd\x04"			/* packets 1, fixed, bytes 60, seq 2 */
		"\x00" "\x02\x0e\x0a" "box-a"			/* end; CPU 1, epoch 7 */
		"0123456789abcdef";
	struct cpu *c = cpu_new("box-a", 7, 1);
	size_t n = sizeof(batch) - 1;
	char *fixed = malloc(n);

	memcpy(fixed, batch, n);
	fixed[1] = (char)(2 * (n - 2 - 16));
	fixed[3] = 2 * 15;
	write_container(PACKET_SCHEMA, "null");
	write_file("p", fixed, n);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 100);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	cpu_event(c, true);
	write_rows(c, 0, ROWS_MAX, NULL, NULL, "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	free(fixed);
	cpu_free(c);
	empty_dir();
}

static void test_avro_of_others(void)
{
	static const char *const schemas[] = {
		"\"string\"", "{\"type\":\"record\",\"name\":\"X\",\"fields\":[]}", "{}", "[]", "nonsense", "{\"type\":\"map\"}",
		"{\"type\":\"record\",\"name\":\"box\",\"fields\":[{\"name\":\"records\",\"type\":{\"type\":\"array\",\"items\":\"box\"}}]}",
	};

	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		write_container(schemas[i], "null");
		CHECK_EQ(audit(in_dir("p")), EX_DATAERR);
		empty_dir();
	}
	write_container(PACKET_SCHEMA, "deflate");
	CHECK_EQ(audit(in_dir("p")), EX_DATAERR);
	empty_dir();
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_complete);
	RUN(test_record_lost);
	RUN(test_rotated);
	RUN(test_not_rotated);
	RUN(test_all_in_one_file);
	RUN(test_nothing_there);
	RUN(test_nothing_of_ours);
	RUN(test_torn_line);
	RUN(test_cpu_that_never_told);
	RUN(test_spool_dropped_something_unknown);
	RUN(test_avro);
	RUN(test_avro_cut);
	RUN(test_avro_damaged);
	RUN(test_avro_of_another_order);
	RUN(test_avro_of_others);
	json_decref(said);
	rmdir(dir);
	return check_done();
}
