"""Check: from a delivery to the tables of one half month under contract, or every problem at once.

In: a folder of tables, or frames in memory. Out: `Delivery`, with what else there is to know of it. Nothing is
written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from engine.contracts.growth import CLUSTER_SPELLINGS, growth_contracts
from engine.delivery.keys import in_two_forms, keys, without_digits
from engine.delivery.source import Loaded, Source
from engine.delivery.tables import Delivered, duplicates, how_to_deliver, load, open_tables
from engine.errors import InputError, Problem
from engine.growth.inputs import clean_clusters, marked, of_period
from engine.settings.growth.scaling import InputSettings
from engine.vocabulary import growth as v

UNDATED = "undated"
"""What the period of a run is called when neither the sales nor the user name one."""
QUANTITY_LIKE = r"(?i)quantity|qty|units|adjustment"
OUTPUT_ONLY = frozenset({"recommended_adjustment_quantity", "recommended_units", "scaling_tier", "cap_applied"})
"""Columns that only an output of this desk has."""
CODES_OF_A_CATEGORY = 1 << 32
ALWAYS = (v.STORE_SPU_SALES, v.CLUSTERS, v.STEP11)


@dataclass(frozen=True)
class Delivery:
    """The tables of a run. period: the half month, None without one. remarks: what a planner should know.

    loaded: the usable rows of every table, read once. dataset_id: as the tables carry it, None when none does.
    """

    place: Delivered
    sources: Mapping[str, Source]
    loaded: Mapping[str, Loaded]
    period: str | None
    dataset_id: str | None
    remarks: tuple[Problem, ...]

    @property
    def folder(self) -> Path | None:
        """The folder of the tables, None where they are in memory."""
        return self.place if isinstance(self.place, Path) else None

    @property
    def label(self) -> str:
        """The period as runs are named by it."""
        return self.period or UNDATED

    def tables(self) -> dict[str, pl.LazyFrame]:
        """The usable rows of every table, typed; texts are categories."""
        return {name: loaded.table() for name, loaded in self.loaded.items()}


def check(place: Delivered, settings: InputSettings, period: str | None = None) -> Delivery:
    """Open and judge every table. period: the half month to scale, by default the latest of the sales.

    Raises InputError with every problem of files, columns, rows and between tables.
    """
    # Every CSV cell is judged on its own: what is loaded is counted and judged in the same reading.
    sources, problems = open_tables(place, growth_contracts(ALWAYS), as_text=True)
    reported = {problem.where for problem in problems}
    problems += [problem for problem in _missing(sources, settings, place) if problem.where not in reported]
    loaded, stops, remarks = load(sources)
    written = [keys(sources[name]) for name in loaded]
    stops += [problem for table in written for problem in without_digits(table)]
    remarks += in_two_forms(written)
    delivery = _with_latest_period(Delivery(place, sources, loaded, period, None, tuple(remarks)))
    found = list(_between_tables(delivery, settings))
    problems += stops + [problem for problem, stops_run in found if stops_run]
    if problems:
        raise InputError(problems)
    further = [problem for problem, stops_run in found if not stops_run]
    return replace(delivery, dataset_id=_dataset(delivery), remarks=(*remarks, *further))


def _missing(sources: Mapping[str, Source], settings: InputSettings, place: Delivered) -> list[Problem]:
    """Steps 9 and 10 may only be missing by name: an absent table is no proof that there is no conflict."""
    allowed = {v.STEP9: settings.allow_missing_step9, v.STEP10: settings.allow_missing_step10}
    return [
        Problem(
            name,
            "the table is missing, so conflicts with it cannot be seen",
            f"{how_to_deliver(place, name)}, or allow it by name: --set inputs.allow_missing_{name}=true",
        )
        for name, may_miss in allowed.items()
        if name not in sources and not may_miss
    ]


def _with_latest_period(delivery: Delivery) -> Delivery:
    if delivery.period is not None or not _has(delivery, v.STORE_SPU_SALES, "period"):
        return delivery
    latest = delivery.loaded[v.STORE_SPU_SALES].rows["period"].max()
    return replace(delivery, period=None if latest is None else str(latest))


def _has(delivery: Delivery, table: str, column: str) -> bool:
    """Whether a table was read and every file of it has the column."""
    return table in delivery.loaded and column in delivery.sources[table].columns


def _between_tables(delivery: Delivery, settings: InputSettings) -> Iterator[tuple[Problem, bool]]:
    """What is wrong between rows and between tables, each with whether it stops the run."""
    yield from ((problem, True) for problem in _wrong_periods(delivery))
    yield from ((problem, True) for problem in _wrong_dataset(delivery))
    yield from ((problem, True) for problem in _repeated(delivery, settings))
    yield from ((problem, True) for problem in _own_output(delivery))
    yield from ((problem, False) for problem in _worth_knowing(delivery))


def _wrong_periods(delivery: Delivery) -> Iterator[Problem]:
    """Sales without the period asked for, and steps that speak of another one."""
    if delivery.period is None:
        return
    for name in (v.STORE_SPU_SALES, v.STEP9, v.STEP11):
        if not _has(delivery, name, "period"):
            continue
        counts = delivery.loaded[name].rows.group_by("period").len().sort("period")
        total = int(counts["len"].sum())
        own = int(counts.filter(pl.col("period").cast(pl.String) == delivery.period)["len"].sum())
        known = ", ".join(counts["period"].to_list())
        if name == v.STORE_SPU_SALES and own == 0:
            yield Problem(name, f"has no row of {delivery.period}", f"choose one of the periods there: {known}")
        elif name != v.STORE_SPU_SALES and own < total:
            advice = f"deliver {name} for {delivery.period}, or name the half month that is there"
            yield Problem(name, f"is not of {delivery.period} (periods there: {known})", advice, total - own, total)


def _wrong_dataset(delivery: Delivery) -> Iterator[Problem]:
    """Tables that were made from different sales."""
    named = {
        name: loaded.rows["dataset_id"].drop_nulls().unique().sort().to_list()
        for name, loaded in delivery.loaded.items()
        if _has(delivery, name, "dataset_id")
    }
    if len({dataset for datasets in named.values() for dataset in datasets}) > 1:
        listed = "; ".join(f"{name}: {', '.join(datasets)}" for name, datasets in named.items())
        advice = "run discover again over the sales that are to be scaled, and take all its tables together"
        yield Problem("dataset_id", f"the tables were made from different sales ({listed})", advice)


def _dataset(delivery: Delivery) -> str | None:
    named = (
        loaded.rows["dataset_id"] for name, loaded in delivery.loaded.items() if _has(delivery, name, "dataset_id")
    )
    return next((str(dataset) for column in named for dataset in column.drop_nulls().head(1)), None)


def _repeated(delivery: Delivery, settings: InputSettings) -> Iterator[Problem]:
    tables, key = delivery.tables(), v.STORE_SPU
    once = "deliver one row a store and SPU"
    checks: list[tuple[pl.LazyFrame, str, tuple[str, ...], str]] = []
    if v.STORE_SPU_SALES in tables and settings.duplicate_sales == "refuse":
        rows = of_period(tables[v.STORE_SPU_SALES], delivery.period)
        advice = f"{once}, or add them up with --set inputs.duplicate_sales=sum"
        checks.append((rows, v.STORE_SPU_SALES, key, advice))
    if v.STEP11 in tables:
        checks.append((marked(tables[v.STEP11]), v.STEP11, key, once))
    for name, column in ((v.CLUSTERS, "str_code"), (v.SUPPLY, "spu_code"), (v.STORE_BUDGETS, "str_code")):
        if name in tables:
            checks.append((tables[name], name, (column,), f"deliver one row a {column}"))
    repeated = [check for check in checks if not _are_unique(check[0], check[2])]
    yield from (problem for check in repeated if (problem := duplicates(*check)) is not None)


def _are_unique(rows: pl.LazyFrame, key: tuple[str, ...]) -> bool:
    """Whether no two rows share a key of one or two categories; far cheaper than to find those that do."""
    first, second = (pl.col(name).to_physical().cast(pl.UInt64) for name in (key[0], key[-1]))
    number = (first * CODES_OF_A_CATEGORY + second).alias("number")
    counts = rows.select(number).select(rows=pl.len(), keys=pl.col("number").n_unique()).collect()
    return bool(counts["rows"].item() == counts["keys"].item())


def _own_output(delivery: Delivery) -> Iterator[Problem]:
    source = delivery.sources.get(v.STEP9)
    found = sorted(OUTPUT_ONLY & source.columns) if source else []
    if found:
        what = f"has columns of an output of this desk ({', '.join(found)}): its increases would be scaled twice"
        yield Problem(v.STEP9, what, "deliver what Step 9 decided, not what Step 12 recommended")


def _worth_knowing(delivery: Delivery) -> Iterator[Problem]:
    tables = delivery.tables()
    if v.STEP11 in delivery.sources:
        yield from _dropped_columns(delivery.sources[v.STEP11])
    if v.STEP9 in tables and not _are_unique(tables[v.STEP9], v.STORE_SPU):
        repeated = duplicates(tables[v.STEP9], v.STEP9, v.STORE_SPU, "one row that applies is enough")
        yield from [repeated] if repeated else []
    if {v.STORE_SPU_SALES, v.CLUSTERS} <= tables.keys():
        yield from _about_sales(tables, delivery.period)
    if {v.STEP11, v.CLUSTERS} <= tables.keys():
        yield from _about_clusters(tables)


def _dropped_columns(step11: Source) -> Iterator[Problem]:
    names = pl.Series(sorted(step11.columns), dtype=pl.String)
    found = names.filter(names.str.contains(QUANTITY_LIKE)).to_list()
    if found:
        what = f"brings quantities ({', '.join(found)}), which are dropped: Step 11 says what grows, never how much"
        yield Problem(v.STEP11, what, "leave them out")


def _about_sales(tables: Mapping[str, pl.LazyFrame], period: str | None) -> Iterator[Problem]:
    sales = of_period(tables[v.STORE_SPU_SALES], period)
    facts = sales.select(
        rows=pl.len(),
        negative=(pl.min_horizontal("current_spu_count", "store_sales") < 0).sum(),
    )
    rows, negative = facts.collect().row(0)
    if negative:
        advice = "they count as 0; deliver net sales if returns are meant"
        yield Problem(v.STORE_SPU_SALES, "quantities are negative", advice, negative, rows)
    homeless = _without_cluster(sales, tables[v.CLUSTERS])
    if homeless:
        what = "stores belong to no cluster"
        yield Problem(v.STORE_SPU_SALES, what, "they are nobody's peers; add them", homeless, rows)


def _without_cluster(rows: pl.LazyFrame, clusters: pl.LazyFrame) -> int:
    """Rows of stores that the clusters do not name."""
    strays = rows.select("str_code").unique().join(clusters, on="str_code", how="anti").collect()
    return 0 if strays.is_empty() else rows.join(strays.lazy(), on="str_code", how="semi").collect().height


def _about_clusters(tables: Mapping[str, pl.LazyFrame]) -> Iterator[Problem]:
    step11 = marked(tables[v.STEP11])
    clusters = clean_clusters(tables[v.CLUSTERS])
    said = pl.col(CLUSTER_SPELLINGS[0]).cast(pl.String).cast(pl.Int32, strict=False)
    homeless = _without_cluster(step11, tables[v.CLUSTERS])
    both = step11.select("str_code", said=said).drop_nulls("said").join(clusters, on="str_code")
    facts = both.select(other=(pl.col("said") != pl.col("cluster_id")).sum()).collect()
    other, rows = facts.item(), step11.select(pl.len()).collect().item()
    if other:
        yield Problem(v.STEP11, "another cluster than the clusters table", "the clusters table counts", other, rows)
    if homeless:
        yield Problem(
            v.STEP11, "candidates of stores without a cluster", "they get no benchmark; add them", homeless, rows
        )
