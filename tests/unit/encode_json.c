/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_json.c - JSON records, read back by jansson: every name with its
 * value, what is left out when, messages and lines. Values of all kinds at
 * random are compared with Avro's in test_encode.py.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include "check.h"
#include "sample.h"

/* The text of one record, in a stream, with its newline; the caller frees it. */
static char *encode(const struct tag_origin *origin, const struct tagged *t)
{
	struct encoder *e = NULL;
	struct batch b = { 0 };
	char *text = NULL;

	if (!encoder_open(&e, "json", FRAMING_STREAM, STREAM_PACKETS, origin) && !encoder_begin(e, &b, 1) &&
	    !encoder_add(e, &b, t) && !encoder_end(e, &b, 0))
		text = strndup((char *)b.bytes.data, b.bytes.len);
	batch_free(&b);
	encoder_close(e);
	return text;
}

static json_t *read_back(const struct tagged *t)
{
	char *text = encode(&sample_origin, t);
	json_error_t error;
	json_t *row = json_loads(text ? text : "", JSON_REJECT_DUPLICATES, &error);

	if (!row)
		printf("# %s: %s\n", error.text, text ? text : "(null)");
	CHECK(row);
	free(text);
	return row;
}

/* The whole of a record is looked at: nothing more, nothing less, in this order. */
static void test_text(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	char *text = encode(&sample_origin, &t);

	CHECK_STR(text,
		"{\"ts\":\"2026-11-21T22:06:42.123456789Z\",\"box\":\"box-a\",\"site\":\"site-1\",\"ren\":\"REN\","
		"\"epoch\":9007199254740991,\"cpu\":1,\"plane\":\"data\",\"iface\":\"eth0\",\"dir\":\"in\","
		"\"hook\":\"tc\",\"seq\":42,\"sample\":1,\"bytes\":164,\"packets\":1,\"ip_bytes\":72,"
		"\"payload_bytes\":20,\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.255\",\"proto\":6,"
		"\"src_port\":443,\"dst_port\":65535,\"tcp_flags\":274,\"tcp_window\":64240,\"ttl\":63,"
		"\"tos\":184,\"frag\":\"none\",\"vlan\":[0,4095],\"tunnels\":[{\"type\":\"vxlan\",\"id\":5001,"
		"\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8::2\",\"proto\":17,\"src_port\":51234,"
		"\"dst_port\":4789,\"ip_bytes\":146}]}\n");
	free(text);
}

static void check_has(const json_t *row, const char *names, int want)
{
	char copy[128], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *name; (name = strsep(&rest, " "));)
		if (!!json_object_get(row, name) != want)
			check_report(__FILE__, __LINE__, name);
}

static void test_absent(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	json_t *row;

	r.tunnels = 0;
	r.layer[0] = r.layer[1];
	r.layer[0].has = 0;
	r.layer[0].vlans = 0;
	t.plane = PLANE_NONE;
	row = read_back(&t);
	check_has(row, "pop plane src_port dst_port icmp_type icmp_code tcp_flags tcp_window vlan tunnels", 0);
	check_has(row, "ts box site ren iface proto ttl tos frag", 1);
	json_decref(row);
}

static void test_present(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	json_t *row, *tunnel;

	r.layer[1].has = NT_HAS_ICMP;
	r.icmp_type = 255;
	r.layer[0].has = 0;
	row = read_back(&t);
	tunnel = json_array_get(json_object_get(row, "tunnels"), 0);
	check_has(row, "src_port dst_port tcp_flags tcp_window", 0);
	check_has(row, "icmp_type icmp_code", 1);
	check_has(tunnel, "id src_port dst_port vlan", 0);
	check_has(tunnel, "type src_ip dst_ip proto ip_bytes", 1);
	CHECK_EQ(json_integer_value(json_object_get(row, "icmp_type")), 255);
	json_decref(row);
}

static void check_symbol(const struct tagged *t, const char *name, const char *want)
{
	json_t *row = read_back(t);
	json_t *tunnel = json_array_get(json_object_get(row, "tunnels"), 0);
	json_t *value = json_object_get(strcmp(name, "type") ? row : tunnel, name);

	CHECK_STR(json_string_value(value), want);
	json_decref(row);
}

static void test_symbols(void)
{
	static const char *const tunnels[] = { NULL, "vxlan", "geneve", "gre", "gtp", "ipip", "ethip" };
	static const char *const frags[] = { "none", "first", "later" };
	static const char *const planes[] = { NULL, "management", "control", "data" };
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);

	for (int i = 1; i < NT_TUNNEL_MAX; i++) {
		r.layer[0].tunnel = i;
		check_symbol(&t, "type", tunnels[i]);
	}
	for (int i = 0; i < NT_FRAG_MAX; i++) {
		r.layer[1].frag = i;
		check_symbol(&t, "frag", frags[i]);
	}
	for (int i = 1; i < PLANE_MAX; i++) {
		t.plane = i;
		check_symbol(&t, "plane", planes[i]);
		CHECK_STR(plane_names[i], planes[i]);
	}
	r.dir = NT_DIR_OUT;
	check_symbol(&t, "dir", "out");
	r.hook = NT_HOOK_XDP;
	check_symbol(&t, "hook", "xdp");
}

static void test_names_escaped(void)
{
	const struct tag_origin origin = { .box = "b\"\\\x02", .site = "\xff", .pop = "", .ren = NULL };
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	json_t *row;
	char *text;

	t.iface = "bad\xfe\"\n";
	text = encode(&origin, &t);
	row = json_loads(text ? text : "", 0, NULL);
	CHECK_STR(json_string_value(json_object_get(row, "box")), "b\"\\\x02");
	CHECK_STR(json_string_value(json_object_get(row, "site")), "\xef\xbf\xbd");
	CHECK_STR(json_string_value(json_object_get(row, "pop")), "");
	CHECK_STR(json_string_value(json_object_get(row, "iface")), "bad\xef\xbf\xbd\"\n");
	json_decref(row);
	free(text);
}

/* The longest row that there is: nothing may pass the room that was made. */
static void test_longest(void)
{
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	char iface[1000];
	json_t *row;

	sample_longest(&r);
	memset(iface, 1, sizeof(iface) - 1);
	iface[sizeof(iface) - 1] = '\0';
	t.iface = iface;
	t.plane = PLANE_MANAGEMENT;
	t.ts_utc_ns = INT64_MIN;
	row = read_back(&t);
	CHECK(row && !strcmp(json_string_value(json_object_get(row, "iface")), iface));
	json_decref(row);
	CHECK_EQ(encoder_open(&e, "json", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK(sample_fits(e, &t));
	encoder_close(e);
}

static void test_messages(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b = { 0 };

	CHECK_EQ(encoder_open(&e, "json", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_head(e)->len, 0);
	CHECK_EQ(encoder_begin(e, &b, 3), 0);
	for (int i = 0; i < 200; i++, r.seq += 2)
		CHECK_EQ(encoder_add(e, &b, &t), 0);
	CHECK_EQ(encoder_end(e, &b, 7), 0);
	CHECK_EQ(b.msgs_n, 200);
	CHECK_EQ(b.count, 200);
	CHECK_EQ(b.seq, 42);
	CHECK_EQ(b.lost, 7);
	for (uint32_t i = 0; i < b.msgs_n; i++) {
		const struct batch_msg *m = &b.msgs[i];
		json_t *row = json_loadb((char *)b.bytes.data + m->begin, m->end - m->begin, 0, NULL);

		CHECK_EQ(m->count, 1);
		CHECK_EQ(m->seq, 42 + 2 * i);
		CHECK_EQ(json_integer_value(json_object_get(row, "seq")), 42 + 2 * i);
		CHECK_EQ(json_integer_value(json_object_get(row, "cpu")), 3);
		CHECK_EQ(b.bytes.data[m->end - 1], '}');
		json_decref(row);
	}
	batch_free(&b);
	encoder_close(e);
}

static void test_stream(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b = { 0 };
	int lines = 0;

	CHECK_EQ(encoder_open(&e, "json", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_begin(e, &b, 3), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(encoder_add(e, &b, &t), 0);
	CHECK_EQ(encoder_end(e, &b, 0), 0);
	for (size_t i = 0; i < b.bytes.len; i++)
		lines += b.bytes.data[i] == '\n';
	CHECK_EQ(lines, 3);
	CHECK_EQ(b.msgs_n, 1);
	CHECK_EQ(b.msgs[0].begin, 0);
	CHECK_EQ(b.msgs[0].end, b.bytes.len);
	CHECK_EQ(b.msgs[0].count, 3);
	CHECK_EQ(b.msgs[0].seq, 42);
	CHECK_EQ(encoder_begin(e, &b, 4), 0);
	CHECK_EQ(encoder_end(e, &b, 0), 0);
	CHECK_EQ(b.msgs_n + b.bytes.len + b.count + b.seq, 0);
	batch_free(&b);
	encoder_close(e);
}

/* One encoder, batches of two CPUs open at once. */
static void test_two_batches(void)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b[2] = { 0 };
	json_t *row;

	CHECK_EQ(encoder_open(&e, "json", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_begin(e, &b[0], 0), 0);
	CHECK_EQ(encoder_begin(e, &b[1], 65535), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(encoder_add(e, &b[i], &t), 0);
		row = json_loadb((char *)b[i].bytes.data, b[i].bytes.len, 0, NULL);
		CHECK_EQ(json_integer_value(json_object_get(row, "cpu")), i * 65535);
		json_decref(row);
		batch_free(&b[i]);
	}
	encoder_close(e);
}

static void test_unknown(void)
{
	struct encoder *e = (struct encoder *)1;

	CHECK_EQ(encoder_open(&e, "xml", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), -EINVAL);
	CHECK(!e);
	encoder_close(e);
}

int main(void)
{
	RUN(test_text);
	RUN(test_absent);
	RUN(test_present);
	RUN(test_symbols);
	RUN(test_names_escaped);
	RUN(test_longest);
	RUN(test_messages);
	RUN(test_stream);
	RUN(test_two_batches);
	RUN(test_unknown);
	return check_done();
}
