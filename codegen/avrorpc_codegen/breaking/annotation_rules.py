"""Annotations that the runtime acts on: streams, routes, deadlines, and what may be repeated."""

from __future__ import annotations

from avrorpc.errors import SchemaError
from avrorpc.schema import Extent, Json, Message, Props, parse_duration, streaming

from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import Finding, Side, Spot
from avrorpc_codegen.breaking.pairing import pair_fields
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.breaking.usage import Talk

_R = BreakingRule


def check_annotations(context: Context) -> None:
    """Report on the annotations of protocols and messages that both versions have."""
    for declared, now in context.pairing.protocols:
        if any(_relies(message) for message in now.protocol.messages.values()):
            spot = Spot(now.protocol.name, context.new.protocol(now), context.old.protocol(declared))
            timeouts = declared.protocol.props.get("timeout"), now.protocol.props.get("timeout")
            _check_timeout(context, spot, *timeouts)
    for talk in context.usage.talks:
        spot, old, new = context.message(talk), talk.old.props, talk.new.props
        _check_stream(context, spot, old, new)
        _check_item(context, spot, talk)
        _check_routes(context, spot, old, new)
        if not (_relies(talk.old) and _relies(talk.new)):
            _check_timeout(context, spot, _timeout(talk, talk.old), _timeout(talk, talk.new))
        for name in ("idempotent", "readonly"):
            _check_retry(context, spot, name, old.get(name) is True, new.get(name) is True)


def _check_stream(context: Context, spot: Spot, old: Props, new: Props) -> None:
    before, after = old.get("stream"), new.get("stream")
    if before != after:
        words = f"`@stream` went from {_words(before)} to {_words(after)}"
        finding = context.findings.at(_R.STREAM_CHANGED, spot, words)
        for side in (Side.OLD_CLIENT, Side.NEW_CLIENT):
            finding.add(
                Level.WIRE, side, "one end sends one value where the other expects many, or the reverse"
            )
        finding.add(
            Level.SOURCE, Side.CODE, "its method takes or returns an iterator, and did not, or the reverse"
        )


def _check_item(context: Context, spot: Spot, talk: Talk) -> None:
    """Report a stream whose item is another parameter than before; types are compared elsewhere."""
    if talk.old.props.get("stream") != talk.new.props.get("stream"):
        return
    if not (streaming(talk.old).takes_stream and streaming(talk.new).takes_stream):
        return
    pairs = pair_fields(talk.old.request, talk.new.request)
    before, after = talk.old.request[-1].name, talk.new.request[-1].name
    now = pairs.get(before)
    if now == after or (now is None and after not in pairs.values()):
        return
    words = f"the item of the stream went from `{before}` to `{after}`, which is the last parameter"
    finding = context.findings.at(_R.STREAM_CHANGED, spot, words)
    finding.add(
        Level.WIRE, Side.OLD_CLIENT, f"old clients send many `{before}`, new servers expect many `{after}`"
    )
    finding.add(
        Level.WIRE, Side.NEW_CLIENT, f"new clients send many `{after}`, old servers expect many `{before}`"
    )
    finding.add(Level.SOURCE, Side.CODE, "its method takes an iterable of another parameter")


def _check_routes(context: Context, spot: Spot, old: Props, new: Props) -> None:
    before, after = _routes(old.get("http")), _routes(new.get("http"))
    gone = [route for route in before if route not in after]
    added = [route for route in after if route not in before]
    if not gone and not added:
        return
    words = f"`@http` went from {_words(old.get('http'))} to {_words(new.get('http'))}"
    finding = context.findings.at(_R.HTTP_CHANGED, spot, words)
    for route in gone:
        finding.add(Level.JSON, Side.OLD_CLIENT, f"new servers have no `{route}`")
    for route in added:
        finding.add(Level.JSON, Side.NEW_CLIENT, f"old servers have no `{route}`")


def _check_timeout(context: Context, spot: Spot, old: Json, new: Json) -> None:
    before, after = _seconds(old), _seconds(new)
    if before == after:
        return
    words = f"`@timeout` went from {_words(old)} to {_words(new)}"
    finding = context.findings.at(_R.TIMEOUT_CHANGED, spot, words)
    if after is not None and (before is None or after < before):
        _add(finding, Side.OLD_CLIENT, "new servers end calls that were given more time")
    else:
        _add(finding, Side.NEW_CLIENT, "old servers end calls that are given more time now")


def _check_retry(context: Context, spot: Spot, name: str, old: bool, new: bool) -> None:
    if old is new:
        return
    words = f"`@{name}` was removed" if old else f"`@{name}` is new"
    finding = context.findings.at(_R.RETRY_CHANGED, spot, words, name)
    if old:
        _add(
            finding,
            Side.OLD_CLIENT,
            "old clients may repeat a call that new servers no longer mean to repeat",
        )
    else:
        _add(
            finding,
            Side.NEW_CLIENT,
            "new clients may repeat a call that old servers never promised to repeat",
        )


def _add(finding: Finding, side: Side, why: str) -> None:
    finding.add(Level.WIRE, side, why, Extent.MEANING)


def _relies(message: Message) -> bool:
    """Return whether a message has the deadline of its protocol."""
    return "timeout" not in message.props


def _timeout(talk: Talk, message: Message) -> Json:
    declared = talk.old_protocol if message is talk.old else talk.new_protocol
    return message.props.get("timeout", declared.protocol.props.get("timeout"))


def _seconds(value: Json) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except SchemaError:
        return None  # only JSON files can say so; the compiler refuses it in IDL


def _routes(value: Json) -> list[str]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item) for item in items]


def _words(value: Json) -> str:
    return "nothing" if value is None else f"`{value}`"
