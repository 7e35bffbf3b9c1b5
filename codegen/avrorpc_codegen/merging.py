"""Gives each protocol the types and the messages of the files that it imports, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterator

from avrorpc.schema import Message, Named

from avrorpc_codegen import syntax
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.loading import Unit


def merge_imports(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Complete all protocols."""
    own = {declared.unit: dict(declared.protocol.messages) for declared in contracts.protocols.values()}
    for declared in contracts.protocols.values():
        merger = _Merger(contracts, own)
        merger.take(declared.unit, with_messages=True)
        declared.protocol.types, declared.protocol.messages = merger.unique_types(), merger.messages
        for message, unit in merger.repeated:
            name = f"`{declared.protocol.name}` has the message `{message.name.text}` twice"
            diagnostics.error(Rule.DUPLICATE, f"{name}, once by an import", message.name.span, file=unit.name)


def all_types(contracts: Contracts, unit: Unit) -> list[Named]:
    """Return the types of a file and of all that it imports, in the order of the text."""
    merger = _Merger(contracts, {})
    merger.take(unit, with_messages=False)
    return merger.unique_types()


class _Merger:
    def __init__(self, contracts: Contracts, own: dict[Unit, dict[str, Message]]) -> None:
        self.contracts = contracts
        self.own = own
        self.types: list[Named] = []
        self.messages: dict[str, Message] = {}
        self.repeated: list[tuple[syntax.Message, Unit]] = []
        self.seen: set[Unit] = set()

    def unique_types(self) -> list[Named]:
        """Return the types, those that JSON files repeat once."""
        return list(dict.fromkeys(self.contracts.types[named.name].named for named in self.types))

    def take(self, unit: Unit, *, with_messages: bool) -> None:
        """Take over what a file declares; its imports where they stand in the text, each once.

        A file without a protocol passes on the types of its imports, and not their messages.
        """
        taking = [self.imports(unit, with_messages=with_messages)]
        while taking:  # Not by recursion, since a chain of imports may be long.
            found = next(taking[-1], None)
            if found is None:
                taking.pop()
            else:
                imported, with_messages = found
                taking.append(self.imports(imported, with_messages=with_messages))

    def imports(self, unit: Unit, *, with_messages: bool) -> Iterator[tuple[Unit, bool]]:
        """Take over what a file declares, and yield each import where it stands."""
        if unit in self.seen or unit.tree is None:
            return
        self.seen.add(unit)
        types = iter(self.contracts.by_unit[unit])
        messages = self.own.get(unit, {}) if with_messages else {}
        for item in unit.tree.items:
            if isinstance(item, syntax.TypeDeclaration):
                self.types.append(next(types))
            elif isinstance(item, syntax.Message) and item.name.text in messages:
                message = messages[item.name.text]
                if self.messages.setdefault(message.name, message) is not message:
                    self.repeated.append((item, unit))
            elif isinstance(item, syntax.Import):
                imported = unit.imports.get(item.span.start)
                if imported is not None:
                    yield imported, with_messages and unit.tree.protocol is not None
