"""Gives each protocol the types and the messages of the files that it imports, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable

from avrorpc.schema import Message, Protocol

from avrorpc_codegen import syntax
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.loading import Unit


def merge_imports(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Complete all protocols that come from IDL."""
    own = {declared.unit: dict(declared.protocol.messages) for declared in contracts.protocols.values()}
    for declared in contracts.protocols.values():
        if declared.unit.tree is not None:
            declared.protocol.types, declared.protocol.messages = [], {}
            _Merger(contracts, diagnostics, declared.protocol, own).take(declared.unit)
            unique = {named.name: named for named in declared.protocol.types}
            declared.protocol.types = list(unique.values())


class _Merger:
    def __init__(
        self,
        contracts: Contracts,
        diagnostics: Diagnostics,
        protocol: Protocol,
        own: dict[Unit, dict[str, Message]],
    ) -> None:
        self.contracts = contracts
        self.diagnostics = diagnostics
        self.protocol = protocol
        self.own = own
        self.seen: set[Unit] = set()

    def take(self, unit: Unit) -> None:
        """Take over what a file declares; its imports where they stand in the text, each once."""
        self.seen.add(unit)
        messages = self.own.get(unit, {})
        if unit.tree is None:
            self.protocol.types.extend(unit.json_types)
            self.add(messages.values(), unit, None)
            return
        types = iter(self.contracts.by_unit[unit])
        for item in unit.tree.items:
            if isinstance(item, syntax.TypeDeclaration):
                self.protocol.types.append(next(types))
            elif isinstance(item, syntax.Message) and item.name.text in messages:
                self.add([messages[item.name.text]], unit, item)
            elif isinstance(item, syntax.Import):
                imported = unit.imports.get(item.span.start)
                if imported is not None and imported not in self.seen:
                    self.take(imported)

    def add(self, messages: Iterable[Message], unit: Unit, item: syntax.Message | None) -> None:
        for message in messages:
            known = self.protocol.messages.setdefault(message.name, message)
            if known is not message:
                problem = f"`{self.protocol.name}` has the message `{message.name}` twice, once by an import"
                span = item.name.span if item else None
                self.diagnostics.error(Rule.DUPLICATE, problem, span, file=unit.name)
