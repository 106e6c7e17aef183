"""Ids: the one form that an id has in every table, and numbers in the place of ids that lost their digits.

An id is trimmed text; a whole number has no fraction part (specification, section 1). Leading zeros belong to an id.
"""

import polars as pl

BLANK_AROUND = r"^\s|\s$"
POINT_ZERO = r"^([+-]?\d+)\.0+$"
"""A whole number as programs leave it that hold numbers with a gap among them as floats."""
ODD = rf"{BLANK_AROUND}|\.0+$"
"""What an id may look like that is not in its one form. Nearly no batch of rows has one, and the look is cheap."""
SCIENTIFIC = r"^[+-]?\d([.,]\d+)?[eE][+-]?\d+$"
SURELY_SCIENTIFIC = r"^[+-]?\d[.,]\d+[eE][+-]?\d+$|^[+-]?\d[eE][+]\d+$"
"""With a point or a plus, as programs write a number and hardly anyone a code."""
SAME_BUILD = r"^\d([.,]\d+)?[A-DF-Za-df-z]\+?\d+$"
"""A code that is built like a number in scientific notation, with another letter."""
WHOLE_NUMBER = r"^[+-]?\d+$"


def exact_up_to(kind: pl.DataType) -> int:
    """From this whole number on a kind of float holds several as one."""
    return 1 << (24 if kind == pl.Float32 else 53)


def canonical(text: pl.Expr) -> pl.Expr:
    """Ids as text in their one form; null where there is nothing but blanks."""
    return text.map_batches(_canonical, return_dtype=pl.String(), is_elementwise=True)


def _canonical(written: pl.Series) -> pl.Series:
    # Millions of rows come by, mostly sorted: one of each run is looked at, and replacing is worth its time only
    # where the look finds something.
    each = written.filter(written.ne_missing(written.shift()))
    if each.str.contains(ODD).any():
        written = written.str.strip_chars().str.replace(POINT_ZERO, "${1}")
        each = written
    is_nothing = (each == "").any()
    return written.set(written == "", None) if is_nothing else written


def lost_digits(ids: pl.Series) -> pl.Series:
    """Those among the distinct ids of a column that are numbers in scientific notation: `7.61234E+12`.

    The column decides. `5E10` is a number where every other id is one, and a code among codes; with a point or a plus
    it is a number, unless codes of the same build with another letter stand beside it.
    """
    looks_so = ids.str.contains(SCIENTIFIC)
    if not looks_so.any() or ids.str.contains(SAME_BUILD).any():
        return ids.clear()
    others = ids.filter(~looks_so)
    if len(others) and others.str.contains(WHOLE_NUMBER).all():
        return ids.filter(looks_so)
    return ids.filter(ids.str.contains(SURELY_SCIENTIFIC))
