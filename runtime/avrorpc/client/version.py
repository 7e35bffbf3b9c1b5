"""The server's version of a contract, as a client meets it: refused where it cannot work, else read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avrorpc import schema
from avrorpc.codec.message import ReplyDecoder
from avrorpc.errors import Code, ContractMismatch, RemoteProtocolError, SchemaError, StatusError
from avrorpc.method import Contract
from avrorpc.schema import MessageVerdict
from avrorpc.wire.client import Connected


class ServerVersion:
    """A server's version of the contract, and the decoders of what it writes.

    Raises:
        ContractMismatch: It is another contract, or a message of both versions cannot work between them; the
            text has a line for each field at fault.
        RemoteProtocolError: The server's text is no protocol.
    """

    def __init__(self, contract: Contract, connected: Connected) -> None:
        self._contract = contract
        self.connected: Final = connected
        """Who the server is, and what the connection that told it speaks."""
        self._protocol: schema.Protocol = contract.protocol
        self._decoders: dict[str, ReplyDecoder] = {}
        if connected.server_text is not None:
            try:
                self._protocol = schema.parse_protocol(connected.server_text)
            except SchemaError as error:
                raise RemoteProtocolError(f"the server's protocol: {error}") from error
            missing = contract.methods.keys() - self._protocol.messages.keys()
            if self._protocol.name != contract.name and missing:
                # Elsewhere a contract may have another name; what has not even its messages is another one.
                raise ContractMismatch(
                    f"the server does not serve {contract.name}; it has {self._protocol.name},"
                    f" without the message {min(missing)}"
                )
        self.verdicts: Mapping[str, MessageVerdict] = schema.compare_protocols(
            contract.protocol, self._protocol
        )
        """What becomes of each message between the two versions."""
        problems = schema.refusal(self.verdicts)
        if problems:
            raise ContractMismatch(problems)

    def decoder(self, message: schema.Message) -> ReplyDecoder:
        """Return the decoder of a message's replies.

        Raises:
            StatusError: UNIMPLEMENTED, where the server has no such message.
        """
        if message.name not in self._decoders:
            theirs = self._protocol.messages.get(message.name)
            if theirs is None:
                text = f"the server's {self._protocol.name} has no message {message.name}"
                raise StatusError(Code.UNIMPLEMENTED, text, from_peer=True)
            self._decoders[message.name] = ReplyDecoder(theirs, message, self._contract.types)
        return self._decoders[message.name]
