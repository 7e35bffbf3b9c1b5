"""Shells around the wire: they move bytes, and leave encoding, routing and policy to others."""
