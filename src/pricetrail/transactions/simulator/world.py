"""Everything that is settled before the first order: the simulated shop at rest."""

from __future__ import annotations

from dataclasses import dataclass

from pricetrail.transactions.simulator import catalogue, customers, law
from pricetrail.transactions.simulator.catalogue import Catalogue
from pricetrail.transactions.simulator.customers import Customers
from pricetrail.transactions.simulator.law import Law
from pricetrail.transactions.simulator.lines import ADDED
from pricetrail.transactions.simulator.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A shop with its products, its demand law and its customers, all derived from the settings."""

    settings: Settings
    catalogue: Catalogue
    law: Law
    customers: Customers


def build(settings: Settings) -> World:
    """Derive the shop: the same settings give the same shop."""
    clean = settings.rows / (1 + settings.dirt * ADDED)
    registered = clean * (1 - settings.anonymous) / settings.weeks
    goods = catalogue.draw(settings)
    return World(settings, goods, law.derive(settings, goods, clean), customers.draw(settings, registered))
