"""The service behind waitress, on one machine of one's own: one process, or several behind one port."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pricetrail.errors import UsageError, translating
from pricetrail.serving import crew
from pricetrail.serving.settings import Settings

if TYPE_CHECKING:
    from pricetrail.serving.service import Mover

THREADS, BACKLOG = 8, 1024
# What is too large is taken in, and then gets the app's own answer; only what is far too large is cut off.
SLACK = 16_000_000
# Seconds between two looks whether to go on; seconds that requests which have begun may take to end.
LOOK, GRACE = 1.0, 10.0


def run(
    settings: Settings,
    host: str,
    port: int,
    ready: Callable[[int], object],
    *,
    processes: int = 1,
    mover: Mover | None = None,
) -> None:
    """Serve until interrupted; ``ready`` is told the port once it is open.

    Raises:
        NotServing: several were asked for, and one would not even start.
    """
    with ExitStack() as stack:
        doors = [stack.enter_context(door) for door in _open(host, port, processes)]
        ready(doors[0].getsockname()[1])
        if processes == 1:
            serve(settings, doors[0], mover)
        else:
            parent = os.getpid()
            crew.keep(lambda at: serve(settings, doors[at % len(doors)], mover, parent), processes)


def serve(settings: Settings, door: socket.socket, mover: Mover | None, parent: int | None = None) -> None:
    """Answer what comes in at an open socket until told to stop, or left alone by ``parent``.

    What has begun by then is answered.
    """
    from waitress import create_server, wasyncore

    from pricetrail.serving.app import create_app

    # One line for each request that waits for a thread is more than a log can bear.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app, open_ones = create_app(settings, mover), dict[int, Any]()
    load = threading.Thread(target=app.extensions["pricetrail"].shelf.refresh, daemon=True)
    load.start()
    if parent is not None:  # of several, only one that is ready takes part
        load.join()
    server = create_server(
        app,
        map=open_ones,
        sockets=[door],
        threads=THREADS,
        connection_limit=512,
        channel_timeout=30,
        max_request_body_size=settings.body + SLACK,
        ident=None,
    )
    asked = list[int]()

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # who asks again will not wait for what has begun
        asked.append(number)
        server.pull_trigger()

    for number in crew.STOPS:
        signal.signal(number, stop)
    while not asked and parent in (None, os.getppid()):
        wasyncore.loop(LOOK, map=open_ones, count=1)
    _finish(server, open_ones, lambda: wasyncore.loop(LOOK / 20, map=open_ones, count=1))


def _finish(server: Any, open_ones: dict[int, Any], turn: Callable[[], object]) -> None:
    """Take nobody in any more, and answer those who are in."""
    server.del_channel(open_ones)
    server.socket.close()
    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(
        each.requests or each.total_outbufs_len for each in [*server.active_channels.values()]
    ):
        turn()
    server.task_dispatcher.shutdown()


def _open(host: str, port: int, count: int) -> list[socket.socket]:
    """Open sockets at one port: one, or where the system deals out who comes in, as Linux does, one for each process.

    They stay open here, so that who was dealt to a process that died is answered by the next one.

    Raises:
        UsageError: there is no such address here, or somebody listens there already.
    """
    wrong = (
        f"Nothing can be served at {host}, port {port}: somebody may serve there already. Take another one."
    )
    with translating({OSError: UsageError}, wrong):
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        first = socket.create_server((host, port), family=family, backlog=BACKLOG)
        if count == 1 or sys.platform != "linux":
            return [first]
        # It finds out whether the port is free: one that is dealt out would be shared with anybody.
        with first:
            port = first.getsockname()[1]
        return [
            socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True)
            for _ in range(count)
        ]
