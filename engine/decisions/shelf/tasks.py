"""Tasks: what each store is asked to check today, the most worth for its minutes, with a few drawn at random.

In: a night, what was decided and answered, settings. Out: a `Plan`, a sheet per store. A check is worth what the case
would bring times its chance of being true. Walking to a category costs once. A few of the whole chain are drawn at
random: they ride along first and look like all others on paper, so that nobody answers them differently.

A night's sheet stays what it is while it is answered: every process, and every hour, asks the same.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.decisions import words as w
from engine.decisions.shelf import answers, samples
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.episodes import carried_forward, dark_days, same_episode
from engine.decisions.shelf.knapsack import best_set
from engine.decisions.shelf.nights import features, names, open_cases, refuse_other_desks, shelf_nights
from engine.decisions.shelf.recovery import ACTED
from engine.decisions.shelf.settings import TaskSettings
from engine.decisions.shelf.trials import withheld
from engine.decisions.store import Decisions
from engine.errors import NotFoundError
from engine.outputs.read import each_readable
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

TICKS_PER_MINUTE: Final = 2
NO_CATEGORY: Final = ""
CASE_COLUMNS: Final = (
    "detection_date",
    "last_dark_date",
    "primary_cause",
    "confidence_score",
    "revenue_at_risk",
    "recoverable_30d",
    "projected_recovery",
)


@dataclass(frozen=True)
class Task:
    """One check of one product.

    case_id: null where the product has no open case. drawn: of the random sample, whatever its worth.
    value: money a true case would bring, null without a case. chance: of being true, 0 to 1. answer: the latest that
    was given for this night, null before. kind, likely: as `words.Check` has them.
    """

    order: int
    store_id: str
    sku_id: str
    sku_name: str | None
    category: str
    check: str
    minutes: float
    case_id: str | None
    drawn: bool
    value: float | None
    chance: float | None
    answer: str | None
    kind: str
    likely: tuple[str, str, str]


@dataclass(frozen=True)
class Group:
    """The checks of one category, by name. category: empty where it is not known."""

    category: str
    setup_minutes: float
    tasks: tuple[Task, ...]

    @property
    def waiting(self) -> tuple[Task, ...]:
        """Its checks without an answer."""
        return tuple(task for task in self.tasks if task.answer is None)


@dataclass(frozen=True)
class StoreSheet:
    """What one store is asked for. worth: value times chance of its cases, added up."""

    store_id: str
    store_name: str | None
    minutes_available: float
    minutes_planned: float
    worth: float
    groups: tuple[Group, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its checks, in their order."""
        return tuple(task for group in self.groups for task in group.tasks)

    @property
    def answered(self) -> int:
        """How many of its checks were answered."""
        return sum(task.answer is not None for task in self.tasks)

    @property
    def drawn(self) -> int:
        """How many of its checks are of the random sample."""
        return sum(task.drawn for task in self.tasks)


TASK_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "store_id": pl.String(),
        "store_name": pl.String(),
        "order": pl.Int64(),
        "category": pl.String(),
        "sku_id": pl.String(),
        "sku_name": pl.String(),
        "check": pl.String(),
        "minutes": pl.Float64(),
        "case_id": pl.String(),
        "drawn": pl.Boolean(),
        "value": pl.Float64(),
        "chance": pl.Float64(),
        "answer": pl.String(),
    }
)
"""A plan as a frame, a row per check."""
TO_FILL_IN: Final = ("answer", "answered_on", "answered_by", "note")
ON_PAPER: Final = tuple(name for name in TASK_SCHEMA if name not in {"case_id", "drawn", "value", "chance", "answer"})


@dataclass(frozen=True)
class Plan:
    """The checks of a night. stores: one sheet a store that has any, by id.

    sampled: store-SKUs drawn at random in the whole chain, whichever stores are asked about. left_out_rejected: open
    cases that were rejected, on this night or an earlier one. left_out_answered: open cases whose check was answered
    in the last days. left_out_withheld: accepted cases withheld by lot.
    """

    run_id: str
    stores: tuple[StoreSheet, ...]
    left_out_rejected: int = 0
    left_out_answered: int = 0
    left_out_withheld: int = 0
    sampled: int = 0

    def frame(self) -> pl.DataFrame:
        """A row per check, by store and order. Columns: `TASK_SCHEMA`."""
        rows = [
            {"run_id": self.run_id, "store_name": sheet.store_name, **asdict(task)}
            for sheet in self.stores
            for task in sheet.tasks
        ]
        return pl.DataFrame(rows, schema=TASK_SCHEMA)

    def form(self) -> pl.DataFrame:
        """What a store fills in and sends back, without what was answered already.

        Which checks were drawn, and what each is worth, it is not told.
        """
        waiting = self.frame().filter(pl.col("answer").is_null())
        return waiting.select(*ON_PAPER, *(pl.lit(None, pl.String).alias(name) for name in TO_FILL_IN))


def plan(
    decisions: Decisions,
    run: Run,
    settings: TaskSettings,
    *,
    store_id: str | None = None,
    minutes: float | None = None,
) -> Plan:
    """The checks of a night, of one store or of all. minutes: a store has today, in place of the settings'.

    Left out, unless they were drawn: cases that were rejected on this night or an earlier one of their episode, and
    those that were answered for an earlier night in the last `rest_days`, when they are the same episode still and
    their confidence grew by less than `rest_gain`. An answer for this night takes nothing off its sheet. Accepted
    cases that are withheld by lot are left out even where they were drawn to be looked at.

    Raises NotFoundError when the store has no product that was judged, for a run of another desk, and for a night of
    an older form.
    """
    refuse_other_desks(run)
    sample = samples.drawn(decisions, run, settings)
    drawn = sample if store_id is None else sample.filter(store_id=store_id)
    cases = _candidates(decisions, run, settings, store_id)
    if store_id is not None and cases.is_empty() and features(run, (), store_id).is_empty():
        raise NotFoundError(f"store {store_id!r} has nothing that run {run.run_id} judged")
    said = _answers(decisions, run)
    held = cases.filter("is_withheld").join(said, on=v.PAIR, how="anti")
    checks = _checks(cases, drawn, run).join(said, on=v.PAIR, how="left", maintain_order="left")
    checks = checks.join(held, on=v.PAIR, how="anti", maintain_order="left")
    budget = settings.labour_minutes if minutes is None else minutes
    sheets = (_sheet(rows, budget, settings) for rows in checks.partition_by("store_id", maintain_order=True))
    kept = tuple(sheet for sheet in sheets if sheet.groups)
    is_answered = ~cases["is_rejected"] & cases["is_resting"]
    return Plan(
        run.run_id,
        kept,
        left_out_rejected=int(cases["is_rejected"].sum()),
        left_out_answered=int(is_answered.sum()),
        left_out_withheld=held.height,
        sampled=sample.height,
    )


def _candidates(decisions: Decisions, run: Run, settings: TaskSettings, store_id: str | None) -> pl.DataFrame:
    """The open cases with what they are worth, and whether they may be chosen."""
    cases = open_cases(run, CASE_COLUMNS, store_id)
    decided = _decided(decisions, run, cases["case_id"], store_id)
    rejected = decided.filter(decision=w.DECISIONS[w.REJECT])["case_id"]
    held = withheld(decisions, run, settings, cases, _to_draw(decisions, run, cases, decided))
    return cases.with_columns(
        value=pl.max_horizontal(_value(settings), 0.0),
        chance=pl.col("confidence_score") / 100,
        is_rejected=pl.col("case_id").is_in(rejected.implode()),
        is_withheld=pl.col("case_id").is_in(held.implode()),
        is_resting=pl.col("case_id").is_in(_resting(decisions, run, cases, settings).implode()),
    ).with_columns(is_free=~pl.col("is_rejected") & ~pl.col("is_resting"))


def _to_draw(decisions: Decisions, run: Run, cases: pl.DataFrame, decided: pl.DataFrame) -> pl.Series:
    """The accepted cases that no store was asked about yet: the lot of what is done already would say nothing."""
    accepted = cases.join(decided.filter(pl.col("decision").is_in(ACTED)), on="case_id", how="semi")
    return accepted.join(_answers(decisions, run), on=v.PAIR, how="anti")["case_id"]


def _decided(decisions: Decisions, run: Run, case_ids: pl.Series, store_id: str | None) -> pl.DataFrame:
    """What was decided: on this night, or on an earlier one where nothing was on this. Columns: case_id, decision."""
    here = decisions.state(run.run_id, case_ids.to_list()).select(case_id="subject_id", decision="decision")
    decided = here.filter(pl.col("decision") != w.UNDECIDED)
    earlier = (
        carried_forward(decisions, run, store_id)
        .select("case_id", "decision")
        .join(decided, on="case_id", how="anti")
    )
    return pl.concat([decided, earlier]).drop_nulls("decision")


def _value(settings: TaskSettings) -> pl.Expr:
    if settings.value == "revenue_at_risk":
        return pl.col("revenue_at_risk").fill_null(0)
    return pl.coalesce("recoverable_30d", "projected_recovery", 0.0)


def _resting(decisions: Decisions, run: Run, cases: pl.DataFrame, settings: TaskSettings) -> pl.Series:
    """The cases whose check was answered for an earlier night in the last days, and that did not grow since."""
    first = dt.date.fromisoformat(run.as_of) - dt.timedelta(days=settings.rest_days - 1)
    said = answers.every(decisions, since=dt.datetime.combine(first, dt.time(), dt.UTC))
    said = said.filter(pl.col("run_id") != run.run_id, pl.col("answer") != sw.NOT_CHECKED)
    nights = [night for night in shelf_nights(run.out) if night.run_id in set(said["run_id"])]
    known = list(each_readable(nights, dark_days))
    then = [pl.DataFrame(schema=dark_days(run).schema | {"run_id": pl.String}).clear()] + [
        days.with_columns(run_id=pl.lit(night.run_id)) for night, days in known
    ]
    asked_of = pl.concat(then).join(said.select("run_id", *v.PAIR).unique(), on=["run_id", *v.PAIR])
    grown = pl.col("confidence_score") - pl.col("confidence_score_then")
    same = same_episode(cases, asked_of).filter((grown >= settings.rest_gain).fill_null(value=False).not_())
    # Of a night that is gone nobody knows which episode it meant.
    gone = said.filter(~pl.col("run_id").is_in([night.run_id for night, _ in known]))
    return pl.concat([same["case_id"], cases.join(gone, on=v.PAIR, how="semi")["case_id"]])


def _answers(decisions: Decisions, run: Run) -> pl.DataFrame:
    """The latest answer on every store-SKU for this night: store_id, sku_id, answer."""
    return answers.latest(decisions, [run.run_id]).select(*v.PAIR, "answer")


def _checks(cases: pl.DataFrame, drawn: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Every check there could be, in one fixed order: the cases, and what was drawn beside them."""
    sampled = drawn.select(*v.PAIR, drawn=True)
    stores, skus = names(run)
    checks = cases.join(sampled, on=v.PAIR, how="full", coalesce=True)
    named = checks.join(stores, on="store_id", how="left").join(skus, on="sku_id", how="left")
    return named.with_columns(
        pl.col("drawn", "is_free").fill_null(value=False), pl.col("category").fill_null(NO_CATEGORY)
    ).sort("store_id", "category", "sku_id")


def _sheet(rows: pl.DataFrame, minutes: float, settings: TaskSettings) -> StoreSheet:
    """The best checks of one store."""
    checks = [sw.CHECKS.get(cause or "", sw.LOOK_FOR_IT) for cause in rows["primary_cause"]]
    cost = np.array([_ticks(_minutes(check.kind, settings)) for check in checks], np.int64)
    categories = rows["category"].unique(maintain_order=True).to_list()
    group = np.array([categories.index(category) for category in rows["category"]], np.int64)
    setup = np.full(len(categories), _ticks(settings.setup_minutes))
    chosen = rows["drawn"].to_numpy().copy()
    walked = np.unique(group[chosen])
    budget = _ticks(minutes) - int(cost[chosen].sum()) - int(setup[walked].sum())
    setup[walked] = 0
    worth = (rows["value"] * rows["chance"]).fill_null(0.0)
    free = np.flatnonzero(rows["is_free"].to_numpy() & ~chosen & (worth > 0).to_numpy())
    cents = np.round(worth.to_numpy()[free] * 100).astype(np.int64)
    if budget > 0:
        chosen[free[best_set(cents, cost[free], group[free], setup, budget)]] = True
    tasks = list(_tasks(rows, checks, np.flatnonzero(chosen), settings))
    return _grouped(rows, tasks, minutes, settings)


def _tasks(
    rows: pl.DataFrame, checks: Sequence[sw.Check], chosen: np.ndarray, settings: TaskSettings
) -> Iterator[Task]:
    """The chosen checks in the order of the walk: by category and name, which tells nothing of their worth."""
    picked = rows.with_row_index("place").filter(pl.col("place").is_in(chosen.tolist()))
    ordered = picked.sort("category", "sku_name", "sku_id", nulls_last=True)
    for order, row in enumerate(ordered.iter_rows(named=True), 1):
        check = checks[row["place"]]
        yield Task(
            order=order,
            store_id=row["store_id"],
            sku_id=row["sku_id"],
            sku_name=row["sku_name"],
            category=row["category"],
            check=check.question,
            minutes=_minutes(check.kind, settings),
            case_id=row["case_id"],
            drawn=row["drawn"],
            value=row["value"],
            chance=row["chance"],
            answer=row["answer"],
            kind=check.kind,
            likely=check.likely,
        )


def _grouped(rows: pl.DataFrame, tasks: Sequence[Task], minutes: float, settings: TaskSettings) -> StoreSheet:
    categories = dict.fromkeys(task.category for task in tasks)
    groups = tuple(
        Group(name, settings.setup_minutes, tuple(task for task in tasks if task.category == name))
        for name in categories
    )
    return StoreSheet(
        store_id=rows["store_id"][0],
        store_name=rows["store_name"][0],
        minutes_available=minutes,
        minutes_planned=sum(group.setup_minutes for group in groups) + sum(task.minutes for task in tasks),
        worth=sum((task.value or 0.0) * (task.chance or 0.0) for task in tasks),
        groups=groups,
    )


def _minutes(kind: str, settings: TaskSettings) -> float:
    return {
        sw.LOOK: settings.look_minutes,
        sw.COUNT: settings.count_minutes,
        sw.LABEL: settings.label_minutes,
        sw.OFFER: settings.offer_minutes,
    }[kind]


def _ticks(minutes: float) -> int:
    return round(minutes * TICKS_PER_MINUTE)
