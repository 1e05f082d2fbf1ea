// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_capture.c - any bytes as a capture file, plain or by gzip, through a
 * file in memory: what comes out must keep what capture.h promises.
 *
 * The reader is included, so that its sentences are made but not printed.
 */
#define log_error fuzz_log_error
#include "../../user/collect/capture.c"
#include "../../user/collect/capture_pcap.c"
#include "../../user/collect/capture_pcapng.c"
#undef log_error

#include <sys/mman.h>

#define FRAMES_MAX 100000	/* a compressed file may hold millions */

static unsigned int errors;

void fuzz_log_error(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	errors++;
}

static void require(bool right)
{
	if (!right)
		__builtin_trap();
}

static void check_frame(const struct capture_frame *f)
{
	const volatile uint8_t *data = f->data;

	require(f->data && f->bytes <= CAPTURE_FRAME_MAX && f->wire_bytes >= f->bytes);
	if (f->bytes)
		(void)(data[0] + data[f->bytes - 1]);
}

static void read_capture(const char *path)
{
	struct capture_frame f;
	struct capture *c;
	unsigned int frames = 0;
	int code = capture_open(&c, path);

	require(!code == !!c);
	if (!code) {
		while ((code = capture_next(c, &f)) == 1 && frames++ < FRAMES_MAX)
			check_frame(&f);
		capture_close(c);
	}
	require(code == 0 || code == 1 || code == EX_DATAERR);
	require(errors == (code == EX_DATAERR));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char path[64];

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	errors = 0;
	read_capture(path);
	close(fd);
	return 0;
}
