"""`avrogen explain`: what a finding means, and the way out."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.markdown import Markdown

from avrorpc_codegen.diagnostic import did_you_mean
from avrorpc_codegen.explanation import all_rules, explanation, title


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    rules = {str(rule.value): rule for rule in all_rules()}
    found = [name for name in rules if name.startswith(incomplete.upper())]
    return [CompletionItem(name, help=title(rules[name])) for name in found]


@click.command("explain")
@click.argument("rule_id", metavar="[ID]", required=False, shell_complete=_complete)
def command(rule_id: str | None) -> None:
    """Explain the finding with this ID, such as AVR203. Without one, list all ids."""
    rules = {str(rule.value): rule for rule in all_rules()}
    if rule_id is None:
        for name, rule in rules.items():
            click.echo(f"{name}  {title(rule)}")
        return
    if rule_id.upper() not in rules:
        hint = did_you_mean(rule_id.upper(), rules)
        raise click.UsageError(f"there is no finding {rule_id}" + (f"; {hint}" if hint else ""))
    rule = rules[rule_id.upper()]
    console = Console(width=min(Console().width, 100))
    if console.is_terminal:
        console.print(Markdown(explanation(rule)))
    else:
        click.echo(explanation(rule), nl=False)
