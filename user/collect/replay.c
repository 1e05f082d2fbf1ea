// SPDX-License-Identifier: Apache-2.0
/*
 * replay.c - `ninetap replay`: the frames of a capture through the same BPF
 * programs, by BPF_PROG_TEST_RUN, one after the other on one CPU.
 *
 * Time, sequence number (the frame's number in the capture) and wire length
 * come from the capture, through struct nt_replay.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sysexits.h>
#include <inttypes.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/log.h"
#include "collect/account.h"
#include "collect/capture.h"
#include "collect/commands.h"
#include "collect/lane.h"
#include "attach/loader.h"
#include "collect/origin.h"
#include "inventory/keeper.h"
#include "ninetap.skel.h"

#define TC_BYTES_MAX 2048	/* of a frame given to the TC program */
#define XDP_BYTES_MAX 65535	/* what the XDP program takes whole */
#define RECORD_BYTES_MAX (sizeof(struct nt_record) + 8)	/* in a ring, its header included */
#define RING_SHARE 2			/* a batch holds half of the ring: the other takes a frame */
#define CLOSE_TIMEOUT_MS 60000

struct replay {
	const struct options *o;
	struct loader loader;
	struct keeper *keeper;		/* NULL: no tags are wanted */
	struct origin origin;
	struct outlet out;
	struct lane lane;
	struct capture *capture;
	const char *iface;		/* the capture's file name */
	uint64_t frames;
	uint64_t refused;		/* by the kernel: too short or too long */
};

/* Test runs use the ring of the CPU that they run on. */
static int pin_to_this_cpu(int *cpu)
{
	cpu_set_t set;

	*cpu = sched_getcpu();
	if (*cpu < 0)
		return -errno;
	CPU_ZERO(&set);
	CPU_SET(*cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* A batch of the longest records fits into a batch's share of the ring. */
static uint64_t ring_bytes(const struct options *o)
{
	uint64_t bytes = 65536;

	while (bytes < (uint64_t)o->batch_records * RING_SHARE * RECORD_BYTES_MAX)
		bytes *= 2;
	return bytes;
}

static int open_tags(struct replay *r)
{
	struct keeper_settings s = { .sources = r->o->tags, .kafka = r->o->kafka };

	return r->o->tags ? keeper_open(&r->keeper, &s) : 0;
}

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	const struct replay *r = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns;
	t->iface = r->iface;
	t->plane = r->o->plane;
}

static int open_lane(struct replay *r, int cpu)
{
	struct board *board = r->keeper ? keeper_board(r->keeper) : NULL;
	int code;

	if (origin_open(&r->origin, r->o, r->loader.epoch, board)) {
		log_error("name this box: out of memory");
		return EX_OSERR;
	}
	code = outlet_open(&r->out, r->o, board, &r->origin.tags, -1);
	if (code)
		return code;
	r->out.label = label;
	r->out.label_arg = r;
	if (lane_open(&r->lane, &r->out, cpu, r->loader.ring_fds[cpu], r->loader.ring_bytes, RING_SHARE))
		return EX_OSERR;
	return 0;
}

static int replay_open(struct replay *r)
{
	struct options o = *r->o;
	int cpu, err, code = capture_open(&r->capture, o.capture);

	if (code)
		return code;
	code = open_tags(r);
	if (code)
		return code;
	err = pin_to_this_cpu(&cpu);
	if (err) {
		log_error("pin the replay to a CPU: %s", strerror(-err));
		return EX_OSERR;
	}
	o.ring_bytes = ring_bytes(&o);
	err = loader_open(&r->loader, &o, true, cpu);
	if (err)
		return loader_exit_code(err);
	return open_lane(r, cpu);
}

/* The kernel bounds what a test run takes: see the counter `refused`. */
static int run_frame(struct replay *r, const struct capture_frame *f)
{
	bool tc = r->o->hook == HOOK_TC;
	struct bpf_program *prog = tc ? r->loader.skel->progs.nt_tc_in : r->loader.skel->progs.nt_xdp;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = f->bytes, .repeat = 1);

	if (tc && opts.data_size_in > TC_BYTES_MAX)
		opts.data_size_in = TC_BYTES_MAX;
	r->loader.skel->bss->nt_replay = (struct nt_replay){
		.ts_ns = f->ts_ns, .seq = r->frames, .wire_bytes = f->wire_bytes,
	};
	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

/* Too short is -EINVAL; too long for the fragments of a test run is -ENOMEM. */
static bool is_refusal(int err, uint32_t bytes)
{
	return err == -EINVAL || (err == -ENOMEM && bytes > XDP_BYTES_MAX);
}

static void take_records(struct replay *r)
{
	const struct nt_record *rec;
	uint32_t bytes;

	while ((rec = ring_next(&r->lane.ring, &bytes)))
		lane_take(&r->lane, &r->out, rec, bytes, 0);
}

static int replay_frames(struct replay *r)
{
	struct capture_frame f;
	int got, err;

	while ((got = capture_next(r->capture, &f)) == 1) {
		r->frames++;
		err = run_frame(r, &f);
		if (err && !is_refusal(err, f.bytes)) {
			log_error("replay frame %" PRIu64 " of %s: %s", r->frames, r->o->capture, strerror(-err));
			return err == -EPERM ? EX_NOPERM : EX_OSERR;
		}
		r->refused += err != 0;
		take_records(r);
		sink_poll(r->out.sink);
		if (r->out.error || outlet_done(&r->out))
			break;
	}
	lane_cut(&r->lane, &r->out);
	return got == 1 ? 0 : got;
}

static int replay_account(struct replay *r)
{
	struct account a = { .unread = r->out.unread, .encode_lost = r->out.encode_lost };

	outlet_close(&r->out, CLOSE_TIMEOUT_MS, &a.sink);
	if (loader_counts(&r->loader, a.counts)) {
		log_error("read the counters: the account is not complete");
		return EX_OSERR;
	}
	account_rest(&a, r->out.error);
	log_notice("replay: frames=%" PRIu64 " refused=%" PRIu64, r->frames, r->refused);
	account_log(&a);
	if (r->keeper)
		keeper_log(r->keeper);
	return account_exit_code(&a, r->out.error);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int replay_main(const struct options *o)
{
	struct replay r = { .o = o, .iface = file_name(o->capture) };
	int code = replay_open(&r), account;

	if (!code) {
		code = replay_frames(&r);
		account = replay_account(&r);
		code = code ? code : account;
	}
	lane_close(&r.lane);
	outlet_close(&r.out, 0, NULL);
	loader_close(&r.loader);
	keeper_close(r.keeper);
	origin_close(&r.origin);
	capture_close(r.capture);
	return code;
}
