"""What it costs that a call may go either way: in production mode, beside the same call without a switch.

All run in turn, in rounds of changing order; what counts is the median over the rounds of the differences
within a round. What the switch costs is measured with calls that do nothing, beside which it is not lost in
the noise. No call waits, so that each is a coroutine that is run by one `send`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any, Final

from avrorpc import Server, connect
from avrorpc.binding import bind
from avrorpc.dual import DualClient, Mode, UnifiedService
from avrorpc.dual.carriers import InProcess
from avrorpc.dual.catalogue import Catalogue
from avrorpc.dual.directly import Implementations
from avrorpc.method import Method
from avrorpc.schema import Json

from benchmarks.harness import Benchmark, Contender, Result, Work, measure
from benchmarks.load import Outcome, Panel, Show
from benchmarks.loadcontracts.rest import AsyncRestClient
from benchmarks.rest_payloads import PAYLOADS
from benchmarks.rest_servers import Measured

PACKAGES: Final = ("avrorpc", "msgspec")
ROUNDS: Final = 25
SECONDS: Final = 0.1
"""How long one run takes."""
ASKED: Final[dict[str, Any]] = PAYLOADS["small"][1]

METHOD, TYPED, UNIFIED = "the bare method", "typed client, direct placement", "UnifiedService"
DIRECT, DUAL = "JSON values, no switch", "DualClient, production"
NOTHING, SWITCHED = "nothing, no switch", "nothing, by DualClient"
TOGGLED: Final = "DualClient, switch thrown"


async def run(scale: float, show: Show) -> Outcome:
    """Compare."""
    service = Measured()
    method = type(service).__contract__.methods["tokenize"]
    client = DualClient.of(service, mode=Mode.PRODUCTION)
    unified = UnifiedService(service, client)
    typed = connect(AsyncRestClient, "direct:", target=service)
    direct, nothing = Implementations([bind(service)]), _Nothing()
    idle = DualClient(Catalogue([method.contract]), nothing, InProcess(Server([service])))
    calls: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        METHOD: lambda: service.tokenize(**ASKED),
        TYPED: lambda: typed.tokenize(**ASKED),
        UNIFIED: lambda: unified.tokenize(**ASKED),
        DIRECT: lambda: direct.call(method, ASKED),
        DUAL: lambda: client.post("rest", "tokenize", ASKED),
        NOTHING: lambda: nothing.call(method, ASKED),
        SWITCHED: lambda: idle.post("rest", "tokenize", ASKED),
    }
    contenders = [Contender(name, partial(_calling, call)) for name, call in calls.items()]
    benchmark = Benchmark("switching", "", "call", [*contenders, Contender(TOGGLED, _throwing)])
    result = measure(benchmark, rounds=max(3, round(ROUNDS * scale)), seconds=SECONDS, progress=show)
    outcome = Outcome("switching", "A call that may go either way, in production mode", packages=PACKAGES)
    outcome.figures = {f"{name}: us": round(result.median(name), 3) for name in result.times}
    outcome.figures |= {
        "switch_us_per_call": _difference(result, SWITCHED, NOTHING),
        "switch_us_per_typed_call": _difference(result, UNIFIED, METHOD),
        "toggle_us": round(result.median(TOGGLED), 3),
    }
    rounds = {
        name: [(float(n + 1), each) for n, each in enumerate(times)] for name, times in result.times.items()
    }
    outcome.panels.append(Panel("calls, and the switch", "round", "microseconds", rounds))
    await client.close()
    await idle.close()
    return outcome


class _Nothing:
    """Calls nothing."""

    async def call(self, method: Method[Any], arguments: Mapping[str, Json]) -> Json:
        return None

    async def iterate(self, method: Method[Any], arguments: Mapping[str, Json]) -> AsyncIterator[Json]:
        return
        yield

    async def close(self) -> None:
        pass


def _difference(result: Result, one: str, other: str) -> float:
    """Return the median microseconds by which one takes longer than another, round by round."""
    pairs = zip(result.times[one], result.times[other], strict=True)
    return round(median(own - base for own, base in pairs), 3)


@contextmanager
def _calling(call: Callable[[], Coroutine[Any, Any, Any]]) -> Iterator[Work]:
    def work(count: int) -> None:
        for _ in range(count):
            try:
                call().send(None)
            except StopIteration:
                continue
            raise RuntimeError("the call waits")

    yield work


@contextmanager
def _throwing() -> Iterator[Work]:
    client = DualClient.of(Measured())

    def work(count: int) -> None:
        for number in range(count):
            client.enable_restful_mode(number % 2 == 0)

    yield work
