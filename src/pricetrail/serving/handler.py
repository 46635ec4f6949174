"""The service in AWS Lambda: what API Gateway, function URLs and load balancers send, as requests to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from apig_wsgi import make_lambda_handler

from pricetrail.serving.app import create_app
from pricetrail.serving.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
    return make_lambda_handler(_under_stage(app))


def _under_stage(app: WSGIApplication) -> WSGIApplication:
    """The application where an HTTP API puts it: below the name of the API's stage, if that is not ``$default``."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        event: Event = environ["apig_wsgi.full_event"]
        stage, path = f"/{event['requestContext'].get('stage')}", environ["PATH_INFO"]
        if event.get("version") == "2.0" and f"{path}/".startswith(f"{stage}/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = stage, path.removeprefix(stage)
        return app(environ, start)

    return answer
