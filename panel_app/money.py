"""Amounts as pages add them up."""

import polars as pl


def whole_cents(column: str) -> pl.Expr:
    """An amount, added up in whole cents as the summaries of runs add it; null counts nothing."""
    return (pl.col(column).fill_null(0.0) * 100).round().cast(pl.Int64).sum() / 100
