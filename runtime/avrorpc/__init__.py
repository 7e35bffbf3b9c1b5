"""Write a contract once, in Avro IDL; call it alike at any distance.

`connect` gives a typed client for a placement, `Server` serves implementations, `bind` says how one is run.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from avrorpc.any_record import pack, unpack
    from avrorpc.binding import Binding, bind
    from avrorpc.call import Call, CallContext, Reply, current_call
    from avrorpc.client import Description, close, connect, describe, with_options
    from avrorpc.client.dynamic import DynamicClient
    from avrorpc.client.dynamic_async import AsyncDynamicClient
    from avrorpc.client.paging import pages
    from avrorpc.codec.datum import Datum
    from avrorpc.codec.logical import Duration
    from avrorpc.codec.single_object import SingleObject
    from avrorpc.contracts import AnyRecord, BufferHandle, DType, ServingStatus
    from avrorpc.errors import (
        BindError,
        ClientStateError,
        Code,
        ConnectError,
        ConnectionLost,
        ContractMismatch,
        DeclaredError,
        DecodeError,
        EncodeError,
        EndOfStream,
        ErrorInfo,
        LimitExceeded,
        LocalProtocolError,
        NotSingleObject,
        ProtocolError,
        ProtocolNotServed,
        RemoteProtocolError,
        RpcError,
        SchemaError,
        StatusError,
        Suspended,
        TransportError,
        UnknownFingerprint,
        UnreadableValue,
        ValueChanged,
        error_info,
    )
    from avrorpc.limits import Limits
    from avrorpc.principal import Principal
    from avrorpc.server import Server
    from avrorpc.service import Middleware, Service
    from avrorpc.streaming import closing
    from avrorpc.tensor import Tensor
    from avrorpc.transport.backoff import Backoff
    from avrorpc.transport.tls import Tls

__version__ = "0.1.0"

__all__ = [
    "AnyRecord",
    "AsyncDynamicClient",
    "Backoff",
    "BindError",
    "Binding",
    "BufferHandle",
    "Call",
    "CallContext",
    "ClientStateError",
    "Code",
    "ConnectError",
    "ConnectionLost",
    "ContractMismatch",
    "DType",
    "Datum",
    "DeclaredError",
    "DecodeError",
    "Description",
    "Duration",
    "DynamicClient",
    "EncodeError",
    "EndOfStream",
    "ErrorInfo",
    "LimitExceeded",
    "Limits",
    "LocalProtocolError",
    "Middleware",
    "NotSingleObject",
    "Principal",
    "ProtocolError",
    "ProtocolNotServed",
    "RemoteProtocolError",
    "Reply",
    "RpcError",
    "SchemaError",
    "Server",
    "Service",
    "ServingStatus",
    "SingleObject",
    "StatusError",
    "Suspended",
    "Tensor",
    "Tls",
    "TransportError",
    "UnknownFingerprint",
    "UnreadableValue",
    "ValueChanged",
    "bind",
    "close",
    "closing",
    "connect",
    "current_call",
    "describe",
    "error_info",
    "pack",
    "pages",
    "unpack",
    "with_options",
]

# Names are loaded when they are first used: importing a part, such as `avrorpc.schema`, loads no more.
_HOMES: Final = {
    "avrorpc.any_record": (
        "pack",
        "unpack",
    ),
    "avrorpc.binding": (
        "Binding",
        "bind",
    ),
    "avrorpc.call": (
        "Call",
        "CallContext",
        "Reply",
        "current_call",
    ),
    "avrorpc.client": (
        "Description",
        "close",
        "connect",
        "describe",
        "with_options",
    ),
    "avrorpc.client.dynamic": ("DynamicClient",),
    "avrorpc.client.dynamic_async": ("AsyncDynamicClient",),
    "avrorpc.client.paging": ("pages",),
    "avrorpc.codec.datum": ("Datum",),
    "avrorpc.codec.logical": ("Duration",),
    "avrorpc.codec.single_object": ("SingleObject",),
    "avrorpc.contracts": (
        "AnyRecord",
        "BufferHandle",
        "DType",
        "ServingStatus",
    ),
    "avrorpc.errors": (
        "BindError",
        "ClientStateError",
        "Code",
        "ConnectError",
        "ConnectionLost",
        "ContractMismatch",
        "DeclaredError",
        "DecodeError",
        "EncodeError",
        "EndOfStream",
        "ErrorInfo",
        "LimitExceeded",
        "LocalProtocolError",
        "NotSingleObject",
        "ProtocolError",
        "ProtocolNotServed",
        "RemoteProtocolError",
        "RpcError",
        "SchemaError",
        "StatusError",
        "Suspended",
        "TransportError",
        "UnknownFingerprint",
        "UnreadableValue",
        "ValueChanged",
        "error_info",
    ),
    "avrorpc.limits": ("Limits",),
    "avrorpc.principal": ("Principal",),
    "avrorpc.server": ("Server",),
    "avrorpc.service": (
        "Middleware",
        "Service",
    ),
    "avrorpc.streaming": ("closing",),
    "avrorpc.tensor": ("Tensor",),
    "avrorpc.transport.backoff": ("Backoff",),
    "avrorpc.transport.tls": ("Tls",),
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
