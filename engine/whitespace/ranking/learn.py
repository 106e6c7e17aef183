"""Learn: what earlier cutoffs teach a ranking, always from outcomes that were known by then.

In: labelled rows of earlier cutoffs and chances that were predicted for some of them out of time. Out: `Learned`:
what a purchase is worth, where sizes are parted, a challenger, and the scored rows of the past; all of it is frozen
with the model.
"""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.matrix import Features
from engine.whitespace.ranking import value
from engine.whitespace.ranking.challenger import NONE, Challenger, challenger
from engine.whitespace.ranking.components import components
from engine.whitespace.ranking.signals import SizeBins, described, signals, size_bins
from engine.whitespace.ranking.value import ValueModel
from engine.whitespace.tables import Tables
from engine.whitespace.trained import Trained

MODEL: Final = "ranking_model.json"
PAST: Final = "ranking_past.parquet"
CHALLENGES: Final = "challenger_table.parquet"
OUTCOME = ("segment", "window_end", "label", "net_gp_window")


@dataclass(frozen=True)
class Learned:
    """What is known before anybody is ranked. past: rows of earlier cutoffs with outcome, components and value."""

    value_model: ValueModel
    bins: SizeBins
    challenger: Challenger
    past: pl.DataFrame


def learn(
    labels: pl.DataFrame,
    trained: Trained,
    features: Features,
    tables: Tables,
    cutoff: dt.date,
    settings: RankingSettings,
) -> Learned:
    """Everything that the rows of earlier cutoffs say. labels: as `panel.labels` makes them, any cutoffs.

    Rows whose label is not whole by `cutoff` teach nothing. Predictions of a row are those of `trained` that never
    saw it. What a purchase is worth at an earlier cutoff is learned from labels that ended by that cutoff.
    """
    usable = pl.col("in_population") & pl.col("label").is_not_null() & (pl.col("window_end") <= cutoff)
    bins = size_bins(tables)
    customers = described(tables.customers, tables, bins)
    known = signals(labels.filter(usable).select(*v.ROW, *OUTCOME), features, customers, settings)
    past = scored_past(known, predicted(trained), settings)
    model = value.fit(known, settings.value)
    champion = "score" if settings.rank_by == "score" else value.VALUE
    rival = challenger(past, champion, cutoff, settings) if settings.challenger.enabled else NONE
    return Learned(model, bins, rival, past)


def predicted(trained: Trained) -> pl.DataFrame:
    """The chances that were predicted out of time: customer_id, division, cutoff, p_icp.

    Of the calibration cutoff they are calibrated, of rolling origins as the models gave them.
    """
    rolled = trained.out_of_time.select(*v.ROW, p_icp="p")
    later = trained.calibration_rows.select(*v.ROW, "p_icp")
    return pl.concat([rolled, later]).unique(v.ROW, keep="last", maintain_order=True)


def scored_past(known: pl.DataFrame, chances: pl.DataFrame, settings: RankingSettings) -> pl.DataFrame:
    """The rows that have a chance, with components and value, each cutoff by what was known on its day.

    known: rows with outcome and signals. Sorted by cutoff, division, customer.
    """
    rows = known.join(chances, on=list(v.ROW), how="inner").sort(v.CUTOFF, v.DIVISION, v.CUSTOMER)
    days = rows[v.CUTOFF].unique().sort()
    eras = [_valued(rows, known, day, settings) for day in days] or [_valued(rows, known, dt.date.min, settings)]
    return components(pl.concat(eras), settings.blend)


def _valued(rows: pl.DataFrame, known: pl.DataFrame, day: dt.date, settings: RankingSettings) -> pl.DataFrame:
    """The rows of a cutoff, valued by outcomes known on its day; is_worth_known: whether anybody had bought."""
    model = value.fit(known.filter(pl.col("window_end") <= day), settings.value)
    valued = value.value(rows.filter(pl.col(v.CUTOFF) == day), model)
    return valued.with_columns(is_worth_known=pl.lit(model.buyers > 0))


def artifacts(learned: Learned) -> list[Artifact]:
    """What a run keeps, so that another can rank with it: read by `load`."""
    facts: dict[str, Any] = {
        "value_model": learned.value_model.dump(),
        "size_bins": asdict(learned.bins),
        "challenger": {
            "coefficients": learned.challenger.coefficients,
            "intercept": learned.challenger.intercept,
            "is_promoted": learned.challenger.is_promoted,
        },
    }
    return [Artifact(MODEL, facts), Artifact(PAST, learned.past), Artifact(CHALLENGES, learned.challenger.table)]


def load(run_folder: Path) -> Learned:
    """What a run learned. Raises OSError where it did not."""
    facts = json.loads((run_folder / MODEL).read_text())
    bins = facts["size_bins"]
    published = facts["challenger"]
    coefficients = published["coefficients"]
    table = pl.read_parquet(run_folder / CHALLENGES)
    return Learned(
        ValueModel.load(facts["value_model"]),
        SizeBins(bins["measure"], tuple(bins["edges"]) if bins["edges"] else None),
        Challenger(
            tuple(coefficients) if coefficients else None, published["intercept"], table, published["is_promoted"]
        ),
        pl.read_parquet(run_folder / PAST),
    )
