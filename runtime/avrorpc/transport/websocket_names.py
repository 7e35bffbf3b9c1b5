"""How our WebSockets are asked for, by clients of either colour."""

from __future__ import annotations

from typing import Final

from avrorpc.wire.frames import CHUNK

SUBPROTOCOL: Final = "avrorpc.v1"
"""Our frames in binary messages; a message may hold parts of frames, or several."""
PATH: Final = "/avro"
"""Where our servers take WebSockets, and where our clients ask where the URL has no path."""
MAX_MESSAGE: Final = 4 * CHUNK
"""Bytes of one WebSocket message; ours have a quarter of that."""
