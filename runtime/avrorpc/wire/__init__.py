"""The bytes between two ends: framing, handshake, call format, and the connection that puts them together.

Sans-IO: bytes in, events out. Knows no socket, event loop, thread or clock, and no value of a contract.
"""
