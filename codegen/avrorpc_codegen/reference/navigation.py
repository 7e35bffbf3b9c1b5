"""What stands beside a page: the things near it, in groups."""

from __future__ import annotations

from dataclasses import dataclass, field

from avrorpc_codegen.reference.addresses import Target
from avrorpc_codegen.reference.pages import Namespace, Protocol, Reference, Type


@dataclass(slots=True, frozen=True)
class Entry:
    """A link; an inner one belongs to the entry before it."""

    label: str
    target: Target
    is_current: bool = False
    is_inner: bool = False


@dataclass(slots=True)
class Group:
    """Links under a title, which may be one itself."""

    title: str
    target: Target | None
    entries: list[Entry] = field(default_factory=list)


def of_home(reference: Reference) -> list[Group]:
    """Return what stands beside the first page."""
    entries = [Entry(item.title, item.target) for item in reference.namespaces]
    return [Group("Namespaces", None, entries)] if entries else []


def of_namespace(namespace: Namespace) -> list[Group]:
    """Return what stands beside the page of a namespace."""
    groups = [_protocols(namespace, None)]
    if not namespace.is_split:  # Else they fill the page itself.
        groups.append(_types(namespace))
    return [group for group in groups if group.entries]


def of_protocol(namespace: Namespace, protocol: Protocol) -> list[Group]:
    """Return what stands beside the page of a protocol."""
    groups = [_protocols(namespace, protocol)]
    if not namespace.is_split:
        groups.append(_types(namespace))
    return [group for group in groups if group.entries]


def of_type(type_: Type) -> list[Group]:
    """Return what stands beside the page that a type has of its own; its neighbours are too many."""
    seen = {use.target: use.label for use in type_.uses}
    entries = [Entry(label, target) for target, label in list(seen.items())[:40]]
    return [Group("Used by", None, entries)] if entries else []


def _protocols(namespace: Namespace, current: Protocol | None) -> Group:
    group = Group("Protocols", None)
    for protocol in namespace.protocols:
        group.entries.append(Entry(protocol.name, protocol.target, protocol is current))
        if protocol is current or (current is None and len(namespace.protocols) == 1):
            group.entries += [Entry(item.name, item.target, is_inner=True) for item in protocol.messages]
    return group


def _types(namespace: Namespace) -> Group:
    entries = [Entry(item.name, item.target) for item in namespace.types]
    return Group("Types", namespace.target, entries)
