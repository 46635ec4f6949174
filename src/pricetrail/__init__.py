"""Prices with their proof: a demand model, a recommendation, and the trail behind both."""

__version__ = "0.1.0"
