# SPDX-License-Identifier: Apache-2.0
"""Leaves out what needs ../shared where that is not: said in the header, no test that is skipped."""
import rows
import test_shared

collect_ignore = []
if not test_shared.CAPTURES:
    collect_ignore.append("test_shared.py")
if not rows.os.path.exists(rows.TRUTH):
    collect_ignore.append("test_oracle.py")


def pytest_report_header():
    return "captures of ../shared/corpus: %d; not there, left out: %s" % (len(test_shared.CAPTURES), collect_ignore or "nothing")
