"""The service as a WSGI application, the same on a laptop, behind a load balancer and in Lambda."""

from __future__ import annotations

from functools import cache

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from pricetrail.lineage import canonical
from pricetrail.serving import admission, metrics, openapi, problem, web
from pricetrail.serving.pages import site
from pricetrail.serving.routes import API
from pricetrail.serving.service import Mover, Service
from pricetrail.serving.settings import Settings


def create_app(settings: Settings, mover: Mover | None = None) -> Flask:
    """Build the service; ``mover`` lets another release serve. Nothing is read before the first request."""
    app = Flask("pricetrail.serving", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.body
    service = Service.of(settings, mover)
    app.extensions["pricetrail"] = service
    metrics.install(app, service.registry)
    admission.install(app, settings)
    problem.install(app)
    for module in API:
        app.register_blueprint(module.routes(service))
    site.install(app, service)
    app.add_url_rule("/openapi.json", "openapi", lambda: web.written(described()))
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies)  # type: ignore[method-assign]
    return app


@cache
def described() -> bytes:
    """The description of the API."""
    return canonical.dumps(openapi.document(each for module in API for each in module.OPERATIONS))
