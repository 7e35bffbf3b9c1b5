"""Rules about annotations: those of Avro and of avrorpc mean something in certain places only.

An annotation that nobody knows is a property for others to read, and none of lint's business.
"""

from __future__ import annotations

import difflib
from typing import Final

from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.linted_file import Annotated, LintedFile, MessageHere, Place
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.syntax import Annotation

_MESSAGE: Final = frozenset({Place.MESSAGE})
_PARAMETER: Final = frozenset({Place.PARAMETER})
_CALLS: Final = frozenset({Place.MESSAGE, Place.PROTOCOL})
_VARIABLES: Final = frozenset({Place.FIELD, Place.PARAMETER})
_TYPES: Final = frozenset({Place.TYPE, Place.DECLARATION})
PLACES: Final = {
    "namespace": frozenset({Place.PROTOCOL, Place.DECLARATION}),
    "aliases": frozenset({Place.DECLARATION, *_VARIABLES}),
    "order": frozenset({Place.FIELD}),
    "logicalType": _TYPES,
    "buffer": frozenset({Place.TYPE}),
    "precision": _TYPES,
    "scale": _TYPES,
    "http": frozenset({Place.MESSAGE, Place.DECLARATION}),
    "query": _PARAMETER,
    "header": _PARAMETER,
    "body": _PARAMETER,
    "deprecated": frozenset(Place) - {Place.TYPE},
    "stream": _MESSAGE,
    "idempotent": _MESSAGE,
    "idempotency_key": _MESSAGE,
    "readonly": _MESSAGE,
    "examples": _CALLS,
    "timeout": _CALLS,
    "alias": _CALLS,
    "authz": _CALLS,
    "cache": _CALLS,
    "emits": _CALLS,
    "sensitive": _VARIABLES,
}
"""Where the annotations of Avro and of avrorpc mean something."""
_JAVA: Final = frozenset(
    {"avro.java.string", "java-class", "java-element-class", "java-key-class", "stringable"}
)
"""Annotations that Avro's Java tools know."""
_LIKENESS: Final = 0.8
_PLACE_WORDS: Final = {
    Place.PROTOCOL: "a protocol",
    Place.MESSAGE: "a message",
    Place.DECLARATION: "the declaration of a type",
    Place.FIELD: "a field",
    Place.PARAMETER: "a parameter",
    Place.SYMBOL: "a symbol of an enum",
    Place.TYPE: "a type",
}


def check(file: LintedFile, findings: Findings) -> None:
    """Check all annotations of a file."""
    for annotated in file.annotated():
        for annotation in annotated.annotations:
            _check_place(annotated, annotation, file, findings)
    for message in file.messages:
        _check_contradictions(message, file, findings)
        _check_routes(message, file, findings)


def _check_place(annotated: Annotated, annotation: Annotation, file: LintedFile, findings: Findings) -> None:
    name, span = annotation.name.text, file.annotation_span(annotation)
    if name not in PLACES:
        _check_spelling(annotation, file, findings)
        return
    places = PLACES[name]
    if annotated.place in places:
        return
    if annotated.place is Place.TYPE and places & _VARIABLES:
        message = f"`@{name}` stands before the type, and so annotates the type"
        hint = "put it between the type and the name"
        findings.add(LintRule.ANNOTATED_TYPE, message, span, help=hint)
        return
    message = f"`@{name}` means nothing on {_PLACE_WORDS[annotated.place]}"
    belongs = " or ".join(_PLACE_WORDS[place] for place in Place if place in places)
    hint = "put it before the type" if Place.TYPE in places else f"it belongs on {belongs}"
    if places <= _VARIABLES:
        hint += ", between type and name"
    if name == "alias" and annotated.place in PLACES["aliases"]:
        hint += '; old names are `@aliases(["..."])`'
    findings.add(LintRule.MISPLACED_ANNOTATION, message, span, help=hint)


def _check_spelling(annotation: Annotation, file: LintedFile, findings: Findings) -> None:
    name = annotation.name.text
    if name in _JAVA or name in file.config.annotations:
        return
    folded = {_folded(known): known for known in PLACES}
    close = difflib.get_close_matches(_folded(name), folded, n=1, cutoff=_LIKENESS)
    if close:
        message = f"`@{name}` is no annotation that Avro or avrorpc knows"
        hint = f"did you mean `@{folded[close[0]]}`? If not, add {name!r} to `annotations` in the settings"
        findings.add(LintRule.MISSPELT_ANNOTATION, message, annotation.name.span, help=hint)


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def _check_contradictions(message: MessageHere, file: LintedFile, findings: Findings) -> None:
    stated = {annotation.name.text: annotation for annotation in message.tree.annotations}
    values = {name: annotation.value.json for name, annotation in stated.items()}

    def add(name: str, problem: str, hint: str) -> None:
        text = f"`{message.tree.name.text}` {problem}"
        findings.add(LintRule.CONTRADICTION, text, file.annotation_span(stated[name]), help=hint)

    if values.get("readonly") is True and values.get("idempotent") is False:
        hint = "what only reads may be repeated: leave one of the two out"
        add("idempotent", "is read-only, and yet not idempotent", hint)
    repeatable = [name for name in ("readonly", "idempotent") if values.get(name) is True]
    if "idempotency_key" in values and repeatable:
        hint = "leave the key out: a call that may be repeated needs none, and none is looked at"
        add("idempotency_key", f"needs a key, and may be repeated: it is @{repeatable[0]}", hint)
    if message.message.one_way and values.get("readonly") is True:
        hint = "a one-way message returns nothing, so one that only reads would do nothing"
        add("readonly", "is one-way, and yet read-only", hint)


def _check_routes(message: MessageHere, file: LintedFile, findings: Findings) -> None:
    """Check that no other protocol has a route of a message, and that GET changes nothing."""
    assert file.protocol is not None
    stated = next((one for one in message.tree.annotations if one.name.text == "http"), None)
    span = message.tree.name.span if stated is None else file.annotation_span(stated)
    name = message.tree.name.text
    for text in file.surroundings.same_routes.get((file.protocol.name, name), ()):
        hint = "served together, neither would start: give one of them another path with `@http`"
        findings.add(LintRule.SAME_ROUTE, text, span, help=hint)
    value = stated.value.json if stated is not None else None
    routes = value if isinstance(value, list) else [value]
    if message.message.props.get("readonly") is True:
        return
    if any(isinstance(route, str) and route.startswith("GET ") for route in routes):
        problem = f"`{name}` has a GET, and does not say that it only reads"
        hint = "browsers and caches repeat a GET as they like: write `@readonly(true)`, or use POST"
        findings.add(LintRule.UNSAFE_GET, problem, span, help=hint)
