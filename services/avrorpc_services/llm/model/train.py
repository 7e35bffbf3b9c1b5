"""Makes the shipped checkpoint: `python -m avrorpc_services.llm.model.train`.

It trains a tokenizer and a small Llama on the docstrings of the running Python's standard library, saves
both, and records in `training.json` what went in and how well the held-out text is predicted.
"""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from avrorpc_services.llm.checkpoint import SHIPPED, read_optional_json
from avrorpc_services.llm.model import corpus, optimization, recipe
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.evaluate import bits_per_byte
from avrorpc_services.llm.model.loading import WEIGHTS, quiet

RECORD = "training.json"
SHIPPED_STEPS = 2000
"""The steps of the shipped checkpoint."""


@click.command(help="Train the small checkpoint that avrorpc ships.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=SHIPPED,
    help="The checkpoint's folder; by default the shipped one, which is replaced.",
)
@click.option(
    "--steps", type=click.IntRange(1), default=SHIPPED_STEPS, show_default=True, help="Optimizer steps."
)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this time instead.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides weights and batches.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="CPU threads; sums, and so weights, differ slightly with their number.",
)
def main(out: Path, steps: int, seconds: float | None, seed: int, threads: int) -> None:
    """Collect, train, save, evaluate, record."""
    console = Console(stderr=True)
    torch.set_num_threads(threads)
    documents = corpus.collect()
    console.print(
        f"{len(documents.documents)} docstrings of Python {documents.python}, {documents.size / 1e6:.2f} MB"
    )
    previous = read_optional_json(out, RECORD) or read_optional_json(SHIPPED, RECORD)
    for difference in differences(previous, documents):
        console.print(f"[yellow]{difference}[/yellow]")

    tokenizer = recipe.train_tokenizer(documents.documents)
    stream = recipe.encode_stream(tokenizer, documents.documents)
    schedule = optimization.Schedule(steps=steps, seconds=seconds, seed=seed)
    with _bar(console) as bar:
        task = bar.add_task("training", total=steps, loss=0.0)
        model, last = optimization.train(
            recipe.configuration(),
            stream,
            schedule,
            lambda progress: bar.update(task, completed=progress.step, loss=progress.loss),
        )

    out.mkdir(parents=True, exist_ok=True)
    with quiet():
        model.to(torch.bfloat16).save_pretrained(out)  # type: ignore[arg-type]
    (out / WEIGHTS).chmod(0o644)  # safetensors lets only the owner read what it writes
    recipe.save_tokenizer(tokenizer, out)
    figure = held_out_bits(out, tokenizer)
    record = {
        "python": documents.python,
        "corpus": {
            "documents": len(documents.documents),
            "bytes": documents.size,
            "tokens": len(stream),
            "sha256": documents.sha256,
        },
        "seed": seed,
        "steps": last.step,
        "batch_tokens": schedule.batch_tokens,
        "threads": threads,
        "seconds": round(last.elapsed),
        "parameters": model.num_parameters(),
        "last_loss": round(last.loss, 4),
        "held_out": {
            "bytes": len(corpus.held_out().encode("utf-8")),
            "bits_per_byte": round(figure, 4),
        },
        "machine": platform.machine(),
        "versions": {
            name: metadata.version(name) for name in ("safetensors", "tokenizers", "torch", "transformers")
        },
    }
    (out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    console.print(
        f"{last.step} steps in {last.elapsed:.0f} s, {figure:.3f} bits per byte of the held-out text"
    )
    click.echo(out)


def differences(record: dict[str, Any], documents: corpus.Corpus) -> list[str]:
    """Say in sentences how a corpus differs from the one that a record describes.

    Without a record there is nothing to say.
    """
    if not record:
        return []
    found = []
    if record.get("python") != documents.python:
        found.append(
            f"The recorded checkpoint was trained on Python {record.get('python')},"
            f" and this is Python {documents.python}."
        )
    if record.get("corpus", {}).get("sha256") != documents.sha256:
        found.append(
            "The corpus is not the recorded one, so that the weights will differ from the recorded ones."
        )
    return found


def held_out_bits(folder: Path, tokenizer: Tokenizer) -> float:
    """Return the bits per byte of the held-out text, from a saved checkpoint loaded for the CPU."""
    text = corpus.held_out()
    return bits_per_byte(
        CausalModel.load(folder, device="cpu"),
        tokenizer.encode(text, add_special_tokens=False).ids,
        recipe.BOS_ID,
        len(text.encode("utf-8")),
    )


def _bar(console: Console) -> Progress:
    """Return a progress bar that shows the loss."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=console,
    )


if __name__ == "__main__":
    main()
