// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drop.bpf.c - ninetap's programs, but that XDP drops what it has recorded.
 *
 * A veth that passes a frame on makes an skb of it, which costs more than all
 * that ninetap does. With the verdict of a bare drop, the row and its limit
 * differ by ninetap alone. Only the benchmark has this.
 */
#include "vmlinux.h"
#define XDP_PASS XDP_DROP
#include "ninetap.bpf.c"
