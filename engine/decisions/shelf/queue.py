"""Queue: what there is to decide on a night, a row per story or single case, what brings most first.

In: cases of a night with what was decided on them, and its events. Out: `QUEUE_SCHEMA`. A story is cases that began
together for one reason, which the night groups into an event; its cases that are counted as margin and those that are
counted as revenue are rows of their own, since the two are never added up. Money is summed in whole cents.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.waiting import waiting_state
from engine.outputs.shelf.figures import money_sum
from engine.vocabulary import shelf as v

GROUPED: Final = (v.SKU_IN_REGION, v.SKU_IN_STORES, v.CATEGORY_IN_REGION)
"""Kinds of events that are stories. No case is in two of them."""
DIGEST_BYTES: Final = 4
WITHOUT_GAIN: Final = "without_gain"
EVENT: Final = pl.format("{}~{}", "first_date", pl.col("store_skus").list.first().fill_null(""))
"""What an event is called in addresses: no two of a kind share their first day and member."""
STORY_SCHEMA: Final = pl.Schema({"case_id": pl.String(), "event_kind": pl.String(), "event": pl.String()})
QUEUE_SCHEMA: Final = pl.Schema(
    {
        "item_id": pl.String(),
        "event_kind": pl.String(),
        "event": pl.String(),
        "case_ids": pl.List(pl.String()),
        "versions": pl.List(pl.Int64()),
        "undecided": pl.List(pl.String()),
        "cases": pl.Int64(),
        "stores": pl.Int64(),
        "products": pl.Int64(),
        "sku_name": pl.String(),
        "sku_key": pl.String(),
        "store_name": pl.String(),
        "store_key": pl.String(),
        "region": pl.String(),
        "category": pl.String(),
        "primary_cause": pl.String(),
        "recommended_action": pl.String(),
        "actions": pl.Int64(),
        "recovery_basis": pl.String(),
        "gain": pl.Float64(),
        "minutes": pl.Float64(),
        "lost": pl.Float64(),
        "decision": pl.String(),
        "earlier": pl.String(),
        "assigned_to": pl.String(),
        "snoozed_until": pl.Date(),
        "state": pl.String(),
    }
)
"""The queue.

item_id: the case, or of a story its first case and a digest of them all. event_kind, event: of a story, see `EVENT`.
case_ids, versions: of every case, what brings most first. undecided: those without a verdict. Names, cause and
recommended_action are those of the case that brings most; stores, products, actions: how many different ones there
are. gain: what the actions bring in 30 days, by recovery_basis. minutes: of work for all of them, null where there is
none. lost: revenue at risk so far. decision: the verdict that all have in common, else undecided. state: to_decide,
done, snoozed, without_gain.
"""


def stories(events: pl.DataFrame) -> pl.DataFrame:
    """The cases that are told as one, each with its event. Columns: `STORY_SCHEMA`."""
    grouped = events.filter(pl.col("kind").is_in(GROUPED)).select("case_ids", event_kind="kind", event=EVENT)
    return grouped.explode("case_ids").rename({"case_ids": "case_id"}).select(*STORY_SCHEMA).cast(STORY_SCHEMA)


def queue(cases: pl.LazyFrame, of_story: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The rows to decide on, by gain, descending. Columns: `QUEUE_SCHEMA`.

    cases: of one night, with `store_key` and `sku_key`, decision, version, earlier, and assigned_to and snoozed_until
    of this night and of an earlier one. of_story: see `stories`. as_of: the day of the night: what is snoozed until
    then is back.
    """
    known = cases.join(of_story.lazy(), on="case_id", how="left", maintain_order="left").with_columns(
        decided=pl.col("decision") != w.UNDECIDED,
        until=pl.coalesce("snoozed_until", "earlier_snoozed_until"),
        assigned_to=pl.coalesce("assigned_to", "earlier_assigned_to"),
        alone=pl.when(pl.col("event").is_null()).then("case_id"),
    )
    ranked = known.sort("projected_recovery", "case_id", descending=[True, False], nulls_last=True)
    items = (
        ranked.group_by("event_kind", "event", "alone", "recovery_basis", maintain_order=True)
        .agg(*_summed())
        .collect()
    )
    named = items.with_columns(_ids(items), state=_state(as_of))
    ordered = named.sort("gain", "lost", "item_id", descending=[True, True, False], nulls_last=True)
    return ordered.select(*QUEUE_SCHEMA).cast(QUEUE_SCHEMA)


def _summed() -> list[pl.Expr]:
    """What is told of the cases of one row, which are ranked."""
    first = ("sku_name", "sku_key", "store_name", "store_key", "region", "category", "primary_cause")
    is_same = pl.col("decision").n_unique() == 1
    return [
        *(pl.col(name).first() for name in (*first, "recommended_action", "earlier", "assigned_to")),
        pl.col("case_id").alias("case_ids"),
        pl.col("version").alias("versions"),
        pl.col("case_id").filter(~pl.col("decided")).alias("undecided"),
        pl.len().alias("cases"),
        pl.col("store_key").n_unique().alias("stores"),
        pl.col("sku_key").n_unique().alias("products"),
        pl.coalesce("action", "recommended_action").n_unique().alias("actions"),
        money_sum("projected_recovery").alias("gain"),
        pl.when(pl.col("action_minutes").count() > 0).then(pl.col("action_minutes").sum()).alias("minutes"),
        money_sum("revenue_at_risk").alias("lost"),
        pl.when(is_same).then(pl.col("decision").first()).otherwise(pl.lit(w.UNDECIDED)).alias("decision"),
        # What is snoozed in part is to be decided on: of the others somebody has to.
        pl.when(pl.col("until").null_count() == 0).then(pl.col("until").min()).alias("snoozed_until"),
    ]


def _state(as_of: date) -> pl.Expr:
    brings = (pl.col("gain") > 0).fill_null(value=False)
    return pl.when(brings).then(waiting_state(as_of)).otherwise(pl.lit(WITHOUT_GAIN))


def _ids(items: pl.DataFrame) -> pl.Series:
    """`item_id`: it is another one as soon as the row is of other cases."""
    is_story = items["cases"] > 1
    named = [_id_of_story(case_ids) for case_ids in items["case_ids"].filter(is_story).to_list()]
    ids = items["case_ids"].list.first().alias("item_id")
    return ids.scatter(is_story.arg_true(), pl.Series(named, dtype=pl.String))


def _id_of_story(case_ids: Sequence[str]) -> str:
    joined = "\n".join(sorted(case_ids)).encode()
    return f"{min(case_ids)}~{hashlib.blake2b(joined, digest_size=DIGEST_BYTES).hexdigest()}"
