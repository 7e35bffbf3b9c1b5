"""Why a server that has seen a client's protocol refuses it: what the two protocols say of each other."""

from __future__ import annotations

from avrorpc.errors import ContractMismatch, RemoteProtocolError, SchemaError
from avrorpc.schema import Message, Protocol, describe, incompatibilities, parse_protocol, request_record


def refused(name: str, own_text: str, server_text: str | None) -> RemoteProtocolError | ContractMismatch:
    """Return the error for a server that answers NONE to a protocol's text.

    Args:
        name: The full name of the client's protocol.
        own_text: Its text.
        server_text: The server's protocol, where it ever showed it.
    """
    plain = f"the server does not serve {name}"
    if server_text is None:
        return RemoteProtocolError(plain)
    try:
        theirs = parse_protocol(server_text)
    except SchemaError:
        return RemoteProtocolError(plain)
    if theirs.name != name:
        return RemoteProtocolError(f"{plain}; it has {theirs.name}")
    reason = _difference(parse_protocol(own_text), theirs) or "it does not say why"
    return ContractMismatch(f"the server refuses this version of {name}: {reason}")


def _difference(ours: Protocol, theirs: Protocol) -> str:
    """Return the first reason why a peer that compares whole protocols may refuse ours."""
    for message in ours.messages.values():
        other = theirs.messages.get(message.name)
        if other is None:
            return f"it has no message {message.name}"
        if message.one_way != other.one_way:
            return f"{message.name} is one-way at one end only"
        problem = _problem(message, other)
        if problem:
            return f"{message.name}: {problem}"
    return ""


def _problem(ours: Message, theirs: Message) -> str:
    for what, writer, reader in (
        ("request", request_record(ours), request_record(theirs)),
        ("response", theirs.response, ours.response),
    ):
        for found in incompatibilities(writer, reader):
            return f"{what}: {found.message}"
    # avsc resolves the errors as a whole, so that one which the client lacks is enough.
    known = {describe(error) for error in ours.errors}
    return next((f"it may fail with {name}" for e in theirs.errors if (name := describe(e)) not in known), "")
