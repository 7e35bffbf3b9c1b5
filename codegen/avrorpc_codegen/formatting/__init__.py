"""Avro IDL in one layout: from a source to the same tokens and comments with other white space between them.

Knows tokens, comments and where lines may break; what a contract means is of no concern here.
"""

from avrorpc_codegen.formatting.comments import doc_comment
from avrorpc_codegen.formatting.formatter import format_source

__all__ = ["doc_comment", "format_source"]
