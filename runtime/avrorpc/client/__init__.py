"""The caller's end: `connect` gives a client for a placement, and the rest is what one does with a client."""

from avrorpc.client.connecting import close, connect, with_options
from avrorpc.client.description import Description, describe

__all__ = ["Description", "close", "connect", "describe", "with_options"]
