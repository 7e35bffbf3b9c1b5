"""Everything that avrorpc raises on purpose.

    RpcError
      DeclaredError           a contract's own error; generated classes derive from it
      StatusError             a call failed with one of sixteen codes
        EncodeError           a value does not fit the contract
        ValueChanged          `verify:` saw a value that does not survive the wire, or was mutated
      ProtocolError
        LocalProtocolError    we used the protocol wrongly
        RemoteProtocolError   the peer did
          DecodeError         its bytes do not fit the contract
            NotSingleObject     they are no message of the single-object encoding
            UnknownFingerprint  they are one, written with a schema that is not known
            UnreadableValue     they do, in a version that has what this one lacks; a ContractMismatch, too
          LimitExceeded       it sent more than a limit allows
          ProtocolNotServed   it does not serve the protocol that was asked for
      TransportError
        ConnectError          no connection came about
        ConnectionLost        it ended while a call was under way
      SchemaError             a schema or protocol text is not valid Avro
      ContractMismatch        two versions of a contract cannot work together
      BindError               an implementation does not fit its contract, or its placement
      ClientStateError        a client used after close, after a fork, or from another event loop
        Suspended             an `async def` implementation had to wait in a synchronous local call
      EndOfStream             `receive` on a two-way stream that has no more items

Children are ordered by what a caller can do. `error_info` tells the rest: the code, whether the peer said
so or we inferred it, and the id under which the server logged the cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any


class Code(Enum):
    """The sixteen canonical codes, as gRPC and Connect define them; values are their names on the wire."""

    CANCELLED = "CANCELLED"
    """The caller gave up."""
    UNKNOWN = "UNKNOWN"
    """The peer failed and did not say how; so answer plain Avro peers."""
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    """The request is wrong, whatever the state of the system."""
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    """The time allowed ran out; the work may have been done."""
    NOT_FOUND = "NOT_FOUND"
    """What was asked for does not exist."""
    ALREADY_EXISTS = "ALREADY_EXISTS"
    """What was to be made exists."""
    PERMISSION_DENIED = "PERMISSION_DENIED"
    """The caller is known and may not do this."""
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    """A quota, a limit or a disk is used up."""
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    """The system is not in the state that the call needs."""
    ABORTED = "ABORTED"
    """A conflict with another call; trying again at a higher level may work."""
    OUT_OF_RANGE = "OUT_OF_RANGE"
    """Past the end of what there is."""
    UNIMPLEMENTED = "UNIMPLEMENTED"
    """The server has no such message."""
    INTERNAL = "INTERNAL"
    """The server broke; its log has the cause."""
    UNAVAILABLE = "UNAVAILABLE"
    """The server cannot be reached now; trying again may work."""
    DATA_LOSS = "DATA_LOSS"
    """Data was lost or damaged for good."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The caller did not say who it is, or not credibly."""


class RpcError(Exception):
    """The root of all errors here."""


@dataclass(slots=True, frozen=True)
class ErrorInfo:
    """What is known about an error besides its type and fields."""

    code: Code
    """The canonical code; declared errors have UNKNOWN, since their class says more."""
    from_peer: bool
    """True where the peer said so, False where this process inferred it."""
    error_id: str | None
    """The id under which the server logged the cause of an undeclared error."""
    details: tuple[object, ...] = ()
    """The records that a `StatusError` carries; an `AnyRecord` where this process does not know one."""


class DeclaredError(RpcError):
    """An error that a contract declares; generated classes add its fields.

    It reserves no public attribute name, since `message`, `code` and `args` are common field names.
    """

    __slots__ = ("__avrorpc_from_peer__",)
    __avrorpc_from_peer__: bool

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._items())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self._items()))

    def _items(self) -> list[tuple[str, Any]]:
        return [(f.name, getattr(self, f.name)) for f in fields(self)]  # type: ignore[arg-type]


def _rebuild(cls: type[DeclaredError], values: dict[str, Any]) -> DeclaredError:
    return cls(**values)


class StatusError(RpcError):
    """A call failed with a canonical code.

    A service raises it to answer with a code and a message of its choice; any other undeclared
    exception reaches callers as a redacted INTERNAL.

    Args:
        code: What kind of failure it is.
        message: What happened, for people.
        details: Records for programs: of `avrorpc.contracts`, such as `RetryInfo`, of the service's own
            contract, or any others in an `AnyRecord`.
        from_peer: Whether the other end said so; for the runtime's own use, as is `error_id`.
        error_id: The id under which the cause was logged.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        details: Iterable[object] = (),
        from_peer: bool = False,
        error_id: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.details = tuple(details)
        self.code = code
        self.message = message
        self.from_peer = from_peer
        self.error_id = error_id

    def __str__(self) -> str:
        suffix = f" (error id {self.error_id})" if self.error_id else ""
        return f"{self.code.value}: {self.message}{suffix}"

    def __repr__(self) -> str:
        details = f", details={list(self.details)!r}" if self.details else ""
        return f"{type(self).__name__}({self.code.value}, {self.message!r}{details})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_status, (type(self), self.__dict__.copy())


def _rebuild_status(cls: type[StatusError], state: dict[str, Any]) -> StatusError:
    error = cls.__new__(cls, state["code"], state["message"])
    error.__dict__.update(state)
    return error


class EncodeError(StatusError):
    """A value does not fit the contract; `path` says where in the arguments or the result."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(Code.INVALID_ARGUMENT, f"{path}: {problem}" if path else problem)
        self.problem = problem
        self.path = path


class ValueChanged(StatusError):
    """A value that the wire would change, or that one side changed after passing it on."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.INVALID_ARGUMENT, message)


class ProtocolError(RpcError):
    """The rules of the wire were broken."""


class LocalProtocolError(ProtocolError):
    """This process broke them."""


class RemoteProtocolError(ProtocolError):
    """The peer broke them."""


class DecodeError(RemoteProtocolError):
    """Bytes that do not fit the schema; `path` says where."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.problem = problem
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem, self.path)

    def within(self, step: str) -> DecodeError:
        """Return the same error in something larger; `step` leads there."""
        cls = UnreadableValue if isinstance(self, UnreadableValue) else DecodeError
        return cls(self.problem, step + self.path)


class NotSingleObject(DecodeError):
    """Bytes that are no message of the single-object encoding; `beginning` is what they begin with."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__(f"a single object begins with the bytes c3 01, and not with {beginning.hex(' ')}")
        self.beginning = beginning

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.beginning,)


class UnknownFingerprint(DecodeError):
    """A single object written with a schema that is not known; whoever finds the schema can read it."""

    def __init__(self, fingerprint: bytes) -> None:
        super().__init__(f"written with a schema that is not known here, of fingerprint {fingerprint.hex()}")
        self.fingerprint = fingerprint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.fingerprint,)


class ContractMismatch(RpcError):
    """Two versions of a contract cannot work together; the text names the field."""


class UnreadableValue(DecodeError, ContractMismatch):
    """A value of a kind that this version of the contract lacks, such as a new symbol; `path` says where."""


class LimitExceeded(RemoteProtocolError):
    """The peer sent more than the named limit allows."""


class ProtocolNotServed(RemoteProtocolError):
    """The server does not serve the client's protocol; `server_text` is the one that it showed, if any."""

    def __init__(self, problem: str, server_text: str | None = None) -> None:
        super().__init__(problem, server_text)
        self.problem = problem
        self.server_text = server_text

    def __str__(self) -> str:
        return self.problem


class TransportError(RpcError):
    """Bytes could not be moved."""


class ConnectError(TransportError):
    """No connection came about: nothing of the call was sent."""


class ConnectionLost(TransportError):
    """The connection ended while a call was under way; the server may have done the work."""


class SchemaError(RpcError, ValueError):
    """A schema or a protocol is not valid Avro."""


class BindError(RpcError, TypeError):
    """An implementation does not fit its contract, or the placement asked for."""


class ClientStateError(RpcError, RuntimeError):
    """A client was used after it was closed, after a fork, or from another event loop."""


class EndOfStream(RpcError, EOFError):
    """A stream has no more items."""


class Suspended(ClientStateError):
    """An `async def` implementation had to wait, and its synchronous local caller has no loop to wait in."""


def error_info(error: BaseException) -> ErrorInfo:
    """Return the code, origin, error id and details of any exception that a call raised."""
    match error:
        case StatusError():
            return ErrorInfo(error.code, error.from_peer, error.error_id, error.details)
        case DeclaredError():
            return ErrorInfo(Code.UNKNOWN, getattr(error, "__avrorpc_from_peer__", False), None)
        case TransportError():
            return ErrorInfo(Code.UNAVAILABLE, False, None)
        case ContractMismatch():
            return ErrorInfo(Code.FAILED_PRECONDITION, False, None)
        case LimitExceeded():
            return ErrorInfo(Code.RESOURCE_EXHAUSTED, False, None)
        case RemoteProtocolError():
            return ErrorInfo(Code.INTERNAL, False, None)
        case _:
            return ErrorInfo(Code.INTERNAL, False, None)
