"""Entity tags, and requests that depend on them: RFC 9110, sections 8.8 and 13."""

from __future__ import annotations

import hashlib

from avrorpc.server.rest.problems import Refusal


def entity_tag(body: bytes) -> str:
    """Return the strong entity tag of a representation, without its quotes."""
    return hashlib.blake2b(body, digest_size=12).hexdigest()


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether a client has the representation already."""
    return if_none_match is not None and _matches(if_none_match, tag)


def check_match(if_match: str, tag: str | None) -> None:
    """Check that a resource is as the client knows it.

    Args:
        if_match: The header.
        tag: The tag of what there is now; None where there is nothing.

    Raises:
        Refusal: 412.
    """
    if tag is None or not _matches(if_match, tag):
        now = "there is nothing" if tag is None else f'it is "{tag}" now'
        raise Refusal(412, f"the resource has changed since it was read: {now}, not {if_match[:200]}")


def _matches(header: str, tag: str) -> bool:
    if header.strip() == "*":
        return True
    for part in header.split(","):
        known = part.strip().removeprefix("W/").strip('"')
        # The same representation in a content coding has a tag of its own.
        if known.partition("-")[0] == tag:
            return True
    return False
