"""What the compiler refuses of streams, and that the runtime takes what it lets through."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Streaming, compact, parse_protocol, protocol_to_json, streaming
from avrorpc_codegen.diagnostic import Diagnostic, Rule
from support.contracts import resolved


def findings(folder: Path, message: str, name: str = "p.avdl") -> list[Diagnostic]:
    text = f'@namespace("n") protocol P {{ {message} }}'
    _, diagnostics = resolved(folder, {name: text})
    return diagnostics.items


@pytest.mark.parametrize("parameters", ["long item", "long a, long item", "long a = 1, long item"])
@pytest.mark.parametrize("kind", [kind for kind in Streaming if kind is not Streaming.NONE])
def test_a_message_that_streams_has_its_kind_in_the_runtime_too(
    tmp_path: Path, kind: Streaming, parameters: str
) -> None:
    text = f'@namespace("n") protocol P {{ @stream("{kind.value}") long m({parameters}); void plain(); }}'
    contracts, diagnostics = resolved(tmp_path, {"p.avdl": text})
    assert diagnostics.items == []
    protocol = parse_protocol(compact(protocol_to_json(contracts.protocols["n.P"].protocol)))
    assert streaming(protocol.messages["m"]) is kind
    assert streaming(protocol.messages["plain"]) is Streaming.NONE


def test_what_streams_its_response_alone_needs_no_item_and_may_have_defaults(tmp_path: Path) -> None:
    assert findings(tmp_path, '@stream("response") long m();') == []
    assert findings(tmp_path, '@stream("response") long m(long last = 1);') == []


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ('"reponse"', "did you mean `response`?"),
        ('"Both"', None),
        ('"none"', "a message without the annotation streams nothing"),
        ('""', None),
        ("true", None),
        ("null", None),
        ('["request"]', None),
        ("{}", None),
    ],
)
def test_a_value_that_stream_cannot_have_is_refused(tmp_path: Path, value: str, hint: str | None) -> None:
    (found,) = findings(tmp_path, f"@stream({value}) void m();")
    assert found.rule is Rule.BAD_ANNOTATION
    assert found.message == '`@stream` needs "request", "response" or "both"'
    if hint is not None:
        assert found.help == hint


@pytest.mark.parametrize(
    ("message", "rules"),
    [
        ('@stream("request") void m();', [Rule.NO_STREAM_ITEM]),
        ('@stream("both") void m();', [Rule.NO_STREAM_ITEM]),
        ('@stream("request") void m(long item = 1);', [Rule.STREAM_ITEM_DEFAULT]),
        ('@stream("both") void m(long a, long? item = null);', [Rule.STREAM_ITEM_DEFAULT]),
        ('@stream("response") void m() oneway;', [Rule.ONE_WAY_STREAM]),
        ('@stream("request") void m(long item) oneway;', [Rule.ONE_WAY_STREAM]),
        ('@stream("both") void m() oneway;', [Rule.ONE_WAY_STREAM, Rule.NO_STREAM_ITEM]),
        ('@stream("x") void m() oneway;', [Rule.BAD_ANNOTATION]),
    ],
)
def test_a_message_that_cannot_stream_is_refused(tmp_path: Path, message: str, rules: list[Rule]) -> None:
    assert [item.rule for item in findings(tmp_path, message)] == rules


def test_the_mark_is_below_what_is_wrong(tmp_path: Path) -> None:
    message = '@stream("request") void m(long item = 17);'
    (found,) = findings(tmp_path, message)
    assert found.render().splitlines()[1:3] == [
        f'    1 | @namespace("n") protocol P {{ {message} }}',
        "      | " + " " * (len('@namespace("n") protocol P { ') + message.index("17")) + "^^",
    ]


def test_a_contract_in_json_is_told_of_its_own_words(tmp_path: Path) -> None:
    text = (
        '{"protocol": "P", "namespace": "n", "messages": {"m": {"request": [{"name": "a", "type": "int"}],'
        ' "response": "null", "one-way": true, "stream": "request"}}}'
    )
    _, diagnostics = resolved(tmp_path, {"p.avpr": text})
    (found,) = diagnostics.items
    assert found.rule is Rule.ONE_WAY_STREAM
    assert found.help == 'leave "one-way" out, or `@stream`'


@pytest.mark.parametrize(
    "text",
    [
        '@stream("x") @namespace("n") protocol P {}',
        '@namespace("n") protocol P { record R { long @stream(1) a; } }',
        '@namespace("n") protocol P { void m(long @stream(1) a); }',
    ],
)
def test_what_is_no_message_may_have_a_property_of_that_name(tmp_path: Path, text: str) -> None:
    """Lint says that it means nothing there."""
    assert resolved(tmp_path, {"p.avdl": text})[1].items == []
