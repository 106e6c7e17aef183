"""Firmographics: what kind of customer it is, where it is, and which branches and representatives serve it.

Levels are those of the training rows and stay so. Representatives are hashed into a few buckets: a person is no
feature. Shares of branches and buckets are of all the customer's order lines.
"""

import hashlib
from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.column import Column, facts_of
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View, kept
from engine.whitespace.slug import slug

FAMILY = "firmographics"
LEVELS = ("industry", "industry_sub", "region", "size")


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    of_customer = facts_of(FAMILY, "all", source=v.CUSTOMERS)
    for level in LEVELS:
        for name in state.vocabularies[level]:
            feature = Feature(f"is_{level}_{slug(name)}", kind="flag", **of_customer)
            yield Column(feature, partial(_is, level, name))
    for place, name in enumerate(("latitude", "longitude")):
        yield Column(Feature(f"place__all__{name}", kind="score", **of_customer), partial(_place, place))
    of_sales = facts_of(FAMILY, "all") | {"kind": "share"}
    for branch in state.vocabularies["branch"]:
        yield Column(Feature(f"branch_share_{slug(branch)}", **of_sales), partial(_branch_share, branch))
    if state.vocabularies["rep"]:
        for bucket in range(settings.representative_buckets):
            yield Column(Feature(f"rep_share_bucket{bucket}", **of_sales), partial(_bucket_share, bucket))


def _is(level: str, name: str, view: View) -> Floats:
    levels = view.ledger.customers_known[level]
    return (levels == name).cast(pl.Float64).to_numpy()


def _place(axis: int, view: View) -> Floats:
    return view.ledger.place[:, axis]


def _branch_share(branch: str, view: View) -> Floats:
    return _shares(view, "branch", pl.col("branch") == branch)


def _bucket_share(bucket: int, view: View) -> Floats:
    names = [name for name in view.ledger.texts("rep")["rep"].unique() if _bucket(name, view.settings) == bucket]
    return _shares(view, "rep", pl.col("rep").is_in(names))


def _shares(view: View, column: str, chosen: pl.Expr) -> Floats:
    """The share of a customer's lines with some of the texts, among those with any; NaN without."""
    lines = _lines(view, column).group_by("customer").agg(pl.col("lines").filter(chosen).sum(), whole=pl.sum("lines"))
    shares = np.full(view.ledger.shape[0], np.nan)
    shares[lines["customer"].to_numpy()] = lines["lines"].to_numpy() / lines["whole"].to_numpy()
    return shares


@kept
def _lines(view: View, column: str) -> pl.DataFrame:
    """How many visible lines every customer has of every text. Grain: customer, text."""
    texts = view.ledger.texts(column).filter(pl.col("visible") <= view.cutoff)
    return texts.group_by("customer", column).agg(pl.sum("lines")).sort("customer", column)


def _bucket(name: str, settings: FeatureSettings) -> int:
    """The bucket of a representative, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % settings.representative_buckets
