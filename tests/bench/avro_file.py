# SPDX-License-Identifier: Apache-2.0
"""avro_file.py - an Avro file of packets, checked whole in little time: the numbers by all batches' heads, some batches record by record."""
import fastavro

HEAD = ("box", "site", "pop", "ren", "epoch", "cpu", "tags_rev", "seq", "count", "lost")


def check_packets(path, right, read=10):
    """
    How many records are in it. On each CPU they are numbered from 1 without a gap; those of `read` of the batches, spread
    over the file, are as many as the head says, and right().
    """
    with open(path, "rb") as f:
        reader = fastavro.block_reader(f)
        whole = reader.writer_schema
        assert tuple(field["name"] for field in whole["fields"][:len(HEAD)]) == HEAD
        head, blocks = fastavro.parse_schema({**whole, "name": "Head", "fields": whole["fields"][:len(HEAD)]}), list(reader)
    following = {}
    for block in blocks:
        assert block.num_records == 1
        b = fastavro.schemaless_reader(block.bytes_, head)
        block.bytes_.seek(0)
        assert b["seq"] == following.get(b["cpu"], 1) and b["lost"] == 0, "%s behind number %d" % (b, following.get(b["cpu"], 1) - 1)
        following[b["cpu"]] = b["seq"] + b["count"]
    for block in blocks[::max(1, len(blocks) // read)]:
        batch, = block
        assert [r["seq"] for r in batch["records"]] == list(range(batch["seq"], batch["seq"] + batch["count"])), "seq, count and records differ"
        wrong = [r for r in batch["records"] if not right(r)]
        assert not wrong, "a wrong record: %s" % wrong[0]
    return sum(n - 1 for n in following.values())
