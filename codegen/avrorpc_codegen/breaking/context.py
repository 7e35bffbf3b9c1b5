"""What the rules work on: two versions, what became what, how they are used, and the findings so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from avrorpc.schema import Named, Record, Union

from avrorpc_codegen.breaking.finding import Findings, Spot
from avrorpc_codegen.breaking.pairing import Pairing
from avrorpc_codegen.breaking.place import Places
from avrorpc_codegen.breaking.usage import Talk, Usage


@dataclass(slots=True)
class Context:
    """Two versions that are compared."""

    pairing: Pairing
    usage: Usage
    unions: list[Union]
    """All unions of the new version."""
    old: Places
    new: Places
    findings: Findings = field(default_factory=Findings)

    def type(self, old: Named, new: Named) -> Spot:
        """Return the spot of a named type."""
        return Spot(new.name, self.new.type(new.name), self.old.type(old.name))

    def member(self, old: Record, new: Record, old_name: str, new_name: str) -> Spot:
        """Return the spot of a field; the name that a version lacks may be the other's."""
        at_new, at_old = self.new.field(new.name, new_name), self.old.field(old.name, old_name)
        return Spot(f"{new.name}.{new_name}", at_new, at_old)

    def symbol(self, old: Named, new: Named, name: str) -> Spot:
        """Return the spot of an enum's symbol."""
        return Spot(f"{new.name}.{name}", self.new.symbol(new.name, name), self.old.symbol(old.name, name))

    def message(self, talk: Talk) -> Spot:
        """Return the spot of a message that both versions have."""
        at_new = self.new.message(talk.new_protocol, talk.new.name)
        return Spot(talk.name, at_new, self.old.message(talk.old_protocol, talk.old.name))

    def parameter(self, talk: Talk, old_name: str, new_name: str) -> Spot:
        """Return the spot of a parameter; the name that a version lacks may be the other's."""
        at_new = self.new.parameter(talk.new_protocol, talk.new.name, new_name)
        at_old = self.old.parameter(talk.old_protocol, talk.old.name, old_name)
        return Spot(f"{talk.name}({new_name})", at_new, at_old)

    def response(self, talk: Talk) -> Spot:
        """Return the spot of a message's result."""
        at = self.message(talk)
        return Spot(f"{talk.name}:response", at.new, at.old)
