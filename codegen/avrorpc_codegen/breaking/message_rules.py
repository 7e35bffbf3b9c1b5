"""Protocols, messages, parameters, results and declared errors."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from avrorpc.schema import Extent, Field, NoDefault, Record

from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import Finding, Flow, Side, Spot
from avrorpc_codegen.breaking.pairing import pair_fields
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.breaking.slot_rules import Slot, check_slot
from avrorpc_codegen.breaking.type_rules import (
    added_words,
    check_alias,
    default_words,
    left_out,
    refused,
    same_default,
)
from avrorpc_codegen.breaking.usage import REPLY, Talk
from avrorpc_codegen.contracts import DeclaredProtocol

_R = BreakingRule


def check_messages(context: Context) -> None:
    """Report on all protocols of both versions, and on their messages."""
    for declared in context.pairing.removed_protocols:
        name = declared.protocol.name
        spot = Spot(name, None, context.old.protocol(declared))
        finding = context.findings.at(_R.PROTOCOL_REMOVED, spot, "the protocol was removed")
        finding.add(Level.WIRE, Side.OLD_CLIENT, "new servers do not serve it")
        finding.add(Level.SOURCE, Side.CODE, "its classes are gone")
    for declared in context.pairing.added_protocols:
        spot = Spot(declared.protocol.name, context.new.protocol(declared), None)
        finding = context.findings.at(_R.PROTOCOL_ADDED, spot, "the protocol is new")
        finding.add(Level.WIRE, Side.NEW_CLIENT, "old servers do not serve it")
    for old, new in context.pairing.protocols:
        _check_protocol(context, old, new)
    for talk in context.usage.talks:
        _check_talk(context, talk)


def parameter_slot(context: Context, talk: Talk, old: Field, new: Field) -> Slot:
    """Return a parameter as something that has a type."""
    spot = context.parameter(talk, old.name, new.name)
    return Slot(spot, _R.PARAMETER_TYPE_CHANGED, old.type, new.type)


def response_slot(context: Context, talk: Talk) -> Slot:
    """Return a result as something that has a type."""
    return Slot(context.response(talk), _R.RESPONSE_CHANGED, talk.old.response, talk.new.response)


def parameter_removed(context: Context, talk: Talk, name: str) -> Finding:
    """Return the finding that a parameter is gone."""
    spot = context.parameter(talk, name, name)
    return context.findings.at(_R.PARAMETER_REMOVED, spot, "the parameter was removed")


def parameter_added(context: Context, talk: Talk, name: str) -> Finding:
    """Return the finding that a parameter is new."""
    spot = replace(context.parameter(talk, name, name), old=None)
    return context.findings.at(_R.PARAMETER_ADDED, spot, added_words("parameter", talk.new.request, name))


def parameter_renamed(context: Context, talk: Talk, before: str, after: str) -> Finding:
    """Return the finding that a parameter has another name."""
    spot = context.parameter(talk, before, after)
    return context.findings.at(_R.PARAMETER_RENAMED, spot, f"it was called `{before}`")


def _check_protocol(context: Context, old: DeclaredProtocol, new: DeclaredProtocol) -> None:
    name, before = new.protocol.name, old.protocol.name
    if name != before:
        spot = Spot(name, context.new.protocol(new), context.old.protocol(old))
        finding = context.findings.at(_R.PROTOCOL_RENAMED, spot, f"it was called `{before}`")
        finding.add(Level.WIRE, Side.OLD_CLIENT, f"new servers do not serve `{before}`")
        finding.add(Level.WIRE, Side.NEW_CLIENT, f"old servers do not serve `{name}`")
        finding.add(Level.SOURCE, Side.CODE, "its classes have other names, or are in another module")
    for message in old.protocol.messages.keys() - new.protocol.messages.keys():
        spot = Spot(f"{name}.{message}", context.new.protocol(new), context.old.message(old, message))
        finding = context.findings.at(_R.MESSAGE_REMOVED, spot, "the message was removed")
        finding.add(Level.WIRE, Side.OLD_CLIENT, "new servers do not know the message")
        finding.add(Level.SOURCE, Side.CODE, "its method is gone")
    for message in new.protocol.messages.keys() - old.protocol.messages.keys():
        spot = Spot(f"{name}.{message}", context.new.message(new, message), None)
        finding = context.findings.at(_R.MESSAGE_ADDED, spot, "the message is new")
        finding.add(Level.WIRE, Side.NEW_CLIENT, "old servers do not know the message")
        finding.add(Level.SOURCE, Side.CODE, "an implementation must have its method")


def _check_talk(context: Context, talk: Talk) -> None:
    if talk.old.one_way is not talk.new.one_way:
        words = "became one-way" if talk.new.one_way else "is no longer one-way"
        finding = context.findings.at(_R.ONE_WAY_CHANGED, context.message(talk), f"the message {words}")
        for side in (Side.OLD_CLIENT, Side.NEW_CLIENT):
            finding.add(Level.WIRE, side, "one end waits for an answer that the other does not give")
    _check_parameters(context, talk)
    check_slot(context, response_slot(context, talk), [(flow, talk.name) for flow in REPLY])
    _check_errors(context, talk)


def _check_parameters(context: Context, talk: Talk) -> None:
    before = {item.name: item for item in talk.old.request}
    after = {item.name: item for item in talk.new.request}
    pairs = pair_fields(talk.old.request, talk.new.request)
    flows = [(Flow.OLD_REQUEST, talk.name), (Flow.NEW_REQUEST, talk.name)]
    for name in before.keys() - pairs.keys():
        finding = parameter_removed(context, talk, name)
        finding.add(Level.JSON, Side.OLD_CLIENT, refused(Flow.OLD_REQUEST, name))
        finding.add(
            Level.SOURCE, Side.CODE, f"calls that pass `{name}`, and methods that take it, do not fit"
        )
    for name in after.keys() - set(pairs.values()):
        finding = parameter_added(context, talk, name)
        finding.add(Level.JSON, Side.NEW_CLIENT, refused(Flow.NEW_REQUEST, name))
        finding.add(Level.SOURCE, Side.CODE, _who_must_take(after[name]))
    for old_name, new_name in pairs.items():
        old, new = before[old_name], after[new_name]
        if old_name != new_name:
            finding = parameter_renamed(context, talk, old_name, new_name)
            finding.add(Level.SOURCE, Side.CODE, f"code that uses the name `{old_name}` does not fit")
            check_alias(finding, old, new, flows)
        slot = parameter_slot(context, talk, old, new)
        check_slot(context, slot, flows)
        _check_default(context, slot.spot, old, new)
    _check_order(context, talk, pairs)


def _check_default(context: Context, spot: Spot, old: Field, new: Field) -> None:
    if same_default(old, new):
        return
    finding = context.findings.at(_R.PARAMETER_DEFAULT_CHANGED, spot, default_words(old, new))
    if not isinstance(old.default, NoDefault):
        finding.add(Level.JSON, Side.OLD_CLIENT, left_out(old, new))
    finding.add(Level.SOURCE, Side.CODE, "implementations must have the same default, and callers rely on it")


def _check_order(context: Context, talk: Talk, pairs: dict[str, str]) -> None:
    """Report parameters that callers by position would mix up; from the first default on there are none."""
    first = takewhile(lambda item: isinstance(item.default, NoDefault), talk.old.request)
    before = [pairs[item.name] for item in first if item.name in pairs]
    names = [item.name for item in talk.new.request]
    if names[: len(before)] == before:
        return
    kept = [name for name in names if name in before]
    message = f"the parameters `{', '.join(before)}` come as `{', '.join(kept)}`"
    if kept == before:
        new = next(name for name in names if name not in before)
        message = f"the parameter `{new}` stands before others that are passed by position"
    finding = context.findings.at(_R.PARAMETERS_REORDERED, context.message(talk), message)
    finding.add(Level.SOURCE, Side.CODE, "arguments passed by position reach other parameters")


def _check_errors(context: Context, talk: Talk) -> None:
    known = talk.errors(context.pairing)
    for number, error in enumerate(talk.old.errors):
        if isinstance(error, Record) and number not in {old for old, _ in known}:
            at_old = context.old.error(talk.old_protocol, talk.old.name, number)
            spot = Spot(f"{talk.name}:{error.name}", context.message(talk).new, at_old)
            finding = context.findings.at(_R.ERROR_REMOVED, spot, "the error is no longer declared")
            why = f"old servers may raise `{error.name}`, which new clients do not know"
            finding.add(Level.WIRE, Side.NEW_CLIENT, why, Extent.SOME)
    for number, error in enumerate(talk.new.errors):
        if isinstance(error, Record) and number not in {new for _, new in known}:
            at_new = context.new.error(talk.new_protocol, talk.new.name, number)
            spot = Spot(f"{talk.name}:{error.name}", at_new, None)
            finding = context.findings.at(_R.ERROR_ADDED, spot, "the error is new")
            why = f"new servers may raise `{error.name}`, which old clients do not know"
            finding.add(Level.WIRE, Side.OLD_CLIENT, why, Extent.SOME)


def _who_must_take(parameter: Field) -> str:
    who = "implementations" if not isinstance(parameter.default, NoDefault) else "callers and implementations"
    return f"{who} must have `{parameter.name}`"
