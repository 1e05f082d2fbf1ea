# SPDX-License-Identifier: Apache-2.0
"""spoolfile.py - reads what a spool holds on disk, from the format's description at the top of user/sink/spool_record.c."""
import collections
import glob
import os
import struct
import zlib

MAGIC = b"\xf1ntsp\x1a\n\x01"
HEAD = struct.Struct("<8sIIIIIIQQQQQBBBB")
STREAMS = ("packets", "flows", "events")

Message = collections.namedtuple("Message", "number count stream cpu epoch seq box payload")


def messages(data, torn=False):
    """Of one segment; nothing in it may be damaged. torn: it is being written, so the end may be missing."""
    at = 0
    while at < len(data) and not (torn and len(data) - at < HEAD.size):
        (magic, crc, body_crc, size, count, _, cpu, number, _, epoch, seq, _, stream, box_n, schema_n,
         zero) = HEAD.unpack_from(data, at)
        texts = at + HEAD.size
        body = texts + box_n + 1 + schema_n + 1
        if torn and body + size > len(data):
            return
        assert magic == MAGIC and zero == 0 and crc == zlib.crc32(data[at + 12:body]), "a damaged head at %d" % at
        payload = data[body:body + size]
        assert len(payload) == size and zlib.crc32(payload) == body_crc, "a damaged payload at %d" % at
        yield Message(number, count, STREAMS[stream], cpu, epoch, seq, data[texts:texts + box_n].decode(), payload)
        at = body + size


def read(folder, torn=False):
    """All messages, in the order of their numbers, which have no gap."""
    out = []
    for path in sorted(glob.glob(os.path.join(glob.escape(str(folder)), "segment-*"))):
        with open(path, "rb") as f:
            data = f.read()
        out += messages(data, torn)
    for a, b in zip(out, out[1:]):
        assert a.number + a.count == b.number, "numbers %d to %d are in no segment" % (a.number + a.count, b.number)
    return out
