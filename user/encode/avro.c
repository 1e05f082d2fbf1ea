/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avro.c - a batch as one Avro datum (Avro 1.11.1: "Binary Encoding", "Single
 * object encoding", "Object Container Files"). The rows of ninetap/fields.h
 * become straight code.
 *
 * A batch is header, records, end of array, texts. The header tells counts
 * that are known last, so begin leaves room for the longest, the records
 * follow it, and end puts header and frame in front of them, flush right. The
 * texts of tags are known last, too: add keeps room for those there are.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>
#include "encode/internal.h"
#include "encode/schema.h"
#include "encode/varint.h"
#include "ninetap/fields.h"

#define FRAME_MAX (2 * PUT_VARINT_MAX)	/* of a block: objects, bytes; MARK_BYTES is less */
#define INT_MAX_BYTES 5U
#define TAIL_MAX (1 + INT_MAX_BYTES + 1 + 1 + SYNC_BYTES) /* end of records; count, "", end of texts; sync marker */
#define BLOCKS_MAX 6U			/* an array's count and end */
_Static_assert(TAIL_MAX >= PUT_VARINT_SLACK, "a record is followed by no less");

#define AVRO_FIELD(name, kind, presence, value, doc) \
	AVRO_##presence p = avro_##kind(p, value);
#define AVRO_always
#define AVRO_when(condition) if (!(condition)) *p++ = 0; else if ((*p++ = 2)) /* the branch of ["null", type] */
#define AVRO_list(condition)

/* The texts' indices of a record's tags, which avro_add() has made ready: tags[TAG_tenant]. */
#define TAG_INDEX(name, kind, presence, value, doc) TAG_##name,
enum { NT_FIELDS_TAGS(TAG_INDEX) TAGS };
#define AVRO_TAG(name, kind, presence, value, doc) \
	p = put_count(p, tags[TAG_##name]);
#define DICT_TAG(name, kind, presence, value, doc) \
	if (!err) \
		err = dict_put(&e->dict, value, index++);

/* What the longest value takes; only texts vary, and may be absent. */
#define FIELD_MAX(name, kind, presence, value, doc) + 1 + MAX_##kind(value)
#define TUNNEL_MAX(name, kind, presence, value, doc) + 1 + MAX_##kind(value)
#define MAX_text(s) text_max(s)
#define MAX_name(s) 0			/* avro_add() knows */
#define MAX_time(v) PUT_VARINT_MAX
#define MAX_int(v) INT_MAX_BYTES
#define MAX_tag(v) INT_MAX_BYTES
#define MAX_long(v) PUT_VARINT_MAX
#define MAX_addr(v) 17
#define MAX_vlans(v) (BLOCKS_MAX + NT_VLANS_MAX * INT_MAX_BYTES)
#define MAX_plane(v) 1
#define MAX_dir(v) 1
#define MAX_hook(v) 1
#define MAX_frag(v) 1
#define MAX_tunnel(v) 1
#define MAX_mode(v) 1
#define MAX_reason(v) 1
#define MAX_tunnels(v) (BLOCKS_MAX + NT_TUNNELS_MAX * (0 NT_FIELDS_TUNNEL(TUNNEL_MAX)))
#define MAX_flow_tunnels(v) MAX_tunnels(v) /* each a little shorter */

static size_t text_max(const char *s)
{
	return s ? PUT_VARINT_MAX + 3 * strlen(s) : 0;
}

/* No number of a record but its time has a sign. */
static inline unsigned char *avro_long(unsigned char *p, uint64_t v)
{
	return put_count(p, v);
}

static inline unsigned char *avro_int(unsigned char *p, uint32_t v)
{
	return put_count(p, v);
}

static inline unsigned char *avro_time(unsigned char *p, int64_t ns)
{
	return put_ns(p, ns);
}

static unsigned char *avro_text(unsigned char *p, const char *s)
{
	size_t size = text_size(s), raw = strlen(s);

	p = put_varint(p, size);
	return size == raw ? put_bytes(p, s, raw) : put_text(p, s);
}

static inline unsigned char *avro_addr(unsigned char *p, struct nt_addr addr)
{
	if (addr.version == 4) {
		*p++ = 2 * 4;
		return put_bytes(p, addr.bytes, 4);
	}
	*p++ = 2 * 16;
	return put_bytes(p, addr.bytes, 16);
}

/* A symbol's index, as a one-byte varint: there are fewer than 64. */
#define AVRO_ENUM(kind, type, first, end) \
	static inline unsigned char *avro_##kind(unsigned char *p, unsigned int v) \
	{ \
		_Static_assert((end) - (first) < 64, #kind); \
		*p++ = 2 * (v - (first)); \
		return p; \
	}
NT_ENUMS(AVRO_ENUM)

static inline unsigned char *avro_vlans(unsigned char *p, const struct nt_layer *l)
{
	if (l->vlans)
		*p++ = 2 * l->vlans;
	for (unsigned int i = 0; i < l->vlans; i++)
		p = avro_int(p, l->vlan[i]);
	*p++ = 0;
	return p;
}

static unsigned char *avro_tunnels(unsigned char *p, const struct nt_record *r)
{
	if (r->tunnels)
		*p++ = 2 * r->tunnels;
	for (unsigned int i = 0; i < r->tunnels; i++) {
		const struct nt_layer *l = &r->layer[i];

		NT_AVRO_TUNNEL(AVRO_FIELD)
	}
	*p++ = 0;
	return p;
}

static unsigned char *avro_flow_tunnels(unsigned char *p, const struct nt_record *r)
{
	if (r->tunnels)
		*p++ = 2 * r->tunnels;
	for (unsigned int i = 0; i < r->tunnels; i++) {
		const struct nt_layer *l = &r->layer[i];

		NT_FIELDS_FLOW_TUNNEL(AVRO_FIELD)
	}
	*p++ = 0;
	return p;
}

/* The name of the record's interface, which avro_add() has made ready. */
#define avro_name(p, s) put_name(p, &e->name)
static inline unsigned char *put_name(unsigned char *p, const struct name *n)
{
	if (n->bytes.len > NAME_SHORT)
		return put_bytes(p, n->bytes.data, n->bytes.len);
	memcpy(p, n->bytes.data, NAME_SHORT);	/* of one size: quicker than no byte too many */
	return p + n->bytes.len;
}

static unsigned char *avro_packet(const struct encoder *restrict e, unsigned char *restrict p,
				  const struct tagged *restrict t, const uint32_t *restrict tags)
{
	const struct nt_record *r = t->rec;
	const struct nt_layer *l = &r->layer[r->tunnels];

	NT_AVRO_PACKET(AVRO_FIELD, AVRO_TAG)
	return p;
}

static unsigned char *avro_flow(const struct encoder *restrict e, unsigned char *restrict p,
				const struct tagged *restrict t, const uint32_t *restrict tags)
{
	const struct nt_record *r = t->rec;
	const struct nt_layer *l = &r->layer[r->tunnels];
	const struct nt_flow *c = &t->flow->counted;

	NT_FIELDS_FLOW(AVRO_FIELD)
	NT_FIELDS_TAGS(AVRO_TAG)
	return p;
}

/* Everything of a batch up to its first record. The rows of a flows' ledger differ in what they say alone. */
static unsigned char *avro_header(unsigned char *p, const struct tag_origin *o, const struct batch *b)
{
	NT_FIELDS_RUN(AVRO_FIELD)
	NT_FIELDS_BATCH(AVRO_FIELD)
	NT_FIELDS_LEDGER(AVRO_FIELD)
	return put_varint(p, b->count);
}

static int header_reserve(struct encoder *e)
{
	const struct tag_origin *o = e->origin;
	size_t max = PUT_VARINT_MAX
		NT_FIELDS_RUN(FIELD_MAX) NT_FIELDS_BATCH(FIELD_MAX) NT_FIELDS_LEDGER(FIELD_MAX);

	return buf_reserve(&e->own, max);
}

/* C3 01 and the fingerprint, lowest byte first. */
static int open_message(struct encoder *e)
{
	struct buf canonical = { 0 };
	int err = schema_text(&canonical, e->stream, true);
	uint64_t crc;

	if (err)
		goto out;
	crc = schema_crc64(canonical.data, canonical.len);
	e->mark[0] = 0xc3;
	e->mark[1] = 0x01;
	for (int i = 0; i < 8; i++)
		e->mark[2 + i] = crc >> (8 * i);
out:
	buf_free(&canonical);
	return err;
}

static int put_head_bytes(struct buf *head, const void *bytes, size_t n)
{
	int err = buf_reserve(head, PUT_VARINT_MAX + n);

	if (err)
		return err;
	head->len = put_varint(head->data + head->len, n) - head->data;
	return buf_put(head, bytes, n);
}

static int put_head(struct encoder *e, const struct buf *schema)
{
	struct buf *head = &e->head;
	int err = buf_put(head, "Obj\x01\x04", 5); /* magic; a map of two */

	if (!err)
		err = put_head_bytes(head, "avro.schema", 11);
	if (!err)
		err = put_head_bytes(head, schema->data, schema->len);
	if (!err)
		err = put_head_bytes(head, "avro.codec", 10);
	if (!err)
		err = put_head_bytes(head, "null", 4);
	if (!err)
		err = buf_put(head, "", 1); /* end of the map */
	if (!err)
		err = buf_put(head, e->sync, sizeof(e->sync));
	return err;
}

static int open_stream(struct encoder *e)
{
	struct buf schema = { 0 };
	int err;

	if (getrandom(e->sync, sizeof(e->sync), 0) != (ssize_t)sizeof(e->sync))
		return -EIO;		/* up to 256 bytes come whole or not at all */
	err = schema_text(&schema, e->stream, false);
	if (!err)
		err = put_head(e, &schema);
	buf_free(&schema);
	return err;
}

static int avro_open(struct encoder *e)
{
	int err = header_reserve(e);

	if (err)
		return err;
	return e->framing == FRAMING_STREAM ? open_stream(e) : open_message(e);
}

static int avro_begin(struct encoder *e, struct batch *b)
{
	size_t room = FRAME_MAX + e->own.cap;
	int err = batch_reserve(b, room + TAIL_MAX);

	if (!err)
		err = batch_reserve_msg(b);
	if (!err)
		err = dict_begin(&e->dict);
	if (err)
		return err;
	e->texts = 0;
	b->body = room;
	b->bytes.len = room;
	return 0;
}

/* Makes the name that avro_name() writes: most often it is that of the record before. */
static int name_set(struct name *n, const char *s)
{
	size_t len = strlen(s);
	int err;

	n->bytes.len = 0;
	n->known = false;
	err = buf_reserve(&n->bytes, NAME_SHORT + text_max(s));
	if (err)
		return err;
	n->bytes.len = avro_text(n->bytes.data, s) - n->bytes.data;
	n->known = len < sizeof(n->text);
	if (n->known)
		memcpy(n->text, s, len + 1);
	return 0;
}

/* The texts of t's tags into the dictionary; should adding t fail then, they do no harm there. */
static inline int note_texts(struct encoder *e, const struct tagged *t, uint32_t *index)
{
	int err = e->name.known && !strcmp(e->name.text, t->iface) ? 0 : name_set(&e->name, t->iface);

	NT_FIELDS_TAGS(DICT_TAG)
	return err;
}

#define PACKET_MAX (0 NT_AVRO_PACKET(FIELD_MAX, FIELD_MAX))
#define FLOW_MAX (0 NT_FIELDS_FLOW(FIELD_MAX) NT_FIELDS_TAGS(FIELD_MAX))

static int avro_add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	uint32_t tags[TAGS];
	int err = note_texts(e, t, tags);
	unsigned char *p;

	if (!err)
		err = batch_reserve(b, (t->flow ? FLOW_MAX : PACKET_MAX) + NAME_SHORT + e->name.bytes.len +
				    e->dict.bytes.len + TAIL_MAX);
	if (err)
		return err;
	p = b->bytes.data + b->bytes.len;
	p = t->flow ? avro_flow(e, p, t, tags) : avro_packet(e, p, t, tags);
	b->bytes.len = p - b->bytes.data;
	b->tail = e->dict.bytes.len;
	e->texts = e->dict.count;
	return 0;
}

/* What goes in front of a datum of size bytes. */
static size_t avro_frame(const struct encoder *e, unsigned char *frame, size_t size)
{
	if (e->framing == FRAMING_MESSAGE)
		return put_bytes(frame, e->mark, sizeof(e->mark)) - frame;
	return put_varint(put_varint(frame, 1), size) - frame;
}

/* Files are written whole: moves the message to the front of the bytes. */
static size_t close_gap(struct buf *bytes, size_t begin)
{
	bytes->len -= begin;
	memmove(bytes->data, bytes->data + begin, bytes->len);
	return 0;
}

/*
 * Everything of a batch behind its last record: ends the array, and adds the one of texts, "" first. There is room for
 * those up to that record; what the dictionary has of records that could not be added is left out.
 */
static unsigned char *avro_trailer(unsigned char *p, const struct encoder *e, const struct batch *b)
{
	*p++ = 0;
	p = put_varint(p, 1 + (int64_t)e->texts);
	*p++ = 0;
	if (b->tail)
		p = put_bytes(p, e->dict.bytes.data, b->tail);
	*p++ = 0;
	return p;
}

static void avro_end(struct encoder *e, struct batch *b)
{
	struct buf *bytes = &b->bytes;
	size_t header = avro_header(e->own.data, e->origin, b) - e->own.data;
	unsigned char frame[FRAME_MAX];
	size_t begin = b->body - header, framed;

	memcpy(bytes->data + begin, e->own.data, header);
	bytes->len = avro_trailer(bytes->data + bytes->len, e, b) - bytes->data;
	framed = avro_frame(e, frame, bytes->len - begin);
	begin -= framed;
	memcpy(bytes->data + begin, frame, framed);
	if (e->framing == FRAMING_STREAM) {
		bytes->len = put_bytes(bytes->data + bytes->len, e->sync, SYNC_BYTES) - bytes->data;
		begin = close_gap(bytes, begin);
	}
	batch_msg(b, begin, b->count, b->seq);
}

const struct encoding encoding_avro = { "avro", avro_open, avro_begin, avro_add, avro_end };
