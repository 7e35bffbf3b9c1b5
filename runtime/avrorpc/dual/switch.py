"""The switch between the modes: what each name stands for is found in advance, and a call looks it up.

Throwing it puts one object in another's place. A call takes what it needs of that object at once when it
begins, so that no call is lost, and none is half in either mode.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Final, TypeAlias

from avrorpc.dual.catalogue import Catalogue, Known
from avrorpc.dual.directly import Direct
from avrorpc.dual.mode import Mode
from avrorpc.dual.restful import Restful
from avrorpc.schema import Json
from avrorpc.schema.routes import Route

Ask: TypeAlias = Callable[[Mapping[str, Json]], Coroutine[Any, Any, Any]]
"""Calls one message in one mode, with arguments by name."""
Asks: TypeAlias = Mapping[str, Mapping[tuple[str, str], Ask]]
"""By a service's name, and by verb and message."""


@dataclass(slots=True, frozen=True)
class Setting:
    """How the switch stands."""

    mode: Mode
    """The mode of services that have none of their own."""
    modes: Mapping[str, Mode]
    """The modes of those that have, by their full names."""
    asks: Asks
    """What is called, of messages whose verb and name alone say what is meant."""

    def mode_of(self, known: Known) -> Mode:
        """Return the mode of a service."""
        return self.modes.get(known.contract.name, self.mode)


class Switch:
    """Switches services between the modes.

    Args:
        catalogue: The services.
        direct: Calls them in production mode.
        restful: Calls them in research mode.
        mode: The mode to begin with.
    """

    def __init__(self, catalogue: Catalogue, direct: Direct, restful: Restful, mode: Mode) -> None:
        self._catalogue: Final = catalogue

        def directly(known: Known, route: Route) -> Ask:
            return partial(direct.call, known.contract.methods[route.message.name])

        def over_rest(known: Known, route: Route) -> Ask:
            return partial(restful.call, known, route)

        self.whole: Final[Mapping[Mode, Setting]] = {
            Mode.PRODUCTION: Setting(Mode.PRODUCTION, {}, _asks(catalogue, directly)),
            Mode.RESEARCH: Setting(Mode.RESEARCH, {}, _asks(catalogue, over_rest)),
        }
        """The settings in which all services have one mode."""
        self.setting: Setting = self.whole[mode]
        """How it stands. Whoever needs two things of it takes it once, and both from there."""
        self._lock: Final = Lock()
        """Between who throws it for one service and who does for another."""

    def throw(self, mode: Mode) -> None:
        """Switch all services, those that were switched alone included."""
        with self._lock:
            self.setting = self.whole[mode]

    def throw_for(self, known: Known, mode: Mode) -> None:
        """Switch one service alone."""
        with self._lock:
            before = self.setting
            modes = {**before.modes, known.contract.name: mode}
            asks = {
                name: self.whole[modes.get(one.contract.name, before.mode)].asks[name]
                for name, one in self._catalogue.by_name.items()
            }
            self.setting = Setting(before.mode, modes, asks)


def _asks(catalogue: Catalogue, made: Callable[[Known, Route], Ask]) -> Asks:
    found = {
        id(known): {key: made(known, route) for key, route in known.plain()} for known in catalogue.services
    }
    return {name: found[id(known)] for name, known in catalogue.by_name.items()}
