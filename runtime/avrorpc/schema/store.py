"""Known schemas, looked up at run time: by fingerprint, or by the name of a type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from avrorpc.errors import SchemaError
from avrorpc.schema.canonical import canonical_form
from avrorpc.schema.fingerprints import ALGORITHMS, fingerprint
from avrorpc.schema.graph import reachable
from avrorpc.schema.model import Named, Protocol, Schema, full_aliases


class SchemaStore:
    """The schemas that data may have been written with, in any number of versions.

    Schemas of one canonical form count once, and the first of them is kept.
    """

    def __init__(self, schemas: Iterable[Schema] = ()) -> None:
        self._forms: dict[str, Schema] = {}
        self._by_fingerprint: dict[bytes, str] = {}
        self._by_name: dict[str, dict[str, Named]] = {}
        for schema in schemas:
            self.add(schema)

    def __repr__(self) -> str:
        return f"<SchemaStore of {len(self)} schemas>"

    def __len__(self) -> int:
        return len(self._forms)

    def __iter__(self) -> Iterator[Schema]:
        return iter(self._forms.values())

    def add(self, schema: Schema) -> None:
        """Add a schema, and each named type that it reaches.

        Raises:
            SchemaError: Another schema has the same fingerprint by chance, or by somebody's design.
        """
        for part in (schema, *reachable([schema])):
            self._add(part)

    def add_protocol(self, protocol: Protocol) -> None:
        """Add the named types of a protocol.

        Raises:
            SchemaError: As for `add`.
        """
        for named in protocol.types:
            self.add(named)

    def find(self, fingerprint: bytes) -> Schema | None:
        """Return the schema with a fingerprint of any algorithm, if it is known; the length tells which."""
        form = self._by_fingerprint.get(fingerprint)
        return None if form is None else self._forms[form]

    def versions(self, name: str) -> list[Named]:
        """Return the types that have this full name, or have it as an alias, in the order of adding."""
        return list(self._by_name.get(name, {}).values())

    def _add(self, schema: Schema) -> None:
        form = canonical_form(schema)
        if isinstance(schema, Named):
            for name in (schema.name, *full_aliases(schema)):
                self._by_name.setdefault(name, {}).setdefault(form, schema)
        if form in self._forms:
            return
        fingerprints = [fingerprint(schema, algorithm) for algorithm in ALGORITHMS]
        for known in fingerprints:
            if known in self._by_fingerprint:
                other = self._by_fingerprint[known]
                raise SchemaError(f"two schemas have the fingerprint {known.hex()}: {form:.60}, {other:.60}")
        self._forms[form] = schema
        self._by_fingerprint.update(dict.fromkeys(fingerprints, form))
