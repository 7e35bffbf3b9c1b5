"""The bodies of a message: parameters, results and errors, between two versions of a contract."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from avrorpc import DeclaredError
from avrorpc.codec.binary import Cursor
from avrorpc.codec.message import (
    ReplyDecoder,
    ReplyEncoder,
    RequestEncoder,
    item_decoder,
    request_decoder,
)
from avrorpc.errors import DecodeError, EncodeError
from avrorpc.schema import Message, compact, parse_protocol


@dataclass(slots=True, eq=False, kw_only=True)
class NotThere(DeclaredError):
    """Something does not exist."""

    message: str
    key: str


@dataclass(slots=True, eq=False, kw_only=True)
class TooLarge(DeclaredError):
    """Something is too large."""

    limit: int


TYPES: dict[str, type] = {"a.NotThere": NotThere, "a.TooLarge": TooLarge}
NOT_THERE: dict[str, object] = {
    "type": "error",
    "name": "NotThere",
    "fields": [{"name": "message", "type": "string"}, {"name": "key", "type": "string"}],
}
TOO_LARGE: dict[str, object] = {
    "type": "error",
    "name": "TooLarge",
    "fields": [{"name": "limit", "type": "int"}],
}


def message(**changes: object) -> Message:
    find = {
        "request": [{"name": "key", "type": "string"}, {"name": "count", "type": "int", "default": 1}],
        "response": "int",
        "errors": ["NotThere", "TooLarge"],
        **changes,
    }
    types = [NOT_THERE, TOO_LARGE]
    protocol = {"protocol": "P", "namespace": "a", "types": types, "messages": {"find": find}}
    return parse_protocol(compact(protocol)).messages["find"]  # type: ignore[arg-type]


def test_parameters_follow_one_another_without_names() -> None:
    out = bytearray()
    RequestEncoder(message(), TYPES)(out, ("k", 3))
    assert out == b"\x02k\x06"
    assert request_decoder(message(), message(), TYPES)(Cursor(bytes(out))) == ["k", 3]


def test_an_argument_that_does_not_fit_is_named() -> None:
    rows = message(request=[{"name": "rows", "type": {"type": "array", "items": "int"}}])
    with pytest.raises(EncodeError) as caught:
        RequestEncoder(rows, TYPES)(bytearray(), ([1, "x"],))
    assert caught.value.path == "rows[1]"


def test_a_parameter_that_the_client_does_not_know_gets_its_default() -> None:
    old = message(request=[{"name": "key", "type": "string"}])
    assert request_decoder(old, message(), TYPES)(Cursor(b"\x02k")) == ["k", 1]


def test_a_result_is_written_bare() -> None:
    out = bytearray()
    ReplyEncoder(message(), TYPES).result(out, 7)
    assert out == b"\x0e"
    assert ReplyDecoder(message(), message(), TYPES).result(Cursor(bytes(out))) == 7


def test_errors_are_a_union_that_begins_with_the_undeclared_ones() -> None:
    encoder, decoder = ReplyEncoder(message(), TYPES), ReplyDecoder(message(), message(), TYPES)
    out = bytearray()
    encoder.error(out, TooLarge(limit=5))
    assert out == b"\x04\x0a"
    error = decoder.error(Cursor(bytes(out)))
    assert isinstance(error, TooLarge)
    assert error.limit == 5
    assert decoder.error(Cursor(b"\x00\x04no")) == "no"


def test_only_the_messages_own_errors_are_declared() -> None:
    encoder = ReplyEncoder(message(errors=["NotThere"]), TYPES)
    assert encoder.declares(NotThere(message="m", key="k"))
    assert not encoder.declares(TooLarge(limit=1))
    assert not encoder.declares(ValueError())


@pytest.mark.parametrize("data", [b"\x06", b"\x01", b"\xfe\xff\xff\xff\x0f"])
def test_an_error_branch_that_is_not_there_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="of 3 errors"):
        ReplyDecoder(message(), message(), TYPES).error(Cursor(data))


def test_errors_are_matched_by_name_and_not_by_place() -> None:
    theirs = message(errors=["TooLarge", "NotThere"])
    decoder = ReplyDecoder(theirs, message(), TYPES)
    assert isinstance(decoder.error(Cursor(b"\x02\x0a")), TooLarge)
    assert isinstance(decoder.error(Cursor(b"\x04\x02m\x02k")), NotThere)


def test_an_error_goes_to_the_one_that_has_its_full_name_or_has_it_as_an_alias() -> None:
    foreign = {**TOO_LARGE, "namespace": "b"}
    renamed = {**TOO_LARGE, "name": "Excess", "aliases": ["TooLarge"]}
    here = {
        "protocol": "P",
        "namespace": "a",
        "types": [foreign, renamed],
        "messages": {"find": {"response": "int", "errors": ["b.TooLarge", "Excess"]}},
    }
    ours = parse_protocol(compact(here)).messages["find"]  # type: ignore[arg-type]

    class Excess(TooLarge):
        """What was too large."""

    types: dict[str, type] = {"a.Excess": Excess, "b.TooLarge": TooLarge}
    error = ReplyDecoder(message(errors=["TooLarge"]), ours, types).error(Cursor(b"\x02\x0a"))
    assert type(error) is Excess


def test_an_error_that_only_the_server_declares_still_says_what_it_was() -> None:
    decoder = ReplyDecoder(message(), message(errors=["NotThere"]), TYPES)
    assert decoder.error(Cursor(b"\x04\x0a")) == "a.TooLarge: {'limit': 5}"


def test_the_item_of_a_stream_is_no_parameter_and_has_a_numbered_path() -> None:
    upload = message(stream="request")
    out = bytearray()
    encoder = RequestEncoder(upload, TYPES)
    encoder(out, ("k",))
    assert out == b"\x02k"
    assert request_decoder(upload, upload, TYPES)(Cursor(bytes(out))) == ["k"]
    assert encoder.item(3, 0) == b"\x06"
    assert item_decoder(upload, upload, TYPES)(Cursor(b"\x06")) == 3
    with pytest.raises(EncodeError) as caught:
        encoder.item("x", 7)
    assert caught.value.path == "count[7]"


def test_items_are_resolved_between_versions() -> None:
    old, new = (
        message(stream="request"),
        message(
            stream="request",
            request=[
                {"name": "key", "type": "string"},
                {"name": "count", "type": "double"},
            ],
        ),
    )
    assert item_decoder(old, new, TYPES)(Cursor(b"\x06")) == 3.0
