from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.annotation_checks import PLACES
from avrorpc_codegen.lint.linted_file import Place
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from support.linting import linted, messages

FRAMES = {
    Place.PROTOCOL: '{} @namespace("n") protocol P {{}}',
    Place.MESSAGE: '@namespace("n") protocol P {{ {} void m(); }}',
    Place.DECLARATION: "namespace n; {} fixed F(16);",
    Place.FIELD: "namespace n; record R {{ bytes {} f; }}",
    Place.PARAMETER: '@namespace("n") protocol P {{ void m(bytes {} p); }}',
    Place.SYMBOL: "namespace n; enum E {{ {} A }}",
    Place.TYPE: "namespace n; record R {{ array<{} bytes> f; }}",
}
VALUES = {"namespace": '"n"', "aliases": '["x"]', "order": '"ignore"', "timeout": '"3s"', "readonly": "true"}
VALUES |= {"idempotent": "true", "logicalType": '"decimal"', "precision": "9", "scale": "0"}
VALUES |= {"stream": '"response"', "http": '"POST /a"', "query": '"p"', "header": '"X-P"', "body": "true"}
VALUES |= {"deprecated": "true", "idempotency_key": '"required"'}
PLACED = (LintRule.MISPLACED_ANNOTATION, LintRule.ANNOTATED_TYPE)


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("name", PLACES)
def test_a_known_annotation_means_something_in_its_places_alone(
    tmp_path: Path, name: str, place: Place
) -> None:
    refused = {("namespace", Place.TYPE), ("aliases", Place.TYPE), ("buffer", Place.TYPE)}
    if (name, place) in {("namespace", Place.PROTOCOL), *refused}:
        return  # Given twice in the frame, or refused by the compiler.
    others = '@precision(9) @logicalType("decimal")' if name == "scale" else ""
    others = "@precision(9)" if name == "logicalType" else others
    text = FRAMES[place].format(f"@{name}({VALUES.get(name, '1')})")
    if place in (Place.TYPE, Place.DECLARATION) and name in ("logicalType", "scale"):
        text = FRAMES[place].format(f"@{name}({VALUES[name]}) {others}")
    found = linted(tmp_path, text, *PLACED)
    if place in PLACES[name]:
        assert found == []
    else:
        is_meant_for_a_variable = bool({Place.FIELD, Place.PARAMETER} & PLACES[name])
        expected = PLACED[place is Place.TYPE and is_meant_for_a_variable]
        assert [finding.rule for finding in found] == [expected]
        span = found[0].span
        assert text[span.start : span.end] == f"@{name}({VALUES.get(name, '1')})"


def test_help_says_where_an_annotation_belongs(tmp_path: Path) -> None:
    text = """
    @namespace("n") protocol P {
      record R { int @timeout("1s") a; long @logicalType("timestamp-millis") b; int @alias("old") c; }
      @sensitive(true) void m();
    }
    """
    helps = [finding.diagnostic.help for finding in linted(tmp_path, text, *PLACED)]
    assert helps == [
        "it belongs on a protocol or a message",
        "put it before the type",
        'it belongs on a protocol or a message; old names are `@aliases(["..."])`',
        "it belongs on a field or a parameter, between type and name",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("idempotant", "idempotent"),
        ("read_only", "readonly"),
        ("Timeout", "timeout"),
        ("logicaltype", "logicalType"),
        ("logical-type", "logicalType"),
        ("sensitiv", "sensitive"),
        ("alaises", "aliases"),
    ],
)
def test_a_misspelt_annotation(tmp_path: Path, written: str, meant: str) -> None:
    text = f"namespace n; record R {{ int @{written}(true) a; }}"
    (found,) = linted(tmp_path, text, LintRule.MISSPELT_ANNOTATION)
    assert found.diagnostic.help is not None
    assert found.diagnostic.help.startswith(f"did you mean `@{meant}`?")
    config = LintConfig(tmp_path, annotations=frozenset({written}))
    assert linted(tmp_path, text, LintRule.MISSPELT_ANNOTATION, config=config) == []


@pytest.mark.parametrize(
    "name", ["author", "times", "java-class", "avro.java.string", "stringable", "x", "http.path", "since"]
)
def test_annotations_of_others_are_left_alone(tmp_path: Path, name: str) -> None:
    text = f"namespace n; record R {{ int @{name}(true) a; }}"
    assert linted(tmp_path, text, LintRule.MISSPELT_ANNOTATION, *PLACED) == []


@pytest.mark.parametrize(
    ("annotations", "rest", "problem"),
    [
        ("@readonly(true) @idempotent(false)", "", "is read-only, and yet not idempotent"),
        ("@readonly(true)", "oneway", "is one-way, and yet read-only"),
        (
            '@idempotency_key("required") @idempotent(true)',
            "",
            "needs a key, and may be repeated: it is @idempotent",
        ),
    ],
)
def test_annotations_that_contradict_each_other(
    tmp_path: Path, annotations: str, rest: str, problem: str
) -> None:
    text = f'@namespace("n") protocol P {{ {annotations} void m() {rest}; }}'
    assert messages(tmp_path, text, LintRule.CONTRADICTION) == [f"`m` {problem}"]


@pytest.mark.parametrize(
    ("annotations", "rest"),
    [
        ("@readonly(true) @idempotent(true)", ""),
        ("@readonly(false) @idempotent(false)", "oneway"),
        ('@stream("response") @readonly(true)', ""),
    ],
)
def test_annotations_that_agree(tmp_path: Path, annotations: str, rest: str) -> None:
    text = f'@namespace("n") protocol P {{ {annotations} void m() {rest}; }}'
    assert messages(tmp_path, text, LintRule.CONTRADICTION) == []
