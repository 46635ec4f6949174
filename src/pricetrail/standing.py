"""How a product's response to price is known: the three words that stages write, prices are read by and pages show.

*Identified* from its own changes of price, *borrowed* from other products for the most part, or *unknown*.
"""

from __future__ import annotations

from typing import Literal, get_args

Standing = Literal["identified", "borrowed", "unknown"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
IDENTIFIED, BORROWED, UNKNOWN = STANDINGS
