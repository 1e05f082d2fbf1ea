/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_audit.c - any bytes as what an audit reads, told by the first one: a row
 * of JSON, a schema of Avro, a batch by our own schema, or a schema and a batch
 * behind a NUL. No crash; a row that is understood says what jansson reads in
 * it. Seeds: corpus_audit/.
 */
#include "audit/avsc.c"
#include "audit/avsc_read.c"
#include "audit/book.c"
#include "audit/book_seal.c"
#include "audit/scan.c"
#include "audit/verdict.h"
#include "encode/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const numbers[SCAN_NUMBERS] = {
	"epoch", "cpu", "seq", "events", "packets", "bytes", "generation", "entry",
};
static const char *const texts[SCAN_TEXTS] = { "type", "box", "mode", "last" };

/* With an escape in it a name is not what it seems to be: the scanner does not know it, jansson may. */
static void check_row(const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL), *v;
	struct scan_row row;

	if (!scan_row(&row, line, len) && o && !memchr(line, '\\', len)) {
		for (int i = 0; i < SCAN_NUMBERS; i++) {
			v = json_object_get(o, numbers[i]);
			if (!v != !(row.has & 1U << i) || (v && (uint64_t)json_integer_value(v) != row.number[i]))
				abort();
		}
		for (int i = 0; i < SCAN_TEXTS; i++) {
			v = json_object_get(o, texts[i]);
			if (!v != !row.text[i].s || (v && memcmp(json_string_value(v), row.text[i].s, row.text[i].len)))
				abort();
		}
	}
	json_decref(o);
}

static void check_batch(const struct avsc *s, const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	struct book b = { 0 };

	while (p < data + size && !avsc_read(s, &b, &p, data + size))
		;
	if (p > data + size)
		abort();
	book_seal(&b);
	book_free(&b);
}

static void check_own_batch(const uint8_t *data, size_t size, enum stream stream)
{
	static struct avsc *schemas[2];
	struct buf text = { 0 };
	const char *why;

	if (!schemas[stream]) {
		if (schema_text(&text, stream, true) || avsc_open(&schemas[stream], (char *)text.data, text.len, &why))
			abort();
		buf_free(&text);
	}
	check_batch(schemas[stream], data, size);
}

static void check_schema(const char *text, size_t size)
{
	const char *nul = memchr(text, 0, size), *why;
	size_t len = nul ? (size_t)(nul - text) : size;
	struct avsc *s;

	if (avsc_open(&s, text, len, &why))
		return;
	check_batch(s, (const uint8_t *)text + len + !!nul, size - len - !!nul);
	avsc_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		check_row((const char *)data + 1, size - 1);
		break;
	case 1:
		check_schema((const char *)data + 1, size - 1);
		break;
	default:
		check_own_batch(data + 1, size - 1, data[0] % 4 - 2);
	}
	return 0;
}
