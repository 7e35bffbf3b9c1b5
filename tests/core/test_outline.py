"""Contracts in outline: signatures for people, and lists for programs."""

from __future__ import annotations

import pytest
from avrorpc.contracts import StreamKind
from avrorpc.outline import service_outline, signature
from testcontracts.conformance import CONFORMANCE
from testcontracts.streams import STREAMS


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (CONFORMANCE.methods["note"], "void note(string text) oneway"),
        (CONFORMANCE.methods["notes"], "array<string> notes()"),
        (CONFORMANCE.methods["add"], "double add(double a, double b = 1.0)"),
        (
            CONFORMANCE.methods["join"],
            'string join(array<string> parts = ["a", "b"], string separator = ", ")',
        ),
        (
            STREAMS.methods["upload"],
            "streams.Summary upload(string name, stream streams.Piece piece) throws streams.BadPiece",
        ),
        (STREAMS.methods["total"], "stream long total(long bound, stream long number)"),
    ],
)
def test_a_signature_says_all_on_one_line(method: object, text: str) -> None:
    assert signature(method) == text  # type: ignore[arg-type]


def test_an_outline_has_every_message() -> None:
    outline = service_outline(STREAMS)
    assert (outline.name, outline.hash) == ("streams.Streams", STREAMS.hash.hex())
    assert outline.doc == STREAMS.protocol.doc
    assert {message.name: message.streaming for message in outline.messages}["shout"] is StreamKind.BOTH
    hurry = next(message for message in service_outline(CONFORMANCE).messages if message.name == "hurry")
    assert (hurry.timeout, hurry.one_way, hurry.idempotent) == (0.15, False, False)
