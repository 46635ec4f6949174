"""What the shop sells: products with their names, families, base prices, costs and elasticities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricetrail.transactions.simulator.chance import Floats, Ints
from pricetrail.transactions.simulator.settings import Change, Settings

PRODUCTS_A_FAMILY = 20
THINGS = (
    "MUG",
    "CANDLE",
    "BAG",
    "LANTERN",
    "CUSHION",
    "CLOCK",
    "TIN",
    "FRAME",
    "PLATE",
    "APRON",
    "BOWL",
    "DOORMAT",
)
STYLES = (
    "VINTAGE",
    "RETRO",
    "WOODEN",
    "GLASS",
    "ENAMEL",
    "PAPER",
    "COTTON",
    "WICKER",
    "ZINC",
    "SILK",
    "FELT",
)
MOTIFS = ("RED HEART", "BLUE STRIPE", "PINK SPOT", "GREEN LEAF", "WHITE ROSE", "STAR", "OWL", "BIRD", "DAISY")
PACKS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 36, 48, 72, 96, 144, 200, 240, 288, 480, 600])
BETWEEN = np.log(PACKS[1:] * PACKS[:-1]) / 2
TIER = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The products, one entry each: arrays of shape (products,).

    Attributes:
        codes, descriptions: as the order lines name them.
        family: number of the family.
        base: base price in pence, at which the demand law's price effect is nothing.
        cost: unit cost in pounds.
        elasticity: of the expected orders, by list price.
        popularity: log level of the orders, up to a constant.
        pack: typical log quantity of an order.
        tier: quantity from which an order pays less; the second tier begins at three times as many.
        since: first week on sale.
    """

    codes: tuple[str, ...]
    descriptions: tuple[str, ...]
    family: Ints
    base: Ints
    cost: Floats
    elasticity: Floats
    popularity: Floats
    pack: Floats
    tier: Ints
    since: Ints


def draw(settings: Settings) -> Catalogue:
    """Draw the products; those that a shock brings come last, so that they move nobody else's draw."""
    weeks = np.concatenate([np.zeros(settings.products, np.int64), *_launches(settings)])
    families = -(-settings.products // PRODUCTS_A_FAMILY)
    half = settings.elasticity_sd / np.sqrt(2)
    shared = settings.stream(0).normal(settings.elasticity_mean, half, families)
    rng, count = settings.stream(1), len(weeks)
    # One row of draws a product: what a product is does not depend on how many there are.
    normal = rng.standard_normal((count, 6))
    family = np.arange(count) % families
    log_price = np.log(2.3) + 0.75 * normal[:, 0]
    pack = 1.75 - 0.45 * (log_price - np.log(2.3)) + 0.35 * normal[:, 1]
    base = np.maximum(29, np.rint(np.exp(log_price) * 20) * 5).astype(np.int64)
    return Catalogue(
        codes=_codes(count),
        descriptions=tuple(_description(number, int(family[number])) for number in range(count)),
        family=family,
        base=base,
        cost=np.round(base / 100 * np.exp(-0.7 + 0.15 * normal[:, 2]), 2),
        elasticity=shared[family] + half * normal[:, 3],
        popularity=0.8 * normal[:, 4],
        pack=pack,
        tier=snapped(pack + TIER),
        since=weeks,
    )


def snapped(log_quantity: Floats) -> Ints:
    """The nearest size, on the log scale, that goods are ordered in."""
    sizes: Ints = PACKS[np.searchsorted(BETWEEN, log_quantity)]
    return sizes


def _launches(settings: Settings) -> list[Ints]:
    shocks = [shock for shock in settings.shocks if shock.change == Change.PRODUCTS]
    return [
        np.full(round(settings.products * s.size), s.week, np.int64)
        for s in sorted(shocks, key=lambda s: s.week)
    ]


def _codes(count: int) -> tuple[str, ...]:
    return tuple(
        f"{20_000 + 3 * number}{'' if number % 5 else 'ABCDE'[number // 5 % 5]}" for number in range(count)
    )


def _description(number: int, family: int) -> str:
    style, motif = STYLES[number % len(STYLES)], MOTIFS[number // len(STYLES) % len(MOTIFS)]
    return f"{style} {THINGS[family % len(THINGS)]} {motif}"
