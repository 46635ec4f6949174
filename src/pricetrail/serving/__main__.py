"""``python -m pricetrail.serving``: the service set up from the environment alone, as a container starts it."""

from __future__ import annotations

import os
import sys

from pricetrail.errors import PricetrailError
from pricetrail.serving.server import run
from pricetrail.serving.settings import Settings


def main() -> None:
    """Serve at ``HOST`` and ``PORT``, all addresses and 5002 where they are not set."""
    try:
        settings = Settings.from_environment(os.environ)
    except PricetrailError as error:
        sys.exit(f"Error: {error}")
    host, port = os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "5002"))
    run(settings, host, port, lambda port: sys.stderr.write(f"Serving {settings.ledger} at port {port}\n"))


if __name__ == "__main__":
    main()
