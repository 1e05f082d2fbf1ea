/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_smartx.c - lines of the old agent's form, with the values that it got
 * wrong: each test is one of its faults, or a rule of which line is written.
 * That whole frames give these lines is shown in tests/corpus/test_smartx.py.
 */
#include <errno.h>
#include <stdlib.h>
#include "check.h"
#include "sample_tags.h"

#define BOX ",box-a,192.0.2.7,"

static const struct tag_origin origin = { .box = "box-a", .epoch = 7, .address = "192.0.2.7" };

/* The line of one record, without its newline; the caller frees it. */
static char *line(const struct tag_origin *o, const struct tagged *t)
{
	struct encoder *e = NULL;
	struct batch b = { 0 };
	char *text = NULL;

	if (!encoder_open(&e, "smartx", FRAMING_STREAM, STREAM_PACKETS, o) && !encoder_begin(e, &b, 1) &&
	    !encoder_add(e, &b, t) && !encoder_end(e, &b, 0)) {
		CHECK(b.bytes.len && b.bytes.data[b.bytes.len - 1] == '\n');
		text = strndup((char *)b.bytes.data, b.bytes.len - 1);
	}
	batch_free(&b);
	encoder_close(e);
	return text;
}

static void check_line(const struct nt_record *r, enum plane plane, const char *want)
{
	struct tagged t = sample_tagged(r);
	char *is;

	t.plane = plane;
	is = line(&origin, &t);
	CHECK_STR(is, want);
	free(is);
}

/* A SYN over IPv4, without a byte of payload. */
static struct nt_record syn(void)
{
	struct nt_record r = {
		.seq = 1, .packets = 1, .sample = 1, .tcp_flags = 2, .tcp_window = 64240, .dir = NT_DIR_IN, .hook = NT_HOOK_TC,
	};

	r.layer[0] = (struct nt_layer){
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 255 }, .ip_bytes = 44, .src_port = 51234, .dst_port = 443,
		.version = 4, .proto = 6, .ttl = 64, .has = NT_HAS_PORTS | NT_HAS_TCP,
	};
	return r;
}

static struct nt_layer carrier(enum nt_tunnel tunnel, uint32_t id)
{
	return (struct nt_layer){
		.src = { 203, 0, 113, 1 }, .dst = { 203, 0, 113, 2 }, .ip_bytes = 94, .id = id, .src_port = 40000,
		.dst_port = 4789, .version = 4, .proto = 17, .tunnel = tunnel, .has = NT_HAS_PORTS | NT_HAS_ID,
	};
}

/* The SYN inside n carriers. */
static struct nt_record carried(int n, const struct nt_layer *carriers)
{
	struct nt_record r = syn();

	r.layer[n] = r.layer[0];
	memcpy(r.layer, carriers, n * sizeof(*carriers));
	r.tunnels = n;
	return r;
}

static struct nt_record in_vxlan(void)
{
	struct nt_layer c = carrier(NT_TUNNEL_VXLAN, 0x010203);

	return carried(1, &c);
}

static void test_planes(void)
{
	struct nt_record r = syn();

	check_line(&r, PLANE_MANAGEMENT, "1795298802123456,0" BOX "4,10.0.0.1,10.0.0.255,51234,443,6,64240,44");
	check_line(&r, PLANE_CONTROL, "1795298802123456,1" BOX "4,10.0.0.1,10.0.0.255,51234,443,6,64240,44");
	check_line(&r, PLANE_DATA, "1795298802123456,2" BOX "4,10.0.0.1,10.0.0.255,51234,443,6,64240,44");
	check_line(&r, PLANE_NONE, "1795298802123456,2" BOX "4,10.0.0.1,10.0.0.255,51234,443,6,64240,44");
}

/* VNI and VLAN are numbers, not sums of their bytes; the guest's source port is its own. */
static void test_vxlan(void)
{
	static const char want[] = "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
				   "10.0.0.1,10.0.0.255,51234,443,66051,2748,6,64240,94";
	struct nt_record r = in_vxlan();

	r.layer[0].vlans = 1;			/* in front of the carrier: not in the line */
	r.layer[0].vlan[0] = 7;
	r.layer[1].vlans = 2;
	r.layer[1].vlan[0] = 0xabc;
	r.layer[1].vlan[1] = 5;
	check_line(&r, PLANE_DATA, want);
	check_line(&r, PLANE_NONE, want);
}

static void test_untagged_guest(void)
{
	struct nt_record r = in_vxlan();

	r.layer[1].vlan[0] = 99;		/* beyond what is valid */
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
		   "10.0.0.1,10.0.0.255,51234,443,66051,0,6,64240,94");
}

/* The plane decides: there a line is about the packet that crossed it. */
static void test_vxlan_elsewhere(void)
{
	struct nt_record r = in_vxlan();

	check_line(&r, PLANE_CONTROL, "1795298802123456,1" BOX "4,203.0.113.1,203.0.113.2,40000,4789,17,0,94");
	check_line(&r, PLANE_MANAGEMENT, "1795298802123456,0" BOX "4,203.0.113.1,203.0.113.2,40000,4789,17,0,94");
}

static void test_other_tunnel(void)
{
	struct nt_layer c = carrier(NT_TUNNEL_GRE, 9);
	struct nt_record r;

	c.proto = 47;
	c.has = NT_HAS_ID;
	r = carried(1, &c);
	check_line(&r, PLANE_DATA, "1795298802123456,2" BOX "4,203.0.113.1,203.0.113.2,-1,-1,47,0,94");
}

/* The guest is what is directly in the outermost VXLAN. */
static void test_two_tunnels(void)
{
	const struct nt_layer gtp[] = { carrier(NT_TUNNEL_VXLAN, 1), carrier(NT_TUNNEL_GTP, 2) };
	const struct nt_layer vxlan[] = { carrier(NT_TUNNEL_VXLAN, 16777215), carrier(NT_TUNNEL_VXLAN, 2) };
	const struct nt_layer inside[] = { carrier(NT_TUNNEL_GRE, 1), carrier(NT_TUNNEL_VXLAN, 3) };
	struct nt_record r = carried(2, gtp);

	r.layer[1].src_port = 2152;
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
		   "203.0.113.1,203.0.113.2,2152,4789,1,0,17,0,94");
	r = carried(2, vxlan);
	r.layer[0].src_port = 1;
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,1,4789,"
		   "203.0.113.1,203.0.113.2,40000,4789,16777215,0,17,0,94");
	r = carried(2, inside);
	r.layer[0].ip_bytes = 1;
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
		   "10.0.0.1,10.0.0.255,51234,443,3,0,6,64240,94");
}

static void test_ipv6(void)
{
	struct nt_record r = sample_record();

	check_line(&r, PLANE_DATA, "1795298802123456" BOX "6,2001:db8::1,2001:db8::2,51234,4789,"
		   "10.0.0.1,10.0.0.255,443,65535,5001,0,6,64240,146");
	r.layer[1] = r.layer[0];
	r.layer[1].tunnel = NT_TUNNEL_NONE;
	r.layer[0] = carrier(NT_TUNNEL_VXLAN, 5);
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
		   "2001:db8::1,2001:db8::2,51234,4789,5,0,17,0,94");
	check_line(&r, PLANE_MANAGEMENT, "1795298802123456,0" BOX "4,203.0.113.1,203.0.113.2,40000,4789,17,0,94");
	r.tunnels = 0;
	r.layer[0] = r.layer[1];
	check_line(&r, PLANE_MANAGEMENT, "1795298802123456,0" BOX "6,2001:db8::1,2001:db8::2,51234,4789,17,0,146");
}

/* ICMP and later fragments: no ports, and no window that was left from somewhere. */
static void test_no_ports(void)
{
	struct nt_record r = in_vxlan();

	r.layer[1].has = NT_HAS_ICMP;
	r.layer[1].proto = 1;
	check_line(&r, PLANE_DATA, "1795298802123456" BOX "4,203.0.113.1,203.0.113.2,40000,4789,"
		   "10.0.0.1,10.0.0.255,-1,-1,66051,0,1,0,94");
	r = syn();
	r.layer[0].has = 0;
	r.layer[0].frag = NT_FRAG_LATER;
	check_line(&r, PLANE_DATA, "1795298802123456,2" BOX "4,10.0.0.1,10.0.0.255,-1,-1,6,0,44");
}

static void check_time(int64_t ns, const char *want)
{
	struct nt_record r = syn();
	struct tagged t = sample_tagged(&r);
	char *is;

	t.ts_utc_ns = ns;
	is = line(&origin, &t);
	CHECK(is && !strncmp(is, want, strlen(want)) && is[strlen(want)] == ',');
	free(is);
}

/* The microsecond that the packet's time is in, before 1970, too. */
static void test_time(void)
{
	check_time(1795298802000000999, "1795298802000000");
	check_time(1795298802000001000, "1795298802000001");
	check_time(999, "0");
	check_time(0, "0");
	check_time(-1, "-1");
	check_time(-1000, "-1");
	check_time(-1001, "-2");
	check_time(INT64_MIN, "-9223372036854776");
}

static void test_box(void)
{
	static const char *const bad[] = { "a,b", "a\nb", "\x1f", "a\x7f", "," };
	struct tag_origin o = { .box = "g\xc3\xbc b\xff", .epoch = 7 };
	struct nt_record r = syn();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	char *is = line(&o, &t);

	CHECK_STR(is, "1795298802123456,2,g\xc3\xbc b\xef\xbf\xbd,0.0.0.0,4,10.0.0.1,10.0.0.255,51234,443,6,64240,44");
	free(is);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		o.box = bad[i];
		CHECK_EQ(encoder_open(&e, "smartx", FRAMING_MESSAGE, STREAM_PACKETS, &o), -EINVAL);
		CHECK(!e);
	}
}

static void test_messages(void)
{
	static const char want[] = "1795298802123456,2" BOX "4,10.0.0.1,10.0.0.255,51234,443,6,64240,44";
	struct nt_record r = syn();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b = { 0 };

	CHECK_EQ(encoder_open(&e, "smartx", FRAMING_MESSAGE, STREAM_PACKETS, &origin), 0);
	CHECK_EQ(encoder_head(e)->len, 0);
	CHECK_EQ(encoder_begin(e, &b, 3), 0);
	for (int i = 0; i < 100; i++, r.seq++)
		CHECK_EQ(encoder_add(e, &b, &t), 0);
	CHECK_EQ(encoder_end(e, &b, 7), 0);
	CHECK_EQ(b.msgs_n, 100);
	for (uint32_t i = 0; i < b.msgs_n; i++) {
		const struct batch_msg *m = &b.msgs[i];

		CHECK_EQ(m->count, 1);
		CHECK_EQ(m->seq, i + 1);
		CHECK_EQ(m->end - m->begin, sizeof(want) - 1);
		CHECK(!memcmp(b.bytes.data + m->begin, want, sizeof(want) - 1));
	}
	batch_free(&b);
	encoder_close(e);
}

/* The longest line there is: nothing may pass the room that was made. */
static void test_longest(void)
{
	struct tag_origin o = { .box = "\xff\xff\xff\xff", .address = "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255" };
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;

	sample_longest(&r);
	r.layer[1].tunnel = NT_TUNNEL_VXLAN;
	t.ts_utc_ns = INT64_MIN;
	CHECK_EQ(encoder_open(&e, "smartx", FRAMING_STREAM, STREAM_PACKETS, &o), 0);
	CHECK(sample_fits(e, &t));
	t.plane = PLANE_CONTROL;
	CHECK(sample_fits(e, &t));
	encoder_close(e);
}

int main(void)
{
	RUN(test_planes);
	RUN(test_vxlan);
	RUN(test_untagged_guest);
	RUN(test_vxlan_elsewhere);
	RUN(test_other_tunnel);
	RUN(test_two_tunnels);
	RUN(test_ipv6);
	RUN(test_no_ports);
	RUN(test_time);
	RUN(test_box);
	RUN(test_messages);
	RUN(test_longest);
	return check_done();
}
