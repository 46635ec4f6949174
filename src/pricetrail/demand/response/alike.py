"""Things alike: how a week differs for hot-water bottles from how it does for bunting, and what names have in common.

Every series has the shop's weeks in common. Beyond that, things alike have seasons of their own, and prices follow
them: what sells in winter is repriced in autumn, and what the season does would be taken for what the price does.
So a series is held against those whose names share rare words with it (cosine of inverse document frequencies;
Salton and Buckley, 1988), and the same product in other stores, *in the weeks in which their own price was the usual
one*: they are its controls. How much more or less they sold than expected, shrunk towards nothing, is its season.

Slopes are shrunk towards those of things alike too (``pool``), by the words that the names share, rare or not: how
far that helps is for the data to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats

WORD = re.compile(r"[^\W\d_]{3,}")
LEAST = 0.3
MOST = 50
# A word that more of the names have tells nothing apart, such as the brand of all that a shop sells.
WIDEST = 2 / 3
# So many traits hold nearly all of what names have in common.
TRAITS = 100
CELLS = 20_000_000
# Variance of a control's own week, which no number of its orders averages away.
OWN = 0.2
# What is believed beforehand: no season, as sure as such a number of orders would be.
PRIOR = 1.0


def kin(names: Sequence[tuple[str, str | None]], descriptions: Sequence[str]) -> Any:
    """How much each series has to say about each other: a sparse matrix, shape (s, s)."""
    from scipy import sparse

    words = _words(names, descriptions)
    if not words.shape[1]:
        return sparse.csr_matrix((len(names), len(names)))
    rarity = np.log(len(names) / np.asarray(words.sum(axis=0)).ravel())
    words = _scaled(words @ sparse.diags(rarity)).tocsr()
    step = max(1, CELLS // len(names))
    return sparse.vstack([_nearest(words, at, step) for at in range(0, len(names), step)], format="csr")


def traits(names: Sequence[tuple[str, str | None]], descriptions: Sequence[str], moved: Bools) -> Floats:
    """What series have in common by name, shape (s, traits): the product of two rows is the cosine of their words.

    Args:
        names, descriptions: of the series.
        moved: the series whose price moved; a word counts if two of them have it, and not most of them; the traits are
            those that tell them apart best (principal components).
    """
    words = _words(names, descriptions)
    often = np.asarray(words[moved].sum(axis=0)).ravel()
    shared = (often > 1) & (often <= WIDEST * moved.sum())
    rows = np.asarray(_scaled(words[:, shared]).toarray())
    found: Floats = rows @ np.linalg.svd(rows[moved], full_matrices=False)[2][:TRAITS].T
    return found


def season(counts: Floats, expected: Floats, control: Bools, kindred: Any) -> Floats:
    """What the season of its kin multiplies each series' expected counts by, shape (s, t).

    Args:
        counts, expected: shape (s, t).
        control: the weeks whose price was the usual one, shape (s, t).
        kindred: as ``kin`` gives it.
    """
    known = 1 + OWN * expected
    sold, due = (kindred @ np.where(control, each / known, 0.0) for each in (counts, expected))
    found: Floats = (PRIOR + sold) / (PRIOR + due)
    return found


def _words(names: Sequence[tuple[str, str | None]], descriptions: Sequence[str]) -> Any:
    """Which words series have, of those that two of them share: sparse, shape (s, words)."""
    from scipy import sparse

    found = [{code, *WORD.findall(text.upper())} for (code, _), text in zip(names, descriptions, strict=True)]
    row = np.repeat(np.arange(len(found)), [len(each) for each in found])
    word, column = np.unique([word for each in found for word in sorted(each)], return_inverse=True)
    often = np.bincount(column, minlength=len(word))
    matrix = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(found), len(word)))
    return matrix.tocsc()[:, often > 1].tocsr()


def _scaled(words: Any) -> Any:
    """Rows of length one; zero where there is no word."""
    from scipy import sparse

    length = np.sqrt(np.asarray(words.multiply(words).sum(axis=1))).ravel()
    return sparse.diags(np.divide(1, length, out=np.zeros_like(length), where=length > 0)) @ words


def _nearest(words: Any, at: int, step: int) -> Any:
    """The rows of some series: squared cosines of the nearest, none of them the series itself."""
    from scipy import sparse

    cosine = (words[at : at + step] @ words.T).toarray()
    row = np.arange(len(cosine))
    cosine[row, at + row] = 0
    nearest = min(MOST, cosine.shape[1])
    least = np.maximum(np.partition(cosine, -nearest, axis=1)[:, -nearest], LEAST)
    return sparse.csr_matrix(np.where(cosine >= least[:, None], cosine**2, 0.0))
