"""How all our templates are read: each looks like what it gives, and a name that is not there is an error."""

from __future__ import annotations

from jinja2 import BaseLoader, Environment, StrictUndefined, Undefined


def template_environment(
    loader: BaseLoader, *, is_html: bool = False, undefined: type[Undefined] = StrictUndefined
) -> Environment:
    """Return an environment for templates.

    Args:
        loader: Finds them.
        is_html: Whether they are HTML, so that values are escaped; else nothing is.
        undefined: What stands for a name that is not there.
    """
    return Environment(
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=undefined,
        autoescape=is_html,  # noqa: S701 - what else is written here is no HTML
    )
