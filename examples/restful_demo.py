"""Research and production in one run: REST with everything shown, direct calls, and the switch between them.

It serves a tokenizer and a language model on a free port, asks them as the founding documents do, by curl's
requests, by the client that switches and by the tester, and prints each request with its answer.

    python examples/restful_demo.py
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import avrorpc_services
from avrorpc import DeclaredError
from avrorpc.dual import DevelopmentEnvironment, DualClient, UnifiedService
from avrorpc.testing import ServiceTester
from rich.console import Console
from rich.table import Table

CALLS = 200
TEXT = "Hello world"

console = Console(highlight=False, soft_wrap=True)


def shown(value: object, most: int = 150) -> str:
    """Return a value as JSON that fits a line or two."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def step(title: str) -> None:
    """Print a heading."""
    console.print(f"\n[bold cyan]{title}[/bold cyan]")


def say(asked: str, answer: object) -> None:
    """Print what was asked, and the answer."""
    console.print(f"  [green]{asked}[/green]", markup=True)
    console.print(f"    {shown(answer)}", markup=False)


async def curl(url: str, verb: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
    """Send what curl would send, print the line and the answer, and return it.

    `curl -d` labels its data as a form; in research mode it is taken as the JSON that it is.
    """
    body = None if data is None else json.dumps(data)
    line = f"curl {'' if verb == 'GET' else f'-X {verb} '}{url}{path}" + (f" -d '{body}'" if body else "")
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, url + path, data=body, headers=headers) as response,
    ):
        answer = await response.json(content_type=None)
        say(f"{line}  [dim]({response.status})[/dim]", answer)
        return answer


async def rest(url: str) -> None:
    """Ask the endpoints of the founding documents, one after another."""
    tokens = await curl(url, "POST", "/tokenizer/tokenize", {"text": TEXT, "add_special_tokens": True})
    stored = await curl(url, "POST", "/tokenizer/store", {"input_ids": tokens["data"]["input_ids"]})
    await curl(url, "GET", f"/tokenizer/detokenize/{stored['data']['id']}")
    await curl(url, "GET", "/tokenizer/detokenize/unknown")
    await curl(url, "GET", "/tokenizer/examples")
    await curl(url, "POST", "/tokenizer/config", {"stored_seconds": 60})
    await curl(url, "POST", "/model/forward", {"input_ids": [[101, 2023, 2003]]})
    await curl(url, "POST", "/model/generate", {"prompt": "Return the number of", "max_tokens": 12})
    await curl(url, "GET", "/model/info")
    await curl(url, "PUT", "/model/weights", {"checkpoint": "tiny"})


async def switched(client: DualClient) -> None:
    """Make one call in both modes, and one that fails in both."""
    for enabled in (True, False):
        client.enable_restful_mode(enabled)
        say(f"client.enable_restful_mode({enabled})", client.mode.value)
        answer = await client.post("tokenizer", "tokenize", {"text": TEXT})
        say(f'await client.post("tokenizer", "tokenize", {{"text": "{TEXT}"}})', dict(answer))
        try:
            await client.post("tokenizer", "detokenize", {"input_ids": [[1_000_000]]})
        except DeclaredError as error:
            say("... and the same error", f"{type(error).__name__}: {error}")


async def unified(tokenizer: object) -> None:
    """Call one object directly and over REST."""
    service = UnifiedService(tokenizer)
    say(f'service.tokenize("{TEXT}")', str(service.tokenize(TEXT)))
    answer = await service.post_tokenize({"text": TEXT})
    say(f'await service.post_tokenize({{"text": "{TEXT}"}})', answer.data)


async def load(client: DualClient) -> tuple[int, int]:
    """Throw the switch while calls run; return how many were made in either mode."""
    counts = {True: 0, False: 0}

    async def work(number: int) -> None:
        for turn in range(CALLS // 8):
            client.enable_restful_mode((number + turn) % 3 == 0)
            answer = await client.post("tokenizer", "tokenize", {"text": f"{number}/{turn}"})
            is_envelope = "metadata" in answer
            batch = answer["data"] if is_envelope else answer
            assert sum(batch["attention_mask"][0]) == len(batch["input_ids"][0]), "an answer to another call"
            counts[is_envelope] += 1

    await asyncio.gather(*(work(number) for number in range(8)))
    return counts[True], counts[False]


async def microseconds(call: Callable[[], Awaitable[object]]) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


async def measured(url: str, env: DevelopmentEnvironment) -> Table:
    """Return what each way of asking costs."""
    tokenizer, data = env.get_service("tokenizer", mode="zero_cost"), {"text": TEXT}

    async def direct() -> object:
        return tokenizer.tokenize(TEXT)

    table = Table("way", "median", title=f"Tokenizer.tokenize, one call at a time, {CALLS} calls")
    table.add_row("the method itself", f"{await microseconds(direct):,.1f} us")
    async with await DualClient.connect(url) as elsewhere:
        ways = [("in this process", env.client), ("over HTTP", elsewhere)]
        for place, client in ways:
            for mode in ("production", "research"):

                async def ask(client: DualClient = client, mode: str = mode) -> object:
                    return await client.post("tokenizer", "tokenize", data, mode=mode)

                table.add_row(f"DualClient {place}, {mode}", f"{await microseconds(ask):,.1f} us")
    return table


async def main() -> int:
    """Run the demo; 1 where an example case does not hold."""
    with console.status("loading the tokenizer and the model"):
        tokenizer, model = avrorpc_services.tokenizer(), avrorpc_services.model()
    async with DevelopmentEnvironment(tokenizer, model) as env:
        url = await env.serve("http://127.0.0.1:0")
        console.print(f"[bold]{env!r}[/bold] at {url}")
        step("1. REST: every message is a resource")
        await rest(url)
        step("2. One client, two modes")
        await switched(env.client)
        step("3. One object, called both ways")
        await unified(tokenizer)
        step("4. The switch is thrown while calls run")
        research, production = await load(env.client)
        console.print(f"  {research} calls in research mode, {production} in production mode, none lost")
        step("5. The examples are tests")
        tester = ServiceTester(tokenizer, model)
        reports = [await tester.run_service_tests(name) for name in ("tokenizer", "model")]
        for report in reports:
            console.print(f"  {report}", markup=False)
        step("6. What it costs")
        console.print(await measured(url, env))
    return 1 if any(report.failed for report in reports) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
