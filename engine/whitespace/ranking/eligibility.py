"""Eligibility: who may be called at all, and what was shown lately and left undone.

In: candidates, sales, contacts, verdicts, and lists shown before. Out: the same rows with one reason each why it is
not called, null for the eligible, and the factor of the cooldown. Grain: customer, division.
"""

import datetime as dt

import polars as pl

from engine.decisions.whitespace.words import DO_NOT_CALL
from engine.settings.whitespace.ranking import EligibilitySettings
from engine.vocabulary import whitespace as v
from engine.whitespace.months import add_months
from engine.whitespace.tables import Tables

OWNED, OUTSIDE, RECENT_CONTACT = "owned", "not_in_population", "recent_contact"
OPEN_DEAL, REGION_MISMATCH = "open_deal", "region_mismatch"
NO_CANDIDATE = (OWNED, OUTSIDE)
"""Reasons for which nobody is scored: not a gap, or nobody that models were trained on."""
REASONS = (*NO_CANDIDATE, DO_NOT_CALL, RECENT_CONTACT, OPEN_DEAL, REGION_MISMATCH)
"""The first that holds is the one that is counted."""


def eligibility(
    candidates: pl.DataFrame,
    tables: Tables,
    verdicts: pl.DataFrame,
    shown: pl.DataFrame,
    cutoff: dt.date,
    settings: EligibilitySettings,
) -> pl.DataFrame:
    """The candidates with `excluded_because` and `cooldown_factor`, in their order.

    tables: as of the cutoff. verdicts: `decisions.whitespace.words.VERDICT_SCHEMA`, those up to the cutoff. shown:
    `before.SHOWN_SCHEMA`. A contact without a division is one about every division; a verdict is a contact, too, and
    `do_not_call` holds for the customer whatever the division.
    """
    contacts = _contacts(tables, verdicts, cutoff)
    recent = contacts.filter(pl.col("date") > cutoff - dt.timedelta(days=settings.recent_contact_days))
    refusing = verdicts.filter(pl.col("verdict") == DO_NOT_CALL).select(v.CUSTOMER).unique()
    marked = _with_flag(candidates, _owned(tables, cutoff, settings.owned_months), v.PAIR, "_owns")
    marked = _with_flag(marked, _of_pairs(recent), v.PAIR, "_contacted")
    marked = _with_flag(marked, _of_customers(recent), (v.CUSTOMER,), "_contacted_about_all")
    marked = _with_flag(marked, refusing, (v.CUSTOMER,), "_refuses")
    marked = _with_flag(marked, _left_undone(shown, contacts, cutoff, settings), v.PAIR, "_left_undone")
    served = list(settings.served_regions)
    is_elsewhere = pl.col("region").is_not_null() & ~pl.col("region").is_in(served) if served else pl.lit(False)
    rules = {
        OWNED: pl.col("_owns"),
        OUTSIDE: ~pl.col("in_population"),
        DO_NOT_CALL: pl.col("do_not_call").fill_null(False) | pl.col("_refuses"),
        RECENT_CONTACT: pl.col("_contacted") | pl.col("_contacted_about_all"),
        OPEN_DEAL: pl.col("open_deal").fill_null(False),
        REGION_MISMATCH: is_elsewhere,
    }
    reason = pl.coalesce(pl.when(rules[name]).then(pl.lit(name)) for name in REASONS)
    factor = pl.when("_left_undone").then(settings.cooldown_factor).otherwise(1.0)
    return marked.with_columns(excluded_because=reason, cooldown_factor=factor).drop(pl.selectors.starts_with("_"))


def eligibility_counts(candidates: pl.DataFrame) -> pl.DataFrame:
    """Per division: rows, how many each reason keeps out, and how many stay; they add up. Grain: division, sorted."""
    because = pl.col("excluded_because")
    return (
        candidates.group_by(pl.col(v.DIVISION).cast(pl.String))
        .agg(
            start_rows=pl.len(),
            **{f"{name}_excluded": (because == name).sum() for name in REASONS},
            kept_rows=because.is_null().sum(),
        )
        .sort(v.DIVISION)
    )


def _with_flag(rows: pl.DataFrame, found: pl.DataFrame, key: tuple[str, ...], name: str) -> pl.DataFrame:
    """The rows with a column that says which are among those found; keys are compared as texts."""
    texts = [pl.col(column).cast(pl.String) for column in key]
    among = found.select(texts).unique().with_columns(pl.lit(True).alias(name))
    joined = rows.select(texts).join(among, on=list(key), how="left", maintain_order="left")
    return rows.with_columns(joined[name].fill_null(False))


def _owned(tables: Tables, cutoff: dt.date, months: int) -> pl.DataFrame:
    """Who bought what so recently; a return alone is no purchase."""
    bought = (pl.col("order_date") > add_months(cutoff, -months)) & (pl.col("gross_profit_cents") > 0)
    return tables.transactions.lazy().filter(bought).select(v.PAIR).unique().collect()


def _contacts(tables: Tables, verdicts: pl.DataFrame, cutoff: dt.date) -> pl.DataFrame:
    """Contacts up to the cutoff, those that verdicts tell of among them: customer_id, division, date."""
    known = tables.contacts.select(pl.col(v.PAIR).cast(pl.String), "date")
    decided = verdicts.select(*v.PAIR, date="decided_on")
    return pl.concat([known, decided]).filter(pl.col("date") <= cutoff)


def _of_pairs(contacts: pl.DataFrame) -> pl.DataFrame:
    return contacts.filter(pl.col(v.DIVISION).is_not_null())


def _of_customers(contacts: pl.DataFrame) -> pl.DataFrame:
    return contacts.filter(pl.col(v.DIVISION).is_null())


def _left_undone(
    shown: pl.DataFrame, contacts: pl.DataFrame, cutoff: dt.date, settings: EligibilitySettings
) -> pl.DataFrame:
    """What was shown so recently, with no contact since."""
    days = (pl.lit(cutoff) - pl.col("shown_on")).dt.total_days()
    recent = shown.filter(days >= 0, days < settings.cooldown_days)
    latest = recent.group_by(v.PAIR).agg(pl.col("shown_on").max())
    acted = pl.concat(
        [
            latest.join(_of_pairs(contacts), on=v.PAIR, how="inner").select(*v.PAIR, "shown_on", "date"),
            latest.join(_of_customers(contacts).drop(v.DIVISION), on=v.CUSTOMER, how="inner").select(
                *v.PAIR, "shown_on", "date"
            ),
        ]
    ).filter(pl.col("date") >= pl.col("shown_on"))
    return latest.join(acted, on=v.PAIR, how="anti")
