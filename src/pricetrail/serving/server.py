"""The service behind waitress, on one machine of one's own."""

from __future__ import annotations

from collections.abc import Callable

from waitress import create_server

from pricetrail.serving.app import create_app
from pricetrail.serving.settings import Settings

THREADS = 8
# Waitress refuses what is far too large while it arrives; what is a little too large gets the app's own answer.
SLACK = 65_536


def run(settings: Settings, host: str, port: int, ready: Callable[[int], object]) -> None:
    """Serve until interrupted; ``ready`` is told the port once it is open."""
    server = create_server(
        create_app(settings),
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=512,
        channel_timeout=30,
        max_request_body_size=settings.body + SLACK,
        ident=None,
    )
    ready(server.effective_port)
    server.run()
