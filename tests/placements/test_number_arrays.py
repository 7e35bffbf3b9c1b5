"""Numbers in buffers come through every placement, REST included, as the contract says."""

from __future__ import annotations

import array
import json
import pickle
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from avrorpc import EncodeError, connect
from avrorpc.codec.json import from_json, to_json
from avrorpc.testing.strategies import values
from hypothesis import given
from support.serving import ServerThread
from testcontracts.samples import PROBE, Probe, ProbeClient, ProbeService, Samples


class Scaling(ProbeService):
    """Computes by numpy on what it was given."""

    def scale(self, samples: Samples) -> Samples:
        assert isinstance(samples.values, array.array)
        scaled = np.asarray(samples.values) * 100
        return Samples(values=array.array("d", scaled.tobytes()), counts=samples.counts)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(Scaling()) as served:
        yield served


def check(probe: Probe) -> None:
    sent = Samples(values=array.array("d", [0.5, -1.25]), counts=array.array("q", [2**40]))
    expected = Samples(values=array.array("d", [50.0, -125.0]), counts=array.array("q", [2**40]))
    assert probe.scale(sent) == expected
    assert expected.limits == array.array("f", [0.5, 1])
    assert probe.scale(Samples(values=array.array("d"))).values == array.array("d")


@pytest.mark.parametrize("place", ["direct:", "local:", "verify:"])
def test_they_come_through_in_this_process(place: str) -> None:
    with connect(ProbeClient, place, target=Scaling()) as probe:
        check(probe)


@pytest.mark.parametrize("kind", ["tcp", "spec", "unix", "tls", "http", "https"])
def test_they_come_through_over_a_wire(server: ServerThread, kind: str) -> None:
    with connect(ProbeClient, getattr(server, kind)) as probe:
        check(probe)
        given = np.arange(3.0)
        assert probe.scale(Samples(values=given)).values.tolist() == [0.0, 100.0, 200.0]  # type: ignore[arg-type]
        with pytest.raises(EncodeError, match=r"samples\.values: expected array<double>"):
            probe.scale(Samples(values=given.reshape(3, 1)))  # type: ignore[arg-type]


def test_rest_has_lists_of_them(server: ServerThread) -> None:
    body = json.dumps({"samples": {"values": [1, 2.5], "counts": [3]}}).encode()
    request = urllib.request.Request(
        f"{server.http}/probe/scale", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer) == {"values": [100.0, 250.0], "counts": [3], "limits": [0.5, 1.0]}


@given(values(Samples, PROBE))
def test_they_are_drawn_written_as_json_pickled_and_compared(samples: Samples) -> None:
    schema = PROBE.schema_of(Samples)
    assert isinstance(samples.values, array.array)
    assert from_json(schema, to_json(schema, samples, PROBE.types), PROBE.types) == samples
    assert pickle.loads(pickle.dumps(samples.values)) == samples.values
