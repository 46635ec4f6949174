"""One question at a time over HTTP to services on this machine, each in turn: a price, and an order quantity.

Ours serves a signed release of the demo shop; a price has its receipt on the disk before it leaves, and a forecast
begins with a product and a price. Beside the price stands the reference's way, Flask and PyTorch over 1,200 sampled
lines at each of 100 prices, features and all. Beside the forecast stands LitServe with the same ONNX model, which is
given features that are encoded already. No question is asked twice. Processor milliseconds are of all processes of a
service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from benchmarks.figures import OURS, Figure, compared
from benchmarks.part import How
from benchmarks.server import Ask, Requests, Running, running
from benchmarks.services import FLASK, LITSERVE, stands
from benchmarks.turns import turns

Asks = Callable[[int], Ask]


def run(how: How) -> Iterator[Figure]:
    repeats, seconds = how("repeats", 5, 3), how("seconds each", 4.0, 1.0)
    with ExitStack() as open:
        known = stands(how)
        up = {
            name: each and open.enter_context(running(each.service, each.first))
            for name, each in known.items()
        }
        for what, peer, clients in (
            ("price", FLASK, 1),
            ("forecast", LITSERVE, 1),
            ("forecast", LITSERVE, 8),
        ):
            pair = {name: known[name] and (up[name], getattr(known[name], what)) for name in (OURS, peer)}
            found = turns({name: arm(each, clients, seconds) for name, each in pair.items()}, repeats)
            yield from figures(what, clients, found)


def arm(pair: tuple[Running, Asks] | None, clients: int, seconds: float) -> Callable[[], Requests] | None:
    """Ask a service for a while; None where there is none."""
    if pair is None:
        return None
    server, asks = pair
    return lambda: server.asked(asks, clients=clients, seconds=seconds)


def figures(what: str, clients: int, found: Mapping[str, list[Requests] | None]) -> Iterator[Figure]:
    if clients == 1:
        yield compared(f"a {what}, clock", "ms", each(found, "clock"))
        yield compared(f"a {what}, processors", "ms", each(found, "processor"))
    else:
        yield compared(f"{what}s a second, {clients} clients", "", each(found, "a_second"), less=False)


def each(found: Mapping[str, list[Requests] | None], kind: str) -> dict[str, list[float] | None]:
    return {name: told and [getattr(one, kind) for one in told] for name, told in found.items()}
