# SPDX-License-Identifier: Apache-2.0
"""One real broker for all tests of this folder; each makes topics of its own."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from broker import Broker  # noqa: E402


@pytest.fixture(scope="session")
def broker():
    b = Broker()
    yield b
    b.close()
