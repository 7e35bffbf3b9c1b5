"""How one service is set while it runs: what `POST|PUT /{service}/config` changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from avrorpc.errors import StatusError
from avrorpc.schema import Json
from avrorpc.server.rest.problems import Refusal

Mode: TypeAlias = Literal["research", "production"]
"""Whether answers are the envelope `{data, metadata, examples}`, or the bare results."""

MODES: Final = ("research", "production")


class ServiceSettings:
    """The settings of one service.

    An implementation that can be set has two methods beside those of its contract: `configuration()` returns
    its settings as a `dict` of JSON values, and `configure(changes)` takes some of them anew; it raises
    `ValueError` with the reason where it will not.

    Args:
        implementation: Whose settings they are, too.
        mode: The server's default.
    """

    def __init__(self, implementation: object, mode: Mode) -> None:
        self._implementation: Any = implementation
        self._default: Final[Mode] = mode
        self.mode: Mode = mode
        """What answers are where the client does not say."""
        self._is_configurable: Final = callable(getattr(implementation, "configure", None)) and callable(
            getattr(implementation, "configuration", None)
        )
        self._initial: Final[dict[str, Json]] = self._own()

    def shown(self) -> dict[str, Json]:
        """Return the settings as JSON."""
        return {"mode": self.mode, **self._own()}

    def change(self, changes: Mapping[str, Json]) -> dict[str, Json]:
        """Change some settings, all or none of them, and return what they are then.

        Raises:
            Refusal: 422, there is no such setting, or it cannot be that.
        """
        rest = dict(changes)
        mode = rest.pop("mode", self.mode)
        known = self._own()
        errors: list[dict[str, Json]] = [
            {
                "pointer": f"/{name}",
                "detail": f"there is no setting {name!r}; there is {', '.join(('mode', *known))}",
                "in": "body",
            }
            for name in rest
            if name not in known
        ]
        if mode not in MODES:
            errors.append(
                {
                    "pointer": "/mode",
                    "detail": f"{mode!r:.60} is neither research nor production",
                    "in": "body",
                }
            )
        if errors:
            raise Refusal(422, f"the settings are wrong: {errors[0]['detail']}", errors=errors)
        if rest:
            try:
                self._implementation.configure(rest)
            except (ValueError, StatusError) as error:
                raise Refusal(422, f"the settings are refused: {error}") from None
        self.mode = "research" if mode == "research" else "production"
        return self.shown()

    def replace(self, settings: Mapping[str, Json]) -> dict[str, Json]:
        """Set all settings anew, those left out to what they were at the start, and return them.

        Raises:
            Refusal: 422, there is no such setting, or it cannot be that.
        """
        return self.change({"mode": self._default, **self._initial, **settings})

    def _own(self) -> dict[str, Json]:
        return dict(self._implementation.configuration()) if self._is_configurable else {}
