"""What `@http`, `@query`, `@header` and `@body` ask of their message: routes that a server can follow.

What is wrong is decided by `avrorpc.schema.routes`, as by a server; here it gets a place in the source.
"""

from __future__ import annotations

from typing import Final

from avrorpc.schema import Message, Protocol, conflicts, service_segments
from avrorpc.schema.annotations import deprecation_problem
from avrorpc.schema.routes import RouteProblem, conflict_text, message_routes, route_problems

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.source import Span

_RULES: Final = {"variable": Rule.ROUTE_VARIABLE, "place": Rule.PARAMETER_PLACE}


def check_routes(tree: syntax.Message, message: Message, diagnostics: Diagnostics) -> bool:
    """Check the annotations of a message and its parameters; return whether its routes can be followed."""
    problems = list(route_problems(message))
    for problem in problems:
        rule = _RULES.get(problem.kind)
        if rule is None:
            rule = Rule.BAD_ROUTE if problem.annotation == "http" else Rule.BAD_ANNOTATION
        text = problem.text if problem.parameter is None else f"`{problem.parameter}`: {problem.text}"
        diagnostics.error(rule, text, _span(tree, problem), help=problem.help)
    return not problems


def check_same_routes(protocol: Protocol, messages: dict[str, Span], diagnostics: Diagnostics) -> None:
    """Report the messages of one protocol that would be reached by one verb and path.

    Args:
        protocol: The protocol.
        messages: The messages whose routes can be followed, and where their names are.
        diagnostics: Collects the findings.
    """
    (segment,) = service_segments([protocol]).values()
    routes = [
        route
        for name, message in protocol.messages.items()
        if name in messages
        for route in message_routes(protocol.name, message, segment)
    ]
    for first, second in conflicts(routes):
        diagnostics.error(
            Rule.SAME_ROUTE,
            conflict_text(first, second),
            messages[second.message.name],
            help="give one of them another verb or another path with `@http`",
        )


def check_error_status(annotations: tuple[syntax.Annotation, ...], diagnostics: Diagnostics) -> None:
    """Check `@http` on the declaration of an error: a status."""
    for annotation in annotations:
        value = annotation.value.json
        if annotation.name.text != "http":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 400 <= value <= 599:
            problem = "`@http` on an error needs an HTTP status from 400 to 599"
            diagnostics.error(Rule.BAD_ANNOTATION, problem, annotation.value.span)


def check_deprecated(annotations: tuple[syntax.Annotation, ...], diagnostics: Diagnostics) -> None:
    """Check the value of `@deprecated`."""
    for annotation in annotations:
        if annotation.name.text == "deprecated":
            problem = deprecation_problem(annotation.value.json)
            if problem is not None:
                diagnostics.error(Rule.BAD_ANNOTATION, problem, annotation.value.span)


def _span(tree: syntax.Message, problem: RouteProblem) -> Span:
    """Return the place of the annotation that is at fault, or else of the name of what has it."""
    holder: syntax.Message | syntax.Variable = tree
    if problem.parameter is not None:
        holder = next(one for one in tree.parameters if one.name.text == problem.parameter)
    found = (one.value.span for one in holder.annotations if one.name.text == problem.annotation)
    return next(found, holder.name.span)
