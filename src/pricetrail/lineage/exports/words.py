"""What a model of pricetrail is for and what it cannot do, in plain words: the same for every release."""

from __future__ import annotations

PURPOSE = (
    "Forecasts the quantity of an order line, and tells how a product's demand answers to its list price, so that a "
    "retailer can decide what to ask for it."
)
USES = (
    "Recommending a list price for a product, within the prices that were seen and the limits that the retailer sets.",
    "Forecasting the quantity of order lines to come.",
    "Proposing an experiment for a product whose answer to price is not known.",
)
MISUSES = (
    "Prices for single persons: a price is of a product and never of a customer.",
    "Prices outside of the range that was observed.",
    "Forecasts for products, channels or times that the order lines say nothing of.",
)
USERS = (
    "Pricing analysts, who ask for a price and decide on it.",
    "Engineers, who run the pipeline and serve its releases.",
    "Auditors, who ask where a price came from.",
)
LIMITS = (
    "The forecast of a quantity is no demand curve: its price input is never varied to make one.",
    "A product whose list price never changed has no answer to price of its own; that is said, and not made up.",
    "What is learned from order lines holds for as long as customers buy as they did; drift is tested at every run.",
    "Orders that were never placed are in no order line: of those who saw a price and left, nothing is known.",
)
OVERSIGHT = (
    "A run that fails a gate is no release. A release serves only when somebody, named in the ledger with a reason, "
    "promotes it, and one command takes that back. Every price names the rule that bound it, and 'keep the price' is "
    "an answer where the evidence does not carry another."
)
ETHICS = (
    (
        "Groups of customers may be forecast less well than others",
        "The error of each group is compared with an interval drawn by invoice, and a gate stops a run in which they "
        "differ by more than the limit. A group that is too small reads inconclusive, and does not pass.",
    ),
    (
        "Order lines hold what customers bought",
        "No customer's identity is in a price, a receipt or a log.",
    ),
)
