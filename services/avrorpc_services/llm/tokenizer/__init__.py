"""Tokenizers: how a text becomes token ids and comes back, and the service that offers it."""
