"""What one JSON Schema allows and another does not, as far as the schemas that we write can differ.

Components are followed by `$ref`; a pair that is compared already is not compared again, since types may
contain themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from avrorpc.schema import Json

JsonObject: TypeAlias = dict[str, Json]
Pair: TypeAlias = tuple[str, str]


@dataclass(slots=True, frozen=True)
class Difference:
    """One thing that the wider schema allows, or always has, and the narrower does not."""

    place: str
    """Where: names of members, `[]` for items and `{}` for values of maps."""
    text: str
    """What, with `it` for the place."""
    is_required: bool = False
    """Whether it is that a member must be given, and need not have been."""

    def in_words(self, what: str) -> str:
        """Return it as a sentence about something."""
        place = self.place.lstrip(".")
        return f"{what}, {place}: {self.text}" if place else f"{what}: {self.text}"


def refused(
    new: JsonObject, new_document: JsonObject, old: JsonObject, old_document: JsonObject
) -> Iterator[Difference]:
    """Yield what an older client may send, and the newer schema of a request does not allow."""
    yield from _Walk(new_document, old_document, is_request=True).between(new, old, "")


def not_understood(
    old: JsonObject, old_document: JsonObject, new: JsonObject, new_document: JsonObject
) -> Iterator[Difference]:
    """Yield what is answered now, and the older schema does not allow.

    Members that are new harm nobody, and those that may be left out in a request are always in an answer.
    """
    yield from _Walk(old_document, new_document, is_request=False).between(old, new, "")


class _Walk:
    def __init__(self, narrow_document: JsonObject, wide_document: JsonObject, *, is_request: bool) -> None:
        self._narrow = narrow_document
        self._wide = wide_document
        self._is_request = is_request
        self._seen: set[Pair] = set()

    def between(self, narrow: JsonObject, wide: JsonObject, place: str) -> Iterator[Difference]:
        pair = (str(narrow.get("$ref")), str(wide.get("$ref")))
        if pair != ("None", "None"):
            if pair in self._seen:
                return
            self._seen.add(pair)
        narrow, wide = _resolved(narrow, self._narrow), _resolved(wide, self._wide)
        if "anyOf" in narrow or "anyOf" in wide:
            yield from self._branches(narrow, wide, place)
            return
        if not narrow:
            return
        if narrow.get("type") != wide.get("type"):
            is_wider = narrow.get("type") == "number" and wide.get("type") == "integer"
            if not is_wider:
                text = f"{shown_type(wide)} is no {shown_type(narrow)}"
                yield Difference(place, text)
                return
        yield from _values(narrow, wide, place)
        yield from self._parts(narrow, wide, place)

    def _parts(self, narrow: JsonObject, wide: JsonObject, place: str) -> Iterator[Difference]:
        one, other = narrow.get("properties"), wide.get("properties")
        mine = one if isinstance(one, dict) else {}
        theirs = other if isinstance(other, dict) else {}
        if self._is_request:
            for name in sorted(_names(narrow) - _names(wide)):
                yield Difference(f"{place}.{name}", "it is required now", is_required=True)
            for name in theirs if narrow.get("additionalProperties") is False else ():
                if name not in mine:
                    yield Difference(f"{place}.{name}", "it is gone, and what is not known is refused")
        else:
            for name in mine:
                if name not in theirs:
                    yield Difference(f"{place}.{name}", "it is gone")
        for name, schema in theirs.items():
            inner = mine.get(name)
            if isinstance(inner, dict) and isinstance(schema, dict):
                yield from self.between(inner, schema, f"{place}.{name}")
        for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
            inner, schema = narrow.get(key), wide.get(key)
            if isinstance(inner, dict) and isinstance(schema, dict):
                yield from self.between(inner, schema, place + mark)

    def _branches(self, narrow: JsonObject, wide: JsonObject, place: str) -> Iterator[Difference]:
        allowed = _alternatives(narrow)
        for branch in _alternatives(wide):
            attempts = [list(self._another().between(one, branch, place)) for one in allowed]
            if not all(attempts):
                continue
            alike = [
                found
                for one, found in zip(allowed, attempts, strict=True)
                if _kind(one, self._narrow) == _kind(branch, self._wide)
            ]
            if alike or len(allowed) == 1:
                yield from min(alike or attempts, key=len)
            else:
                yield Difference(place, f"{shown_type(_resolved(branch, self._wide))} is not foreseen")

    def _another(self) -> _Walk:
        """Return a walk for an attempt, which goes around no circle that this one is in."""
        walk = _Walk(self._narrow, self._wide, is_request=self._is_request)
        walk._seen |= self._seen
        return walk


def shown_type(schema: JsonObject) -> str:
    """Return a schema's type in words."""
    kind = schema.get("type")
    shown = schema.get("format") or schema.get("contentEncoding")
    if isinstance(schema.get("const"), str):
        return json.dumps(schema["const"])
    return f"{kind or 'value'} ({shown})" if shown else str(kind or "value")


def _values(narrow: JsonObject, wide: JsonObject, place: str) -> Iterator[Difference]:
    """Yield what differs in the scalars that two schemas of one type allow."""
    symbols, given = narrow.get("enum"), wide.get("enum")
    if isinstance(symbols, list):
        extra = [one for one in given if one not in symbols] if isinstance(given, list) else None
        if extra is None:
            yield Difference(place, f"any {shown_type(wide)} is not one of {json.dumps(symbols)[:80]}")
        elif extra:
            yield Difference(place, f"{', '.join(map(str, extra))} is not foreseen")
    if "const" in narrow and narrow.get("const") != wide.get("const"):
        yield Difference(place, f"{shown_type(wide)} is no {shown_type(narrow)}")
    for key, sign in (("minimum", 1), ("maximum", -1), ("minLength", 1), ("minItems", 1), ("maxLength", -1)):
        bound, own = narrow.get(key), wide.get(key)
        if isinstance(bound, int | float) and (not isinstance(own, int | float) or sign * bound > sign * own):
            yield Difference(
                place, f"{own if own is not None else 'anything'} is beyond the {key} of {bound}"
            )
            return
    if "pattern" in narrow and narrow.get("pattern") != wide.get("pattern"):
        yield Difference(place, f"{shown_type(wide)} is no {shown_type(narrow)} of that pattern")
    elif narrow.get("format") != wide.get("format") and narrow.get("type") == "string" and "format" in narrow:
        yield Difference(place, f"{shown_type(wide)} is no {shown_type(narrow)}")


def _names(schema: JsonObject) -> set[str]:
    required = schema.get("required")
    return {str(name) for name in required} if isinstance(required, list) else set()


def _alternatives(schema: JsonObject) -> list[JsonObject]:
    listed = schema.get("anyOf")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else [schema]


def _kind(schema: JsonObject, document: JsonObject) -> Json:
    return _resolved(schema, document).get("type")


def _resolved(schema: JsonObject, document: JsonObject) -> JsonObject:
    """Return what a reference leads to; what stands beside it is documentation."""
    reference = schema.get("$ref")
    while isinstance(reference, str):
        found: Json = document
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        schema = found if isinstance(found, dict) else {}
        reference = schema.get("$ref")
    return schema
