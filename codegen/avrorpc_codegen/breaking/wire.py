"""What fails in Avro binary: every way between two versions resolved, each problem put down to its change."""

from __future__ import annotations

from avrorpc.schema import Enum, Extent, Fixed, Incompatibility, Kind, Named, Place, Resolution

from avrorpc_codegen.breaking import message_rules, type_rules
from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import Finding, Flow
from avrorpc_codegen.breaking.pairing import pair_fields
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.breaking.slot_rules import Slot, branch_changed, logical_changed, main_slot, type_changed
from avrorpc_codegen.breaking.type_change import branches, counterpart, shown
from avrorpc_codegen.breaking.usage import Way


def check_wire(context: Context) -> None:
    """Report everything that Avro's schema resolution makes fail, or mean something else."""
    resolution = Resolution()
    for way in context.usage.ways:
        for flow in way.flows:
            writer, reader = (way.old, way.new) if flow.old_writes else (way.new, way.old)
            for problem in resolution.incompatibilities(writer, reader):
                if problem.kind is not Kind.DEFAULT:  # both write the field: nothing is left out in binary
                    _Problem(context, way, flow, problem).report()


class _Problem:
    """One incompatibility on one way, told in terms of old and new."""

    def __init__(self, context: Context, way: Way, flow: Flow, problem: Incompatibility) -> None:
        self.context = context
        self.way = way
        self.flow = flow
        self.problem = problem
        self.old: Place = problem.writer if flow.old_writes else problem.reader
        self.new: Place = problem.reader if flow.old_writes else problem.writer

    def report(self) -> None:
        extent = self.problem.extent
        if self.way.is_error and extent is Extent.NEVER:
            extent = Extent.SOME  # not every call ends with an error
        self.finding().add(Level.WIRE, self.flow.side, self.why(), extent, self.way.use)

    def why(self) -> str:
        writer, reader, name = self.flow.writer, self.flow.reader, self.problem.name
        writes, wants = self.problem.writer.schema, self.problem.reader.schema
        wrote, reads = shown(writes), shown(wants)
        if isinstance(writes, Named) and isinstance(wants, Named) and type(writes) is not type(wants):
            wrote, reads = type_rules.kind_words(writes), type_rules.kind_words(wants)
            return f"{writer} send {wrote}, and {reader} read {reads}"
        match self.problem.kind:
            case Kind.FIELD:
                return f"{writer} send no `{name}`, and {reader} have no default for it"
            case Kind.SYMBOL:
                return f"{writer} may send `{name}`, and {reader} have neither it nor a default symbol"
            case Kind.SIZE:
                return f"{reader} read another number of bytes"
            case Kind.NAME:
                return f"{writer} send `{wrote}`, and {reader} expect `{reads}`"
            case Kind.BRANCH:
                return f"{writer} may send `{wrote}`, which {reader} cannot read"
            case Kind.TEXT:
                return f"{writer} send bytes, and {reader} read a string, which not all bytes are"
            case Kind.LOGICAL if self.problem.extent is Extent.MEANING:
                return f"{reader} take what {writer} send for other values: {self.problem.message}"
            case Kind.LOGICAL:
                return f"{reader} refuse some values of {writer}: {self.problem.message}"
            case _:
                return f"{writer} send `{wrote}`, and {reader} read `{reads}`"

    def finding(self) -> Finding:
        """Return the finding that the problem belongs to."""
        old, new = self.old.schema, self.new.schema
        match self.problem.kind, old, new:
            case Kind.FIELD, _, _:
                return self.field()
            case Kind.SYMBOL, Enum(), Enum():
                is_added = not self.flow.old_writes
                return type_rules.symbol_changed(self.context, old, new, self.problem.name, is_added=is_added)
            case Kind.SIZE, Fixed(), Fixed():
                return type_rules.size_changed(self.context, old, new)
            case Kind.LOGICAL, Fixed(), Fixed():
                return type_rules.fixed_logical_changed(self.context, old, new)
            case Kind.LOGICAL, _, _:
                return logical_changed(self.context, self.slot())
            case Kind.BRANCH, _, _:
                return self.branch()
            case _:
                return self.named(old, new) or type_changed(self.context, self.slot())

    def field(self) -> Finding:
        old, new = self.old.record, self.new.record
        assert old is not None
        assert new is not None
        name, pairs = self.problem.name, pair_fields(old.fields, new.fields)
        before = next((o for o, n in pairs.items() if n == name), None) if self.flow.old_writes else name
        context, talk = self.context, self.way.talk
        if before in pairs:
            if not new.name and talk is not None:
                return message_rules.parameter_renamed(context, talk, before, pairs[before])
            return type_rules.field_renamed(context, old, new, before, pairs[before])
        if not new.name and talk is not None:
            changed = (
                message_rules.parameter_added if self.flow.old_writes else message_rules.parameter_removed
            )
            return changed(context, talk, name)
        member = type_rules.field_added if self.flow.old_writes else type_rules.field_removed
        return member(context, old, new, name)

    def branch(self) -> Finding:
        """Return the finding about a type that one side may write, and the other has no branch for."""
        branch, others = self.problem.writer.schema, branches(self.problem.reader.schema)
        if isinstance(branch, Named):
            for other in others:
                pair = (branch, other) if self.flow.old_writes else (other, branch)
                found = self.named(*pair)
                if found is not None:
                    return found
        if counterpart(branch, others) is not None:
            return type_changed(self.context, self.slot())
        return branch_changed(self.context, self.slot(), branch, is_added=not self.flow.old_writes)

    def named(self, old: object, new: object) -> Finding | None:
        """Return the finding about a type that has another name now, or is of another kind."""
        if not isinstance(old, Named) or not isinstance(new, Named):
            return None
        if not self.context.pairing.is_same(old, new):
            return None
        changed = type_rules.renamed if type(old) is type(new) else type_rules.kind_changed
        return changed(self.context, old, new)

    def slot(self) -> Slot:
        """Return what has the type in which the problem lies."""
        old, new, talk = self.old, self.new, self.way.talk
        if old.record is None or new.record is None:
            if talk is not None:
                return message_rules.response_slot(self.context, talk)
            assert self.way.main is not None  # what has a name is told by its own rules
            return main_slot(self.way, self.way.main)
        before = next(item for item in old.record.fields if item.name == old.field)
        after = next(item for item in new.record.fields if item.name == new.field)
        if not new.record.name and talk is not None:
            return message_rules.parameter_slot(self.context, talk, before, after)
        return type_rules.field_slot(self.context, old.record, new.record, before, after)
