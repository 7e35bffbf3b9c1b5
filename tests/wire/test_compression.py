"""Compression that is bounded while it comes out."""

from __future__ import annotations

import zlib

import pytest
from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.wire import compression
from avrorpc.wire.compression import NAMES, Compression, choose
from hypothesis import given
from hypothesis import strategies as st

LIMITS = Limits(max_body=100_000, max_expansion=50)


def there() -> list[Compression]:
    return [found for name in NAMES if (found := compression.compression(name)) is not None]


@pytest.fixture(params=[found.name for found in there()])
def way(request: pytest.FixtureRequest) -> Compression:
    found = compression.compression(request.param)
    assert found is not None
    return found


def test_deflate_is_always_there() -> None:
    assert "deflate" in {found.name for found in there()}


@given(st.binary(max_size=2_000))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    for way in there():
        assert way.decompress(way.compress(data), LIMITS) == data


def test_what_becomes_larger_than_a_body_may_be_is_refused(way: Compression) -> None:
    data = bytes(range(256)) * 391 + b"x"  # 100,097 bytes
    with pytest.raises(LimitExceeded, match="max_body=100000"):
        way.decompress(way.compress(data), Limits(max_body=100_000))


def test_what_grows_too_much_is_refused(way: Compression) -> None:
    with pytest.raises(LimitExceeded, match="max_expansion=50"):
        way.decompress(way.compress(bytes(90_000)), LIMITS)


def test_a_bomb_is_never_unpacked(way: Compression) -> None:
    with pytest.raises(LimitExceeded):
        way.decompress(way.compress(bytes(200_000_000)), LIMITS)


@pytest.mark.parametrize("damage", ["garbage", "truncated", "trailing", "empty"])
def test_damaged_data_is_refused(way: Compression, damage: str) -> None:
    whole = way.compress(b"some text, some text, some text")
    data = {"garbage": b"garbage", "truncated": whole[:-3], "trailing": whole + b"x", "empty": b""}[damage]
    with pytest.raises(DecodeError):
        way.decompress(data, LIMITS)


def test_raw_deflate_is_not_zlib() -> None:
    raw = zlib.compressobj(wbits=-15)
    data = raw.compress(b"text" * 100) + raw.flush()
    deflate = compression.compression("deflate")
    assert deflate is not None
    with pytest.raises(DecodeError):
        deflate.decompress(data, LIMITS)


def test_the_first_that_is_there_is_chosen() -> None:
    chosen = choose(["brotli", "deflate", "zstd"])
    assert chosen is not None
    assert chosen.name == "deflate"
    assert choose(["brotli"]) is None
    assert choose([]) is None


def test_a_machine_without_zstandard_says_so_by_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "ZSTANDARD", ("there.is.no.such.module",))
    compression._zstandard.cache_clear()
    try:
        assert compression.compression("zstd") is None
        chosen = choose(["zstd", "deflate"])
        assert chosen is not None
        assert chosen.name == "deflate"
    finally:
        compression._zstandard.cache_clear()
