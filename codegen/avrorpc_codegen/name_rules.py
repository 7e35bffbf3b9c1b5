"""What may be a name in Avro, and which names may not come twice.

Source: Avro 1.12 specification, "Names", widened to Unicode as Avro's own IDL compiler has it.
"""

from __future__ import annotations

from collections.abc import Iterable

from avrorpc.schema import short_name

from avrorpc_codegen.contracts import declared_at
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS
from avrorpc_codegen.source import Span, where
from avrorpc_codegen.syntax import Annotation, Name


class NameRules:
    """Checks names; what breaks a rule becomes a diagnostic."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._diagnostics = diagnostics

    def full(self, name: str, span: Span) -> bool:
        """Return whether a name is valid; it may have a namespace."""
        if all(part.isidentifier() for part in name.split(".")):
            return True
        hint = name.replace("-", "_")
        self._diagnostics.error(
            Rule.INVALID_NAME,
            f"`{name}` is not a name",
            span,
            "a name consists of letters, digits and `_`, and does not begin with a digit",
            help=f"`{hint}` would be one" if hint.replace(".", "").isidentifier() else None,
        )
        return False

    def simple(self, name: Name) -> bool:
        """Return whether a name is valid that may have no namespace."""
        if "." not in name.text:
            return self.full(name.text, name.span)
        self._diagnostics.error(Rule.INVALID_NAME, f"`{name.text}` may have no dots here", name.span)
        return False

    def of_type(self, name: Name) -> bool:
        """Return whether a named type may be called so."""
        short = short_name(name.text)
        if short in PRIMITIVE_KEYWORDS:
            problem = f"`{short}` is the name of a type of Avro's own"
            self._diagnostics.error(Rule.INVALID_NAME, problem, name.span)
            return False
        return self.full(name.text, name.span)

    def namespace(self, annotations: Iterable[Annotation]) -> None:
        """Check what `@namespace` says, if it is there; it may be empty."""
        for annotation in annotations:
            value = annotation.value.json
            if annotation.name.text == "namespace" and isinstance(value, str) and value:
                self.full(value, annotation.value.span)

    def unique(self, name: Name, seen: dict[str, Span], what: str, unit: Unit) -> bool:
        """Return whether a name is new among `seen`, and add it."""
        if name.text in seen:
            note = declared_at(seen[name.text], unit)
            problem = f"the {what} `{name.text}` is declared twice"
            self._diagnostics.error(Rule.DUPLICATE, problem, name.span, note)
            return False
        seen[name.text] = name.span
        return True

    def listed_once(self, error: Name, first: Name) -> None:
        """Check that the place where a message lists an error is the first."""
        if error is not first:
            problem = f"the error `{error.text}` is listed twice"
            self._diagnostics.error(Rule.DUPLICATE, problem, error.span, f"listed first {where(first.span)}")
