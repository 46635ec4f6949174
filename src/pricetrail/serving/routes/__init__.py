"""Every route, by what it is about."""

from __future__ import annotations

from pricetrail.serving.routes import forecasts, health, prices, records, releases, sagemaker

__all__ = ["API"]

API = (prices, forecasts, records, releases, sagemaker, health)
