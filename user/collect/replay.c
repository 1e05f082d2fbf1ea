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
#include <time.h>
#include <inttypes.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "attach/loader.h"
#include "base/log.h"
#include "base/outputs.h"
#include "collect/account.h"
#include "collect/capture.h"
#include "collect/commands.h"
#include "collect/flow_writer.h"
#include "collect/lane.h"
#include "collect/origin.h"
#include "inventory/keeper.h"
#include "ninetap.skel.h"

#define TC_BYTES_MAX 2048	/* of a frame given to the TC program */
#define XDP_BYTES_MAX 65535	/* what the XDP program takes whole */
#define RING_SHARE 2			/* a batch holds half of the ring: the other takes a frame */
#define COLLECT_NS 1000000000ULL
#define CLOSE_TIMEOUT_MS 60000

struct replay {
	const struct options *o;
	struct loader loader;
	struct keeper *keeper;		/* NULL: no tags are wanted */
	struct origin origin;
	struct outlet out;
	struct lane lane;
	struct capture *capture;
	struct outputs outputs;
	struct flow_writer flows;
	uint64_t now_ns;		/* the latest time in the capture so far */
	uint64_t collected_ns;		/* the same, when flows were collected */
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

	while (bytes < (uint64_t)o->batch_records * RING_SHARE * sizeof(struct nt_record))
		bytes *= 2;
	return bytes;
}

static int open_tags(struct replay *r)
{
	struct keeper_settings s = { .sources = r->o->tags, .kafka = r->o->kafka };

	return r->o->tags ? keeper_open(&r->keeper, &s) : 0;
}

static struct board *board(const struct replay *r)
{
	return r->keeper ? keeper_board(r->keeper) : NULL;
}

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	const struct replay *r = arg;

	t->ts_utc_ns = (int64_t)rec->ts_ns;
	t->iface = r->iface;
	t->plane = r->o->plane;
}

/* Test runs come from the loopback interface, or from none. */
static int set_mode(const struct replay *r)
{
	struct nt_iface_mode mode = { .mode = r->o->mode == MODE_FLOW ? NT_MODE_FLOW : NT_MODE_PACKET, .sample = 1 };
	int err = 0;

	for (uint32_t ifindex = 0; ifindex < 2 && !err; ifindex++)
		err = bpf_map_update_elem(bpf_map__fd(r->loader.skel->maps.nt_modes), &ifindex, &mode, BPF_ANY);
	if (err)
		log_error("set the mode: %s", strerror(-err));
	return err;
}

static void reported(void *arg, const struct sink_report *report)
{
	struct replay *r = arg;

	lane_report(&r->lane, report);
}

static int open_outlet(struct replay *r)
{
	struct outlet_settings s = {
		.options = r->o, .output = { r->outputs.packets, r->outputs.flows, NULL },
		.board = board(r), .origin = &r->origin.tags, .flows_head = encoder_head(r->flows.encoder), .stop_fd = -1,
	};
	int code = outlet_open(&r->out, &s);

	r->out.label = r->flows.label = label;
	r->out.reported = reported;
	r->out.label_arg = r->flows.label_arg = r->out.reported_arg = r;
	return code;
}

static int open_stages(struct replay *r, int cpu)
{
	const struct options *o = r->o;
	struct lane_settings s = {
		.cpu = cpu, .ring_fd = r->loader.ring_fds[cpu], .ring_bytes = r->loader.ring_bytes,
		.share = RING_SHARE, .outcomes = &r->loader.outcomes[cpu],
	};
	int code;

	if (outputs_derive(&r->outputs, o->output, o->flows, o->events, o->encoding))
		return EX_USAGE;
	if (origin_open(&r->origin, o, r->loader.epoch, board(r))) {
		log_error("name this box: out of memory");
		return EX_OSERR;
	}
	code = flow_writer_open(&r->flows, o, &r->loader, board(r), &r->origin.tags);
	if (!code)
		code = open_outlet(r);
	if (!code && (set_mode(r) || lane_open(&r->lane, &r->out, &s)))
		code = EX_OSERR;
	return code;
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
	return open_stages(r, cpu);
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

/* Nobody else waits for the sink here: so this does. */
static void serve_sink(struct replay *r)
{
	sink_poll(r->out.sink);
	outlet_post(&r->out, r->flows.outbox);
	flow_writer_settle(&r->flows);
}

/* The same, with time for its answers where some are outstanding. */
static void await_sink(struct replay *r)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	serve_sink(r);
	if (!sink_has_room(r->out.sink) || r->flows.out)
		nanosleep(&step, NULL);
}

static void take_records(struct replay *r)
{
	const struct nt_record *rec;
	uint32_t bytes;

	while ((rec = ring_next(&r->lane.ring, &bytes))) {
		lane_take(&r->lane, &r->out, rec, bytes, 0);
		while (!lane_has_room(&r->lane, &r->out) && !r->out.error) {
			await_sink(r);
			lane_cut(&r->lane, &r->out);
		}
	}
}

/*
 * No program runs meanwhile. Out of the tables, and what is due out of the
 * slots: again while that makes room for more. If it does not, more flows are
 * open than there are slots, and the rest stays in its table.
 */
static void take_flows(struct replay *r)
{
	struct flows *f = r->flows.flows;
	bool left, blocked, freed;
	uint32_t used;

	do {
		left = flows_collect(f, r->now_ns) > 0;
		if (!left)
			flow_writer_hand_over(&r->flows, (int64_t)r->now_ns, true);
		used = flows_slots_used(f);
		blocked = flow_writer_send(&r->flows, r->now_ns);
		await_sink(r);
		freed = flows_slots_used(f) < used;
	} while ((blocked || (left && (freed || r->flows.out))) && !r->out.error);
}

/* A quarter of a table's entries: so many frames can't fill it. And each second of the capture, as in a run. */
static bool is_time_for_flows(struct replay *r)
{
	if (r->frames % (r->loader.flow_entries / 4) && r->now_ns - r->collected_ns < COLLECT_NS)
		return false;
	r->collected_ns = r->now_ns;
	return true;
}

static int replay_frames(struct replay *r)
{
	struct capture_frame f;
	int got, err;

	while ((got = capture_next(r->capture, &f)) == 1) {
		r->frames++;
		if (f.ts_ns > (int64_t)r->now_ns)
			r->now_ns = f.ts_ns;
		err = run_frame(r, &f);
		if (err && !is_refusal(err, f.bytes)) {
			log_error("replay frame %" PRIu64 " of %s: %s", r->frames, r->o->capture, strerror(-err));
			return err == -EPERM ? EX_NOPERM : EX_OSERR;
		}
		r->refused += err != 0;
		take_records(r);
		if (is_time_for_flows(r))
			take_flows(r);
		serve_sink(r);
		if (r->out.error || outlet_done(&r->out))
			break;
	}
	return got == 1 ? 0 : got;
}

/* Everything that is left goes to the sink; closing it waits for the answers. */
static void finish(struct replay *r)
{
	while (r->lane.held_n && !r->out.error) {
		lane_cut(&r->lane, &r->out);
		await_sink(r);
	}
	flows_shutdown(r->flows.flows);
	for (int set = 0; set < 2; set++)
		take_flows(r);
}

static int replay_account(struct replay *r)
{
	struct account a = { 0 };

	outlet_close(&r->out, CLOSE_TIMEOUT_MS, &a.sink);
	flow_writer_settle(&r->flows);
	if (loader_counts(&r->loader, &a.counts)) {
		log_error("read the counters: the account is not complete");
		return EX_OSERR;
	}
	account_add_outcome(&a, &r->loader.outcomes[r->lane.cpu]);
	account_add_flows(&a, &r->flows.outcomes[r->lane.cpu]);
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
		finish(&r);
		account = replay_account(&r);
		code = code ? code : account;
	}
	lane_close(&r.lane);
	outlet_close(&r.out, 0, NULL);
	flow_writer_close(&r.flows);
	outputs_free(&r.outputs);
	loader_close(&r.loader);
	keeper_close(r.keeper);
	origin_close(&r.origin);
	capture_close(r.capture);
	return code;
}
