"""What templates show: finished pieces of text, which they put in their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Attribute:
    """A field of a class, a symbol of an enum, or an alias; `doc` is empty where there is none."""

    code: str
    doc: str


@dataclass(slots=True)
class Class:
    """A record, an error or an enum: its first line with what decorates it, its docstring, what it holds."""

    avro_name: str
    py_name: str
    head: str
    doc: str
    attributes: list[Attribute] = field(default_factory=list)


@dataclass(slots=True)
class Method:
    """A message, in each of the forms that it takes."""

    avro_name: str
    py_name: str
    doc: str
    see: str
    sync_head: str
    async_head: str
    service_head: str
    defaults: list[str]
    sync_call: str
    async_call: str
    constant: str


@dataclass(slots=True)
class ProtocolView:
    """A protocol, in each of the forms that it takes."""

    avro_name: str
    py_name: str
    py_async: str
    py_service: str
    py_client: str
    py_async_client: str
    py_contract: str
    doc: str
    head: str
    async_head: str
    service_head: str
    client_head: str
    async_client_head: str
    contract: str
    contract_attribute: str
    methods: list[Method] = field(default_factory=list)


@dataclass(slots=True)
class ModuleView:
    """A whole module."""

    path: Path
    header: list[str]
    doc: str
    level: int
    exports: list[str]
    enums: list[Class]
    aliases: list[Attribute]
    records: list[Class]
    errors: list[Class]
    protocols: list[ProtocolView]
    imports: list[list[str]] = field(default_factory=list)
    late_imports: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PackageView:
    """A package that only holds others."""

    header: list[str]
    doc: str
