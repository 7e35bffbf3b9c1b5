"""Where the parts of a contract stand in its files, for findings to point at."""

from __future__ import annotations

from avrorpc_codegen import syntax
from avrorpc_codegen.breaking.finding import At
from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType
from avrorpc_codegen.loading import Unit, closure
from avrorpc_codegen.source import Span


class Places:
    """The places of one version; JSON files have none but the file."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._messages: dict[Unit, dict[str, tuple[syntax.Message, Unit]]] = {}

    def type(self, name: str) -> At:
        """Return where a type is declared."""
        declared = self._contracts.types[name]
        return At(declared.span, declared.unit.name)

    def field(self, name: str, field: str) -> At:
        """Return where a record's field is declared, or the record if it has none of that name."""
        declared = self._contracts.types[name]
        return At(declared.field_spans.get(field, declared.span), declared.unit.name)

    def symbol(self, name: str, symbol: str) -> At:
        """Return where an enum's symbol is declared, or the enum if it has none of that name."""
        declared = self._contracts.types[name]
        return At(_symbol_span(declared, symbol) or declared.span, declared.unit.name)

    def protocol(self, declared: DeclaredProtocol) -> At:
        """Return where a protocol is declared."""
        return At(declared.span, declared.unit.name)

    def message(self, declared: DeclaredProtocol, message: str) -> At:
        """Return where a message is declared, or the protocol if it has none of that name."""
        found = self._find(declared, message)
        return self.protocol(declared) if found is None else At(found[0].name.span, found[1].name)

    def parameter(self, declared: DeclaredProtocol, message: str, parameter: str) -> At:
        """Return where a parameter is declared, or the message if it has none of that name."""
        found = self._find(declared, message)
        if found is None:
            return self.protocol(declared)
        item, unit = found
        span = next((v.name.span for v in item.parameters if v.name.text == parameter), item.name.span)
        return At(span, unit.name)

    def error(self, declared: DeclaredProtocol, message: str, number: int) -> At:
        """Return where a message names one of its errors, or the message."""
        found = self._find(declared, message)
        if found is None or number >= len(found[0].throws):
            return self.message(declared, message)
        return At(found[0].throws[number].span, found[1].name)

    def _find(self, declared: DeclaredProtocol, message: str) -> tuple[syntax.Message, Unit] | None:
        if declared.unit not in self._messages:
            found: dict[str, tuple[syntax.Message, Unit]] = {}
            for unit in closure(declared.unit):
                for item in unit.tree.items if unit.tree else ():
                    if isinstance(item, syntax.Message):
                        found.setdefault(item.name.text, (item, unit))
            self._messages[declared.unit] = found
        return self._messages[declared.unit].get(message)


def _symbol_span(declared: DeclaredType, symbol: str) -> Span | None:
    for item in declared.unit.tree.items if declared.unit.tree else ():
        if isinstance(item, syntax.EnumDeclaration) and item.name.span == declared.span:
            return next((s.name.span for s in item.symbols if s.name.text == symbol), None)
    return None
