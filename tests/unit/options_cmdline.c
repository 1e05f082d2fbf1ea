/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_cmdline.c - tests the command line: what is read, what wins, and
 * the sentence and exit code of each mistake.
 */
#include <stdio.h>
#include "base/tag_source.h"
#include "check.h"
#include "options_util.h"

static void test_defaults(void)
{
	struct options o;
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	CHECK_EQ(READ(&o, "run", "-i", "eth0"), 0);
	CHECK_STR(caught, "");
	CHECK_STR(o.box, host);
	CHECK(!o.site && !o.pop && !o.ren && !o.kafka && !o.config && !o.capture);
	CHECK_STR(o.output, "-");
	CHECK_STR(o.encoding, "json");
	CHECK_EQ(o.hook, HOOK_AUTO);
	CHECK_EQ(o.tc, TC_AUTO);
	CHECK_EQ(o.plane, PLANE_NONE);
	CHECK_EQ(o.count, 0);
	CHECK_EQ(o.duration_ns, 0);
	CHECK_EQ(o.sample, 1);
	CHECK_EQ(o.vxlan_ports_n, 2);
	CHECK_EQ(o.vxlan_ports[0], 4789);
	CHECK_EQ(o.vxlan_ports[1], 8472);
	CHECK_EQ(o.ring_bytes, 8 << 20);
	CHECK_EQ(o.batch_records, 1000);
	CHECK_EQ(o.batch_linger_ns, 100000000);
	CHECK_EQ(o.rotate_bytes, 0);
	CHECK_EQ(o.rotate_ns, 0);
	CHECK(!o.protos_set && !o.cidrs_n && !o.ports_n && !o.json && !o.verbose);
	options_free(&o);
}

static void test_forms_of_an_option(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "--interface=a", "--interface", "b", "-i", "c", "-id", "-vie", "--output=file:=x"), 0);
	CHECK_EQ(o.ifaces_n, 5);
	for (size_t i = 0; i < o.ifaces_n; i++)
		CHECK_EQ(o.ifaces[i].match[0], 'a' + (int)i);
	CHECK(o.verbose);
	CHECK_STR(o.output, "file:=x");
	options_free(&o);
	CHECK_EQ(READ(&o, "replay", "-o", "-", "--", "-x.pcap"), 0);
	CHECK_STR(o.capture, "-x.pcap");
	CHECK_STR(o.output, "-");
	options_free(&o);
	CHECK_EQ(READ(&o, "replay", "-"), 0);
	CHECK_STR(o.capture, "-");
	options_free(&o);
}

static void test_values(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-itap*", "--plane=data", "--hook=tc", "--tc=clsact", "-eavro", "--count=5",
		      "--duration=2", "--sample=10", "--ring-bytes=64k", "--batch-records=7",
		      "--batch-linger=1s", "--rotate-bytes=1g", "--rotate-interval=1h", "--box=b\xc3\xa9",
		      "--box-address=2001:db8::7"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.ifaces[0].plane, PLANE_DATA);
	CHECK_EQ(o.ifaces[0].hook, HOOK_TC);
	CHECK_EQ(o.tc, TC_CLSACT);
	CHECK_STR(o.encoding, "avro");
	CHECK_EQ(o.count, 5);
	CHECK_EQ(o.duration_ns, 2000000000);
	CHECK_EQ(o.sample, 10);
	CHECK_EQ(o.ring_bytes, 65536);
	CHECK_EQ(o.batch_records, 7);
	CHECK_EQ(o.batch_linger_ns, 1000000000);
	CHECK_EQ(o.rotate_bytes, 1 << 30);
	CHECK_EQ(o.rotate_ns, 3600000000000);
	CHECK_STR(o.box, "b\xc3\xa9");
	CHECK_STR(o.box_address, "2001:db8::7");
	options_free(&o);
}

static void test_lists(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-i", "x", "--cidr", "10.0.0.0/8,::1", "--cidr=192.0.2.7", "--port=80,8000-8002,80",
		      "--proto=TCP,17,icmpv6,255", "--vxlan-port=4789-4790", "-Xab=b", "-X", "c=d=e", "-Xa=x", "-Xa=f"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.cidrs_n, 3);
	CHECK_EQ(o.cidrs[0].prefix, 104);
	CHECK_EQ(o.cidrs[2].addr[15], 7);
	CHECK_EQ(o.ports_n, 4);
	CHECK_EQ(o.ports[3], 8002);
	CHECK(o.protos_set);
	CHECK_EQ(o.protos[0], 1LL << 6 | 1LL << 17 | 1LL << 58);
	CHECK_EQ(o.protos[3], (long long)(UINT64_C(1) << 63));
	CHECK_EQ(o.vxlan_ports_n, 2);
	CHECK_EQ(o.vxlan_ports[1], 4790);
	CHECK_STR(o.kafka[0], "ab");
	CHECK_STR(o.kafka[1], "b");
	CHECK_STR(o.kafka[3], "d=e");
	CHECK_STR(o.kafka[4], "a");
	CHECK_STR(o.kafka[5], "f");
	CHECK(!o.kafka[6]);
	options_free(&o);
}

static const struct mistake mistakes[] = {
	{ { "rnu" }, "unknown command \"rnu\": did you mean \"run\"?" },
	{ { "run" }, "run: needs an interface: -i NAME, or \"interfaces\" in the configuration" },
	{ { "run", "-i" }, "--interface: needs a value: NAME|GLOB" },
	{ { "run", "-z" }, "unknown option \"-z\"" },
	{ { "run", "-z", "--help" }, "unknown option \"-z\"" },
	{ { "run", "--bx=1" }, "unknown option \"--bx\": did you mean \"--box\"?" },
	{ { "run", "--out=-" }, "unknown option \"--out\"" },
	{ { "run", "--version" }, "--version: is no option of \"run\"" },
	{ { "run", "--json", "-ix" }, "--json: is no option of \"run\"" },
	{ { "replay", "f", "--ring-bytes", "8m" }, "--ring-bytes: is no option of \"replay\"" },
	{ { "show", "--json=1" }, "--json: takes no value" },
	{ { "run", "x" }, "run: takes no argument: \"x\"" },
	{ { "replay" }, "replay: needs a capture FILE" },
	{ { "replay", "" }, "replay: capture FILE is empty" },
	{ { "replay", "a", "b" }, "replay: takes one capture FILE: \"b\" is too many" },
	{ { "run", "-ix", "-c", "" }, "--config: is empty" },
	{ { "check" }, "check: needs a configuration FILE" },
	{ { "run", "-i", "" }, "--interface: is empty" },
	{ { "run", "-i", "abcdefghijklmnop" },
	  "--interface: \"abcdefghijklmnop\" is too long for an interface's name: at most 15 bytes" },
	{ { "run", "-i", "a/b" }, "--interface: \"a/b\" cannot be an interface's name" },
	{ { "run", "-i", ".." }, "--interface: \"..\" cannot be an interface's name" },
	{ { "run", "-i", "a[b" }, "--interface: \"a[b\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-i", "a[]" }, "--interface: \"a[]\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-i", "a[" }, "--interface: \"a[\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-i", "a[!" }, "--interface: \"a[!\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-i", "a[!]" }, "--interface: \"a[!]\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-i", "a*\\" }, "--interface: \"a*\\\" is not a glob: a [ without its ], or a \\ at its end" },
	{ { "run", "-ix", "--plane", "dat" }, "--plane: \"dat\" is none of management, control, data" },
	{ { "run", "-ix", "--hook", "XDP" }, "--hook: \"XDP\" is none of auto, xdp, tc" },
	{ { "run", "-ix", "--tc", "x" }, "--tc: \"x\" is none of auto, tcx, clsact" },
	{ { "run", "-ix", "-e", "xml" }, "--encoding: \"xml\" is none of json, avro, smartx" },
	{ { "run", "-ix", "-o", "x" },
	  "--output: \"x\": unknown kind, expected -, file:PATH or kafka:BROKER[,BROKER...]/TOPIC" },
	{ { "run", "-ix", "-o", "file:" },
	  "--output: \"file:\": no path, expected file:PATH" },
	{ { "run", "-ix", "-o", "kafka:/t" },
	  "--output: \"kafka:/t\": not a list of brokers, expected kafka:HOST[:PORT][,HOST[:PORT]...]/TOPIC, IPv6 as [ADDRESS]:PORT" },
	{ { "run", "-ix", "-o", "kafka:b:1/" },
	  "--output: \"kafka:b:1/\": not a topic name, expected 1 to 249 letters, digits, '.', '_' or '-' behind the last '/'" },
	{ { "run", "-ix", "--count", "-1" }, "--count: \"-1\" is out of range: 0 to 9223372036854775807" },
	{ { "run", "-ix", "--count", "1x" }, "--count: \"1x\" is not a whole number" },
	{ { "run", "-ix", "--duration", "1w" },
	  "--duration: \"1w\" is not a duration such as 100ms, 30s, 5m, 2h or 7d" },
	{ { "run", "-ix", "--duration", "366d" }, "--duration: \"366d\" is out of range: 0 to 365d" },
	{ { "run", "-ix", "--box", "" }, "--box: is empty" },
	{ { "run", "-ix", "--box-address", "10.0.0.256" },
	  "--box-address: \"10.0.0.256\" is neither an IPv4 nor an IPv6 address" },
	{ { "run", "-ix", "--box-address", "10.0.0.1/32" },
	  "--box-address: \"10.0.0.1/32\" is neither an IPv4 nor an IPv6 address" },
	{ { "run", "-ix", "--site", "a\xff" }, "--site: \"a\\xff\" is not UTF-8" },
	{ { "run", "-ix", "--cidr", "10.0.0.1/8" }, "--cidr: \"10.0.0.1/8\" has host bits set: write 10.0.0.0/8" },
	{ { "run", "-ix", "--cidr", "fe80::1/64" }, "--cidr: \"fe80::1/64\" has host bits set: write fe80::/64" },
	{ { "run", "-ix", "--cidr", "10.0.0.0/33" }, "--cidr: \"10.0.0.0/33\": a prefix has at most 32 bits" },
	{ { "run", "-ix", "--cidr", "::/200" }, "--cidr: \"::/200\": a prefix has at most 128 bits" },
	{ { "run", "-ix", "--cidr", "host" }, "--cidr: \"host\" is neither an IP address nor a prefix" },
	{ { "run", "-ix", "--port", "80,,90" }, "--port: is empty" },
	{ { "run", "-ix", "--port", "65536" }, "--port: \"65536\" is out of range: ports are 0 to 65535" },
	{ { "run", "-ix", "--port", "9-8" }, "--port: \"9-8\" is neither a port nor a range such as 8000-8010" },
	{ { "run", "-ix", "--port", "0-1024" }, "--port: more than 1024 port numbers" },
	{ { "run", "-ix", "--proto", "tpc" },
	  "--proto: \"tpc\" is neither a number from 0 to 255 nor an IP protocol's name: did you mean \"tcp\"?" },
	{ { "run", "-ix", "--proto", "256" },
	  "--proto: \"256\" is neither a number from 0 to 255 nor an IP protocol's name" },
	{ { "run", "-ix", "--sample", "0" }, "--sample: \"0\" is out of range: 1 to 4294967295" },
	{ { "run", "-ix", "--sample", "4294967296" }, "--sample: \"4294967296\" is out of range: 1 to 4294967295" },
	{ { "run", "-ix", "--vxlan-port", "0" }, "--vxlan-port: \"0\" is out of range: ports are 1 to 65535" },
	{ { "run", "-ix", "--vxlan-port", "1-9" }, "--vxlan-port: more than 8 VXLAN ports" },
	{ { "run", "-ix", "--vxlan-port", "1-9,20" }, "--vxlan-port: more than 8 VXLAN ports" },
	{ { "run", "-ix", "--ring-bytes", "100k" },
	  "--ring-bytes: \"100k\" is not a power of two: the nearest are 64KiB and 128KiB" },
	{ { "run", "-ix", "--ring-bytes", "32k" }, "--ring-bytes: \"32k\" is out of range: 64KiB to 1GiB" },
	{ { "run", "-ix", "--ring-bytes", "8MB" },
	  "--ring-bytes: \"8MB\" is not a size such as 65536, 64KiB, 8MiB or 1GiB" },
	{ { "run", "-ix", "--batch-records", "100001" },
	  "--batch-records: \"100001\" is out of range: 1 to 100000" },
	{ { "run", "-ix", "--batch-linger", "61s" }, "--batch-linger: \"61s\" is out of range: 1ms to 1m" },
	{ { "run", "-ix", "-t", "" }, "--tags: is empty" },
	{ { "run", "-ix", "-t", "file:" }, "--tags: \"file:\": no path, expected PATH or file:PATH" },
	{ { "run", "-ix", "-t", "socket:" }, "--tags: \"socket:\": no path, expected socket or socket:PATH" },
	{ { "run", "-ix", "-t", "kafka:b:1/" },
	  "--tags: \"kafka:b:1/\": not a topic name, expected 1 to 249 letters, digits, '.', '_' or '-' behind the last '/'" },
	{ { "run", "-ix", "-ta", "-tb", "-ta" }, "--tags: \"a\": is named twice" },
	{ { "show", "-t", "a" }, "--tags: is no option of \"show\"" },
	{ { "tag" }, "unknown command \"tag\"" },
	{ { "tag put", "a", "b" }, "tag put: takes one STATEMENT: \"b\" is too many" },
	{ { "tag put", "" }, "tag put: STATEMENT is empty" },
	{ { "tag put", "--at=2026-01-01" }, "--at: is no option of \"tag put\"" },
	{ { "tag put", "-s", "" }, "--socket: is empty" },
	{ { "tag end" }, "tag end: needs an instance ID" },
	{ { "tag end", "a", "--at=now" }, "--at: \"now\" is not a time such as 2026-11-21T22:00:00Z" },
	{ { "tag end", "a", "--at=2026-02-30T00:00:00Z" },
	  "--at: \"2026-02-30T00:00:00Z\" is no day or time of day, or not in the years 1678 to 2261" },
	{ { "tag list", "x" }, "tag list: takes no argument: \"x\"" },
	{ { "tag list", "-t", "x" }, "--tags: is no option of \"tag list\"" },
	{ { "run", "-ix", "-X", "a" }, "--property: \"a\" is not NAME=VALUE" },
	{ { "run", "-ix", "-X", "=a" }, "--property: \"=a\" is not NAME=VALUE" },
};

static void test_mistakes(void)
{
	check_mistakes(mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void test_sources_of_tags(void)
{
	char name[16], *argv[TAG_SOURCES_MAX + 4] = { "run", "-ix" };
	struct options o;

	CHECK_EQ(READ(&o, "run", "-ix", "-t", "a", "--tags=kafka:b:1/t", "-tsocket"), 0);
	CHECK_STR(o.tags[0], "a");
	CHECK_STR(o.tags[1], "kafka:b:1/t");
	CHECK_STR(o.tags[2], "socket");
	CHECK(!o.tags[3]);
	options_free(&o);
	for (unsigned int i = 0; i <= TAG_SOURCES_MAX; i++) {
		snprintf(name, sizeof(name), "-tf%u", i);
		argv[2 + i] = strdup(name);
	}
	catch_stderr();
	CHECK_EQ(options_read(&o, TAG_SOURCES_MAX + 3, argv), EX_USAGE);
	CHECK_STR(caught_stderr(), "ninetap: error: --tags: more than 16 sources of tags\n");
	options_free(&o);
	for (unsigned int i = 0; i <= TAG_SOURCES_MAX; i++)
		free(argv[2 + i]);
}

static void test_commands_of_tags(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "tag put"), 0);
	CHECK_STR(caught, "");
	CHECK(!o.statement);
	CHECK_STR(o.socket, TAG_SOCKET_DEFAULT);
	options_free(&o);
	CHECK_EQ(READ(&o, "tag put", "-s", "/s", "{}"), 0);
	CHECK_STR(o.statement, "{}");
	CHECK_STR(o.socket, "/s");
	options_free(&o);
	CHECK_EQ(READ(&o, "tag end", "i-1", "--at", "1970-01-01T00:00:01.5Z"), 0);
	CHECK_STR(o.tag_id, "i-1");
	CHECK_EQ(o.at_ns, 1500000000);
	CHECK(!o.is_port);
	options_free(&o);
	CHECK_EQ(READ(&o, "tag end", "--is-port", "p"), 0);
	CHECK(o.is_port && !o.at_ns);
	options_free(&o);
	CHECK_EQ(READ(&o, "tag list", "--help"), OPTIONS_HELP);
	options_free(&o);
}

static void test_long_socket_paths(void)
{
	char path[200] = "/", want[400];
	struct options o;

	memset(path + 1, 'p', TAG_SOCKET_PATH_MAX - 1);
	CHECK_EQ(READ(&o, "tag list", "-s", path), 0);
	options_free(&o);
	strcat(path, "p");
	CHECK_EQ(READ(&o, "tag list", "-s", path), EX_USAGE);
	snprintf(want, sizeof(want), "ninetap: error: --socket: \"%.90s...\": too long for the path of a socket: "
				     "at most 107 bytes\n", path);
	CHECK_STR(caught, want);
	options_free(&o);
}

static void test_all_mistakes_are_named(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-ix", "--sample=0", "-q", "-c", "/nonexistent/c.json", "--hook=x"), EX_USAGE);
	CHECK_STR(caught, "ninetap: error: unknown option \"-q\"\n"
			  "ninetap: error: read /nonexistent/c.json: No such file or directory\n"
			  "ninetap: error: --sample: \"0\" is out of range: 1 to 4294967295\n"
			  "ninetap: error: --hook: \"x\" is none of auto, xdp, tc\n");
	options_free(&o);
}

/* Who cannot read the file isn't told that it names no interface. */
static void test_missing_file_is_one_mistake(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-c", "/nonexistent/c.json"), EX_NOINPUT);
	CHECK_STR(caught, "ninetap: error: read /nonexistent/c.json: No such file or directory\n");
	options_free(&o);
}

static void test_long_values_are_refused(void)
{
	char name[258], want[512];
	struct options o;

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--box", name), 0);
	CHECK_STR(o.box, name);
	options_free(&o);
	name[255] = 'n';
	name[256] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--box", name), EX_USAGE);
	snprintf(want, sizeof(want), "ninetap: error: --box: \"%.90s...\" has 256 bytes: at most 255 fit\n", name);
	CHECK_STR(caught, want);
	options_free(&o);
	memset(name, '*', 256);
	CHECK_EQ(READ(&o, "run", "-i", name), EX_USAGE);
	CHECK(strstr(caught, "is too long: at most 255 bytes"));
	options_free(&o);
}

static void test_help(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "--help"), OPTIONS_HELP);
	CHECK_STR(caught, "");
	options_free(&o);
	CHECK_EQ(READ(&o, "show", "-vh"), OPTIONS_HELP);
	options_free(&o);
	CHECK_EQ(READ(&o, "run", "-o", "--help", "-ix"), EX_USAGE);
	options_free(&o);
}

int main(void)
{
	RUN(test_defaults);
	RUN(test_forms_of_an_option);
	RUN(test_values);
	RUN(test_lists);
	RUN(test_mistakes);
	RUN(test_sources_of_tags);
	RUN(test_commands_of_tags);
	RUN(test_long_socket_paths);
	RUN(test_all_mistakes_are_named);
	RUN(test_missing_file_is_one_mistake);
	RUN(test_long_values_are_refused);
	RUN(test_help);
	return check_done();
}
