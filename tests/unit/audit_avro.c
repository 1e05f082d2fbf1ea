/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_avro.c - `ninetap audit` on Avro containers: of our own encoders,
 * whole, cut and damaged; with fields in another order; of others' schemas.
 */
#include "audit_dir.h"
#include "sample_flow.h"

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

/* Flow records of random figures, in one container beside the packets'. */
static void write_avro_flows(struct cpu *c)
{
	struct encoder *e;
	struct batch b = { 0 };
	uint64_t random = 5;

	if (encoder_open(&e, "avro", FRAMING_STREAM, STREAM_FLOWS, &sample_origin) || encoder_begin(e, &b, 1))
		abort();
	for (uint64_t i = 1; i <= RECORDS; i++) {
		struct nt_record r;
		struct flow f;
		struct tagged t;
		enum nt_count fate;

		sample_flow_fill(&random, &f);
		f.cpu = 1;
		f.counted.generation = 1 + i / 100;
		f.counted.entry = i;
		f.counted.sum = (struct nt_tally){ 1 + i % 7, i, i * 60 };
		flow_record(&r, &f);
		t = sample_tagged(&r);
		t.flow = &f;
		t.last_utc_ns = t.ts_utc_ns;
		fate = f.key.head.mode == NT_MODE_PACKET ? NT_COUNT_OVERFLOW : NT_COUNT_FLOW;
		tally_add(&c->fate[NT_COUNT_SEEN], &f.counted.sum);
		tally_add(&c->fate[fate], &f.counted.sum);
		if (encoder_add(e, &b, &t))
			abort();
	}
	if (encoder_end(e, &b, 0))
		abort();
	write_file("p.flows", encoder_head(e)->data, encoder_head(e)->len);
	write_file("p.flows", b.bytes.data, b.bytes.len);
	batch_free(&b);
	encoder_close(e);
}

static void test_avro_flows(void)
{
	struct cpu *c = cpu_new(sample_origin.box, sample_origin.epoch, 1);

	write_avro("p", c);
	write_avro_flows(c);
	cpu_event(c, true);
	write_rows(c, 0, ROWS_MAX, NULL, NULL, "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("rows"), 2 * RECORDS + 1);
	unlink(in_dir("p.flows"));
	CHECK_EQ(audit(in_dir("p")), 1);
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

#define HEAD_FIELDS \
	"{\"name\":\"cpu\",\"type\":\"int\"},{\"name\":\"epoch\",\"type\":\"long\"},{\"name\":\"box\",\"type\":\"string\"}"
#define ROWS_FIELD \
	"{\"name\":\"records\",\"type\":{\"type\":\"array\",\"items\":" \
	"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"packets\",\"type\":\"int\"},{\"name\":\"x\",\"type\":" \
	"[\"null\",\"double\",{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}]},{\"name\":\"bytes\",\"type\":\"long\"}," \
	"{\"name\":\"y\",\"type\":\"F\"},{\"name\":\"seq\",\"type\":\"long\"}]}}}"
#define SCHEMA(fields) "{\"type\":\"record\",\"name\":\"B\",\"fields\":[" fields "]}"

#define HEAD "\x02\x0e\x0a" "box-a"			/* CPU 1, epoch 7 */
#define ROWS \
	"\x03\x1e"					/* two records in 15 bytes */ \
	"\x02\x00\xc8\x01" "ab\x02"			/* packets 1, null, bytes 100, seq 1 */ \
	"\x02\x04zz\x78" "cd\x04" "\x00"		/* packets 1, fixed, bytes 60, seq 2; end */
#define BLOCK(batch) "\x02\x34" batch "0123456789abcdef"	/* a batch of 26 bytes */
#define BLOCK_BYTES (sizeof(BLOCK(HEAD ROWS)) - 1)
#define LAST_UNION 20U				/* in BLOCK(HEAD ROWS) */

static int audit_block(const char *schema, const char *block)
{
	write_container(schema, "null");
	write_file("p", block, BLOCK_BYTES);
	return audit(in_dir("p"));
}

/* Fields that are not ours between them; and the box behind its records. */
static void test_avro_of_another_order(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	cpu_packet(c, NT_COUNT_RECORDED, 1, 100);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	cpu_event(c, true);
	write_rows(c, 0, ROWS_MAX, NULL, NULL, "p.events");
	CHECK_EQ(audit_block(SCHEMA(HEAD_FIELDS "," ROWS_FIELD), BLOCK(HEAD ROWS)), 0);
	unlink(in_dir("p"));
	CHECK_EQ(audit_block(SCHEMA(ROWS_FIELD "," HEAD_FIELDS), BLOCK(ROWS HEAD)), 0);
	cpu_free(c);
	empty_dir();
}

/* Of a damaged batch nothing is taken, of a block without its marker nothing is looked at. */
static void test_avro_is_taken_whole(void)
{
	char block[] = BLOCK(HEAD ROWS);

	block[LAST_UNION] ^= 0x40;
	CHECK_EQ(audit_block(SCHEMA(HEAD_FIELDS "," ROWS_FIELD), block), 1);
	CHECK_EQ(number("rows"), 0);
	CHECK_EQ(number("bad"), 1);
	CHECK(strstr(json_string_value(json_object_get(json_array_get(json_object_get(said, "cpus"), 0), "why")), " 0 records"));
	empty_dir();
	block[LAST_UNION] ^= 0x40;
	block[BLOCK_BYTES - 1] ^= 1;
	CHECK_EQ(audit_block(SCHEMA(HEAD_FIELDS "," ROWS_FIELD), block), EX_DATAERR);
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
	write_container(SCHEMA(HEAD_FIELDS "," ROWS_FIELD), "deflate");
	CHECK_EQ(audit(in_dir("p")), EX_DATAERR);
	empty_dir();
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_avro);
	RUN(test_avro_flows);
	RUN(test_avro_cut);
	RUN(test_avro_damaged);
	RUN(test_avro_of_another_order);
	RUN(test_avro_is_taken_whole);
	RUN(test_avro_of_others);
	json_decref(said);
	rmdir(dir);
	return check_done();
}
