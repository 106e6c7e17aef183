"""Panel: every customer and division as of every cutoff, with what they bought after it.

In: tables and cutoffs. Out: one frame, labels null where their window is not whole. Also the cutoffs themselves.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from engine.errors import InputError, Problem
from engine.settings.whitespace.labels import LabelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.months import add_months, month_end
from engine.whitespace.tables import Tables, divisions_of

HORIZON = "horizon_months"


@dataclass(frozen=True)
class Blocks:
    """The cutoffs of a run, each the last day that its rows may see.

    tuning: in order; the label of the last ends where that of `calibration` begins. calibration: its label ends on
    the scoring cutoff. scoring: the day as of which customers are ranked.
    """

    tuning: tuple[dt.date, ...]
    calibration: dt.date
    scoring: dt.date

    @property
    def labelled(self) -> tuple[dt.date, ...]:
        """The cutoffs whose labels a run may read."""
        return *self.tuning, self.calibration


def cutoffs_for(scoring: dt.date, settings: LabelSettings) -> Blocks:
    """The cutoffs that a model for a scoring cutoff is tuned and calibrated on, from month end to month end.

    Raises InputError where the scoring cutoff is no month end: the label of one in the middle of a month would end
    some days off the next cutoff.
    """
    if scoring != month_end(scoring):
        advice = f"choose {month_end(scoring)} or {add_months(month_end(scoring), -1)}"
        raise InputError([Problem("cutoff", f"{scoring} is not the end of a month", advice)])
    last = add_months(scoring, -2 * settings.horizon_months)
    steps = range(settings.cutoffs - 1, -1, -1)
    return Blocks(
        tuning=tuple(add_months(last, -step * settings.spacing_months) for step in steps),
        calibration=add_months(scoring, -settings.horizon_months),
        scoring=scoring,
    )


def newest_cutoff(tables: Tables) -> dt.date:
    """The last month end that was delivered whole."""
    end = month_end(tables.data_as_of)
    return end if end == tables.data_as_of else add_months(end, -1)


def labels(
    tables: Tables,
    cutoffs: Sequence[dt.date],
    settings: LabelSettings,
    horizons: Mapping[str, int] | None = None,
) -> pl.DataFrame:
    """The labelled panel. Grain: customer, division, cutoff; sorted by division, cutoff and customer.

    A row for every customer with any history at the cutoff (an order or an asset that was known), or for every
    customer where the population is `all`, and every division.
    horizons: months by division, such as `widen.widen` finds them; else those of the settings.

    label (Int8): whether the net gross profit of (cutoff, cutoff + horizon] is above the threshold; null where the
    window is not whole. net_gp_window (Float64, money), first_purchase_date (first order of positive gross profit in
    it, null for none): as far as delivered. window_start, window_end: its first and last day. horizon_months (Int8):
    its true length, which differs between divisions alone. label_known_at: the day as of which the label is what it
    is. censored_flag (Int8): 1 where the window ends after the data. is_new_logo: no order of any division before.
    is_expansion: an order within `active_months`, none of the division within `absent_months`. is_renewal_like: an
    order of the division ever. segment: see `vocabulary.whitespace.SEGMENTS`. in_population: by the settings.
    active_days_cut: the data begin after the start of the `absent_months`, so that older orders are unknown.
    Raises InputError where a cutoff is not covered by the data, or a horizon is that of no division.
    """
    days = sorted(set(cutoffs))
    months = settings.own_horizons() if horizons is None else horizons
    problems = [*_uncovered(tables, days), *_unknown_divisions(tables, months)]
    if problems:
        raise InputError(problems)
    by_day = _by_day(tables, settings)
    panel = pl.concat([_of_cutoff(tables, by_day, day, months, settings) for day in days])
    return panel.sort(v.DIVISION, v.CUTOFF, v.CUSTOMER).collect()


def _uncovered(tables: Tables, days: Sequence[dt.date]) -> Iterator[Problem]:
    first = tables.first_day
    outside = [day for day in days if not first <= day <= tables.data_as_of]
    if outside:
        named = ", ".join(str(day) for day in outside)
        advice = (
            f"choose cutoffs from {first} to {tables.data_as_of}, or fewer of them with whitespace.labels.cutoffs"
        )
        yield Problem("cutoff", f"is outside of the orders: {named}", advice)


def _unknown_divisions(tables: Tables, months: Mapping[str, int]) -> Iterator[Problem]:
    known = divisions_of(tables)
    unknown = [division for division in months if division not in known]
    if unknown:
        what = f"names divisions that nothing is sold in: {', '.join(unknown)}"
        advice = f"correct them; divisions there are: {', '.join(known)}"
        yield Problem("whitespace.labels.division_horizons", what, advice)


def _by_day(tables: Tables, settings: LabelSettings) -> pl.LazyFrame:
    """The orders of a customer and division by day and day since when they are known, from one pass over the lines.

    cents: their net gross profit, without denied SKUs. is_positive: whether a line that is not denied earns.
    """
    cents = pl.col("gross_profit_cents")
    if settings.denied_skus:
        kind = tables.transactions.schema["sku_id"]
        denied = pl.Series(settings.denied_skus).cast(kind, strict=False).drop_nulls()
        cents = pl.when(~pl.col("sku_id").is_in(denied.implode())).then(cents).otherwise(0)
    days = tables.transactions.lazy().group_by(*v.PAIR, "order_date", "known_at")
    return days.agg(cents=cents.sum(), is_positive=cents.max() > 0).collect().lazy()


def _of_cutoff(
    tables: Tables,
    by_day: pl.LazyFrame,
    cutoff: dt.date,
    months: Mapping[str, int],
    settings: LabelSettings,
) -> pl.LazyFrame:
    """The rows of one cutoff."""
    windows = _windows(tables, cutoff, months, settings)
    seen = by_day.filter(pl.max_horizontal("order_date", "known_at") <= cutoff)
    of_pair = seen.group_by(v.PAIR).agg(pl.col("order_date").max().alias("last_of_pair"))
    of_customer = of_pair.group_by(v.CUSTOMER).agg(pl.col("last_of_pair").max().alias("last_of_any"))
    owners = (
        tables.assets.lazy()
        .filter(pl.max_horizontal("purchase_date", "known_at") <= cutoff)
        .select(v.CUSTOMER, has_assets=pl.lit(value=True))
        .unique()
    )
    everyone = tables.customers.lazy().select(v.CUSTOMER).join(of_customer, on=v.CUSTOMER, how="left")
    everyone = everyone.join(owners, on=v.CUSTOMER, how="left")
    if settings.population != "all":
        everyone = everyone.filter(pl.any_horizontal(pl.col("last_of_any", "has_assets").is_not_null()))
    inside = pl.col("order_date").is_between("window_start", "window_end")
    later = (
        by_day.filter(pl.col("order_date") > cutoff)
        .join(windows.lazy(), on=v.DIVISION)
        .filter(inside)
        .group_by(v.PAIR)
        .agg(
            pl.col("cents").sum(),
            pl.col("order_date").filter("is_positive").min().alias("first_purchase_date"),
        )
    )
    return (
        everyone.join(windows.lazy(), how="cross")
        .join(of_pair, on=v.PAIR, how="left")
        .join(later, on=v.PAIR, how="left")
        .pipe(_judged, tables, cutoff, settings)
    )


def _windows(tables: Tables, cutoff: dt.date, months: Mapping[str, int], settings: LabelSettings) -> pl.DataFrame:
    """The window of every division after a cutoff."""
    divisions = divisions_of(tables)
    own = [months.get(division, settings.horizon_months) for division in divisions]
    return pl.DataFrame(
        {
            v.DIVISION: pl.Series(divisions, dtype=tables.transactions.schema[v.DIVISION]),
            v.CUTOFF: [cutoff] * len(divisions),
            HORIZON: pl.Series(own, dtype=pl.Int8),
            "window_start": [cutoff + dt.timedelta(days=1 + settings.buffer_days)] * len(divisions),
            "window_end": [add_months(cutoff, each) for each in own],
        }
    )


def _judged(rows: pl.LazyFrame, tables: Tables, cutoff: dt.date, settings: LabelSettings) -> pl.LazyFrame:
    """The columns of the panel from what was bought before and after the cutoff."""
    recent = pl.col("last_of_any") > add_months(cutoff, -settings.active_months)
    absent = (pl.col("last_of_pair") <= add_months(cutoff, -settings.absent_months)).fill_null(value=True)
    cents = pl.col("cents").fill_null(0)
    is_whole = pl.col("window_end") <= tables.data_as_of
    is_expansion = recent.fill_null(value=False) & absent
    segment = (
        pl.when(recent).then(pl.lit(v.WARM)).when("has_assets").then(pl.lit(v.COLD)).otherwise(pl.lit(v.PROSPECT))
    )
    return rows.select(
        *v.ROW,
        pl.when(is_whole).then((cents > settings.gp_min_threshold * 100).cast(pl.Int8)).alias("label"),
        (cents / 100).alias("net_gp_window"),
        "first_purchase_date",
        "window_start",
        "window_end",
        HORIZON,
        pl.min_horizontal("window_end", pl.lit(tables.data_as_of)).alias("label_known_at"),
        (~is_whole).cast(pl.Int8).alias("censored_flag"),
        pl.col("last_of_any").is_null().alias("is_new_logo"),
        is_expansion.alias("is_expansion"),
        pl.col("last_of_pair").is_not_null().alias("is_renewal_like"),
        segment.cast(pl.Enum(v.SEGMENTS)).alias("segment"),
        (pl.lit(value=True) if settings.population == "all" else is_expansion).alias("in_population"),
        pl.lit(tables.first_day > add_months(cutoff, -settings.absent_months)).alias("active_days_cut"),
    )
