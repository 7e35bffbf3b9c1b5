"""Typed values and bytes: Avro's binary encoding, schema resolution, and the JSON form.

Sans-IO: knows no event loop, socket, thread or clock.
"""
