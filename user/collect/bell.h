/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bell.h - what the programs ring when a CPU's ring comes to hold much: a BPF
 * ring buffer (kernel: Documentation/bpf/ringbuf.rst) whose records say
 * nothing. Any number of threads may wait for it, each with a bell of its own.
 */
#ifndef NINETAP_BELL_H
#define NINETAP_BELL_H

struct bell {
	int fd;				/* borrowed; to be watched for EPOLLIN | EPOLLET */
	unsigned long *consumer;	/* pages shared with the kernel */
	const unsigned long *producer;
};

/* 0 or -errno; b is valid for bell_close() then, too. */
int bell_open(struct bell *b, int fd) __attribute__((warn_unused_result));
void bell_close(struct bell *b);

/* Makes room for it to be rung again. */
void bell_hush(struct bell *b);

#endif
