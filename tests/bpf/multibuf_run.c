// SPDX-License-Identifier: Apache-2.0
/*
 * multibuf_run.c - headers that are not in the linear part of a frame: the
 * table again, each row with its first bytes linear and the rest in fragments
 * at every split that the kernel makes, against the host's parser.
 *
 * A test run makes such frames from kernel 6.18 on (data_end of the XDP
 * context). Long frames, whose tail is in fragments, run on all.
 */
#include <errno.h>
#include <sys/utsname.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "host_view.h"
#include "rig.h"
#include "unit/check.h"

static struct rig rig;

static bool kernel_splits(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	CHECK(!uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2);
	return major > 6 || (major == 6 && minor >= 18);
}

/* One row with n bytes linear. */
static void run_split(const struct packet_case *c, const struct packet *pk, uint32_t n)
{
	struct xdp_md ctx = { .data_end = n };
	struct outcome o, host;
	int err = rig_run_xdp(&rig, pk, &ctx, &o);

	CHECK_EQ(err, 0);
	host.fate = host_parse(pk->bytes, pk->n, pk->wire, pk->l3, &host.rec, &host.notes);
	if (!err && rig_same(&host, &o))
		return;
	printf("# %u bytes linear: %s\n#   packet: %s\n", n, c->name, c->spec);
	CHECK(!"as on the host");
}

static void test_headers_in_fragments(void)
{
	unsigned int splits = 0;
	struct packet pk;

	if (!kernel_splits()) {
		printf("# left out: this kernel's test runs make no such frames\n");
		return;
	}
	for (const struct packet_case *c = packet_cases; c->name; c++) {
		CHECK(packet_build(c->spec, &pk) == 0);
		for (uint32_t n = 14; n < pk.n && !pk.l3; n += n < 200 ? 3 : 97, splits++)
			run_split(c, &pk, n);
	}
	printf("# %u splits run\n", splits);
	CHECK(splits > 3000);
}

/* Frames of up to 60,000 bytes: only their tail is in fragments. */
static void test_long_frames(void)
{
	static uint8_t frame[60000];
	struct outcome host, o;
	struct packet pk;

	CHECK(packet_build("eth ip4,len=0 udp,len=0 vxlan eth ip6,len=0 tcp", &pk) == 0);
	memset(frame, 0xa5, sizeof(frame));
	memcpy(frame, pk.bytes, pk.n);
	for (uint32_t n = pk.n; n <= sizeof(frame); n += 997) {
		CHECK_EQ(rig_run(&rig, RIG_XDP, frame, n, n, &o), 0);
		host.fate = host_parse(frame, n, n, false, &host.rec, &host.notes);
		CHECK(rig_same(&host, &o));
		CHECK_EQ(o.rec.payload_bytes, n - pk.n);
	}
}

int main(void)
{
	struct rig_settings s = rig_defaults();

	if (rig_open(&rig, &s)) {
		printf("not ok rig\n");
		return 1;
	}
	RUN(test_headers_in_fragments);
	RUN(test_long_frames);
	rig_close(&rig);
	return check_done();
}
