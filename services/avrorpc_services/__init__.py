"""Services written by hand, which plug into generated skeletons.

The names exported here are factories for `avrogen serve avrorpc_services:NAME`.
"""

from avrorpc_services.wiring import byte_tokenizer, model, tokenizer

__all__ = ["byte_tokenizer", "model", "tokenizer"]
