# SPDX-License-Identifier: Apache-2.0
"""part_user.py - CPU ns a record of the user side, saturated: user_lib.c's figures, beside reading the same records."""
from figures import Row


def rows():
    out = [Row("user.load.seconds", "read a tags file of 100,000 instances and 1,000,000 prefixes", "s"),
           Row("user.load.mb", "what they take", "MB")]
    for flows, goal in ((1000, 80), (50000, 100)):
        read, ring = "user.read.%d" % flows, "user.ring.%d" % flows
        out += [Row(ring, "read a ring, flows in no order, %d flows" % flows, "ns"),
                Row("user.drain.%d" % flows, "ring, tags and Avro to memory, saturated, %d flows" % flows, "ns", goal=goal, limit=ring),
                Row(read, "read a record, %d flows" % flows, "ns"),
                Row("user.find.%d" % flows, "find tags in the cache, %d flows" % flows, "ns", limit=read),
                Row("user.miss.%d" % flows, "find tags in the inventory, %d flows" % flows, "ns", limit=read)]
    for encoding in ("json", "avro", "smartx"):
        plain = "user.encode." + encoding
        out += [Row(plain, "encode a record, " + encoding, "ns", limit="user.read.1000"),
                Row("user.tag." + encoding, "tag and encode a record, " + encoding, "ns", limit=plain)]
    return out


def measure(bench, number):
    return bench.part_c("user")
