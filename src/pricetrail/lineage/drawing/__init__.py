"""Trails drawn: as a picture in HTML that needs nothing else, and as Mermaid text. Pure functions of a trail."""
