"""Lint: what compiles, and a reviewer would still object to.

Knows files that compile, with their text. What is wrong enough that a contract cannot be compiled is the
compiler's own to say.
"""
