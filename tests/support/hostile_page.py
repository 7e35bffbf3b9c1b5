"""A contract whose every text tries to become markup, and an implementation that answers in kind."""

from __future__ import annotations

import abc
from typing import Final

from avrorpc import Code, StatusError, stub
from avrorpc.schema import compact

ATTACK: Final = (
    "<img src=x onerror=\"window.hacked='image'\"><script>window.hacked='script'</script>"
    "</textarea><svg onload=window.hacked='svg'>`<b onclick=1>` javascript:alert(1)"
)
"""What would run where it became markup; as a whole it must be readable instead."""

HOSTILE: Final = stub.Contract(
    "hostile.Hostile",
    compact(
        {
            "protocol": "Hostile",
            "namespace": "hostile",
            "doc": ATTACK,
            "types": [],
            "messages": {
                "speak": {
                    "doc": ATTACK,
                    "request": [{"name": "text", "type": "string", "doc": ATTACK, "default": ATTACK}],
                    "response": "string",
                    "readonly": True,
                    "examples": [
                        {"description": ATTACK, "input": {"text": ATTACK}, "expected_output": "other"}
                    ],
                }
            },
        }
    ),
    types=dict,
)
HOSTILE.method("speak")


class HostileService(stub.Service):
    """What would be generated for it."""

    __contract__ = HOSTILE

    @abc.abstractmethod
    def speak(self, *, text: str = ATTACK) -> str:
        """Say something."""


class Hostile(HostileService):
    def speak(self, *, text: str = ATTACK) -> str:
        if text == "fail":
            raise StatusError(Code.FAILED_PRECONDITION, ATTACK)
        return text
