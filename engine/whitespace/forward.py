"""Forward validation: the deployed model held against what was bought after the day it scored.

In: a trained run, and what it had learned about money. Out: the frame of rows with outcomes; how well chances rank
and come true, with intervals; what lists would have caught; groups that are caught less; drift. Nothing is fitted
here, and the outcomes are used for nothing else.

Where the labels of the scoring cutoff are not whole yet, the newest whole block stands in: the calibration cutoff,
which the models did not see, with chances of calibrators that did not see the customer. What stands there is said.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import polars as pl

from engine.decisions.whitespace.words import VERDICT_SCHEMA
from engine.errors import InputError, Problem
from engine.resampling import Clusters
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.drift import Compared, drift
from engine.whitespace.gauntlet.context import Context, leading, usable
from engine.whitespace.gauntlet.scores import Scores, score
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.months import add_months
from engine.whitespace.panel import HORIZON, labels
from engine.whitespace.ranking import value
from engine.whitespace.ranking.before import NOTHING
from engine.whitespace.ranking.eligibility import eligibility
from engine.whitespace.ranking.learn import OUTCOME, Learned
from engine.whitespace.ranking.signals import described, signals
from engine.whitespace.ranking.value import EXPECTED, VALUE
from engine.whitespace.scenarios import scenarios
from engine.whitespace.segments import segments
from engine.whitespace.tables import as_of
from engine.whitespace.trained import of_division

NAME: Final = "forward"
Block = Literal["forward", "calibration"]
GROUPED_BY: Final = ("customer_name", "industry", "industry_sub", "region", "rep", "size_bin", "segment")
FRAME: Final = (
    *v.ROW, *GROUPED_BY, "label", "net_gp_window", "window_end", "p_raw", "p_icp", EXPECTED, "is_capped", VALUE,
    "excluded_because",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Figures of all divisions together, or of one.

    is_calibrated: whether chances are honest enough to make lists by money. cal_mae, relative_cal_error: NaN where
    nothing was bought. censored: rows whose labels are not whole. capped: rows whose expected money was cut.
    """

    division: str
    n: int
    positives: int
    censored: int
    capped: int
    cal_mae: float
    relative_cal_error: float
    is_calibrated: bool
    status: str


@dataclass(frozen=True)
class Forward:
    """What forward validation found.

    block: whose rows are judged; whole_on: the day on which those of the scoring cutoff are whole. frame: columns
    `FRAME`, sorted by customer and division, the ineligible among them. scores: of the eligible, by division. gains,
    calibration, scenarios, segments, drift: by division, empty for all together. check: guards, by division.
    """

    cutoff: dt.date
    block: Block
    block_cutoff: dt.date
    whole_on: dt.date
    divisions: tuple[str, ...]
    frame: pl.DataFrame
    judged: Mapping[str, Judged]
    scores: Scores
    gains: pl.DataFrame
    calibration: pl.DataFrame
    scenarios: pl.DataFrame
    segments: pl.DataFrame
    drift: pl.DataFrame
    check: CheckResult

    @cached_property
    def eligible(self) -> pl.DataFrame:
        """The rows that could be called."""
        return self.frame.filter(pl.col("excluded_because").is_null())


def forward(context: Context, learned: Learned) -> Forward:
    """Forward validation of a run. context: its dataset holds the features of the scoring cutoff."""
    settings = context.settings.horizons
    block, rows, censored = _block(context, learned)
    frame = _eligible(context, rows)
    eligible = frame.filter(pl.col("excluded_because").is_null())
    customers = Clusters(eligible[v.CUSTOMER].cast(pl.String), settings.bootstrap_replicates, 0.95)
    percents = settings.forward.capacity_percents
    judged, lists, groups, gains, calibration = dict[str, Judged](), [], [], [], []
    for division in (ALL, *context.divisions):
        ours = eligible if division == ALL else of_division(eligible, division)
        judged[division] = _judged(context, ours, division, censored, block)
        honest = judged[division].is_calibrated
        lists.append(scenarios(ours, customers, division, judged[division].cal_mae, honest, settings.forward))
        order = [VALUE, "p_icp"] if honest else ["p_icp", VALUE]
        groups.append(segments(ours, order, customers, division, settings.forward))
        bought, chances, bins = outcomes(ours), ours["p_icp"].to_numpy(), context.settings.modeling.calibration_bins
        gains.append(_named(metrics.gains(bought, chances), division))
        calibration.append(_named(metrics.reliability(bought, chances, bins), division))
    return Forward(
        context.cutoff,
        block,
        rows[v.CUTOFF].max() or context.cutoff,  # type: ignore[arg-type]
        add_months(context.cutoff, context.settings.labels.horizon_months),
        context.divisions,
        frame,
        judged,
        score(eligible, customers, context, "p_icp", percents),
        pl.concat(gains),
        pl.concat(calibration),
        pl.concat(lists),
        pl.concat(groups),
        _drift(context, eligible, customers),
        CheckResult(NAME, readings(_guard(context, one, block) for one in judged.values())),
    )


def _block(context: Context, learned: Learned) -> tuple[Block, pl.DataFrame, Mapping[str, int]]:
    """The rows that are judged, with money; and by division how many labels of the cutoff are not whole."""
    horizons = context.dataset.rows.select(pl.col(v.DIVISION).cast(pl.String), HORIZON).unique().sort(v.DIVISION)
    everyone = labels(context.tables, [context.cutoff], context.settings.labels, dict(horizons.rows()))
    population = everyone.filter("in_population", pl.col(v.DIVISION).cast(pl.String).is_in(context.divisions))
    by_division = population.group_by(pl.col(v.DIVISION).cast(pl.String)).agg(pl.col("label").is_null().sum())
    censored = {ALL: int(population["label"].null_count()), **dict(by_division.rows())}
    whole = usable(population)
    if whole.is_empty():
        return "calibration", learned.past.filter(pl.col(v.CUTOFF) == context.blocks.calibration), censored
    return "forward", _valued(context, learned, whole), censored


def _valued(context: Context, learned: Learned, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the scoring cutoff with what a ranking would know of them: chances, worth, and what groups them."""
    settings, features = context.settings.ranking, context.dataset.features
    tables = as_of(context.tables, context.cutoff)
    customers = described(tables.customers, tables, learned.bins)
    known = signals(rows.select(*v.ROW, *OUTCOME), features, customers, settings)
    scored = known.with_columns(context.trained.predict(features, known).select("p_raw", "p_icp"))
    return value.value(scored, learned.value_model)


def _eligible(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """The frame: rows with why they may not be called, as of their own cutoff."""
    cutoff = rows[v.CUTOFF].max()
    if not isinstance(cutoff, dt.date):
        what = f"no row has a whole label, neither of {context.cutoff} nor of {context.blocks.calibration}"
        raise InputError([Problem("forward", what, "deliver a longer history, or score an earlier day")])
    settings, verdicts = context.settings.ranking.eligibility, pl.DataFrame(schema=VERDICT_SCHEMA)
    gaps = rows.with_columns(in_population=pl.lit(value=True))
    marked = eligibility(gaps, as_of(context.tables, cutoff), verdicts, NOTHING.shown, cutoff, settings)
    finer = context.tables.customers.select(v.CUSTOMER, "industry_sub")
    named = marked.join(finer, on=v.CUSTOMER, how="left", maintain_order="left")
    if "p_raw" not in named.columns:
        raw = context.trained.calibration_rows.select(*v.ROW, "p_raw")
        named = named.join(raw, on=list(v.ROW), how="left", maintain_order="left")
    return named.select(FRAME).sort(v.PAIR)


def _judged(context: Context, rows: pl.DataFrame, division: str, censored: Mapping[str, int], block: Block) -> Judged:
    settings, bins = context.settings.horizons.forward, context.settings.modeling.calibration_bins
    bought, chances = outcomes(rows), rows["p_icp"].to_numpy()
    cal_mae = metrics.cal_mae(bought, chances, bins)
    relative = metrics.relative_cal_error(bought, chances, bins)
    # A small error alone is no proof where buyers are rare: nobody's chance being 0 has it, too.
    honest = cal_mae <= settings.max_cal_mae and relative <= context.settings.gauntlet.max_relative_error
    missing = censored.get(division, 0) if block == "forward" else 0
    positives = int(bought.sum())
    return Judged(
        division,
        rows.height,
        positives,
        missing,
        int(rows["is_capped"].sum()),
        cal_mae,
        relative,
        bool(honest),
        _status(missing, _is_odd(context, positives, rows.height)),
    )


def _is_odd(context: Context, positives: int, rows: int) -> bool:
    """Whether the share of buyers is out of the range in which figures mean something."""
    settings = context.settings.horizons.forward
    return not rows or not settings.min_prevalence <= positives / rows <= settings.max_prevalence


def _status(censored: int, is_odd: bool) -> str:
    """Labels that are not whole and a share of buyers that is odd warn each alone, and fail together."""
    return v.FAIL if censored and is_odd else v.WARN if censored or is_odd else v.PASS


def _guard(context: Context, one: Judged, block: Block) -> dict[str, object]:
    share = one.positives / one.n if one.n else None
    settings = context.settings.horizons.forward
    found = [f"{one.positives:,} of {one.n:,} rows bought"]
    if one.censored:
        found.append(f"the labels of {one.censored:,} rows are not whole")
    if _is_odd(context, one.positives, one.n):
        found.append(f"the share of buyers is outside of {settings.min_prevalence:g} to {settings.max_prevalence:g}")
    status = one.status
    if block != "forward":
        whole = add_months(context.cutoff, context.settings.labels.horizon_months)
        found.append(f"labels of {context.cutoff} are whole on {whole}: the calibration block stands in")
        status = v.WARN if status == v.PASS else status
    numbers = {"value": share, "positives": one.positives}
    return reading(status, "; ".join(found), one.division, "prevalence", **numbers)


def _named(table: pl.DataFrame, division: str) -> pl.DataFrame:
    return table.select(pl.lit(division).alias("division"), pl.all())


def _drift(context: Context, eligible: pl.DataFrame, customers: Clusters) -> pl.DataFrame:
    """Drift from the tuning cutoffs to the rows that are judged, over the features of the leading model."""
    learning = context.dataset.where(pl.col(v.CUTOFF).is_in(context.blocks.tuning))
    names = leading(context, ALL).features
    compared = Compared(learning, Dataset(eligible, context.dataset.features), context.trained.out_of_time, names)
    settings = context.settings
    return drift(compared, context.divisions, customers, settings.horizons.drift, settings.modeling)
