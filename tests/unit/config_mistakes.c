/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_mistakes.c - tests what the configuration says of each mistake:
 * line, name, reason; that one doesn't hide the next; files that are none.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "check.h"
#include "options_util.h"

#define GLOB_BAD " is not a glob: a [ without its ], or a \\ at its end"

static const struct {
	const char *text;
	const char *says;		/* behind "ninetap: error: c.json" */
} mistakes[] = {
	{ "", ": is empty: a configuration is an object" },
	{ " \n\t\n", ": is empty: a configuration is an object" },
	{ "[]", ":1: must be an object, not an array" },
	{ "\n\n[]", ":3: must be an object, not an array" },
	{ "{", ":1: string or '}' expected near end of file" },
	{ "{\n\"box\" 2}", ":2: ':' expected near '2'" },
	{ "{}\n}", ":2: end of file expected near '}'" },
	{ "{\"a\\u0000b\": 1}", ":1: NUL byte in object key not supported near '\"a\\u0000b\"'" },
	{ "{\n\"count\":\n99999999999999999999}", ":3: too big integer near '99999999999999999999'" },
	{ "{\"bxo\": 1}", ":1: unknown key \"bxo\": did you mean \"box\"?" },
	{ "{\n\n\"filtre\": {\"a\":[1,{\"b\":\"]}\"}]},\n\"zzz\":1, \"box\": \"b\"}",
	  ":3: unknown key \"filtre\": did you mean \"filter\"?\n:4: unknown key \"zzz\"" },
	{ "{\"zzz\": \"a\\\"}\\\\\",\n\"box\": 1}",
	  ":1: unknown key \"zzz\"\n:2: box: must be a string, not a whole number" },
	{ "{\"filter.cidr\": []}", ":1: unknown key \"filter.cidr\"" },
	{ "{\"json\": true}", ":1: unknown key \"json\"" },
	{ "{\"config\": \"x\"}", ":1: unknown key \"config\"" },
	{ "{\"filter\": {\n\"cdir\": 1}}", ":2: unknown key \"filter.cdir\": did you mean \"cidr\"?" },
	{ "{\"\": 1}", ":1: unknown key \"\"" },
	{ "{\"box\": \"a\",\n\"box\": \"b\"}", ":2: box: is given twice" },
	{ "{\"box\": \"a\", \"b\\u006fx\": \"b\"}", ":1: box: is given twice" },
	{ "{\"batch\": {},\n\"batch\":\n{}}", ":2: batch: is given twice" },
	{ "{\"batch\": {\"records\": 1,\n\"records\": 2}}", ":2: batch.records: is given twice" },
	{ "{\"kafka\": {\"a\": 1,\n\"a\": 1}}", ":2: kafka.a: is given twice" },
	{ "{\"box\":\n5}", ":2: box: must be a string, not a whole number" },
	{ "{\"box\": \"\"}", ":1: box: is empty" },
	{ "{\"box\": \"a\\u0000b\"}", ":1: box: holds a NUL character" },
	{ "{\"box\": null}", ":1: box: must be a string, not null" },
	{ "{\"verbose\": 1}", ":1: verbose: must be true or false, not a whole number" },
	{ "{\"sample\": 0}", ":1: sample: \"0\" is out of range: 1 to 4294967295" },
	{ "{\"sample\": -5}", ":1: sample: \"-5\" is out of range: 1 to 4294967295" },
	{ "{\"sample\": 1.5}", ":1: sample: must be a whole number, not a number with a fraction or exponent" },
	{ "{\"sample\": 1e3}", ":1: sample: must be a whole number, not a number with a fraction or exponent" },
	{ "{\"sample\": \"5\"}", ":1: sample: must be a whole number, not a string" },
	{ "{\"sample\": {}}", ":1: sample: must be a whole number, not an object" },
	{ "{\"plane\": \"dat\"}", ":1: plane: \"dat\" is none of management, control, data" },
	{ "{\"encoding\": \"xml\"}", ":1: encoding: \"xml\" is none of json, avro, smartx" },
	{ "{\"box_address\": \"box-a\"}", ":1: box_address: \"box-a\" is neither an IPv4 nor an IPv6 address" },
	{ "{\"output\": \"kafka:x\"}",
	  ":1: output: \"kafka:x\": no topic, expected kafka:BROKER[,BROKER...]/TOPIC" },
	{ "{\n\"output\":\n\"kafka:h:99999/t\",\n\"count\": -1}",
	  ":3: output: \"kafka:h:99999/t\": not a list of brokers, expected kafka:HOST[:PORT][,HOST[:PORT]...]/TOPIC, "
	  "IPv6 as [ADDRESS]:PORT\n"
	  ":4: count: \"-1\" is out of range: 0 to 9223372036854775807" },
	{ "{\"output\": \"kafka:h/bad topic\"}",
	  ":1: output: \"kafka:h/bad topic\": not a topic name, expected 1 to 249 letters, digits, '.', '_' or '-' "
	  "behind the last '/'" },
	{ "{\"flows\": \"of\",\n\"spool\": {\"path\": \"\", \"bytes\": 1,\n\"aeg\": 1}, \"metrics\": 9100,\n\"mode\": \"x\"}",
	  ":1: flows: \"of\": unknown kind, expected -, file:PATH or kafka:BROKER[,BROKER...]/TOPIC\n"
	  ":2: spool.path: is empty\n"
	  ":2: spool.bytes: \"1\" is out of range: 1MiB to 1024GiB\n"
	  ":3: unknown key \"spool.aeg\": did you mean \"age\"?\n"
	  ":3: metrics: must be a string, not a whole number\n"
	  ":4: mode: \"x\" is none of packet, flow, auto" },
	{ "{\"instance\": \"a b\", \"keep\": \"yes\"}",
	  ":1: instance: \"a b\" is not 1 to 64 letters, digits, '-' or '_'\n"
	  ":1: keep: must be true or false, not a string" },
	{ "{\"ring_bytes\": 65537}",
	  ":1: ring_bytes: \"65537\" is not a power of two: the nearest are 64KiB and 128KiB" },
	{ "{\"ring_bytes\": \"2GiB\"}", ":1: ring_bytes: \"2GiB\" is out of range: 64KiB to 1GiB" },
	{ "{\"batch\": {\"linger\": \"0\"}}", ":1: batch.linger: \"0\" is out of range: 1ms to 1m" },
	{ "{\"batch\":\n[]}", ":2: batch: must be an object, not an array" },
	{ "{\"filter\": {\"cidr\": \"10.0.0.0/8\"}}", ":1: filter.cidr: must be an array, not a string" },
	{ "{\"filter\": {\"cidr\": [\"10.0.0.0/8\",\n\n\"::1\", \"10.0.0.1/8\"],\n\"port\": [\"80,90\"]}}",
	  ":3: filter.cidr[2]: \"10.0.0.1/8\" has host bits set: write 10.0.0.0/8\n"
	  ":4: filter.port[0]: \"80,90\" is neither a port nor a range such as 8000-8010" },
	{ "{\"filter\": {\"cidr\": [1]}}", ":1: filter.cidr[0]: must be a string, not a whole number" },
	{ "{\"filter\": {\"port\": [[80],\n1.5, \"\", 65536]}}",
	  ":1: filter.port[0]: must be a string or a whole number, not an array\n"
	  ":2: filter.port[1]: must be a string or a whole number, not a number with a fraction or exponent\n"
	  ":2: filter.port[2]: is empty\n"
	  ":2: filter.port[3]: \"65536\" is out of range: ports are 0 to 65535" },
	{ "{\"filter\": {\"port\": [\"0-600\",\n\"1000-2000\",\n\"3000-4000\", []]}}",
	  ":2: filter.port[1]: more than 1024 port numbers" },
	{ "{\"filter\": {\"proto\": [\"tpc\"]}}",
	  ":1: filter.proto[0]: \"tpc\" is neither a number from 0 to 255 nor an IP protocol's name: did you mean \"tcp\"?" },
	{ "{\"vxlan_ports\": [1,2,3,4,5,6,7,8,9,10]}", ":1: vxlan_ports[8]: more than 8 VXLAN ports" },
	{ "{\"interfaces\": [\"a[b\",\n\"abcdefghijklmnop\", 5,\n{\"plane\": \"data\"},\n"
	  "{\"match\": \"x\", \"hok\": \"xdp\"}, {\"match\": 1}, {\"match\": \"y\", \"match\": \"z\"}]}",
	  ":1: interfaces[0]: \"a[b\"" GLOB_BAD "\n"
	  ":2: interfaces[1]: \"abcdefghijklmnop\" is too long for an interface's name: at most 15 bytes\n"
	  ":2: interfaces[2]: must be an object or a string, not a whole number\n"
	  ":3: interfaces[3]: has no \"match\"\n"
	  ":4: unknown key \"interfaces[4].hok\": did you mean \"hook\"?\n"
	  ":4: interfaces[5].match: must be a string, not a whole number\n"
	  ":4: interfaces[6].match: is given twice" },
	{ "{\"kafka\": {\"a=b\": 1, \"\": 2, \"c\": [],\n\"d\": \"x\\u0000\"}}",
	  ":1: kafka.a=b: is no property's name\n"
	  ":1: kafka.: is no property's name\n"
	  ":1: kafka.c: must be a string or a whole number or a number with a fraction or exponent or true or false, "
	  "not an array\n"
	  ":2: kafka.d: holds a NUL character" },
	{ "{\"tags\": 5}", ":1: tags: must be an array or a string, not a whole number" },
	{ "{\"tags\": \"socket:\"}", ":1: tags: \"socket:\": no path, expected socket or socket:PATH" },
	{ "{\"tags\": [\"a\",\n\"\", \"kafka:b:1\",\n\"a\"]}",
	  ":2: tags[1]: is empty\n"
	  ":2: tags[2]: \"kafka:b:1\": no topic, expected kafka:BROKER[,BROKER...]/TOPIC\n"
	  ":3: tags[3]: \"a\": is named twice" },
	{ "{\"kafka\": \"x\"}", ":1: kafka: must be an object, not a string" },
	{ "{\"site\": \"\\n\\u001b\", \"pop\": 1}", ":1: pop: must be a string, not a whole number" },
};

/* "ninetap: error: c.json" in front of each line of says. */
static void full(char *out, size_t size, const char *says)
{
	size_t n = 0;

	while (*says) {
		size_t len = strcspn(says, "\n");

		n += (size_t)snprintf(out + n, size - n, "ninetap: error: c.json%.*s\n", (int)len, says);
		says += len + (says[len] == '\n');
	}
}

static void test_mistakes(void)
{
	char want[4096];

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct options o;
		int before = check_failures;

		CHECK_EQ(read_config(&o, mistakes[i].text), EX_CONFIG);
		full(want, sizeof(want), mistakes[i].says);
		CHECK_STR(caught, want);
		if (check_failures > before)
			printf("# mistakes[%zu]: %s\n", i, mistakes[i].text);
		options_free(&o);
	}
}

static void test_long_names_are_refused(void)
{
	char text[400], want[400], name[257];
	struct options o;

	memset(name, 'n', 256);
	name[256] = '\0';
	snprintf(text, sizeof(text), "{\"ren\": \"%s\"}", name);
	CHECK_EQ(read_config(&o, text), EX_CONFIG);
	snprintf(want, sizeof(want), "ninetap: error: c.json:1: ren: \"%.90s...\" has 256 bytes: at most 255 fit\n",
		 name);
	CHECK_STR(caught, want);
	options_free(&o);
}

/* Reads the lists of one element too many: said once, the rest of the file is still read. */
static void check_full(const char *head, const char *element, const char *tail, const char *says)
{
	size_t n = 1026, size = n * 32 + 256, len = 0;
	char *text = malloc(size);
	struct options o;

	len = (size_t)snprintf(text, size, "%s", head);
	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, size - len, "%s", i ? "," : "");
		len += (size_t)snprintf(text + len, size - len, element, i / 250, i % 250);
	}
	snprintf(text + len, size - len, "%s, \"sample\": 0}", tail);
	CHECK_EQ(read_config(&o, text), EX_CONFIG);
	CHECK_STR(caught, says);
	options_free(&o);
	free(text);
}

#define THEN "ninetap: error: c.json:1: sample: \"0\" is out of range: 1 to 4294967295\n"

static void test_full_lists(void)
{
	check_full("{\"filter\": {\"cidr\": [", "\"10.0.%zu.%zu\"", "]}",
		   "ninetap: error: c.json:1: filter.cidr[1024]: more than 1024 prefixes\n" THEN);
	check_full("{\"interfaces\": [", "\"a%zu.%zu\"", "]",
		   "ninetap: error: c.json:1: interfaces[1024]: more than 1024 interface rules\n" THEN);
	check_full("{\"interfaces\": [", "{\"match\": \"a%zu.%zu\"}", "]",
		   "ninetap: error: c.json:1: interfaces[1024]: more than 1024 interface rules\n" THEN);
	check_full("{\"kafka\": {", "\"a%zu.%zu\": 1", "}",
		   "ninetap: error: c.json:1: kafka.a4.24: more than 1024 properties\n" THEN);
}

static void check_file(const char *path, int code, const char *why)
{
	char want[256];
	struct options o;

	CHECK_EQ(READ(&o, "check", (char *)path), code);
	snprintf(want, sizeof(want), "ninetap: error: read %s: %s\n", path, why);
	CHECK_STR(caught, want);
	options_free(&o);
}

/* Streams that can't stand beside each other are a mistake of the file that says so. */
static void test_streams_of_two_kinds(void)
{
	static const char text[] = "{\"output\": \"file:/x\", \"flows\": \"-\"}";
	char path[] = "/tmp/ninetap-config.XXXXXX";
	int fd = mkstemp(path);
	struct options o;

	CHECK_EQ(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	CHECK_EQ(READ(&o, "check", path), EX_CONFIG);
	CHECK_STR(caught, "ninetap: error: --flows: goes to standard output, but the output to a file: "
			  "all streams go to one kind, or off\n");
	options_free(&o);
	CHECK_EQ(READ(&o, "run", "-ix", "-c", path, "--flows=file:y"), 0);
	options_free(&o);
	CHECK_EQ(READ(&o, "run", "-ix", "-c", path, "--output=file:/z"), EX_USAGE);
	options_free(&o);
	unlink(path);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void test_files_that_are_none(void)
{
	char dir[] = "/tmp/ninetap-config.XXXXXX", path[64];
	int fd, before = open_fds();

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/c.json", dir);
	check_file(path, EX_NOINPUT, "No such file or directory");
	check_file(dir, EX_NOINPUT, "is a directory");
	CHECK_EQ(mkfifo(path, 0600), 0);
	check_file(path, EX_NOINPUT, "is not a regular file");
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, CONFIG_BYTES_MAX + 1), 0);
	check_file(path, EX_CONFIG, "is larger than 16 MiB");
	close(fd);
	unlink(path);
	rmdir(dir);
	CHECK_EQ(open_fds(), before);
}

int main(void)
{
	RUN(test_mistakes);
	RUN(test_long_names_are_refused);
	RUN(test_full_lists);
	RUN(test_streams_of_two_kinds);
	RUN(test_files_that_are_none);
	return check_done();
}
