"""What we emit, as other Avro libraries understand it: canonical forms, fingerprints, whole protocols."""

from __future__ import annotations

import warnings
from pathlib import Path

import avro.protocol
import avro.schema
import fastavro.schema
import pytest
from avrorpc.schema import Schema, canonical_form, fingerprint, parse_protocol, parse_schema
from avrorpc.schema.fingerprints import crc64
from support.deviations import DEVIATIONS, FORMS, Deviation
from support.fingerprints import RUST_LOGICAL
from support.golden import GOLDEN, REPOSITORY, compile_alone, good_cases

CONTRACTS = sorted((REPOSITORY / "schemas").rglob("*.avdl"))
FILES = [path for case in good_cases() for path in sorted((GOLDEN / case / "json").rglob("*.av*"))]


def text_of(path: Path) -> tuple[str, str]:
    if path.suffix == ".avdl":
        return compile_alone(path, [REPOSITORY / "schemas"])
    return path.read_text(encoding="utf-8"), path.suffix


def schemas_of(path: Path) -> dict[str, Schema]:
    """Return the types of a protocol, or the one schema of an `.avsc` file, by name."""
    text, suffix = text_of(path)
    if suffix == ".avpr":
        return {named.name: named for named in parse_protocol(text).types}
    return {"": parse_schema(text)}


def name(path: Path) -> str:
    root = GOLDEN if path.is_relative_to(GOLDEN) else REPOSITORY
    return path.relative_to(root).as_posix()


ALL = [
    pytest.param(schema, id=f"{name(path)} {schema_name}".strip())
    for path in (*FILES, *CONTRACTS)
    for schema_name, schema in schemas_of(path).items()
]


@pytest.mark.parametrize("library", FORMS)
@pytest.mark.parametrize("schema", ALL)
def test_canonical_forms_agree_but_for_the_known_deviations(schema: Schema, library: str) -> None:
    theirs = FORMS[library](schema)
    known = [row.what for row in DEVIATIONS if row.library == library and row.touches(schema)]
    if known:
        assert theirs != canonical_form(schema), f"this no longer holds of {library}: {known}"
    else:
        assert theirs == canonical_form(schema)


@pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: f"{row.library}: {row.what}")
def test_a_deviation_is_what_the_table_says(row: Deviation) -> None:
    small = parse_schema(row.schema)
    assert FORMS[row.library](small) == row.theirs
    assert canonical_form(small) != row.theirs
    assert row.touches(small)
    assert row.why
    if row.golden is not None:
        file, type_name = row.golden
        shown = schemas_of(GOLDEN / file)[type_name]
        assert row.touches(shown)
        assert FORMS[row.library](shown) != canonical_form(shown)


def test_the_rust_implementation_keeps_logical_types_as_the_avro_package_does() -> None:
    theirs, published = RUST_LOGICAL
    assert crc64(theirs.encode()).to_bytes(8, "little").hex() == published
    assert canonical_form(parse_schema(theirs)) == theirs.replace('{"type":"long"}', '"long"')


@pytest.mark.parametrize("schema", ALL)
def test_fingerprints_of_a_form_agree(schema: Schema) -> None:
    form = canonical_form(schema)
    for algorithm, theirs in (("crc64", "CRC-64-AVRO"), ("md5", "MD5"), ("sha256", "SHA-256")):
        ours = fingerprint(schema, algorithm)  # type: ignore[arg-type]
        assert ours.hex() == fastavro.schema.fingerprint(form, theirs)
    if form.isascii():
        parsed = avro.schema.parse(form)
        if parsed.canonical_form == form:
            for algorithm, theirs in (("crc64", "CRC-64-AVRO"), ("md5", "md5"), ("sha256", "sha256")):
                assert fingerprint(schema, algorithm) == parsed.fingerprint(theirs)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", CONTRACTS, ids=name)
def test_the_avro_package_reads_our_own_contracts(path: Path) -> None:
    text, suffix = text_of(path)
    if suffix == ".avpr":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It warns of logical types that it does not know.
            protocol = avro.protocol.parse(text)
        assert set(protocol.messages or ()) == set(parse_protocol(text).messages)
    else:
        assert avro.schema.parse(text).type == "union"
