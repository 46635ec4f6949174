"""The service in AWS Lambda: what API Gateway, function URLs and load balancers send, as requests to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from apig_wsgi import make_lambda_handler

from pricetrail.serving.app import create_app
from pricetrail.serving.settings import Settings

Event = dict[str, Any]


def handle(event: Event, context: Any) -> dict[str, Any]:
    """Answer one event."""
    return warm()(event, context)


@cache
def warm() -> Callable[[Event, Any], dict[str, Any]]:
    """The application with its release at hand, made once for a process.

    Lambda starts a process before it has a request for it; what is loaded then costs nobody's time. A release that
    cannot be had is no reason to die: the service says so to whoever asks, and looks again.
    """
    app = create_app(Settings.from_environment(os.environ))
    app.extensions["pricetrail"].shelf.refresh()
    return make_lambda_handler(app)
