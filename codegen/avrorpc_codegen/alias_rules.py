"""That an alias leads to one type, or one field, and to no other.

Source: Avro 1.12 specification, "Aliases": they are subject to the same uniqueness as names. Where an alias
is another field's name, a reader would put that field's values in the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from avrorpc.schema import Field, full_aliases

from avrorpc_codegen.contracts import DeclaredType, declared_at
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.name_rules import NameRules
from avrorpc_codegen.source import Span, where
from avrorpc_codegen.syntax import Annotation, Variable


class AliasRules:
    """Collects the aliases of types, and checks them when all types are known."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics
        self._names = NameRules(diagnostics)
        self._first: dict[str, tuple[DeclaredType, Span]] = {}

    def declare(self, declared: DeclaredType, annotations: Iterable[Annotation]) -> None:
        """Take note of a type's aliases; they must be names, and lead to it alone."""
        span = _place(annotations)
        seen: set[str] = set()
        for alias, full in zip(declared.named.aliases, full_aliases(declared.named), strict=True):
            assert span is not None, "what has aliases has the annotation"
            if not self._names.full(alias, span):
                continue
            first, place = self._first.setdefault(full, (declared, span))
            if full in seen:
                self._diagnostics.error(Rule.DUPLICATE, f"the alias `{alias}` is given twice", span)
            elif first.named.name != declared.named.name:
                note = f"`{first.named.name}` has it {where(place)}"
                problem = f"two types have the alias `{full}`"
                self._diagnostics.error(Rule.DUPLICATE, problem, span, note)
            seen.add(full)

    def check(self, types: Mapping[str, DeclaredType]) -> None:
        """Report aliases that are the names of types."""
        for alias, (declared, span) in self._first.items():
            found = types.get(alias)
            if found is not None:
                owner = "the type itself" if found.named.name == declared.named.name else "another type"
                problem = f"the alias `{alias}` is the name of {owner}"
                self._diagnostics.error(Rule.DUPLICATE, problem, span, declared_at(found.span, found.unit))

    def check_variables(
        self, fields: Sequence[Field], names: Mapping[str, Span], variables: Sequence[Variable], what: str
    ) -> None:
        """Report aliases of fields or parameters that are given twice, or are the names of others."""
        if not any(field.aliases for field in fields):
            return
        spans = {variable.name.text: _place(variable.annotations) for variable in variables}
        seen: dict[str, str] = {}
        for field in fields:
            for alias in field.aliases:
                span = spans.get(field.name)
                if alias in names:
                    problem = f"the alias `{alias}` is the name of a {what}"
                    self._diagnostics.error(Rule.DUPLICATE, problem, span, f"declared {where(names[alias])}")
                elif alias in seen:
                    owner = f"the {what} `{seen[alias]}` has it too"
                    problem = f"the alias `{alias}` is given twice"
                    notes = [] if seen[alias] == field.name else [owner]
                    self._diagnostics.error(Rule.DUPLICATE, problem, span, *notes)
                seen[alias] = field.name


def _place(annotations: Iterable[Annotation]) -> Span | None:
    return next((item.value.span for item in annotations if item.name.text == "aliases"), None)
