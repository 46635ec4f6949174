"""What a running service says of itself."""

from __future__ import annotations

import json
from urllib.request import urlopen

SECONDS = 10.0


def answers(address: str) -> str | None:
    """The release that the service at an address answers from; None while it has none.

    ``/readyz`` has a service look where its channel points, as a price does; ``/version`` only says what it holds, and
    a service that nobody asks for a price would hold the old release for good.
    """
    try:
        with urlopen(f"{address.rstrip('/')}/readyz", timeout=SECONDS) as answer:
            return str(json.load(answer)["release"])
    except (OSError, ValueError):
        return None
