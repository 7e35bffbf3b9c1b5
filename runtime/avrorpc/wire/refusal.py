"""Why a server that has seen a client's protocol refuses it: what the two protocols say of each other."""

from __future__ import annotations

from avrorpc.errors import ContractMismatch, ProtocolNotServed, SchemaError
from avrorpc.schema import Protocol, Verdict, compare_protocols, parse_protocol


def refused(name: str, own_text: str, server_text: str | None) -> ProtocolNotServed | ContractMismatch:
    """Return the error for a server that answers NONE to a protocol's text.

    Args:
        name: The full name of the client's protocol.
        own_text: Its text.
        server_text: The server's protocol, where it ever showed it.
    """
    plain = f"the server does not serve {name}"
    if server_text is None:
        return ProtocolNotServed(plain)
    try:
        theirs = parse_protocol(server_text)
    except SchemaError:
        return ProtocolNotServed(plain)
    if theirs.name != name:
        return ProtocolNotServed(f"{plain}; it has {theirs.name}", server_text)
    reason = _reason(parse_protocol(own_text), theirs) or "it does not say why"
    return ContractMismatch(f"the server refuses this version of {name}: {reason}")


def _reason(ours: Protocol, theirs: Protocol) -> str:
    """Return the worst thing that a server may object to which compares whole protocols, as avsc does."""
    verdicts = compare_protocols(ours, theirs)
    order = list(Verdict)
    found = [(name, reason) for name in ours.messages for reason in verdicts[name].reasons]
    if not found:
        return ""
    name, worst = max(found, key=lambda item: order.index(item[1].verdict))
    return f"{name}: {worst}"
