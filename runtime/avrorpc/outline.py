"""Contracts in outline, as `avrorpc.Introspection` lists them and people read them."""

from __future__ import annotations

import json
from typing import Any

from avrorpc.contracts import MessageInfo, ServiceInfo, StreamKind
from avrorpc.method import Contract, Method
from avrorpc.schema import Field, NoDefault, describe


def service_outline(contract: Contract) -> ServiceInfo:
    """Return a contract in outline."""
    return ServiceInfo(
        name=contract.name,
        doc=contract.protocol.doc or "",
        hash=contract.hash.hex(),
        messages=[_message(method) for method in contract.methods.values()],
    )


def signature(method: Method[Any]) -> str:
    """Return a message's declaration on one line; an item of a stream has `stream` before it."""
    message = method.message
    parameters = [_parameter(field) for field in message.request]
    if method.streaming.takes_stream:
        parameters[-1] = f"stream {parameters[-1]}"
    result = describe(message.response)
    if method.streaming.gives_stream:
        result = f"stream {result}"
    errors = ", ".join(describe(error) for error in message.errors)
    end = " oneway" if message.one_way else f" throws {errors}" if errors else ""
    return f"{'void' if result == 'null' else result} {message.name}({', '.join(parameters)}){end}"


def _message(method: Method[Any]) -> MessageInfo:
    message = method.message
    is_readonly = message.props.get("readonly") is True
    return MessageInfo(
        name=message.name,
        doc=message.doc or "",
        streaming=StreamKind[method.streaming.name],
        one_way=message.one_way,
        idempotent=is_readonly or message.props.get("idempotent") is True,
        readonly=is_readonly,
        timeout=method.timeout,
        errors=[describe(error) for error in message.errors],
    )


def _parameter(field: Field) -> str:
    text = f"{describe(field.type)} {field.name}"
    if isinstance(field.default, NoDefault):
        return text
    return f"{text} = {json.dumps(field.default, ensure_ascii=False)}"
