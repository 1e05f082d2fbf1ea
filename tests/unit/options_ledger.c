/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_ledger.c - tests the settings of flows, streams, spool, pins and
 * metrics on the command line, and the commands mode and audit.
 */
#include <limits.h>
#include <stdio.h>
#include "check.h"
#include "options_util.h"

static void test_defaults(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-i", "eth0"), 0);
	CHECK_EQ(o.mode, MODE_PACKET);
	CHECK_EQ(o.ifaces[0].mode, MODE_PACKET);
	CHECK(!o.flows && !o.events && !o.spool && !o.metrics && !o.keep);
	CHECK_EQ(o.flow_entries, 16384);
	CHECK_EQ(o.flow_active_ns, 60000000000);
	CHECK_EQ(o.flow_idle_ns, 15000000000);
	CHECK_EQ(o.spool_bytes, 1 << 30);
	CHECK_EQ(o.spool_age_ns, 0);
	CHECK_EQ(o.spool_sync_ns, 1000000000);
	CHECK_EQ(o.spool_after_ns, 2000000000);
	CHECK_STR(o.instance, "default");
	CHECK_STR(o.pins, "/sys/fs/bpf/ninetap");
	options_free(&o);
}

static void test_values_of_the_ledger(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "run", "-ix", "--mode=flow", "-ofile:a", "--flows=file:b", "--events=off",
		      "--flow-entries=16", "--flow-active=300s", "--flow-idle=1s", "--spool=/var/spool/n",
		      "--spool-bytes=1m", "--spool-age=7d"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.ifaces[0].mode, MODE_FLOW);
	CHECK_STR(o.flows, "file:b");
	CHECK_STR(o.events, "off");
	CHECK_EQ(o.flow_entries, 16);
	CHECK_EQ(o.flow_active_ns, 300000000000);
	CHECK_EQ(o.flow_idle_ns, 1000000000);
	CHECK_STR(o.spool, "/var/spool/n");
	CHECK_EQ(o.spool_bytes, 1 << 20);
	CHECK_EQ(o.spool_age_ns, 7 * 86400000000000);
	options_free(&o);
	CHECK_EQ(READ(&o, "run", "-ix", "--spool-sync=10ms", "--spool-after=300s", "--instance=a-B_9",
		      "--pins=off", "--keep", "--metrics", "[::1]:0"), 0);
	CHECK_STR(caught, "");
	CHECK_EQ(o.spool_sync_ns, 10000000);
	CHECK_EQ(o.spool_after_ns, 300000000000);
	CHECK_STR(o.instance, "a-B_9");
	CHECK_STR(o.pins, "off");
	CHECK(o.keep);
	CHECK_STR(o.metrics, "[::1]:0");
	options_free(&o);
}

static void test_commands_of_the_ledger(void)
{
	struct options o;

	CHECK_EQ(READ(&o, "mode"), 0);
	CHECK(!o.setting && !o.json);
	options_free(&o);
	CHECK_EQ(READ(&o, "mode", "eth0=flow", "--instance=b"), 0);
	CHECK_STR(o.setting, "eth0=flow");
	options_free(&o);
	CHECK_EQ(READ(&o, "audit", "kafka:b:1/t", "--flows=off", "--json"), 0);
	CHECK_STR(o.source, "kafka:b:1/t");
	CHECK_STR(o.flows, "off");
	options_free(&o);
	CHECK_EQ(READ(&o, "show", "--pins", "/b"), 0);
	CHECK_STR(o.pins, "/b");
	options_free(&o);
}

static const struct mistake mistakes[] = {
	{ { "run", "-ix", "--mode=sampled" }, "--mode: \"sampled\" is none of packet, flow, auto" },
	{ { "run", "-ix", "--flows=x" },
	  "--flows: \"x\": unknown kind, expected -, file:PATH or kafka:BROKER[,BROKER...]/TOPIC" },
	{ { "run", "-ix", "--events=" }, "--events: is empty" },
	{ { "run", "-ix", "--events=file:x" },
	  "--events: goes to a file, but the output to standard output: all streams go to one kind, or off" },
	{ { "run", "-ix", "-ofile:x", "--flows=file:x" }, "--flows: the same file as another stream's" },
	{ { "replay", "f", "-eavro", "--flows=-" },
	  "--flows: lines can't be mixed with Avro on standard output" },
	{ { "run", "-ix", "--flow-entries=15" }, "--flow-entries: \"15\" is out of range: 16 to 4000000" },
	{ { "run", "-ix", "--flow-active=301s" }, "--flow-active: \"301s\" is out of range: 1s to 5m" },
	{ { "run", "-ix", "--instance=" }, "--instance: is empty" },
	{ { "run", "-ix", "--instance=a.b" }, "--instance: \"a.b\" is not 1 to 64 letters, digits, '-' or '_'" },
	{ { "run", "-ix", "--instance=../a" },
	  "--instance: \"../a\" is not 1 to 64 letters, digits, '-' or '_'" },
	{ { "run", "-ix", "--metrics=9100" },
	  "--metrics: \"9100\": no port, expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT" },
	{ { "run", "-ix", "--metrics=localhost:9100" },
	  "--metrics: \"localhost:9100\": neither an IPv4 nor an IPv6 address, expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT" },
	{ { "run", "-ix", "--metrics=::1:9100" },
	  "--metrics: \"::1:9100\": neither an IPv4 nor an IPv6 address, expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT" },
	{ { "run", "-ix", "--metrics=[::1]9:1" },
	  "--metrics: \"[::1]9:1\": neither an IPv4 nor an IPv6 address, expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT" },
	{ { "run", "-ix", "--metrics=1.2.3.4:65536" },
	  "--metrics: \"1.2.3.4:65536\": the port is not a number from 0 to 65535, expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT" },
	{ { "mode", "a=flow", "b=flow" }, "mode: takes one IFACE=MODE: \"b=flow\" is too many" },
	{ { "mode", "" }, "mode: IFACE=MODE is empty" },
	{ { "mode", "--keep" }, "--keep: is no option of \"mode\"" },
	{ { "audit" }, "audit: needs a SOURCE" },
};

static void test_mistakes(void)
{
	check_mistakes(mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void test_long_paths_and_labels(void)
{
	char path[PATH_MAX], label[66];
	struct options o;

	memset(path, 'p', sizeof(path));
	path[PATH_MAX - 512] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--spool", path, "--pins", path), 0);
	options_free(&o);
	path[PATH_MAX - 512] = 'p';
	path[PATH_MAX - 511] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--spool", path), EX_USAGE);
	CHECK(strstr(caught, "...\" is too long for a path: at most 3584 bytes\n"));
	options_free(&o);
	memset(label, 'l', sizeof(label));
	label[64] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--instance", label), 0);
	options_free(&o);
	label[64] = 'l';
	label[65] = '\0';
	CHECK_EQ(READ(&o, "run", "-ix", "--instance", label), EX_USAGE);
	options_free(&o);
}

int main(void)
{
	RUN(test_defaults);
	RUN(test_values_of_the_ledger);
	RUN(test_commands_of_the_ledger);
	RUN(test_mistakes);
	RUN(test_long_paths_and_labels);
	return check_done();
}
