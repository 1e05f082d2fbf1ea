# SPDX-License-Identifier: Apache-2.0
"""The metrics of one ledger, read by the parsers of Prometheus' own client, beside the ledger as events."""
import json
import os
import subprocess

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DUMP = os.path.join(ROOT, os.environ.get("NINETAP_BUILD", "build"), "tests", "unit", "dump_metrics")
LOST_IN_KERNEL = ("ring_full", "flows_full", "no_ring")
UNITS = ("packets", "bytes", "events")


def dump(what):
    return subprocess.run([DUMP, what], check=True, timeout=60, stdout=subprocess.PIPE).stdout.decode("utf-8", "strict")


def samples(families):
    """{(name, its labels): value}; none is there twice."""
    found = {}
    for family in families:
        for s in family.samples:
            key = (s.name, tuple(sorted(s.labels.items())))
            assert key not in found
            found[key] = s.value
    return found


@pytest.fixture(scope="module")
def families():
    return list(openmetrics.text_string_to_metric_families(dump("openmetrics")))


@pytest.fixture(scope="module")
def all_samples(families):
    return samples(families)


@pytest.fixture(scope="module")
def events():
    return [json.loads(line) for line in dump("events").splitlines()]


def fates(event):
    names = list(event)
    return names[names.index("seen") + 1:names.index("notes")]


def value(all_samples, name, **labels):
    return all_samples[name, tuple(sorted(labels.items()))]


def test_types_and_units(families):
    assert {f.name: (f.type, f.unit) for f in families} == {
        **{"ninetap_%s_seen" % u: ("counter", "") for u in UNITS},
        **{"ninetap_" + u: ("counter", "") for u in UNITS},
        **{"ninetap_lost_" + u: ("counter", u) for u in UNITS},
        **{"ninetap_records_" + n: ("counter", "") for n in ("safe", "unread", "missing")},
        **{"ninetap_flows_open_" + u: ("gauge", u) for u in UNITS},
        "ninetap_ring_bytes": ("gauge", "bytes"), "ninetap_ring_fill_bytes": ("gauge", "bytes"),
        "ninetap_notes": ("counter", ""),
        "ninetap_spool_bytes": ("gauge", "bytes"), "ninetap_spool_records": ("gauge", "records"),
        "ninetap_spool_errors": ("counter", ""), "ninetap_kafka_producers": ("counter", ""),
        "ninetap_kafka_delivery_seconds": ("histogram", "seconds"),
        "ninetap_interface_mode": ("gauge", ""), "ninetap_interface_sample": ("gauge", ""),
        "ninetap_build": ("info", ""), "ninetap_epoch": ("info", ""),
        "ninetap_start_time_seconds": ("gauge", "seconds"), "ninetap_clock_error_seconds": ("gauge", "seconds"),
    }
    assert all(f.documentation for f in families)


def test_each_figure_of_a_cpu(all_samples, events):
    assert len(events) == 2
    for e in events:
        cpu = str(e["cpu"])
        for unit in UNITS:
            assert value(all_samples, "ninetap_%s_seen_total" % unit, cpu=cpu) == e["seen"][unit]
            assert value(all_samples, "ninetap_flows_open_" + unit, cpu=cpu) == e["flows_open"][unit]
            for fate in fates(e):
                if fate not in LOST_IN_KERNEL:
                    assert value(all_samples, "ninetap_%s_total" % unit, cpu=cpu, fate=fate) == e[fate][unit]
        for note, n in e["notes"].items():
            assert value(all_samples, "ninetap_notes_total", cpu=cpu, note=note) == n
        assert value(all_samples, "ninetap_records_safe_total", cpu=cpu) == e["safe"]["events"]
        for name in ("unread", "missing"):
            assert value(all_samples, "ninetap_records_%s_total" % name, cpu=cpu) == e[name]
        for name in ("ring_bytes", "ring_fill_bytes"):
            assert value(all_samples, "ninetap_" + name, cpu=cpu) == e[name]


def test_losses_are_sums_over_cpus(all_samples, events):
    for unit in UNITS:
        want = {("kernel", r): sum(e[r][unit] for e in events) for r in LOST_IN_KERNEL}
        want.update({("user", r): sum(e["lost"][r][unit] + e["flows_lost"][r][unit] for e in events) for r in events[0]["lost"]})
        if unit != "bytes":
            want.update({("spool", "full"): 15, ("spool", "age"): 16, ("spool", "damaged"): 17})
        got = {(dict(labels)["stage"], dict(labels)["reason"]): v for (name, labels), v in all_samples.items()
               if name == "ninetap_lost_%s_total" % unit}
        assert got == want


def test_no_fate_is_in_both_or_none(all_samples, events):
    """What a consumer adds up: the fates and the kernel's losses are all fates there are."""
    listed = {dict(labels).get("fate") for name, labels in all_samples if name == "ninetap_packets_total"}
    assert listed | set(LOST_IN_KERNEL) == set(fates(events[0]))
    assert not listed & set(LOST_IN_KERNEL)


def test_the_rest(all_samples):
    assert value(all_samples, "ninetap_spool_records") == 11
    assert value(all_samples, "ninetap_spool_bytes") == 12
    assert value(all_samples, "ninetap_spool_errors_total") == 13
    assert value(all_samples, "ninetap_kafka_producers_total") == 14
    assert value(all_samples, "ninetap_start_time_seconds") == 1795300975.5
    assert value(all_samples, "ninetap_clock_error_seconds") == 25e-9
    assert value(all_samples, "ninetap_epoch_info", epoch="4822636712413839") == 1
    assert value(all_samples, "ninetap_interface_mode", iface="eth0", mode="packet") == 1
    assert value(all_samples, "ninetap_interface_mode", iface="q\"\\\n\ufffd", mode="sampled") == 1
    assert value(all_samples, "ninetap_interface_sample", iface="q\"\\\n\ufffd") == 16
    assert [name for name, _ in all_samples].count("ninetap_build_info") == 1


def test_histogram(all_samples):
    buckets = {dict(labels)["le"]: v for (name, labels), v in all_samples.items() if name.endswith("_bucket")}
    want, seen = {}, 0
    for i in range(20):
        seen += i + 1
        want[float(2 ** i) / 1000 if i < 19 else float("inf")] = seen
    assert {float(le): v for le, v in buckets.items()} == want
    assert value(all_samples, "ninetap_kafka_delivery_seconds_count") == 210
    assert value(all_samples, "ninetap_kafka_delivery_seconds_sum") == 12.345678901


def test_older_format_says_the_same(all_samples):
    text = dump("text")
    assert samples(parser.text_string_to_metric_families(text)) == all_samples
    assert "# EOF" not in text and "# UNIT" not in text
    assert "# TYPE ninetap_packets_seen_total counter\n" in text
    assert "# TYPE ninetap_build_info gauge\n" in text
