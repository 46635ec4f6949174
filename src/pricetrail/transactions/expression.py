"""A column of a raw file computed from others: one scalar SQL expression, checked before anything runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pricetrail.errors import UsageError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PARTS = _words(
    """
    Column Identifier Literal Boolean Null Paren Neg Not Add Sub Mul Div IntDiv Mod DPipe EQ NEQ GT GTE LT
    LTE And Or Is In Between Like ILike Case If Cast TryCast DataType DataTypeParam Interval Var"""
)
FUNCTIONS = _words(
    """
    Abs Ceil Coalesce Concat ConcatWs DateFromParts DateTrunc Day Exp Extract Floor Greatest Least Left
    Length Ln Log Lower Month Nullif Pad Pow RegexpExtract RegexpReplace Replace Right Round Sign SplitPart
    Sqrt StrToTime Substring TimestampTrunc Trim Trunc Upper Year"""
)
TEXTUAL = _words(
    """
    Concat ConcatWs DPipe ILike Left Length Like Lower Pad RegexpExtract RegexpReplace Replace Right SplitPart
    StrToTime Substring Trim Upper"""
)
EXAMPLE = "For example: --map quantity='exp(logmove)' or --map unitprice='revenue / units'."


ARITHMETIC = _words(
    "Neg Add Sub Mul Div IntDiv Mod GT GTE LT LTE Between Abs Ceil Exp Floor Ln Log Pow Round Sign Sqrt Trunc"
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression and the columns that it uses, as the file spells them."""

    text: str
    columns: tuple[str, ...]

    def sql(self, renamed: Mapping[str, str], *, text: bool = False) -> str:
        """As SQL; columns that have another name as numbers go by it, except where texts are meant: inside a
        function of text, beside a text, and, of an expression that gives ``text``, wherever nothing is reckoned."""
        return _parsed(self.text).transform(lambda node: _renamed(node, renamed, text=text)).sql("duckdb")


def parse(text: str, names: Sequence[str]) -> Expression | None:
    """Read ``text`` as an expression over the columns ``names``, or as a number that holds for every row; None
    when it uses a column that is not there, or is no expression at all.

    Raises:
        UsageError: it is an expression, but not a scalar one of the functions that are allowed.
    """
    try:
        tree = _parsed(text)
    except SqlglotError:
        return None
    if isinstance(tree, exp.Column | exp.Alias):
        return None
    _check(tree, text)
    spelled = {name.lower(): name for name in names}
    used = {column.name.lower() for column in tree.find_all(exp.Column)}
    if not used <= spelled.keys() or not (used or tree.is_number):
        return None
    return Expression(text, tuple(sorted(spelled[name] for name in used)))


def columns(text: str) -> tuple[str, ...]:
    """The columns that an expression names, in order; none where it is no expression."""
    try:
        tree = _parsed(text)
    except SqlglotError:
        return ()
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))


def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, dialect="duckdb")


def _check(tree: exp.Expr, text: str) -> None:
    for node in tree.walk():
        kind = type(node).__name__
        table = isinstance(node, exp.Column) and bool(node.table)
        if table or kind not in PARTS | FUNCTIONS:
            name = node.name if isinstance(node, exp.Anonymous) else kind
            raise UsageError(
                f"The expression {text!r} cannot be used: {name} is not allowed in it. Expected one number, "
                "text or date per row, computed from the columns of the same row with arithmetic, CASE, CAST "
                f"and the usual functions of numbers, text and dates. {EXAMPLE}"
            )


def _renamed(node: exp.Expr, renamed: Mapping[str, str], *, text: bool) -> exp.Expr:
    if not isinstance(node, exp.Column):
        return node
    lower = {} if _textual(node, text=text) else {name.lower(): to for name, to in renamed.items()}
    return exp.column(lower.get(node.name.lower(), node.name), quoted=True)


def _textual(column: exp.Column, *, text: bool) -> bool:
    """Whether a column is meant as it is written, and not as a number."""
    parent = column.parent
    if parent is None or type(parent).__name__ in ARITHMETIC:
        return False
    beside_text = any(isinstance(each, exp.Literal) and each.is_string for each in parent.iter_expressions())
    return text or beside_text or type(parent).__name__ in TEXTUAL
