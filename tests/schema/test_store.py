"""Schemas by fingerprint and by name."""

from __future__ import annotations

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import (
    ALGORITHMS,
    Record,
    Schema,
    SchemaStore,
    canonical_form,
    fingerprint,
    parse_protocol,
    parse_schema,
)
from avrorpc.schema.fingerprints import crc64

POINT = parse_schema(
    '{"type":"record","name":"Point","namespace":"a","fields":[{"name":"x","type":"int"},'
    '{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A"]}}]}'
)
RENAMED = parse_schema(
    '{"type":"record","name":"Place","namespace":"a","aliases":["Point","b.Spot"],"fields":[]}'
)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_schema_is_found_by_each_of_its_fingerprints(algorithm: str) -> None:
    store = SchemaStore([POINT, RENAMED])
    assert store.find(fingerprint(POINT, algorithm)) is POINT  # type: ignore[arg-type]
    assert store.find(fingerprint(RENAMED, algorithm)) is RENAMED  # type: ignore[arg-type]


def test_what_is_not_known_is_none() -> None:
    assert SchemaStore().find(fingerprint(POINT)) is None
    assert SchemaStore([POINT]).find(fingerprint(POINT)[:-1]) is None
    assert SchemaStore([POINT]).versions("Point") == []


def test_the_types_inside_are_found_too() -> None:
    store = SchemaStore([parse_schema(f'{{"type":"array","items":{canonical_form(POINT)}}}')])
    (kind,) = store.versions("a.Kind")
    assert store.find(fingerprint(kind)) is kind
    assert len(store) == 3
    assert repr(store) == "<SchemaStore of 3 schemas>"


def test_all_types_of_a_protocol_are_found() -> None:
    protocol = parse_protocol(
        '{"protocol":"P","namespace":"a","types":[{"type":"fixed","name":"F","size":1},'
        '{"type":"error","name":"E","fields":[]}]}'
    )
    store = SchemaStore()
    store.add_protocol(protocol)
    assert list(store) == protocol.types


def test_versions_are_kept_apart_and_names_include_aliases() -> None:
    newer = parse_schema('{"type":"record","name":"a.Point","fields":[]}')
    store = SchemaStore([POINT, newer, RENAMED])
    assert store.versions("a.Point") == [POINT, newer, RENAMED]
    assert store.versions("a.Place") == [RENAMED]
    assert store.versions("b.Spot") == [RENAMED]


def test_of_equal_schemas_the_first_is_kept() -> None:
    documented = parse_schema('{"type":"record","name":"a.Place","doc":"Somewhere.","fields":[]}')
    store = SchemaStore([documented, RENAMED])
    assert len(store) == 1
    assert store.find(fingerprint(RENAMED)) is documented


def colliding() -> tuple[Schema, Schema]:
    """Make two schemas of one CRC.

    The CRC of names of one length is linear in their bits; case is a bit of each letter, and of 65 letters
    some cancel each other out.
    """

    def crc(name: str) -> int:
        return crc64(canonical_form(Record(name)).encode())

    lower = "x" * 65
    basis: dict[int, tuple[int, int]] = {}
    for position in range(65):
        difference, chosen = crc(lower[:position] + "X" + lower[position + 1 :]) ^ crc(lower), 1 << position
        while difference and difference.bit_length() in basis:
            other, others = basis[difference.bit_length()]
            difference, chosen = difference ^ other, chosen ^ others
        if not difference:
            name = "".join("X" if chosen >> at & 1 else "x" for at in range(65))
            return Record(lower), Record(name)
        basis[difference.bit_length()] = (difference, chosen)
    raise AssertionError("65 vectors of 64 bits are never independent")


def test_two_schemas_of_one_fingerprint_are_refused() -> None:
    one, other = colliding()
    assert fingerprint(one) == fingerprint(other)
    assert canonical_form(one) != canonical_form(other)
    with pytest.raises(SchemaError, match=f"two schemas have the fingerprint {fingerprint(one).hex()}"):
        SchemaStore([one, other])
