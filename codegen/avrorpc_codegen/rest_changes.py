"""What a change of an OpenAPI document breaks for clients of the older one, and how to mend it.

Two documents of ours are compared, path by path. What a client sends may become more, and what it is answered
may not become less: of requests, whatever the older document allows must still be; of answers, whatever the
newer one gives must have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from avrorpc.schema import Json

from avrorpc_codegen.diagnostic import RuleId
from avrorpc_codegen.json_narrowing import JsonObject, not_understood, refused

VERBS: Final = ("get", "post", "put", "patch", "delete")


class RestRule(RuleId):
    """Changes of routes that break clients which speak JSON."""

    PATH_REMOVED = "AVR561"
    """A path that is gone."""
    VERB_REMOVED = "AVR562"
    """A verb that a path no longer has."""
    NEWLY_REQUIRED = "AVR563"
    """A parameter that must be given, and did not have to be."""
    REQUEST_NARROWED = "AVR564"
    """A request that was right, and no longer is."""
    ANSWER_CHANGED = "AVR565"
    """An answer that old clients do not understand."""


_MENDS: Final = {
    RestRule.PATH_REMOVED: "keep the old route beside the new one: `@http` takes a list",
    RestRule.VERB_REMOVED: "keep the old route beside the new one: `@http` takes a list",
    RestRule.NEWLY_REQUIRED: "give it a default in the contract",
    RestRule.REQUEST_NARROWED: "go on taking what was taken, or add a message with a route of its own",
    RestRule.ANSWER_CHANGED: "go on answering what was answered, or add a message with a route of its own",
}


@dataclass(slots=True, frozen=True)
class RestChange:
    """One change that breaks clients."""

    rule: RestRule
    subject: str
    """The route."""
    text: str
    """What changed, for people."""

    @property
    def mend(self) -> str:
        """What to do."""
        return _MENDS[self.rule]

    def render(self) -> str:
        """Return the change as text."""
        return f"error[{self.rule.value}]: {self.subject}: {self.text}\n  = help: {self.mend}"

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads."""
        return {
            "id": self.rule.value,
            "severity": "error",
            "subject": self.subject,
            "message": self.text,
            "help": self.mend,
        }


def rest_changes(old: JsonObject, new: JsonObject) -> list[RestChange]:
    """Return all that breaks clients of the older of two documents, route by route."""
    return list(_Comparison(old, new).changes())


class _Comparison:
    def __init__(self, old: JsonObject, new: JsonObject) -> None:
        self._old = old
        self._new = new

    def changes(self) -> Iterator[RestChange]:
        now = {_shape(path): item for path, item in _object(self._new, "paths").items()}
        for path, before in _object(self._old, "paths").items():
            after = now.get(_shape(path))
            verbs = [verb for verb in VERBS if verb in _as_object(before)]
            if after is None:
                names = ", ".join(verb.upper() for verb in verbs)
                yield RestChange(RestRule.PATH_REMOVED, path, f"the path is gone, with {names}")
                continue
            for verb in verbs:
                if verb not in _as_object(after):
                    yield RestChange(RestRule.VERB_REMOVED, path, f"{verb.upper()} is gone")
                else:
                    subject = f"{verb.upper()} {path}"
                    yield from self._operation(subject, _object(before, verb), _object(after, verb))

    def _operation(self, subject: str, old: JsonObject, new: JsonObject) -> Iterator[RestChange]:
        yield from self._parameters(subject, old, new)
        yield from self._body(subject, _object(old, "requestBody"), _object(new, "requestBody"))
        yield from self._answers(subject, _object(old, "responses"), _object(new, "responses"))

    def _parameters(self, subject: str, old: JsonObject, new: JsonObject) -> Iterator[RestChange]:
        before, after = _parameters(old), _parameters(new)
        for place, name in before:
            if place != "path" and (place, name) not in after:
                text = f"the {place} parameter {name!r} is gone"
                yield RestChange(RestRule.REQUEST_NARROWED, subject, text)
        for (place, name), parameter in after.items():
            was = before.get((place, name))
            had = was is not None and was.get("required") is True
            if parameter.get("required") is True and place != "path" and not had:
                text = f"the {place} parameter {name!r} is required now"
                yield RestChange(RestRule.NEWLY_REQUIRED, subject, text)
            if was is not None:
                yield from self._narrowed(subject, f"the {place} parameter {name!r}", was, parameter)

    def _narrowed(self, subject: str, what: str, old: JsonObject, new: JsonObject) -> Iterator[RestChange]:
        """Yield what an older client may send, and the newer server refuses."""
        one, other = _schema(old), _schema(new)
        if one is None or other is None:
            if one is not other:
                yield RestChange(RestRule.REQUEST_NARROWED, subject, f"{what} is spelt in another way")
            return
        for found in refused(other, self._new, one, self._old):
            rule = RestRule.NEWLY_REQUIRED if found.is_required else RestRule.REQUEST_NARROWED
            yield RestChange(rule, subject, found.in_words(what))

    def _body(self, subject: str, old: JsonObject, new: JsonObject) -> Iterator[RestChange]:
        if not old and not new:
            return
        if not new:
            yield RestChange(RestRule.REQUEST_NARROWED, subject, "it takes no body any more")
            return
        if not old:
            if new.get("required") is True:
                yield RestChange(RestRule.NEWLY_REQUIRED, subject, "a body is required now")
            return
        if new.get("required") is True and old.get("required") is not True:
            yield RestChange(RestRule.NEWLY_REQUIRED, subject, "the body is required now")
        for media, content in _object(old, "content").items():
            now = _object(new, "content").get(media)
            if now is None:
                yield RestChange(RestRule.REQUEST_NARROWED, subject, f"it takes no {media} any more")
            else:
                yield from self._narrowed(subject, "the body", _as_object(content), _as_object(now))

    def _answers(self, subject: str, old: JsonObject, new: JsonObject) -> Iterator[RestChange]:
        for status in old:
            if status.startswith("2") and status not in new:
                instead = ", ".join(one for one in new if one.startswith("2"))
                text = f"it answers {instead or 'nothing'} instead of {status}"
                yield RestChange(RestRule.ANSWER_CHANGED, subject, text)
        for status, answer in new.items():
            was = old.get(status)
            if was is None:
                if not status.startswith("2") and not _covered(status, old):
                    text = f"it may answer {status} now"
                    yield RestChange(RestRule.ANSWER_CHANGED, subject, text)
                continue
            for media, content in _object(was, "content").items():
                now = _object(answer, "content").get(media)
                if now is None:
                    text = f"the answer {status} has no {media} any more"
                    yield RestChange(RestRule.ANSWER_CHANGED, subject, text)
                    continue
                one, other = _schema(_as_object(content)), _schema(_as_object(now))
                if one is None or other is None:
                    continue
                for found in not_understood(one, self._old, other, self._new):
                    text = found.in_words(f"the answer {status}")
                    yield RestChange(RestRule.ANSWER_CHANGED, subject, text)


def _covered(status: str, old: JsonObject) -> bool:
    """Return whether an older document foresees a status that it does not name."""
    return f"{status[0]}XX" in old or "default" in old


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _parameters(operation: JsonObject) -> dict[tuple[str, str], JsonObject]:
    listed = operation.get("parameters", [])
    found = [_as_object(one) for one in listed] if isinstance(listed, list) else []
    return {(str(one.get("in")), str(one.get("name"))): one for one in found}


def _schema(holder: JsonObject) -> JsonObject | None:
    """Return the schema of a parameter or a media type, that of a stream's items first."""
    for key in ("x-itemSchema", "schema"):
        if isinstance(found := holder.get(key), dict):
            return found
    content = holder.get("content")
    inner = next(iter(content.values()), None) if isinstance(content, dict) else None
    return _schema(inner) if isinstance(inner, dict) else None


def _object(holder: Json, key: str) -> JsonObject:
    return _as_object(_as_object(holder).get(key))


def _as_object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
