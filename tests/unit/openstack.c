/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openstack.c - tests inventory/openstack.c on notifications of the shape that
 * Nova, Neutron and Keystone document (openstack_samples/), and on small ones
 * that show a rule or a mistake.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/cidr.h"
#include "base/timestamp.h"
#include "inventory/openstack.h"
#include "check.h"

#define NOW 1795298400000000000LL	/* 2026-11-21T22:00:00Z */
#define SEC 1000000000LL
#define INSTANCE_ID "9c7e3a52-6f0d-4f6b-8a41-0d1f5be2c001"
#define PORT_ID "2f4c9d10-77aa-4c3e-9b52-5f1e0a7d3001"
#define PROJECT_ID "b7d1f0c2a95e4e0f8d3c6a7b5e4f3d21"

static struct statement s;
static struct problems p;

/* Mistakes are logged, which is problem.c's test: keep them from the screen. */
static int read_text(const char *text, size_t len)
{
	int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY), err;

	if (kept < 0 || null < 0 || dup2(null, STDERR_FILENO) < 0)
		abort();
	p = (struct problems){ 0 };
	err = openstack_read(&s, text, len, NOW, &p);
	if (dup2(kept, STDERR_FILENO) < 0)
		abort();
	close(null);
	close(kept);
	return err;
}

static int read_string(const char *text)
{
	return read_text(text, strlen(text));
}

static int read_sample(const char *name)
{
	char path[128], text[16384];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "tests/unit/openstack_samples/%s.json", name);
	f = fopen(path, "r");
	if (!f)
		abort();
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	CHECK(openstack_is_notification(text, len));
	return read_text(text, len);
}

static const char *from(void)
{
	static char text[TIMESTAMP_TEXT];

	return timestamp_format(s.from_ns, text);
}

static const char *address(size_t i)
{
	static char text[CIDR_TEXT];

	return i < s.cidrs_n ? cidr_format(&s.cidrs[i], text) : "none";
}

static void check_instance(const char *name, const char *host, const char *since)
{
	CHECK_EQ(s.kind, STATEMENT_INSTANCE);
	CHECK_STR(s.id, INSTANCE_ID);
	CHECK_STR(s.name, name);
	CHECK_STR(s.host, host);
	CHECK_STR(s.tenant, PROJECT_ID);
	CHECK_EQ(s.cidrs_n, 2);
	CHECK_STR(address(0), "192.168.116.5/32");
	CHECK_STR(address(1), "2001:db8:116::5/128");
	CHECK_STR(from(), since);
	CHECK_EQ(s.until_ns, TIME_OPEN);
	CHECK(!s.port && !s.scope);
}

static void test_instances(void)
{
	CHECK_EQ(read_sample("instance-create-end"), 0);
	check_instance("web-1", "box-a", "2026-11-21T22:00:00Z");
	CHECK_EQ(read_sample("enveloped"), 0);
	check_instance("web-1", "box-a", "2026-11-21T22:00:00Z");
	CHECK_EQ(read_sample("instance-update"), 0);
	check_instance("web-blue", "box-a", "2026-11-21T22:10:00.125Z");
	CHECK_EQ(read_sample("instance-live_migration_post_dest-end"), 0);
	check_instance("web-1", "box-b", "2026-11-21T22:20:00.5Z");
	CHECK_EQ(read_sample("instance-rebuild-end"), 0);
	check_instance("web-1", "box-a", "2026-11-21T22:30:00.000001Z");
	CHECK_EQ(read_sample("instance-soft_delete-end"), 0);
	check_instance("web-1", "box-a", "2026-11-21T22:40:00Z");
}

static void test_instance_end(void)
{
	CHECK_EQ(read_sample("instance-delete-end"), 0);
	CHECK_EQ(s.kind, STATEMENT_END);
	CHECK_STR(s.id, INSTANCE_ID);
	CHECK(!s.port);
	CHECK_STR(from(), "2026-11-21T22:50:03.25Z");
	CHECK_EQ(s.until_ns, TIME_OPEN);
}

static const struct {
	const char *event, *data, *sent, *end;	/* end NULL: it goes on */
} ends[] = {
	{ "instance.delete.end", "\"deleted_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:05.750000", "2026-11-21T22:00:05.75Z" },
	{ "instance.delete.end", "\"deleted_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:09.000000", "2026-11-21T22:00:06Z" },
	{ "instance.delete.end", "\"deleted_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:04.000000", "2026-11-21T22:00:05Z" },
	{ "instance.delete.end", "\"deleted_at\":\"2026-11-21T22:00:05.5Z\"", "2026-11-21 22:00:05.750000", "2026-11-21T22:00:05.5Z" },
	{ "instance.delete.end", "\"deleted_at\":null,\"terminated_at\":\"2026-11-21T22:00:05.5Z\"", "2026-11-21 22:00:09.000000", "2026-11-21T22:00:05.5Z" },
	{ "instance.delete.end", "\"deleted_at\":null", "2026-11-21 22:00:09.000000", "2026-11-21T22:00:09Z" },
	{ "instance.force_delete.end", "\"state\":\"active\"", "2026-11-21 22:00:09.000000", "2026-11-21T22:00:09Z" },
	{ "instance.update", "\"state\":\"deleted\",\"terminated_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:05.100000", "2026-11-21T22:00:05.1Z" },
	{ "instance.shutdown.end", "\"state\":\"active\",\"terminated_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:05.100000", NULL },
	{ "instance.soft_delete.end", "\"state\":\"deleted\",\"deleted_at\":\"2026-11-21T22:00:05Z\"", "2026-11-21 22:00:05.100000", NULL },
};

static void test_when_an_instance_ended(void)
{
	char text[512];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(text, sizeof(text), "{\"event_type\":\"%s\",\"timestamp\":\"%s\",\"payload\":{\"nova_object.data\":{\"uuid\":\"i\",%s}}}",
			 ends[i].event, ends[i].sent, ends[i].data);
		CHECK_EQ(read_string(text), 0);
		CHECK_EQ(s.kind, ends[i].end ? STATEMENT_END : STATEMENT_INSTANCE);
		if (ends[i].end)
			CHECK_STR(from(), ends[i].end);
	}
}

static void test_instance_without_times_or_addresses(void)
{
	CHECK_EQ(read_string("{\"event_type\":\"instance.create.end\",\"payload\":{\"nova_object.data\":{\"uuid\":\"i\",\"host\":null,"
			     "\"display_name\":\"\",\"launched_at\":null,\"ip_addresses\":null}}}"), 0);
	CHECK_EQ(s.from_ns, NOW);
	CHECK(!s.host && !s.name && !s.tenant && !s.cidrs_n);
	CHECK_EQ(read_string("{\"event_type\":\"instance.create.end\",\"timestamp\":\"2026-11-21 22:00:01.5\","
			     "\"payload\":{\"nova_object.data\":{\"uuid\":\"i\"}}}"), 0);
	CHECK_EQ(s.from_ns, NOW + SEC * 3 / 2);
}

static void check_port(const char *since)
{
	CHECK_EQ(s.kind, STATEMENT_INSTANCE);
	CHECK_STR(s.id, INSTANCE_ID);
	CHECK_STR(s.port, PORT_ID);
	CHECK_STR(s.tenant, PROJECT_ID);
	CHECK_STR(s.host, "box-a");
	CHECK_STR(from(), since);
	CHECK_EQ(s.until_ns, TIME_OPEN);
}

static void test_ports(void)
{
	CHECK_EQ(read_sample("port-create-end"), 0);
	check_port("2026-11-21T21:59:50.1Z");
	CHECK_EQ(s.cidrs_n, 2);
	CHECK_STR(address(1), "2001:db8:116::5/128");
	CHECK_EQ(read_sample("port-update-end"), 0);
	check_port("2026-11-21T22:00:01.2Z");
	CHECK_EQ(s.cidrs_n, 1);
	CHECK_STR(address(0), "192.168.116.6/32");
	CHECK_EQ(read_string("{\"event_type\":\"port.create.end\",\"payload\":{\"port\":{\"id\":\"p\",\"device_id\":\"i\","
			     "\"device_owner\":\"compute:az\",\"tenant_id\":\"old\"}}}"), 0);
	CHECK_STR(s.tenant, "old");
}

static void test_port_ends(void)
{
	static const char *const samples[][2] = {
		{ "port-update-end-detached", "2026-11-21T22:45:00Z" },
		{ "port-delete-end", "2026-11-21T22:50:02.9Z" },
	};

	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(read_sample(samples[i][0]), 0);
		CHECK_EQ(s.kind, STATEMENT_END);
		CHECK_STR(s.port, PORT_ID);
		CHECK(!s.id);
		CHECK_STR(from(), samples[i][1]);
		CHECK_EQ(s.until_ns, TIME_OPEN);
	}
	CHECK_EQ(read_string("{\"event_type\":\"port.delete.end\",\"payload\":{\"port\":{\"id\":\"p\"}}}"), 0);
	CHECK_STR(s.port, "p");
	CHECK_EQ(s.from_ns, NOW);
}

/* An event without a name and networks must not take them from the tenant. */
static void test_projects(void)
{
	static const char *const samples[] = { "project-created-basic", "project-updated-cadf" };

	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(read_sample(samples[i]), 0);
		CHECK_EQ(s.kind, STATEMENT_TENANT);
		CHECK_STR(s.id, PROJECT_ID);
		CHECK(!s.name && s.partial);
	}
	CHECK_EQ(read_string("{\"event_type\":\"identity.project.created\",\"payload\":{\"target\":{\"id\":\"t\",\"name\":\"demo\"}}}"), 0);
	CHECK_STR(s.id, "t");
	CHECK_STR(s.name, "demo");
	CHECK_EQ(read_string("{\"event_type\":\"identity.project.updated\",\"payload\":{\"resource_info\":\"t\",\"project\":{\"name\":\"x\"}}}"), 0);
	CHECK_STR(s.name, "x");
	CHECK(s.partial);
	CHECK_EQ(read_sample("port-create-end"), 0);
	CHECK(!s.partial);
}

static const char *const nothing_of_ours[] = {
	"{\"event_type\":\"instance.create.start\",\"payload\":{}}",
	"{\"event_type\":\"instance.create.error\",\"payload\":{}}",
	"{\"event_type\":\"instance.exists\",\"payload\":{}}",
	"{\"event_type\":\"compute.instance.create.end\",\"payload\":{\"instance_id\":\"i\"}}",
	"{\"event_type\":\"flavor.create\"}",
	"{\"event_type\":\"network.create.end\",\"payload\":[]}",
	"{\"event_type\":\"port.create.start\",\"payload\":{}}",
	"{\"event_type\":\"identity.project.deleted\",\"payload\":{\"resource_info\":\"t\"}}",
	"{\"event_type\":\"identity.user.created\",\"payload\":{\"resource_info\":\"t\"}}",
	"{\"event_type\":\"port.create.end\",\"payload\":{\"port\":{\"id\":\"p\",\"device_id\":\"d\",\"device_owner\":\"network:dhcp\"}}}",
	"{\"event_type\":\"port.update.end\",\"payload\":{\"port\":{\"id\":\"p\",\"device_id\":\"d\",\"device_owner\":\"\"}}}",
	"{\"event_type\":\"port.create.end\",\"payload\":{\"port\":{\"id\":\"p\",\"device_id\":\"\",\"device_owner\":\"\"}}}",
	"{\"event_type\":\"port.create.end\",\"payload\":{\"port\":{\"id\":\"p\",\"device_id\":\"\",\"device_owner\":\"compute:nova\"}}}",
};

static void test_nothing_of_ours(void)
{
	for (size_t i = 0; i < sizeof(nothing_of_ours) / sizeof(nothing_of_ours[0]); i++) {
		int err = read_string(nothing_of_ours[i]);

		if (err != -ENOMSG)
			printf("# %s\n", nothing_of_ours[i]);
		CHECK_EQ(err, -ENOMSG);
		CHECK(!s.owner && !s.id && !s.port);
		CHECK(!p.last[0]);
	}
}

#define NOVA(data) "{\"event_type\":\"instance.update\",\"payload\":{\"nova_object.data\":{" data "}}}"

static const struct {
	const char *text;
	enum problem kind;
	const char *said;
} refused[] = {
	{ "{\"event_type\"", PROBLEM_SYNTAX, "':' expected near end of file" },
	{ "{\"event_type\":7}", PROBLEM_SYNTAX, "event_type: must be a string, not a whole number" },
	{ "[]", PROBLEM_SYNTAX, "event_type: must be a string, not nothing" },
	{ "{\"oslo.message\":{}}", PROBLEM_SYNTAX, "oslo.message: must be a string, not an object" },
	{ "{\"oslo.message\":\"{\"}", PROBLEM_SYNTAX, "oslo.message: string or '}' expected near end of file" },
	{ "{\"oslo.message\":\"{}\"}", PROBLEM_SYNTAX, "event_type: must be a string, not nothing" },
	{ "{\"event_type\":\"instance.update\"}", PROBLEM_SYNTAX, "payload: must be an object, not nothing" },
	{ "{\"event_type\":\"instance.update\",\"payload\":{}}", PROBLEM_SYNTAX, "nova_object.data: must be an object, not nothing" },
	{ "{\"event_type\":\"instance.update\",\"timestamp\":\"noon\",\"payload\":{}}", PROBLEM_SYNTAX,
	  "timestamp: \"noon\" is no time such as 2026-11-21T22:00:00.25Z" },
	{ NOVA("\"host\":\"box\""), PROBLEM_NO_ID, "instance.update has no \"uuid\"" },
	{ NOVA("\"uuid\":\"\""), PROBLEM_NO_ID, "instance.update has no \"uuid\"" },
	{ NOVA("\"uuid\":5"), PROBLEM_SYNTAX, "uuid: must be a string, not a whole number" },
	{ NOVA("\"uuid\":\"i\",\"tenant_id\":{}"), PROBLEM_SYNTAX, "tenant_id: must be a string, not an object" },
	{ NOVA("\"uuid\":\"i\",\"ip_addresses\":{}"), PROBLEM_SYNTAX, "ip_addresses: must be an array, not an object" },
	{ NOVA("\"uuid\":\"i\",\"ip_addresses\":[{}]"), PROBLEM_SYNTAX, "ip_addresses[0]: must be a string, not nothing" },
	{ NOVA("\"uuid\":\"i\",\"state\":\"deleted\",\"deleted_at\":\"2026-02-30T00:00:00Z\""), PROBLEM_SYNTAX,
	  "deleted_at: \"2026-02-30T00:00:00Z\" is no time of the years 1678 to 2261" },
	{ "{\"event_type\":\"port.create.end\",\"payload\":{}}", PROBLEM_SYNTAX, "port: must be an object, not nothing" },
	{ "{\"event_type\":\"port.create.end\",\"payload\":{\"ports\":[]}}", PROBLEM_SYNTAX, "ports: ports made in bulk are not read" },
	{ "{\"event_type\":\"port.update.end\",\"payload\":{\"port\":{}}}", PROBLEM_NO_ID, "port.update.end has no \"id\"" },
	{ "{\"event_type\":\"port.delete.end\",\"payload\":{}}", PROBLEM_NO_ID, "port.delete.end has no \"port_id\"" },
	{ "{\"event_type\":\"identity.project.created\",\"payload\":{}}", PROBLEM_NO_ID, "identity.project.created has no \"resource_info\"" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		CHECK_EQ(read_string(refused[i].text), -EINVAL);
		CHECK_STR(p.last, refused[i].said);
		for (unsigned int kind = 0; kind < PROBLEM_MAX; kind++)
			CHECK_EQ(p.count[kind], kind == refused[i].kind);
		CHECK(!s.owner && !s.id);
	}
}

static void test_what_leaves_out_itself_alone(void)
{
	char text[2048], name[1021];

	CHECK_EQ(read_string(NOVA("\"uuid\":\"i\",\"ip_addresses\":[{\"nova_object.data\":{\"address\":\"10.0.0\"}},"
				  "{\"nova_object.data\":{\"address\":\"10.0.0.1\"}}]")), 0);
	CHECK_EQ(s.cidrs_n, 1);
	CHECK_STR(address(0), "10.0.0.1/32");
	CHECK_EQ(p.count[PROBLEM_CIDR], 1);
	CHECK_STR(p.last, "ip_addresses[0]: \"10.0.0\" is neither an IP address nor a prefix");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), NOVA("\"uuid\":\"i\",\"host\":\"h\",\"display_name\":\"%s\""), name);
	CHECK_EQ(read_string(text), 0);
	CHECK_STR(s.id, "i");
	CHECK_STR(s.host, "h");
	CHECK(!s.name);
	CHECK_EQ(p.count[PROBLEM_SYNTAX], 1);
}

/* All texts as long as they may be: they fit. */
static void test_longest_texts(void)
{
	char text[2048], long_text[256];

	memset(long_text, 'x', 255);
	long_text[255] = '\0';
	snprintf(text, sizeof(text), NOVA("\"uuid\":\"%s\",\"host\":\"%s\",\"display_name\":\"%s\",\"tenant_id\":\"%s\""), long_text,
		 long_text, long_text, long_text);
	CHECK_EQ(read_string(text), 0);
	CHECK_STR(s.id, long_text);
	CHECK_STR(s.host, long_text);
	CHECK_STR(s.name, long_text);
	CHECK_STR(s.tenant, long_text);
}

static void test_what_looks_like_a_notification(void)
{
	static const char *const no[] = { "", "{", "[]", "{}", "\"event_type\"", "{\"kind\":\"event_type\"}", "{\"a\":{\"event_type\":\"x\"}}" };
	static const char yes[] = " {\"a\":[{\"}\":1}],\"event_type\"", oslo[] = "{\"oslo.version\":\"2.0\",\"oslo.message\":\"\"}";

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK(!openstack_is_notification(no[i], strlen(no[i])));
	CHECK(openstack_is_notification(yes, strlen(yes)));
	CHECK(openstack_is_notification(oslo, strlen(oslo)));
}

int main(void)
{
	RUN(test_instances);
	RUN(test_instance_end);
	RUN(test_when_an_instance_ended);
	RUN(test_instance_without_times_or_addresses);
	RUN(test_ports);
	RUN(test_port_ends);
	RUN(test_projects);
	RUN(test_nothing_of_ours);
	RUN(test_refused);
	RUN(test_what_leaves_out_itself_alone);
	RUN(test_longest_texts);
	RUN(test_what_looks_like_a_notification);
	statement_free(&s);
	return check_done();
}
