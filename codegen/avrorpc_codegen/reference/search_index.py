"""The search index: every namespace, protocol, message, type, field, parameter and symbol by its name.

It is a script that sets one variable, since a page that is opened from a disk may load scripts but no data.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from avrorpc_codegen.reference.addresses import Target
from avrorpc_codegen.reference.pages import Doc, Reference
from avrorpc_codegen.reference.prose import to_text

VARIABLE: Final = "avrorpcReference"
"""The name of the variable."""


def search_index(reference: Reference, href: Callable[[Target], str]) -> str:
    """Return the script; `href` says where something is, seen from the first page.

    Each entry is `[kind, name, context, sentence, link]`. A member's context is the number of the entry that
    it belongs to, and its link that entry's with `.name` after it.
    """
    entries: list[list[str | int]] = []

    def add(kind: str, name: str, context: str, doc: Doc, target: Target) -> int:
        entries.append([kind, name, context, to_text(doc.text), href(target)])
        return len(entries) - 1

    def add_member(kind: str, name: str, owner: int, doc: Doc) -> None:
        entries.append([kind, name, owner, to_text(doc.text)])

    for namespace in reference.namespaces:
        add("namespace", namespace.title, "", namespace.doc, namespace.target)
        for protocol in namespace.protocols:
            add("protocol", protocol.name, namespace.name, protocol.doc, protocol.target)
            for message in protocol.messages:
                owner = add("message", message.name, protocol.full_name, message.doc, message.target)
                for parameter in message.parameters:
                    add_member("parameter", parameter.name, owner, parameter.doc)
        for type_ in namespace.types:
            owner = add(type_.kind, type_.name, namespace.name, type_.doc, type_.target)
            for item in type_.fields:
                add_member("field", item.name, owner, item.doc)
            for symbol in type_.symbols:
                add_member("symbol", symbol.name, owner, symbol.doc)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    return f"window.{VARIABLE} = [\n{lines}\n];\n"
