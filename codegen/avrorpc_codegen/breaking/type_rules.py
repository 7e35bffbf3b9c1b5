"""Records, enums and other named types: what became of them in JSON and in generated code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from avrorpc.schema import (
    Enum,
    Extent,
    Field,
    Fixed,
    Json,
    Named,
    NoDefault,
    Record,
    compact,
    same_json,
    short_name,
)

from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import Finding, Flow, Side, Spot
from avrorpc_codegen.breaking.pairing import pair_fields
from avrorpc_codegen.breaking.representation import is_tagged, json_form
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.breaking.slot_rules import Slot, check_slot, form_problem
from avrorpc_codegen.breaking.type_change import logical_words
from avrorpc_codegen.python_types import logical

_R = BreakingRule


def check_types(context: Context) -> None:
    """Report on all named types of both versions."""
    for declared in context.pairing.removed_types:
        spot = Spot(declared.named.name, None, context.old.type(declared.named.name))
        finding = context.findings.at(_R.TYPE_REMOVED, spot, "the type was removed")
        finding.add(Level.SOURCE, Side.CODE, "its class is gone")
    for before, after in context.pairing.types:
        old, new = before.named, after.named
        if old.name != new.name:
            _check_rename(context, old, new)
        match old, new:
            case Record(), Record():
                _check_record(context, old, new)
            case Enum(), Enum():
                _check_enum(context, old, new)
            case Fixed(), Fixed():
                _check_fixed(context, old, new)
            case _:
                finding = kind_changed(context, old, new)
                finding.add(Level.SOURCE, Side.CODE, "its class is of another kind")


def kind_changed(context: Context, old: Named, new: Named) -> Finding:
    """Return the finding that a type is of another kind."""
    message = f"it was {kind_words(old)}, and is {kind_words(new)}"
    return context.findings.at(_R.KIND_CHANGED, context.type(old, new), message)


def renamed(context: Context, old: Named, new: Named) -> Finding:
    """Return the finding that a type has another name."""
    return context.findings.at(_R.TYPE_RENAMED, context.type(old, new), f"it was called `{old.name}`")


def field_slot(context: Context, old: Record, new: Record, before: Field, after: Field) -> Slot:
    """Return a field as something that has a type."""
    spot = context.member(old, new, before.name, after.name)
    return Slot(spot, _R.FIELD_TYPE_CHANGED, before.type, after.type)


def field_removed(context: Context, old: Record, new: Record, name: str) -> Finding:
    """Return the finding that a field is gone."""
    spot = context.member(old, new, name, name)
    return context.findings.at(_R.FIELD_REMOVED, spot, "the field was removed")


def field_added(context: Context, old: Record, new: Record, name: str) -> Finding:
    """Return the finding that a field is new."""
    spot = replace(context.member(old, new, name, name), old=None)
    return context.findings.at(_R.FIELD_ADDED, spot, added_words("field", new.fields, name))


def field_renamed(context: Context, old: Record, new: Record, before: str, after: str) -> Finding:
    """Return the finding that a field has another name."""
    spot = context.member(old, new, before, after)
    return context.findings.at(_R.FIELD_RENAMED, spot, f"it was called `{before}`")


def symbol_changed(context: Context, old: Named, new: Named, symbol: str, *, is_added: bool) -> Finding:
    """Return the finding that a symbol is new, or gone."""
    spot = context.symbol(old, new, symbol)
    if is_added:
        return context.findings.at(_R.SYMBOL_ADDED, replace(spot, old=None), "the symbol is new")
    return context.findings.at(_R.SYMBOL_REMOVED, spot, "the symbol was removed")


def size_changed(context: Context, old: Fixed, new: Fixed) -> Finding:
    """Return the finding that a fixed has another size."""
    message = f"the size went from {old.size} to {new.size} bytes"
    return context.findings.at(_R.SIZE_CHANGED, context.type(old, new), message)


def fixed_logical_changed(context: Context, old: Fixed, new: Fixed) -> Finding:
    """Return the finding that a fixed has another logical type."""
    words = [logical_words(item) or "none" for item in (old, new)]
    message = f"the logical type went from {words[0]} to {words[1]}"
    return context.findings.at(_R.LOGICAL_TYPE_CHANGED, context.type(old, new), message)


def _check_rename(context: Context, old: Named, new: Named) -> None:
    finding = renamed(context, old, new)
    finding.add(Level.SOURCE, Side.CODE, f"code that imports `{short_name(old.name)}` does not find it")
    if any(new in union.branches and is_tagged(new, tuple(union.branches)) for union in context.unions):
        for flow, use in context.usage.of(new.name):
            name = old.name if flow.old_writes else new.name
            why = f"{flow.writer} say `{name}` in a union, which {flow.reader} do not know"
            finding.add(Level.JSON, flow.side, why, use=use)


def _check_record(context: Context, old: Record, new: Record) -> None:
    if old.is_error is not new.is_error:
        finding = kind_changed(context, old, new)
        finding.add(Level.SOURCE, Side.CODE, "a record is a value, and an error is raised")
    pairs = pair_fields(old.fields, new.fields)
    before = {item.name: item for item in old.fields}
    after = {item.name: item for item in new.fields}
    flows = context.usage.of(new.name)
    for name in before.keys() - pairs.keys():
        finding = field_removed(context, old, new, name)
        finding.add(Level.SOURCE, Side.CODE, f"code that uses `{name}` does not find it")
        _refuse_unknown(finding, name, flows, old_writes=True)
    for name in after.keys() - set(pairs.values()):
        finding = field_added(context, old, new, name)
        if isinstance(after[name].default, NoDefault):
            finding.add(Level.SOURCE, Side.CODE, f"code that makes one must pass `{name}`")
        _refuse_unknown(finding, name, flows, old_writes=False)
    for old_name, new_name in pairs.items():
        if old_name != new_name:
            finding = field_renamed(context, old, new, old_name, new_name)
            finding.add(Level.SOURCE, Side.CODE, f"code that uses `{old_name}` does not find it")
            check_alias(finding, before[old_name], after[new_name], flows)
        slot = field_slot(context, old, new, before[old_name], after[new_name])
        check_slot(context, slot, flows)
        _check_default(context, slot.spot, before[old_name], after[new_name], flows)


def _check_default(
    context: Context, spot: Spot, old: Field, new: Field, flows: list[tuple[Flow, str]]
) -> None:
    if isinstance(old.default, NoDefault) or same_default(old, new):
        return
    finding = context.findings.at(_R.FIELD_DEFAULT_CHANGED, spot, default_words(old, new))
    for flow, use in flows:
        if flow is Flow.OLD_REQUEST:
            finding.add(Level.JSON, flow.side, left_out(old, new), use=use)
    finding.add(Level.SOURCE, Side.CODE, f"code that leaves `{old.name}` out {_code_gets(new)}")


def added_words(noun: str, fields: Iterable[Field], name: str) -> str:
    """Return that a field or a parameter is new, and whether others can do without it."""
    item = next(item for item in fields if item.name == name)
    return (
        f"the {noun} is new, without a default"
        if isinstance(item.default, NoDefault)
        else f"the {noun} is new"
    )


def same_default(old: Field, new: Field) -> bool:
    """Return whether what is left out means the same in both versions."""
    if isinstance(old.default, NoDefault) or isinstance(new.default, NoDefault):
        return old.default is new.default
    return same_json(old.default, new.default)


def default_words(old: Field, new: Field) -> str:
    """Return what became of a default."""
    if isinstance(new.default, NoDefault):
        return f"the default {_shown(old.default)} was removed"
    if isinstance(old.default, NoDefault):
        return f"the default {_shown(new.default)} is new"
    return f"the default went from {_shown(old.default)} to {_shown(new.default)}"


def left_out(old: Field, new: Field) -> str:
    """Return what becomes of a member that an old client leaves out."""
    start = f"old clients may leave `{old.name}` out,"
    if isinstance(new.default, NoDefault):
        return f"{start} and new servers refuse that"
    return f"{start} and new servers take it for {_shown(new.default)}"


def check_alias(finding: Finding, old: Field, new: Field, flows: list[tuple[Flow, str]]) -> None:
    """Report whom an alias does not help: JSON knows none, and who does not have it takes the default."""
    for flow, use in flows:
        wrote, reads = (old, new) if flow.old_writes else (new, old)
        if wrote.name not in reads.aliases and not isinstance(reads.default, NoDefault):
            why = f"{flow.writer} send `{wrote.name}`, and {flow.reader} take the default of `{reads.name}`"
            finding.add(Level.WIRE, flow.side, why, Extent.MEANING, use)
        why = f"{flow.writer} send `{wrote.name}`, and {flow.reader} look for `{reads.name}`"
        finding.add(Level.JSON, flow.side, why, use=use)


def refused(flow: Flow, name: str) -> str:
    """Return why a member that the reader does not know is a problem."""
    return f"{flow.writer} send `{name}`, which {flow.reader} refuse as unknown"


def _refuse_unknown(finding: Finding, name: str, flows: list[tuple[Flow, str]], *, old_writes: bool) -> None:
    for flow, use in flows:
        if flow.is_request and flow.old_writes is old_writes:
            finding.add(Level.JSON, flow.side, refused(flow, name), use=use)


def _check_enum(context: Context, old: Enum, new: Enum) -> None:
    flows = context.usage.of(new.name)
    for symbols, others, is_added in ((old.symbols, new.symbols, False), (new.symbols, old.symbols, True)):
        for symbol in symbols:
            if symbol in others:
                continue
            finding = symbol_changed(context, old, new, symbol, is_added=is_added)
            for flow, use in flows:
                if flow.old_writes is not is_added:
                    why = f"{flow.writer} may send `{symbol}`, which {flow.reader} do not know"
                    finding.add(Level.JSON, flow.side, why, use=use)
            if not is_added:
                finding.add(Level.SOURCE, Side.CODE, f"code that names `{symbol}` does not find it")


def _check_fixed(context: Context, old: Fixed, new: Fixed) -> None:
    if old.size != new.size:
        size_changed(context, old, new)
    words = [logical_words(item) for item in (old, new)]
    if words[0] != words[1]:
        finding = fixed_logical_changed(context, old, new)
        if json_form(old) != json_form(new):
            for flow, use in context.usage.of(new.name):
                wrote, reads = (old, new) if flow.old_writes else (new, old)
                finding.add(Level.JSON, flow.side, form_problem(wrote, reads, flow), use=use)
        if logical(old) != logical(new):
            types = f"`{logical(old) or 'bytes'}` to `{logical(new) or 'bytes'}`"
            finding.add(Level.SOURCE, Side.CODE, f"its Python type goes from {types}")


def _shown(default: Json | NoDefault) -> str:
    return "" if isinstance(default, NoDefault) else f"`{compact(default):.60}`"


def kind_words(named: Named) -> str:
    """Return what kind of type it is."""
    if isinstance(named, Record):
        return "an error" if named.is_error else "a record"
    return "an enum" if isinstance(named, Enum) else "a fixed"


def _code_gets(new: Field) -> str:
    return "must pass it" if isinstance(new.default, NoDefault) else "gets the new default"
