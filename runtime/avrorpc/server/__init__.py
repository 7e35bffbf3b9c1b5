"""Serving implementations: `Server` listens on any number of addresses, each with every contract."""

from avrorpc.server.server import Server

__all__ = ["Server"]
