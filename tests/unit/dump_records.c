/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_records.c - prints random records, encoded: dump_records json|avro|smartx
 * stream|message packets|flows SEED BATCHES RECORDS. The same arguments but the
 * first two give the same records. Messages are printed each behind its length
 * in decimal and a newline. No test: test_encode.py reads what it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include "sample_flow.h"
#include "sample_tags.h"

struct dump {
	struct encoder *e;
	struct batch batch;
	uint64_t state;			/* of the random numbers */
	int messages;
	enum stream stream;
};

static const char *const ifaces[] = {
	"eth0", "", "q\"b\\c", "t\tn\n\x01\x1f\x7f", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d",
	"bad\xff\xfe", "cut\xe2\x82", "over\xc0\xaf", "sur\xed\xa0\x80", "big\xf4\x90\x80\x80",
};

static int write_message(const struct batch *b, const struct batch_msg *m)
{
	size_t n = m->end - m->begin;

	printf("%zu\n", n);
	return fwrite(b->bytes.data + m->begin, 1, n, stdout) != n;
}

static int write_batch(const struct dump *d)
{
	const struct batch *b = &d->batch;
	int bad = 0;

	if (!d->messages)
		return fwrite(b->bytes.data, 1, b->bytes.len, stdout) != b->bytes.len;
	for (uint32_t i = 0; i < b->msgs_n && !bad; i++)
		bad = write_message(b, &b->msgs[i]);
	return bad;
}

/* A time, before 1970 now and then. */
static int64_t any_time(uint64_t *state)
{
	int64_t ns = sample_number(state, 63);

	return sample_random(state) >> 60 == 0 ? -ns - 1 : ns;
}

static void fill(struct dump *d, struct tagged *t, struct nt_record *r, struct flow *f)
{
	if (d->stream == STREAM_PACKETS) {
		sample_fill(&d->state, r);
	} else {
		sample_flow_fill(&d->state, f);
		flow_record(r, f);
		t->flow = f;
		t->last_utc_ns = any_time(&d->state);
	}
	t->ts_utc_ns = any_time(&d->state);
}

static int add_record(struct dump *d)
{
	struct nt_record r;
	struct flow f;
	struct tag_app app;
	struct tags tags;
	struct tagged t = { .rec = &r, .origin = &sample_origin, .tags = &tags };

	sample_tags(&d->state, &tags, &app);
	fill(d, &t, &r, &f);
	t.iface = ifaces[(sample_random(&d->state) >> 33) % (sizeof(ifaces) / sizeof(*ifaces))];
	t.plane = (sample_random(&d->state) >> 33) % PLANE_MAX;
	return encoder_add(d->e, &d->batch, &t);
}

static int dump_batch(struct dump *d, uint32_t records)
{
	uint64_t lost = sample_number(&d->state, 63);
	uint32_t cpu = sample_number(&d->state, 16);
	uint64_t revision = sample_number(&d->state, 63);
	int err = encoder_begin(d->e, &d->batch, cpu);

	d->batch.tags_rev = revision;
	for (uint32_t i = 0; i < records && !err; i++)
		err = add_record(d);
	if (!err)
		err = encoder_end(d->e, &d->batch, lost);
	return err || write_batch(d);
}

static int dump(struct dump *d, long batches, long records)
{
	const struct buf *head = encoder_head(d->e);
	int bad = head->len && fwrite(head->data, 1, head->len, stdout) != head->len;

	for (long i = 0; i < batches && !bad; i++)
		bad = dump_batch(d, records);
	return bad || fflush(stdout);
}

int main(int argc, char **argv)
{
	struct dump d = { 0 };
	int bad;

	if (argc != 7)
		return 2;
	d.messages = !strcmp(argv[2], "message");
	d.stream = strcmp(argv[3], stream_names[STREAM_FLOWS]) ? STREAM_PACKETS : STREAM_FLOWS;
	d.state = strtoull(argv[4], NULL, 10) | 1;
	if (encoder_open(&d.e, argv[1], d.messages ? FRAMING_MESSAGE : FRAMING_STREAM, d.stream, &sample_origin))
		return 1;
	bad = dump(&d, strtol(argv[5], NULL, 10), strtol(argv[6], NULL, 10));
	batch_free(&d.batch);
	encoder_close(d.e);
	return bad;
}
