"""The main job in one run: generated clients call a tokenizer and a language model at every distance.

It starts `avrogen serve` as a process of its own, calls it over TCP and HTTP, calls the same implementations
in this process, and compares the answers. Nothing here knows more of a service than its generated contract.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import avrorpc
import avrorpc_services
from avrorpc import describe
from avrorpc_contracts.llm import (
    Completion,
    Model,
    ModelClient,
    ModelOutput,
    TokenizedBatch,
    Tokenizer,
    TokenizerClient,
)
from rich.console import Console
from rich.table import Table

DEFAULT_PROMPT = "Return the number of"
MAX_TOKENS = 24
CALLS = 300

SERVE = ["avrorpc_services:tokenizer", "avrorpc_services:model"]


@dataclass
class Answer:
    """What one placement answered, and how fast."""

    placement: str
    batch: TokenizedBatch
    completion: Completion
    output: ModelOutput
    latencies: list[float]

    def equals(self, other: Answer) -> bool:
        """Whether the answers are the same, to the last bit of the logits."""
        return (self.batch, self.completion, self.output) == (other.batch, other.completion, other.output)


def ask(placement: str, tokenizer: Tokenizer, model: Model, prompt: str) -> Answer:
    """Make the demo's calls: the contracts are all that this function knows."""
    batch = tokenizer.tokenize(prompt)
    completion = model.generate(prompt, max_tokens=MAX_TOKENS, temperature=0.6, seed=4)
    output = model.forward(batch.input_ids, attention_mask=batch.attention_mask)
    latencies = []
    for _ in range(CALLS):
        start = time.perf_counter()
        tokenizer.tokenize(prompt)
        latencies.append(time.perf_counter() - start)
    return Answer(placement, batch, completion, output, latencies)


@contextmanager
def serving() -> Iterator[tuple[str, str]]:
    """Run `avrogen serve` on free ports; give its TCP and its HTTP address."""
    command = [
        str(Path(sys.executable).with_name("avrogen")),
        *["serve", *SERVE, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"],
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        ready = process.stdout.readline().split()
        if not ready:
            raise SystemExit(f"the server did not start; run it by hand to see why:\n  {' '.join(command)}")
        yield ready[1], ready[2]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def microseconds(latencies: list[float], percentile: int) -> str:
    """Return a percentile as text."""
    value = statistics.quantiles(latencies, n=100)[percentile - 1]
    return f"{value * 1e6:,.1f} us"


def main() -> int:
    """Run the demo; 1 where an answer differs."""
    parser = argparse.ArgumentParser(description="Call a language model at every distance.")
    parser.add_argument("prompt", nargs="*", help="the text to continue")
    prompt = " ".join(parser.parse_args().prompt)
    console = Console()
    if not prompt and sys.stdin.isatty():
        prompt = console.input(f"A prompt to continue [dim](Enter: {DEFAULT_PROMPT!r})[/dim]: ").strip()
    prompt = prompt or DEFAULT_PROMPT

    with console.status("loading the tokenizer and the model, and starting a server with the same"):
        tokenizer_binding, model_binding = avrorpc_services.tokenizer(), avrorpc_services.model()
        answers: list[Answer] = []
        with serving() as (tcp, http):
            for url in ("direct:", "local:", "verify:", tcp, http):
                here = url.endswith(":")
                tokenizer = avrorpc.connect(TokenizerClient, url, target=tokenizer_binding if here else None)
                model = avrorpc.connect(ModelClient, url, target=model_binding if here else None)
                with tokenizer, model:
                    console.print(f"[dim]{describe(model)}[/dim]", highlight=False)
                    answers.append(ask(describe(tokenizer).placement, tokenizer, model, prompt))
                    info = model.info()

    first = answers[0]
    console.print(
        f"\n[bold]{info.name}[/bold]: {info.architecture}, {info.parameters:,} parameters,"
        f" on {info.device} ({info.dtype.value.lower()})"
    )
    console.print(f"[bold]prompt[/bold]        {prompt!r}", highlight=False)
    console.print(f"[bold]token ids[/bold]     {first.batch.input_ids[0]}", highlight=False)
    console.print(f"[bold]continuation[/bold]  {first.completion.text!r}", highlight=False)
    console.print(f"[bold]its ids[/bold]       {first.completion.token_ids}", highlight=False)
    console.print(f"[bold]logits[/bold]        {first.output.logits}\n", highlight=False)

    table = Table(
        "placement", "answers", "calls", "p50", "p99", title="Tokenizer.tokenize, one call at a time"
    )
    for answer in answers:
        verdict = "equal" if answer.equals(first) else "[red]DIFFERENT[/red]"
        p50, p99 = microseconds(answer.latencies, 50), microseconds(answer.latencies, 99)
        table.add_row(answer.placement, verdict, str(len(answer.latencies)), p50, p99)
    console.print(table)

    avrogen = Path(sys.executable).with_name("avrogen")
    shown = avrogen.relative_to(Path.cwd()) if avrogen.is_relative_to(Path.cwd()) else avrogen
    console.print("Try next; the first in one terminal, the others in another:")
    for command in (
        f"{shown} serve {' '.join(SERVE)} --tcp 127.0.0.1:9000 --http 127.0.0.1:8000",
        f'{shown} call tcp://127.0.0.1:9000 llm.Model.generate \'{{"prompt": "{DEFAULT_PROMPT}"}}\'',
        f'{shown} call http://127.0.0.1:8000 llm.Tokenizer.tokenize \'{{"text": ["one", "and two"]}}\'',
    ):
        print(f"  {command}")
    return 0 if all(answer.equals(first) for answer in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
