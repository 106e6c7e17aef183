"""How many planted dark shelves a night found, named, valued and undid. Grain: planted cause, and their total."""

from dataclasses import dataclass

import polars as pl

from engine.synth.outcome import outcome
from engine.vocabulary.shelf import CAUSES, PAIR


@dataclass(frozen=True, slots=True)
class CauseScore:
    """Planted episodes of one cause, or of all, against the cases that overlap them.

    planted, found, right: episodes; found by at least one overlapping case, right when the largest of them names
    the planted cause. cases: overlapping cases. lost_revenue: planted. revenue_at_risk, projected_recovery: of the
    overlapping cases, unknown amounts left out. undoing_brings, shelf_misses, actions_bring: margin of the
    next 30 days beyond doing nothing, see `outcome`.
    """

    cause: str
    planted: int
    found: int
    right: int
    cases: int
    lost_revenue: float
    revenue_at_risk: float
    projected_recovery: float
    undoing_brings: float
    shelf_misses: float
    actions_bring: float

    @property
    def brought_share(self) -> float | None:
        """What the actions bring over what undoing every cause would; None where nothing is to be undone."""
        return self.actions_bring / self.undoing_brings if self.undoing_brings else None

    @property
    def recovered_share(self) -> float | None:
        """Revenue at risk over planted loss; None when nothing was lost."""
        return self.revenue_at_risk / self.lost_revenue if self.lost_revenue else None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A night against the truth. cases: all of the night, whether they overlap a planted episode or not."""

    causes: tuple[CauseScore, ...]
    total: CauseScore
    cases: int

    @property
    def overlapping_share(self) -> float | None:
        """Share of the night's cases that overlap a planted episode; None without cases."""
        return self.total.cases / self.cases if self.cases else None

    def table(self) -> pl.DataFrame:
        """One row a planted cause, then the total."""
        return pl.DataFrame(
            [
                {
                    "cause": score.cause,
                    "planted": score.planted,
                    "found": score.found,
                    "right": score.right,
                    "cases": score.cases,
                    "lost_revenue": score.lost_revenue,
                    "revenue_at_risk": score.revenue_at_risk,
                    "recovered_share": score.recovered_share,
                    "projected_recovery": score.projected_recovery,
                    "undoing_brings": score.undoing_brings,
                    "shelf_misses": score.shelf_misses,
                    "actions_bring": score.actions_bring,
                    "brought_share": score.brought_share,
                }
                for score in (*self.causes, self.total)
            ],
            schema_overrides={"recovered_share": pl.Float64, "brought_share": pl.Float64},
        )


def score(truth: pl.DataFrame, cases: pl.DataFrame, transfers: pl.DataFrame) -> Scorecard:
    """Hold the cases of a night against the planted truth.

    truth: `truth.parquet` of a chain, a row an episode. cases: case_id, store_id, sku_id, detection_date,
    last_dark_date, revenue_at_risk, primary_cause (null when none), projected_recovery, and what `outcome` reads.
    transfers: the plan of the night. A case finds an episode of its store-SKU when their days overlap. Equal amounts
    go by case_id; a case that overlaps episodes of two causes counts with both, and once in the total.
    """
    undone = pl.concat([truth, outcome(truth, cases, transfers)], how="horizontal")
    episodes = undone.with_row_index("episode").with_columns(pl.col(key).cast(cases.schema[key]) for key in PAIR)
    overlaps = episodes.join(cases, on=PAIR, suffix="_of_case").filter(
        pl.col("detection_date") <= pl.col("last_date"), pl.col("last_dark_date") >= pl.col("first_date")
    )
    planted = set(truth["cause"])
    ordered = [*(cause for cause in CAUSES if cause in planted), *sorted(planted.difference(CAUSES))]
    return Scorecard(
        causes=tuple(
            _cause_score(cause, episodes.filter(cause=cause), overlaps.filter(cause=cause)) for cause in ordered
        ),
        total=_cause_score("total", episodes, overlaps),
        cases=cases.height,
    )


def _cause_score(cause: str, episodes: pl.DataFrame, overlaps: pl.DataFrame) -> CauseScore:
    largest = overlaps.sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True).unique(
        "episode", keep="first", maintain_order=True
    )
    matched = overlaps.unique("case_id", maintain_order=True)
    return CauseScore(
        cause=cause,
        planted=episodes.height,
        found=largest.height,
        right=largest.filter(pl.col("primary_cause") == pl.col("cause")).height,
        cases=matched.height,
        lost_revenue=float(episodes["lost_revenue"].sum()),
        revenue_at_risk=float(matched["revenue_at_risk"].sum()),
        projected_recovery=float(matched["projected_recovery"].sum()),
        shelf_misses=float(episodes["shelf_misses"].sum()),
        undoing_brings=float(episodes["undoing_brings"].sum()),
        actions_bring=float(episodes["actions_bring"].sum()),
    )
