/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smartx.c - a packet as a line of the agent that ninetap is built after, so
 * that the jobs that read its lines go on: 12 fields on the management and
 * control planes and for all that isn't in VXLAN, 17 for VXLAN on the data
 * plane. The fields, and what a line can't hold: docs/records.md, "The smartx
 * line". Which of a record's layers a line is about is decided here alone.
 */
#include <errno.h>
#include <stdbool.h>
#include "base/log.h"
#include "encode/rows.h"

#define FIELDS_MAX 17U
#define ADDRESSES_MAX 4U
#define ROW_MAX (FIELDS_MAX * (1 + PUT_U64_MAX) + ADDRESSES_MAX * PUT_ADDR_MAX) /* without the box's fields */
#define NO_ADDRESS "0.0.0.0"		/* of a box whose address isn't known */

/* Each writes a comma behind its value; the last one becomes the row's end. */
static unsigned char *put_field(unsigned char *p, uint64_t v)
{
	p = put_u64(p, v);
	*p++ = ',';
	return p;
}

static unsigned char *put_ends(unsigned char *p, const struct nt_layer *l)
{
	p = put_addr(p, nt_addr(l, l->src));
	*p++ = ',';
	p = put_addr(p, nt_addr(l, l->dst));
	*p++ = ',';
	return p;
}

static unsigned char *put_ports(unsigned char *p, const struct nt_layer *l)
{
	if (!(l->has & NT_HAS_PORTS))
		return put_bytes(p, "-1,-1,", 6);
	p = put_field(p, l->src_port);
	return put_field(p, l->dst_port);
}

/* Whole microseconds since 1970, the one that the time is in. */
static unsigned char *put_us(unsigned char *p, int64_t ns)
{
	int64_t us = ns / 1000 - (ns % 1000 < 0);

	if (us < 0)
		*p++ = '-';
	return put_field(p, us < 0 ? -(uint64_t)us : (uint64_t)us);
}

/* Only the innermost packet's window is known; carriers are no TCP. */
static uint32_t window_of(const struct nt_record *r, const struct nt_layer *l)
{
	return l == &r->layer[r->tunnels] && l->has & NT_HAS_TCP ? r->tcp_window : 0;
}

/* The layer that carries the outermost VXLAN, NULL if none does. */
static const struct nt_layer *vxlan_carrier(const struct nt_record *r)
{
	for (unsigned int i = 0; i < r->tunnels; i++)
		if (r->layer[i].tunnel == NT_TUNNEL_VXLAN)
			return &r->layer[i];
	return NULL;
}

static bool of_data_plane(const struct tagged *t)
{
	return t->plane == PLANE_DATA || t->plane == PLANE_NONE;
}

/* Of the outermost packet. */
static unsigned char *put_12(const struct encoder *e, unsigned char *p, const struct tagged *t)
{
	static const uint8_t numbers[PLANE_MAX] = { [PLANE_NONE] = 2, [PLANE_MANAGEMENT] = 0, [PLANE_CONTROL] = 1,
						    [PLANE_DATA] = 2 };
	const struct nt_layer *l = &t->rec->layer[0];

	p = put_us(p, t->ts_utc_ns);
	p = put_field(p, numbers[t->plane]);
	p = put_bytes(p, e->own.data, e->own.len);
	p = put_field(p, l->version);
	p = put_ends(p, l);
	p = put_ports(p, l);
	p = put_field(p, l->proto);
	p = put_field(p, window_of(t->rec, l));
	return put_field(p, l->ip_bytes) - 1;
}

/* Of the packet that carries VXLAN, and the guest's inside. */
static unsigned char *put_17(const struct encoder *e, unsigned char *p, const struct tagged *t,
			     const struct nt_layer *outer)
{
	const struct nt_layer *guest = outer + 1;

	p = put_us(p, t->ts_utc_ns);
	p = put_bytes(p, e->own.data, e->own.len);
	p = put_field(p, outer->version);
	p = put_ends(p, outer);
	p = put_ports(p, outer);
	p = put_ends(p, guest);
	p = put_ports(p, guest);
	p = put_field(p, outer->id);
	p = put_field(p, guest->vlans ? guest->vlan[0] : 0);
	p = put_field(p, guest->proto);
	p = put_field(p, window_of(t->rec, guest));
	return put_field(p, outer->ip_bytes) - 1;
}

/* What would end a field or a line. */
static bool breaks_line(const char *s)
{
	for (; *s; s++)
		if (*s == ',' || (unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static int smartx_open(struct encoder *e)
{
	const char *box = e->origin->box;
	const char *address = e->origin->address ? e->origin->address : NO_ADDRESS;
	unsigned char *p;
	int err;

	if (breaks_line(box)) {
		log_error("write lines of smartx: the name of the box, \"%s\", holds a comma or a control character: "
			  "give another by --box", box);
		return -EINVAL;
	}
	err = buf_reserve(&e->own, text_size(box) + strlen(address) + 2);
	if (err)
		return err;
	p = put_text(e->own.data, box);
	*p++ = ',';
	p = put_bytes(p, address, strlen(address));
	*p++ = ',';
	e->own.len = p - e->own.data;
	return 0;
}

static int smartx_add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	const struct nt_layer *outer = of_data_plane(t) ? vxlan_carrier(t->rec) : NULL;
	int err = row_reserve(e, b, ROW_MAX + e->own.len);
	unsigned char *p = b->bytes.data + b->bytes.len;

	if (err)
		return err;
	p = outer ? put_17(e, p, t, outer) : put_12(e, p, t);
	row_done(e, b, p, t);
	return 0;
}

const struct encoding encoding_smartx = { "smartx", smartx_open, rows_begin, smartx_add, rows_end };
