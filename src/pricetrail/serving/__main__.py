"""``python -m pricetrail.serving``: the service set up from the environment alone, as the image starts it."""

from __future__ import annotations

import os
import sys

from pricetrail.errors import PricetrailError
from pricetrail.serving.settings import Settings

RUNTIME = "AWS_LAMBDA_RUNTIME_API"
HANDLER = "pricetrail.serving.handler.handle"


def main() -> None:
    """Take Lambda's events where its runtime is, and requests at ``HOST`` and ``PORT`` where it is not."""
    try:
        if RUNTIME in os.environ:
            _serve_lambda()
        else:
            _serve_http()
    except PricetrailError as error:
        sys.exit(f"Error: {error}")


def _serve_lambda() -> None:
    from awslambdaric.__main__ import main as take

    from pricetrail.serving.handler import warm

    warm()
    take([sys.argv[0], HANDLER])


def _serve_http() -> None:
    """All addresses and 5002 where they are not set."""
    from pricetrail.serving.server import run

    settings = Settings.from_environment(os.environ)
    host = os.environ.get("HOST", "0.0.0.0")
    port, processes = (int(os.environ.get(name, other)) for name, other in (("PORT", 5002), ("PROCESSES", 1)))
    run(
        settings,
        host,
        port,
        lambda at: sys.stderr.write(f"Serving {settings.ledger} at port {at}\n"),
        processes=processes,
    )


if __name__ == "__main__":
    main()
