"""The examples of a protocol's messages, as pages show them."""

from __future__ import annotations

import json

from avrorpc.examples import ABSENT, BadExamples, Case
from avrorpc.schema import Json

from avrorpc_codegen.contracts import Contracts, DeclaredProtocol
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.example_files import Unreadable, cases_of, statements
from avrorpc_codegen.reference.pages import Example


def message_examples(
    declared: DeclaredProtocol, contracts: Contracts, diagnostics: Diagnostics
) -> dict[str, list[Example]]:
    """Return the examples of each message that has any; what cannot be read is a warning."""
    found: dict[str, list[Example]] = {}
    for stated in statements(declared, contracts):
        try:
            for placed in cases_of(stated):
                found.setdefault(placed.case.message, []).append(_example(placed.case))
        except (BadExamples, Unreadable) as error:
            diagnostics.warning(Rule.BAD_EXAMPLES, str(error), stated.span, file=stated.unit.name)
    return found


def _example(case: Case) -> Example:
    reply = ""
    if case.expected_error is not None:
        reply = _text({"error": case.expected_error.to_json()})
    elif case.expected_output is not ABSENT:
        reply = _text(case.expected_output)
    return Example(case.description, _text(dict(case.input)), reply)


def _text(value: Json) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    return flat if len(flat) <= 72 else json.dumps(value, indent=2, ensure_ascii=False)
