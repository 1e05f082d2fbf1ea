# SPDX-License-Identifier: Apache-2.0
"""part_kernel.py - ns a packet in the kernel: kernel_lib.c's figures, beside a bare program that puts the same bytes into a ring."""
from figures import Row

FRAMES = (("tcp", "TCP", 104, 55), ("vxlan", "TCP in VXLAN", 160, 65), ("vxlangtp", "TCP in GTP-U in VXLAN", 216, None))


def rows():
    out = [Row("kernel.empty", "empty program", "ns")]
    for kind, words, size, goal in FRAMES:
        limit = "kernel.put.%d" % size
        out += [Row(limit, "stamp and put %d bytes" % size, "ns"),
                Row("kernel.xdp." + kind, "nt_xdp, " + words, "ns", goal=goal, limit=limit, ratio=1.25 if goal else None),
                Row("kernel.tc." + kind, "nt_tc_in, " + words, "ns", limit=limit)]
    for flows in (1000, 100000):
        limit = "kernel.count.%d" % flows
        out += [Row(limit, "read, stamp and count in a table, %s flows" % format(flows, ","), "ns"),
                Row("kernel.flow.%d" % flows, "nt_xdp, flow table, TCP in VXLAN, %s flows" % format(flows, ","), "ns", limit=limit, ratio=1.3)]
    return out + [Row("kernel.stats.put.160", "stamp and put 160 bytes, by bpf_stats", "ns"),
                  Row("kernel.stats.xdp.vxlan", "nt_xdp, TCP in VXLAN, by bpf_stats", "ns", limit="kernel.stats.put.160")]


def measure(bench, number):
    return bench.part_c("kernel")
