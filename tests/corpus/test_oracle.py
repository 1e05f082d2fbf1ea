# SPDX-License-Identifier: Apache-2.0
"""A second opinion on the expectation of our own captures: tshark, through ../shared/tools/truth.py."""
import json
import subprocess
import sys

import catalogue
import rows
from test_own import frames, when

# Where tshark and the letter of the rules part: it reads TCP flags behind the IPv6 payload length.
NOT_BY_TSHARK = {"padding6/19"}


def test_the_expectation_itself(tmp_path):
    """Wireshark's dissectors say the same of our frames as the generator does."""
    packets = frames(20261)
    path = tmp_path / "own.pcap"
    catalogue.write_pcap(path, [(when(i), f.data, len(f.data)) for i, f in enumerate(packets)])
    p = subprocess.run([sys.executable, rows.TRUTH, str(path)], capture_output=True, text=True, check=True)
    truth = [json.loads(line) for line in p.stdout.splitlines()]
    assert len(truth) == len(packets)
    agreed = 0
    for f, row in zip(packets, truth):
        if row["status"] in ("ok", "nonip") and f.name not in NOT_BY_TSHARK:
            own = f.expect()
            assert own["status"] == row["status"], f.name
            assert row["status"] == "nonip" or rows.want(own) == rows.want(row), (f.name, f.data.hex())
            agreed += 1
    print("agreed on %d of %d frames" % (agreed, len(packets)))
    assert agreed > 0.98 * len(packets)
