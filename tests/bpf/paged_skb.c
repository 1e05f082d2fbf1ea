// SPDX-License-Identifier: Apache-2.0
/*
 * paged_skb.c - headers that are not in the linear part of an skb, under TC:
 * the table again, written to a tap whose vnet header says how many bytes are
 * linear (the kernel heeds it in frames of a page and more, so each row is
 * padded to that). On that way the kernel also takes the outermost tag out of
 * the frame, as a NIC does. The tap is in a network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <bpf/libbpf.h>
#include "host_view.h"
#include "rig.h"
#include "unit/check.h"

#define FRAME_BYTES 4600		/* more than a page, less than a page and the largest row's headers */
#define TAP "nt-paged"

static struct rig rig;
static int tap = -1;

static int set_up(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM, 0), err;

	strcpy(ifr.ifr_name, name);
	err = s < 0 || ioctl(s, SIOCSIFFLAGS, &ifr) ? -errno : 0;
	close(s);
	return err;
}

static int open_tap(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };

	if (unshare(CLONE_NEWNET))
		return -errno;
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	strcpy(ifr.ifr_name, TAP);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &ifr))
		return -errno;
	return set_up(TAP);
}

static int attach(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(TAP), .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = rig_fd(&rig, RIG_TC_IN));
	int err = bpf_tc_hook_create(&hook);

	return err ? err : bpf_tc_attach(&hook, &opts);
}

/* The frame with its first `linear` bytes in the linear part. 0 or -errno. */
static int write_frame(uint8_t *frame, uint32_t n, uint16_t linear)
{
	struct virtio_net_hdr head = { .hdr_len = linear };
	struct iovec v[2] = { { &head, sizeof(head) }, { frame, n } };
	ssize_t done = writev(tap, v, 2);

	if (done < 0)
		return -errno;
	return done == (ssize_t)(n + sizeof(head)) ? 0 : -EIO;
}

static void run_linear(const struct packet_case *c, uint8_t *frame, uint16_t linear)
{
	struct outcome host, o;

	host.fate = host_parse(frame, FRAME_BYTES, FRAME_BYTES, false, &host.rec, &host.notes);
	CHECK_EQ(write_frame(frame, FRAME_BYTES, linear), 0);
	CHECK_EQ(rig_take(&rig, RIG_TC_IN, &o), 0);
	if (rig_same(&host, &o))
		return;
	printf("# %u bytes linear: %s\n#   packet: %s\n", linear, c->name, c->spec);
	CHECK(!"as on the host");
}

static void test_headers_in_pages(void)
{
	static uint8_t frame[FRAME_BYTES];
	unsigned int splits = 0;
	struct packet pk;

	for (const struct packet_case *c = packet_cases; c->name; c++) {
		CHECK(packet_build(c->spec, &pk) == 0);
		if (pk.l3)
			continue;
		memset(frame, 0x99, sizeof(frame));
		memcpy(frame, pk.bytes, pk.n);
		for (uint32_t n = 14; n < pk.n + 3; n += n < 150 ? 7 : 97, splits++)
			run_linear(c, frame, n);
	}
	printf("# %u splits run\n", splits);
	CHECK(splits > 2000);
}

int main(void)
{
	struct rig_settings s = rig_defaults();
	int err = open_tap();

	s.cfg.replay = 0;
	if (!err)
		err = rig_open(&rig, &s);
	if (!err)
		err = attach();
	if (err)
		printf("not ok tap: %s\n", strerror(-err));
	else
		RUN(test_headers_in_pages);
	rig_close(&rig);
	close(tap);
	return err ? 1 : check_done();
}
