"""What a running service says of itself."""

from __future__ import annotations

import json
from urllib.request import urlopen

SECONDS = 10.0


def answers(address: str) -> str | None:
    """The release that the service at an address answers from; None while it does not answer."""
    try:
        with urlopen(f"{address.rstrip('/')}/version", timeout=SECONDS) as answer:
            return str(json.load(answer)["release"])
    except (OSError, ValueError):
        return None
