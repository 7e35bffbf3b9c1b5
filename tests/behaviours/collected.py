"""All behaviours by name: every public coroutine function of the modules that describe them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from behaviours import calls, clients, conversations, deadlines, errors, requests, responses, values
from behaviours.setup import Setup

Behaviour: TypeAlias = Callable[[Setup], Awaitable[None]]

MODULES: Final = (values, calls, errors, deadlines, clients, responses, requests, conversations)

BEHAVIOURS: Final[dict[str, Behaviour]] = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if inspect.iscoroutinefunction(function) and function.__module__ == module.__name__ and name[0] != "_"
}
