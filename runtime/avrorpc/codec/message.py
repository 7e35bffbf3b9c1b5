"""The bodies of one message: parameters, result and errors, between two versions of its contract.

Each end encodes with its own schemas and decodes what the other's schemas wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from avrorpc.codec.binary import Cursor, write_long
from avrorpc.codec.decode import Decoder, compile_decoder, compile_fields, compile_skipper
from avrorpc.codec.encode import compile_encoder, compile_row_encoder, to_bytes
from avrorpc.codec.types import Types
from avrorpc.errors import DecodeError, EncodeError, UnreadableValue
from avrorpc.schema import Field, Message, Record, Schema, describe, error_branch, streaming


class RequestEncoder:
    """Writes a message's parameters, and where the last one is a stream, its items one by one."""

    def __init__(self, message: Message, types: Types) -> None:
        encode = compile_row_encoder(parameters(message), types)
        self._encode = encode
        self.to_bytes = to_bytes(encode)
        """Gives the parameters, a tuple in the message's order, as bytes; it raises what a call does."""
        self._item: tuple[str, Callable[[Any], bytes]] | None = None
        if streaming(message).takes_stream:
            last = message.request[-1]
            self._item = last.name, to_bytes(compile_encoder(last.type, types))

    def __call__(self, out: bytearray, arguments: Sequence[Any]) -> None:
        """Append the parameters, in the message's order.

        Raises:
            EncodeError: One does not fit; the path begins with its name.
        """
        self._encode(out, arguments)

    def item(self, item: Any, number: int) -> bytes:
        """Return one item of a request stream.

        Raises:
            EncodeError: It does not fit; the path begins with its name and number, such as `piece[3]`.
        """
        assert self._item is not None
        name, encode = self._item
        try:
            return encode(item)
        except EncodeError as error:
            raise EncodeError(error.problem, f"{name}[{number}]{error.path}") from None


def parameters(message: Message) -> list[Field]:
    """Return the parameters that are sent at the opening: all but the one that is a stream."""
    return message.request[:-1] if streaming(message).takes_stream else message.request


def request_decoder(writer: Message, reader: Message, types: Types) -> Decoder:
    """Return a decoder of a message's parameters but for a stream, as a list in the order of `reader`.

    Raises:
        ContractMismatch: The two versions cannot work together.
    """
    return compile_fields(parameters(writer), parameters(reader), types, f"request of {reader.name}")


def item_decoder(writer: Message, reader: Message, types: Types) -> Decoder:
    """Return a decoder of the items of a request stream.

    Raises:
        ContractMismatch: The two versions cannot work together.
    """
    return compile_decoder(writer.request[-1].type, reader.request[-1].type, types)


class ReplyEncoder:
    """Writes a message's result, or an item of it where it is a stream, or one of its errors."""

    def __init__(self, message: Message, types: Types) -> None:
        self.result = compile_encoder(message.response, types)
        self._errors = {
            types[error.name]: (branch, compile_encoder(error, types))
            for branch, error in enumerate(message.errors, start=1)
            if isinstance(error, Record) and error.name in types
        }

    def declares(self, error: Exception) -> bool:
        """Whether the message declares this error."""
        return type(error) in self._errors

    def error(self, out: bytearray, error: Exception) -> None:
        """Append a declared error, as a branch of the effective union."""
        branch, encode = self._errors[type(error)]
        write_long(out, branch)
        encode(out, error)


class ReplyDecoder:
    """Reads a message's result, or an item of it where it is a stream, or its error.

    An error that the reader does not declare, or has in a version that cannot hold it, still says what it
    was: the decoder gives its text.
    """

    def __init__(self, writer: Message, reader: Message, types: Types) -> None:
        """Compile for two versions of a message.

        Raises:
            ContractMismatch: The results cannot work together.
        """
        self.result = compile_decoder(writer.response, reader.response, types)
        self._errors = [_error_decoder(error, reader, types) for error in writer.errors]

    def error(self, cursor: Cursor) -> Exception | str:
        """Read an error: a declared one, or the text of any other."""
        branch = cursor.read_long()
        if branch == 0:
            return cursor.read_string()
        if not 0 < branch <= len(self._errors):
            raise DecodeError(f"branch {branch} of {len(self._errors) + 1} errors")
        value: Exception | str = self._errors[branch - 1](cursor)
        return value


def _error_decoder(writer: Schema, reader: Message, types: Types) -> Decoder:
    known: list[Schema] = [e for e in reader.errors if isinstance(e, Record) and e.name in types]
    error = error_branch(writer, known)
    plain = compile_skipper(writer)

    def text(cursor: Cursor) -> str:
        return f"{describe(writer)}: {plain(cursor)!r:.1000}"

    if error is None:
        return text
    decode = compile_decoder(writer, error, types)

    def read(cursor: Cursor) -> Any:
        start, depth, items = cursor.position, cursor.depth, cursor.items
        try:
            return decode(cursor)
        except UnreadableValue as problem:
            cursor.position, cursor.depth, cursor.items = start, depth, items
            return f"{text(cursor)} (cannot be read here: {problem})"

    return read
