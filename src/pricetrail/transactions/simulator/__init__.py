"""A shop that never was: raw order lines drawn from a demand law that is known.

``build(Settings(...))`` settles the shop; ``write`` gives its raw lines, ``panel`` its clean weekly counts,
and ``tell`` the truth behind both. ``Settings()`` is the demo shop.
"""

from __future__ import annotations

from pricetrail.transactions.simulator.files import Form, save, table, weeks, write
from pricetrail.transactions.simulator.lines import Kind
from pricetrail.transactions.simulator.orders import Panel, panel, sales
from pricetrail.transactions.simulator.settings import START, Change, Settings, Shock
from pricetrail.transactions.simulator.truth import Product, Truth, optimum, tell
from pricetrail.transactions.simulator.world import World, build

__all__ = [
    "START",
    "Change",
    "Form",
    "Kind",
    "Panel",
    "Product",
    "Settings",
    "Shock",
    "Truth",
    "World",
    "build",
    "optimum",
    "panel",
    "sales",
    "save",
    "table",
    "tell",
    "weeks",
    "write",
]
