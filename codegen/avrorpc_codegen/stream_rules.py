"""What `@stream` asks of its message: a value that it can have, an item to stream, and an answer."""

from __future__ import annotations

from avrorpc.schema import Streaming

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean

_VALUES = tuple(kind.value for kind in Streaming if kind is not Streaming.NONE)


def check_stream(message: syntax.Message, diagnostics: Diagnostics, *, is_json: bool) -> None:
    """Check a message that has the annotation."""
    annotation = next((item for item in message.annotations if item.name.text == "stream"), None)
    if annotation is None:
        return
    name, value, span = message.name.text, annotation.value.json, annotation.value.span
    if not isinstance(value, str) or value not in _VALUES:
        hint = did_you_mean(value, _VALUES) if isinstance(value, str) else None
        if value == Streaming.NONE.value:
            hint = "a message without the annotation streams nothing"
        problem = '`@stream` needs "request", "response" or "both"'
        diagnostics.error(Rule.BAD_ANNOTATION, problem, span, help=hint)
        return
    kind = Streaming(value)
    if message.one_way is not None:
        word = '"one-way"' if is_json else "`oneway`"
        diagnostics.error(
            Rule.ONE_WAY_STREAM,
            f"`{name}` is one-way, and a stream needs an answer",
            message.one_way,
            "the answer tells the caller that items are read, and how the stream has ended",
            help=f"leave {word} out, or `@stream`",
        )
    if not kind.takes_stream:
        return
    if not message.parameters:
        other = ', or write `@stream("response")`' if kind.gives_stream else ", or leave `@stream` out"
        diagnostics.error(
            Rule.NO_STREAM_ITEM,
            f"`{name}` streams its request, and has no parameter to be the item",
            span,
            help=f"add a parameter of the type of the items{other}",
        )
        return
    item = message.parameters[-1]
    if item.default is not None:
        diagnostics.error(
            Rule.STREAM_ITEM_DEFAULT,
            f"`{item.name.text}` is the item of the stream `{name}`, and has a default",
            item.default.span,
            "the last parameter is the item: any number of them is sent, none too",
            help="leave the default out, or let another parameter be the last",
        )
