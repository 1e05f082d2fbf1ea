# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of tags: the namespace lab's and the broker's."""
import importlib.util
import os
import sys

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path[:0] = [os.path.join(TESTS, folder) for folder in ("tags", "netns", "kafka", "corpus")]


def fixtures_of(folder):
    """The conftest.py of another folder, under a name of its own."""
    spec = importlib.util.spec_from_file_location("conftest_" + folder, os.path.join(TESTS, folder, "conftest.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


things, pair, on_one_cpu, own_mounts = (
    getattr(fixtures_of("netns"), name) for name in ("things", "pair", "on_one_cpu", "own_mounts"))
broker = fixtures_of("kafka").broker
