"""Fingerprints of canonical forms, by three algorithms."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from avrorpc.schema import Algorithm, canonical_form, fingerprint, parse_schema
from avrorpc.schema.fingerprints import crc64
from hypothesis import given
from hypothesis import strategies as st
from support.fingerprints import DIGESTS, PUBLISHED


@pytest.mark.parametrize(("text", "_", "number"), PUBLISHED, ids=lambda value: str(value)[:40])
def test_the_crc_is_what_the_avro_project_publishes(text: str, _: str, number: int) -> None:
    assert int.from_bytes(fingerprint(parse_schema(text)), "little", signed=True) == number


@pytest.mark.parametrize(("text", "algorithm", "digest"), DIGESTS)
def test_digests_are_what_other_implementations_publish(text: str, algorithm: Algorithm, digest: str) -> None:
    assert fingerprint(parse_schema(text), algorithm).hex() == digest


def test_md5_and_sha_256_are_of_the_form_as_utf_8() -> None:
    schema = parse_schema('{"type":"record","name":"größe","fields":[],"doc":"any"}')
    data = '{"name":"größe","type":"record","fields":[]}'.encode()
    assert canonical_form(schema).encode() == data
    assert fingerprint(schema, "md5") == hashlib.md5(data).digest()
    assert fingerprint(schema, "sha256") == hashlib.sha256(data).digest()


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    wrong: Any = "sha1"
    with pytest.raises(ValueError, match="'sha1' is none of crc64, md5, sha256"):
        fingerprint(parse_schema('"int"'), wrong)


def crc64_bit_by_bit(data: bytes) -> int:
    """Divide, as the definition of a cyclic redundancy check has it."""
    empty = remainder = 0xC15D213AA4D7A795
    for byte in data:
        for bit in range(8):
            low = (remainder ^ (byte >> bit)) & 1
            remainder = (remainder >> 1) ^ (empty if low else 0)
    return remainder


@given(st.binary(max_size=300))
def test_the_table_does_what_the_definition_says(data: bytes) -> None:
    assert crc64(data) == crc64_bit_by_bit(data)


def test_leading_zeros_count() -> None:
    assert len({crc64(bytes(size)) for size in range(20)}) == 20
