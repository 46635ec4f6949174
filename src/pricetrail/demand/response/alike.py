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
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats, Ints
from pricetrail.demand.response.stores import place, sums

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


@dataclass(frozen=True, slots=True, eq=False)
class Kin:
    """How much each series has to say about each other. Those whose names have the same words say as much: they are
    told as one, or a shop of many stores, and one of many products with few words, would have more to tell than fits.

    Attributes:
        group: of each series, which it is among the different names, shape (s,).
        weights: by name and name, sparse; of a name and itself, what is said among its own series.
    """

    group: Ints
    weights: Any

    def said(self, values: Floats) -> Floats:
        """The weighted sum of what all others have, shape (s, t)."""
        from scipy import sparse

        series = np.arange(len(self.group))
        members = sparse.csr_matrix(
            (np.ones(len(series)), (self.group, series)), shape=(self.weights.shape[0], len(series))
        )
        own = self.weights.diagonal()[self.group]
        found: Floats = (self.weights @ (members @ values))[self.group] - own[:, None] * values
        return found


def kin(names: Sequence[tuple[str, str | None]], descriptions: Sequence[str]) -> Kin:
    """How much each series has to say about each other: the squared cosines of the nearest."""
    from scipy import sparse

    words = _words(names, descriptions)
    if not words.shape[1]:
        return Kin(np.zeros(len(names), np.int64), sparse.csr_matrix((1, 1)))
    first, group = _different(words)
    rarity = np.log(len(names) / np.asarray(words.sum(axis=0)).ravel())
    words = _scaled(words @ sparse.diags(rarity)).tocsr()[first]
    many, step = np.bincount(group), max(1, CELLS // len(first))
    rows = [_nearest(words, many, at, step) for at in range(0, len(first), step)]
    return Kin(group, sparse.vstack(rows, format="csr"))


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
    rows = _scaled(words[:, shared]).tocsr()
    found: Floats = rows @ _principal(rows[moved]).T
    return found


def _principal(rows: Any) -> Floats:
    """What tells rows apart best, one direction a row."""
    from scipy.sparse import linalg

    if rows.shape[0] * rows.shape[1] <= CELLS:
        return np.asarray(np.linalg.svd(rows.toarray(), full_matrices=False)[2][:TRAITS])
    size = min(TRAITS, min(rows.shape) - 1)
    found: Floats = linalg.svds(rows, size, v0=np.ones(min(rows.shape)), return_singular_vectors="vh")[2]
    return found


def season(
    counts: Floats, expected: Floats, control: Bools, kindred: Kin, product: Ints
) -> tuple[Floats, Floats]:
    """What the season of its kin multiplies each series' expected counts by, shape (s, t), and how much is left of what
    a product's stores have in common in a week where other stores of it show that.

    Args:
        counts, expected: shape (s, t).
        control: the weeks whose price was the usual one, shape (s, t).
        kindred: as ``kin`` gives it.
        product: the number of each series' product, ascending, shape (s,).
    """
    known = 1 + OWN * expected
    sold, told = (np.where(control, each / known, 0.0) for each in (counts, expected))
    due, shown = PRIOR + kindred.said(told), sums(told, product)[place(product)] - told
    return (PRIOR + kindred.said(sold)) / due, 1 - np.clip(shown / due, 0.0, 1.0)


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


def _different(words: Any) -> tuple[Ints, Ints]:
    """The first row of each kind, and which kind each row is."""
    kinds = dict[bytes, int]()
    places = [words.indices[a:b].tobytes() for a, b in pairwise(words.indptr.tolist())]
    group = np.array([kinds.setdefault(place, len(kinds)) for place in places], np.int64)
    return np.unique(group, return_index=True)[1], group


def _nearest(words: Any, many: Ints, at: int, step: int) -> Any:
    """The rows of some names: squared cosines of those nearest, where ``many`` series have each name."""
    from scipy import sparse

    cosine = words[at : at + step] @ words.T
    near = cosine.data >= LEAST
    row = np.repeat(np.arange(cosine.shape[0]), np.diff(cosine.indptr))[near]
    column, cosines = cosine.indices[near], cosine.data[near]
    others = many[column] - (column == at + row)
    edges = np.searchsorted(row, np.arange(cosine.shape[0] + 1)).tolist()
    least = np.array([_least(cosines[a:b], others[a:b]) for a, b in pairwise(edges)])
    kept = (others > 0) & (cosines >= least[row])
    return sparse.csr_matrix((cosines[kept] ** 2, (row[kept], column[kept])), shape=cosine.shape)


def _least(cosines: Floats, many: Ints) -> float:
    """That of the last of the ``MOST`` nearest series."""
    if many.sum() <= MOST:
        return LEAST
    order = np.argsort(-cosines, kind="stable")
    return float(cosines[order[np.searchsorted(np.cumsum(many[order]), MOST)]])
