"""`verify:`: every value goes through the wire's encoding and back, and must come out the same.

It raises `ValueChanged` where a value would differ on the far side of a wire, and where one side changes what
it has passed on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import msgspec

from avrorpc.codec.binary import Cursor
from avrorpc.codec.message import (
    ReplyDecoder,
    ReplyEncoder,
    RequestEncoder,
    item_decoder,
    parameters,
    request_decoder,
)
from avrorpc.codec.types import Types
from avrorpc.errors import DeclaredError, EncodeError, StatusError, ValueChanged
from avrorpc.failure import internal
from avrorpc.method import Contract, Method
from avrorpc.schema import Message, streaming


class _Codecs:
    """Both directions of one message."""

    def __init__(self, message: Message, types: Types) -> None:
        self.request_encoder = RequestEncoder(message, types)
        self.request_decoder = request_decoder(message, message, types)
        self.reply_encoder = ReplyEncoder(message, types)
        self.reply_decoder = ReplyDecoder(message, message, types)
        takes = streaming(message).takes_stream
        self.item_decoder = item_decoder(message, message, types) if takes else None


class Verifier:
    """The codecs of one contract, and the comparison."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: dict[str, _Codecs] = {}

    def send(self, method: Method[Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments as the implementation would get them from a wire.

        Raises:
            EncodeError: One does not fit the contract.
            ValueChanged: One would arrive changed.
        """
        codecs = self._codecs(method)
        out = bytearray()
        codecs.request_encoder(out, arguments)
        received = codecs.request_decoder(Cursor(bytes(out)))
        for field, before, after in zip(parameters(method.message), arguments, received, strict=True):
            difference = changed(before, after)
            if difference:
                raise ValueChanged(f"{method.full_name}: the argument {field.name}{difference}")
        return tuple(received)

    def send_item(self, method: Method[Any], item: Any, number: int) -> Any:
        """Return an item of a request stream as the implementation would get it from a wire.

        Raises:
            EncodeError: It does not fit the contract.
            ValueChanged: It would arrive changed.
        """
        codecs = self._codecs(method)
        assert codecs.item_decoder is not None
        received = codecs.item_decoder(Cursor(codecs.request_encoder.item(item, number)))
        difference = changed(item, received)
        if difference:
            raise ValueChanged(f"{method.full_name}: the item {method.item}[{number}]{difference}")
        return received

    def unchanged(self, method: Method[Any], passed: tuple[Any, ...], received: tuple[Any, ...]) -> None:
        """Check that neither side has changed an argument since it was passed.

        Raises:
            ValueChanged: One has.
        """
        for field, before, after in zip(parameters(method.message), passed, received, strict=True):
            difference = changed(before, after)
            if difference:
                raise ValueChanged(
                    f"{method.full_name}: the argument {field.name} was mutated during the call{difference}"
                )

    def receive(self, method: Method[Any], value: Any, what: str = "the result") -> Any:
        """Return a result as the caller would get it from a wire; `what` names it, or an item of it.

        Raises:
            StatusError: INTERNAL, where it does not fit the contract.
            ValueChanged: It would arrive changed.
        """
        codecs = self._codecs(method)
        out = bytearray()
        try:
            codecs.reply_encoder.result(out, value)
        except Exception as error:  # noqa: BLE001 - as a server, which could not send it
            raise _misfit(method, what, error) from None
        received = codecs.reply_decoder.result(Cursor(bytes(out)))
        difference = changed(value, received)
        if difference:
            raise ValueChanged(f"{method.full_name}: {what}{difference}")
        return received

    def receive_error(self, method: Method[Any], error: Exception) -> Exception:
        """Return an error as the caller would get it from a wire.

        One that does not fit the contract arrives as INTERNAL.

        Raises:
            ValueChanged: It would arrive changed.
        """
        codecs = self._codecs(method)
        if not codecs.reply_encoder.declares(error):
            return error
        out = bytearray()
        try:
            codecs.reply_encoder.error(out, error)
        except Exception as problem:  # noqa: BLE001 - as a server, which could not send it
            return _misfit(method, type(error).__name__, problem, error)
        received = codecs.reply_decoder.error(Cursor(bytes(out)))
        assert isinstance(received, DeclaredError)
        received.__avrorpc_from_peer__ = True
        difference = changed(error, received)
        if difference:
            raise ValueChanged(f"{method.full_name}: {type(error).__name__}{difference}")
        return received

    def _codecs(self, method: Method[Any]) -> _Codecs:
        if method.name not in self._known:
            self._known[method.name] = _Codecs(method.message, self._contract.types)
        return self._known[method.name]


def _misfit(
    method: Method[Any], what: str, problem: Exception, cause: Exception | None = None
) -> StatusError:
    """Return what a server would say of a value that it cannot send, and why, which is what is asked here."""
    if isinstance(problem, EncodeError):
        problem = TypeError(f"{what} does not fit the contract: {problem.message}")
    problem.__cause__ = cause
    return internal(method, problem, expose_cause=True)


def changed(before: Any, after: Any, path: str = "") -> str | None:
    """Return where and how two values differ, or None where they are equal; NaN equals NaN here."""
    if isinstance(before, float) and isinstance(after, float):
        same = before == after or (math.isnan(before) and math.isnan(after))
    elif isinstance(before, bool) is not isinstance(after, bool):
        same = False
    elif isinstance(before, msgspec.Struct | DeclaredError) and type(before) is type(after):
        return _first(
            changed(value, getattr(after, name), f"{path}.{name}") for name, value in _items(before)
        )
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() == after.keys():
        return _first(changed(value, after[key], f"{path}[{key!r}]") for key, value in before.items())
    elif _is_sequence(before) and _is_sequence(after) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return _first(changed(a, b, f"{path}[{index}]") for index, (a, b) in enumerate(pairs))
    else:
        same = bool(before == after)
    return None if same else f"{path}: {before!r:.80} would become {after!r:.80}"


def _items(value: Any) -> list[tuple[str, Any]]:
    names = getattr(value, "__struct_fields__", None) or tuple(value.__dataclass_fields__)
    return [(name, getattr(value, name)) for name in names]


def _is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _first(differences: Any) -> str | None:
    return next((difference for difference in differences if difference), None)
