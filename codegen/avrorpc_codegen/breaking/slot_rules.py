"""A field, a parameter, a result or a main schema of another type: in JSON and in generated code."""

from __future__ import annotations

from dataclasses import dataclass

from avrorpc.schema import Schema

from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import Finding, Flow, Side, Spot
from avrorpc_codegen.breaking.representation import is_tagged, json_form, python_type, reads_json
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.breaking.type_change import Change, ChangeKind, counterpart, shown, type_changes
from avrorpc_codegen.breaking.usage import Way


@dataclass(slots=True, frozen=True)
class Slot:
    """What has a type."""

    spot: Spot
    rule: BreakingRule
    """What a change of the type breaks."""
    old: Schema
    new: Schema

    @property
    def message(self) -> str:
        """What has changed, in words."""
        return f"the type went from `{shown(self.old)}` to `{shown(self.new)}`"


def main_slot(way: Way, spot: Spot) -> Slot:
    """Return a main schema as something that has a type."""
    return Slot(spot, BreakingRule.SCHEMA_CHANGED, way.old, way.new)


def type_changed(context: Context, slot: Slot) -> Finding:
    """Return the finding that a slot has another type."""
    return context.findings.at(slot.rule, slot.spot, slot.message)


def logical_changed(context: Context, slot: Slot) -> Finding:
    """Return the finding that a slot has another logical type."""
    return context.findings.at(BreakingRule.LOGICAL_TYPE_CHANGED, slot.spot, slot.message)


def branch_changed(context: Context, slot: Slot, branch: Schema, *, is_added: bool) -> Finding:
    """Return the finding that a type may stand in a slot, or no longer."""
    rule = BreakingRule.BRANCH_ADDED if is_added else BreakingRule.BRANCH_REMOVED
    words = "may now be" if is_added else "is no longer"
    message = f"it {words} `{shown(branch)}`: {slot.message}"
    return context.findings.at(rule, slot.spot, message, shown(branch))


def check_slot(context: Context, slot: Slot, flows: list[tuple[Flow, str]]) -> None:
    """Report what a change of a slot's type does to JSON and to generated code."""
    names = context.pairing.new_names
    for change in type_changes(slot.old, slot.new, context.pairing):
        finding = _finding(context, slot, change)
        for flow, use in flows:
            problem = _json_problem(change, flow)
            if problem:
                finding.add(Level.JSON, flow.side, problem, use=use)
        before = {python_type(part, names) for part in change.part_old}
        if before != {python_type(part, {}) for part in change.part_new}:
            types = f"`{python_type(slot.old, names)}` to `{python_type(slot.new, {})}`"
            finding.add(Level.SOURCE, Side.CODE, f"its Python type goes from {types}")


def form_problem(wrote: Schema, reads: Schema, flow: Flow) -> str:
    """Return that the JSON of one type is not that of the other."""
    return f"{flow.writer} send {json_form(wrote)}, and {flow.reader} read {json_form(reads)}"


def _finding(context: Context, slot: Slot, change: Change) -> Finding:
    if change.branch is not None:
        is_added = change.kind is ChangeKind.BRANCH_ADDED
        return branch_changed(context, slot, change.branch, is_added=is_added)
    changed = logical_changed if change.kind is ChangeKind.LOGICAL else type_changed
    return changed(context, slot)


def _json_problem(change: Change, flow: Flow) -> str | None:
    wrote, reads = change.part_old, change.part_new
    if not flow.old_writes:
        wrote, reads = reads, wrote
    if change.branch is None:
        return None if reads_json(wrote[0], reads[0]) else form_problem(wrote[0], reads[0], flow)
    for branch in wrote:
        other = counterpart(branch, reads)
        if other is None:
            continue
        is_named, is_expected = is_tagged(branch, wrote), is_tagged(other, reads)
        if is_expected and not is_named:
            return f"{flow.writer} send `{shown(branch)}` bare, and {flow.reader} cannot tell what it is"
        if is_named and not is_expected and (not flow.is_request or len(reads) == 1):
            return f"{flow.writer} send `{shown(branch)}` with its name, which {flow.reader} do not expect"
    return None
