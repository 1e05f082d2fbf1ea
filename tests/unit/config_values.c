/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_values.c - tests what a good configuration sets, that the command
 * line wins over it, and that settings printed as JSON read back the same.
 */
#include <stdio.h>
#include "check.h"
#include "options_util.h"

static const char whole[] =
	"{\"box\": \"b\", \"box_address\": \"192.0.2.7\", \"site\": \"s\\u00e9\", \"pop\": \"p\", \"ren\": \"r\",\n"
	"\"interfaces\": [{\"match\": \"eth*\", \"plane\": \"data\", \"hook\": \"auto\", \"mode\": \"flow\"}, \"tap*\"],\n"
	"\"output\": \"file:/x\", \"encoding\": \"avro\", \"hook\": \"tc\", \"tc\": \"tcx\", \"plane\": \"control\",\n"
	"\"filter\": {\"cidr\": [\"10.0.0.0/8\", \"2001:db8::/32\"], \"port\": [80, \"8000-8010\"],\n"
	"\"proto\": [\"tcp\", 17]}, \"sample\": 3, \"vxlan_ports\": [4789], \"ring_bytes\": 65536,\n"
	"\"batch\": {\"records\": 5, \"linger\": 2}, \"rotate\": {\"bytes\": \"1MiB\", \"interval\": \"1h\"},\n"
	"\"kafka\": {\"a\": \"b=c\", \"n\": 5, \"x\": -0.5e1, \"t\": true, \"e\": \"\"},\n"
	"\"tags\": [\"/etc/t.jsonl\", \"kafka:b:1/t\", \"socket\"],\n"
	"\"mode\": \"auto\", \"flows\": \"file:/f\", \"events\": \"off\",\n"
	"\"flow\": {\"entries\": 99, \"active\": 30, \"idle\": \"2s\"},\n"
	"\"spool\": {\"path\": \"/s\", \"bytes\": \"2MiB\", \"age\": \"1d\", \"sync\": \"20ms\", \"after\": \"3s\"},\n"
	"\"instance\": \"i\", \"pins\": \"off\", \"keep\": true, \"metrics\": \"127.0.0.1:9100\",\n"
	"\"count\": 9, \"duration\": \"5m\", \"verbose\": true}";

static void test_scalars(void)
{
	struct options o;

	CHECK_EQ(read_config(&o, whole), 0);
	CHECK_STR(caught, "");
	CHECK_STR(o.box, "b");
	CHECK_STR(o.box_address, "192.0.2.7");
	CHECK_STR(o.site, "s\xc3\xa9");
	CHECK_STR(o.pop, "p");
	CHECK_STR(o.ren, "r");
	CHECK_STR(o.output, "file:/x");
	CHECK_STR(o.encoding, "avro");
	CHECK_EQ(o.hook, HOOK_TC);
	CHECK_EQ(o.tc, TC_TCX);
	CHECK_EQ(o.plane, PLANE_CONTROL);
	CHECK_EQ(o.sample, 3);
	CHECK_EQ(o.ring_bytes, 65536);
	CHECK_EQ(o.batch_records, 5);
	CHECK_EQ(o.batch_linger_ns, 2000000000);
	CHECK_EQ(o.rotate_bytes, 1 << 20);
	CHECK_EQ(o.rotate_ns, 3600000000000);
	CHECK_EQ(o.count, 9);
	CHECK_EQ(o.duration_ns, 300000000000);
	CHECK(o.verbose);
	CHECK_EQ(o.mode, MODE_AUTO);
	CHECK_STR(o.flows, "file:/f");
	CHECK_STR(o.events, "off");
	CHECK_EQ(o.flow_entries, 99);
	CHECK_EQ(o.flow_active_ns, 30000000000);
	CHECK_EQ(o.flow_idle_ns, 2000000000);
	CHECK_STR(o.spool, "/s");
	CHECK_EQ(o.spool_bytes, 2 << 20);
	CHECK_EQ(o.spool_age_ns, 86400000000000);
	CHECK_EQ(o.spool_sync_ns, 20000000);
	CHECK_EQ(o.spool_after_ns, 3000000000);
	CHECK_STR(o.instance, "i");
	CHECK_STR(o.pins, "off");
	CHECK(o.keep);
	CHECK_STR(o.metrics, "127.0.0.1:9100");
	options_free(&o);
}

static void test_lists(void)
{
	static const char *const props[] = { "a", "b=c", "n", "5", "x", "-0.5e1", "t", "true", "e", "" };
	struct options o;

	CHECK_EQ(read_config(&o, whole), 0);
	CHECK_EQ(o.ifaces_n, 2);
	CHECK_STR(o.ifaces[0].match, "eth*");
	CHECK_EQ(o.ifaces[0].plane, PLANE_DATA);
	CHECK_EQ(o.ifaces[0].hook, HOOK_AUTO);
	CHECK_STR(o.ifaces[1].match, "tap*");
	CHECK_EQ(o.cidrs_n, 2);
	CHECK_EQ(o.cidrs[1].prefix, 32);
	CHECK_EQ(o.ports_n, 12);
	CHECK_EQ(o.ports[0], 80);
	CHECK_EQ(o.ports[11], 8010);
	CHECK_EQ(o.protos[0], 1 << 6 | 1 << 17);
	CHECK_EQ(o.vxlan_ports_n, 1);
	for (size_t i = 0; i < sizeof(props) / sizeof(props[0]); i++)
		CHECK_STR(o.kafka[i], props[i]);
	CHECK(!o.kafka[sizeof(props) / sizeof(props[0])]);
	CHECK_STR(o.tags[0], "/etc/t.jsonl");
	CHECK_STR(o.tags[2], "socket");
	CHECK(!o.tags[3]);
	options_free(&o);
}

/* Reads a command line beside the file `whole`. */
static int read_beside(struct options *o, char *const *more)
{
	char path[] = "/tmp/ninetap-config.XXXXXX", *argv[ARGV_MAX + 1] = { "run", "-c", path };
	int fd = mkstemp(path), code;

	for (size_t i = 0; more[i] && i + 3 < ARGV_MAX; i++)
		argv[i + 3] = more[i];
	CHECK_EQ(write(fd, whole, sizeof(whole) - 1), sizeof(whole) - 1);
	close(fd);
	code = read_argv(o, argv);
	unlink(path);
	return code;
}
#define BESIDE(o, ...) read_beside((o), (char *[]){ __VA_ARGS__, NULL })

/* A list of one may stand without its brackets. */
static void test_one_source_of_tags(void)
{
	struct options o;

	CHECK_EQ(read_config(&o, "{\"tags\": \"t.jsonl\"}"), 0);
	CHECK_STR(caught, "");
	CHECK(o.tags && o.tags[0] && !o.tags[1]);
	CHECK_STR(o.tags[0], "t.jsonl");
	options_free(&o);
}

static void test_rules_are_settled(void)
{
	struct options o;

	CHECK_EQ(BESIDE(&o, "-v"), 0);
	CHECK_EQ(o.ifaces[0].plane, PLANE_DATA);
	CHECK_EQ(o.ifaces[0].hook, HOOK_AUTO);		/* said so, though all else is tc */
	CHECK_EQ(o.ifaces[1].plane, PLANE_CONTROL);
	CHECK_EQ(o.ifaces[1].hook, HOOK_TC);
	CHECK_EQ(o.ifaces[0].mode, MODE_FLOW);
	CHECK_EQ(o.ifaces[1].mode, MODE_AUTO);
	options_free(&o);
}

static void test_command_line_wins(void)
{
	struct options o;

	CHECK_EQ(BESIDE(&o, "-i", "lan0", "-i", "lan1", "--box=B", "--hook=xdp", "--port=1", "--cidr=::1",
			"--proto=gre", "--vxlan-port=7,8", "-Xa=z", "-Xnew=1", "-ta,b"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.ifaces_n, 2);
	CHECK_STR(o.ifaces[1].match, "lan1");
	CHECK_EQ(o.ifaces[1].hook, HOOK_XDP);
	CHECK_STR(o.box, "B");
	CHECK_STR(o.site, "s\xc3\xa9");
	CHECK_EQ(o.ports_n, 1);
	CHECK_EQ(o.cidrs_n, 1);
	CHECK_EQ(o.protos[0], 1LL << 47);
	CHECK_EQ(o.vxlan_ports_n, 2);
	CHECK_STR(o.kafka[1], "z");
	CHECK_STR(o.kafka[10], "new");
	CHECK_STR(o.tags[0], "a,b");
	CHECK(!o.tags[1]);
	options_free(&o);
}

/* What a print might leave out twice. */
static void check_same(const struct options *a, const struct options *b)
{
	CHECK(!memcmp(a->protos, b->protos, sizeof(a->protos)) && a->protos_set == b->protos_set);
	CHECK(!memcmp(a->vxlan_ports, b->vxlan_ports, sizeof(a->vxlan_ports[0]) * a->vxlan_ports_n));
	CHECK_EQ(a->vxlan_ports_n, b->vxlan_ports_n);
	CHECK_EQ(a->ports_n, b->ports_n);
	CHECK(!a->ports_n || !memcmp(a->ports, b->ports, sizeof(a->ports[0]) * a->ports_n));
	CHECK_EQ(a->cidrs_n, b->cidrs_n);
	CHECK(!a->cidrs_n || !memcmp(a->cidrs, b->cidrs, sizeof(a->cidrs[0]) * a->cidrs_n));
	CHECK_EQ(a->ifaces_n, b->ifaces_n);
	CHECK_EQ(a->count, b->count);
	CHECK_EQ(a->duration_ns, b->duration_ns);
	CHECK_EQ(a->batch_linger_ns, b->batch_linger_ns);
	CHECK_EQ(a->rotate_bytes, b->rotate_bytes);
	CHECK_EQ(a->ring_bytes, b->ring_bytes);
	CHECK_EQ(a->sample, b->sample);
	CHECK_EQ(a->plane, b->plane);
	CHECK_EQ(a->hook, b->hook);
	CHECK_EQ(a->tc, b->tc);
	CHECK_EQ(a->mode, b->mode);
	CHECK_EQ(a->keep, b->keep);
	CHECK_EQ(a->flow_entries, b->flow_entries);
	CHECK_EQ(a->flow_active_ns, b->flow_active_ns);
	CHECK_EQ(a->spool_after_ns, b->spool_after_ns);
}

static void check_reads_back(struct options *o)
{
	char *once = json_of(o), *twice;
	struct options back;

	CHECK_EQ(read_config(&back, once), 0);
	CHECK_STR(caught, "");
	twice = json_of(&back);
	CHECK_STR(twice, once);
	check_same(o, &back);
	options_free(&back);
	free(once);
	free(twice);
}

static void test_settings_read_back(void)
{
	struct options o;

	CHECK_EQ(options_init(&o), 0);
	check_reads_back(&o);
	options_free(&o);
	CHECK_EQ(BESIDE(&o, "-v"), 0);
	check_reads_back(&o);
	options_free(&o);
	CHECK_EQ(READ(&o, "run", "-ix", "--proto=0,255,64", "--port=0,65535", "--cidr=::/0,0.0.0.0/0", "--count",
		      "9223372036854775807", "--duration=1500ms", "--rotate-bytes=1023"), 0);
	check_reads_back(&o);
	options_free(&o);
}

/* A print that forgets a row would read back, too: each path is in it. */
static void test_print_has_each_path(void)
{
	struct options o;
	char *text, key[64];

	CHECK_EQ(BESIDE(&o, "-v"), 0);
	text = json_of(&o);
	for (size_t i = 0; i < option_rows_n; i++) {
		const char *path = option_rows[i].path, *dot = path ? strchr(path, '.') : NULL;

		snprintf(key, sizeof(key), "\"%s\":", dot ? dot + 1 : path ? path : "box");
		CHECK(strstr(text, key) != NULL);
	}
	free(text);
	options_free(&o);
}

static void test_example_is_good(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "check", "docs/ninetap.json"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.ifaces_n, 3);
	options_free(&o);
}

/* Cut anywhere, or with any byte changed, the text is refused or read; nothing else. */
static void test_damaged_texts(void)
{
	char text[sizeof(whole)];
	struct options o;
	int code;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		CHECK_EQ(read_text_len(&o, whole, n), EX_CONFIG);
		options_free(&o);
		memcpy(text, whole, sizeof(whole));
		text[n] ^= 0x15;
		code = read_text_len(&o, text, sizeof(whole) - 1);
		CHECK(code == 0 || code == EX_CONFIG);
		CHECK(!code == !caught[0]);
		options_free(&o);
	}
}

int main(void)
{
	RUN(test_scalars);
	RUN(test_lists);
	RUN(test_one_source_of_tags);
	RUN(test_rules_are_settled);
	RUN(test_command_line_wins);
	RUN(test_settings_read_back);
	RUN(test_print_has_each_path);
	RUN(test_example_is_good);
	RUN(test_damaged_texts);
	return check_done();
}
