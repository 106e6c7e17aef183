"""Holdout: eligible candidates that are left uncalled at random, drawn before anything is selected.

In: eligible candidates. Out: which are held out, and with which chance. A propensity is not an uplift: what calls add
is told only by comparing the called with those that would have been called and were not.
"""

import hashlib

import polars as pl

from engine.settings.whitespace.ranking import HoldoutSettings
from engine.vocabulary import whitespace as v

STRATUM = (v.DIVISION, "segment")


def holdout(eligible: pl.DataFrame, settings: HoldoutSettings) -> pl.DataFrame:
    """The candidates with `is_held_out` and `holdout_chance`, in their order.

    Of every division and segment the same share is drawn, to the nearest whole number; the chance is what was drawn
    over what there was, so that it is exact also where a stratum is small. The draw follows from the seed and the ids
    alone, not on scores or the order of rows: whoever is held out stays so from list to list, for as long as an
    effect takes to show.
    """
    keys = eligible.select(pl.col(v.PAIR).cast(pl.String)).iter_rows()
    lot = pl.Series([_lot(settings.seed, *key) for key in keys], dtype=pl.UInt64)
    drawn = (pl.len() * settings.share).round().cast(pl.UInt32).over(STRATUM)
    place = pl.struct("lot", pl.col(v.CUSTOMER).cast(pl.String)).rank("ordinal").over(STRATUM)
    return (
        eligible.with_columns(lot=lot)
        .with_columns(is_held_out=place <= drawn, holdout_chance=drawn / pl.len().over(STRATUM))
        .drop("lot")
    )


def _lot(seed: int, customer: str, division: str) -> int:
    key = "\x1f".join((str(seed), customer, division))
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
