"""What the growth page asks of the published growth runs. Reads through `engine.outputs` alone.

One `Scaling` per run, shared by every session; the audit stays on disk and is filtered and cut lazily.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, ClassVar, Final, cast

import polars as pl

from engine.decisions import words as w
from engine.errors import NotFoundError
from engine.outputs import read
from engine.outputs.fonts import MissingGlyphError
from engine.outputs.growth import charts as growth_charts
from engine.outputs.growth import figures as growth_figures
from engine.outputs.growth import shapes
from engine.outputs.growth.explain import explained
from engine.outputs.growth.read import boundary_report
from engine.runs.registry import Run
from engine.vocabulary import growth as v
from panel_app.money import whole_cents
from panel_app.search import folded_together, holding
from panel_app.settings import DashboardSettings
from panel_app.stores.runs import Opened, Runs

CHARTS: Final = (
    "adjustment_distribution",
    "gap_and_quantity",
    "heat_map",
    "conflict_matrix",
    "dead_zone",
    "sensitivity",
)
"""What is drawn beside the bars of the page, in the order of reading."""
SEARCHED: Final = ("str_code", "store_name", "spu_code", "spu_name", "cate_name")
STRIPS: Final = 256
ORDER: Final = (growth_figures.QUANTITY, "performance_gap")
WHOLE: Final = "recommended_units"
MONEY: Final = "value_at_price"
FILTERED: Final = {
    "state": "status",
    "tier": "scaling_tier",
    "cap": "cap_applied",
    "decided": "decision",
    "cluster": "cluster_id",
    "product": "spu_code",
    "store": "str_code",
}
"""The column that each filter is of."""
GROUPS: Final = {"product": ("spu_code",), "cluster": ("cluster_id",), "story": ("spu_code", "cluster_id")}
"""What candidates are put together by; a story is one product in the stores of one cluster."""
SUMS: Final = (WHOLE, MONEY)
"""Columns that what is put together can be sorted by."""
SORTS: Final = (
    WHOLE,
    MONEY,
    "performance_gap",
    "spu_name",
    "store_name",
    "status",
    "cap_applied",
    "decision",
)
"""Columns the candidates can be sorted by."""


class Scaling(Opened):
    """One published growth run."""

    def __init__(self, run: Run, settings: DashboardSettings) -> None:
        super().__init__(run, settings)
        self._lock = Lock()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The key figures."""
        return read.summary(self.run)

    @cached_property
    def boundary(self) -> dict[str, Any]:
        """The boundary checks, counted on the run's rows."""
        return boundary_report(self.run)

    @cached_property
    def bars(self) -> dict[str, list[dict[str, Any]]]:
        """Funnel, tiers and caps, every kind there is in its fixed order."""
        return {
            name: frame.rename({frame.columns[0]: "key"}).to_dicts()
            for name, frame in (
                ("funnel", growth_figures.funnel(self.run)),
                ("tiers", growth_figures.tiers(self.run)),
                ("caps", growth_figures.caps(self.run)),
            )
        }

    @cached_property
    def charts(self) -> dict[str, str]:
        """The further figures as SVG by name; those whose labels no font can draw say so instead."""
        with self._lock:
            return {name: _drawn(getattr(growth_charts, f"draw_{name}"), self.run) for name in CHARTS}

    def ranked(self) -> pl.LazyFrame:
        """Every candidate by quantity, then by the widest gap.

        Column `MONEY`: its whole units at the unit price, in the currency of the run, null without a price.
        """
        return _in_order(self._audit(), growth_figures.QUANTITY, ascending=False)

    def _audit(self) -> pl.LazyFrame:
        return read.table(self.run, shapes.AUDIT).with_columns(
            pl.col("status", "scaling_tier", "cap_applied").cast(pl.String),
            (pl.col(WHOLE) * pl.col("unit_price")).alias(MONEY),
        )

    def select(
        self,
        filters: Mapping[str, str],
        decided: pl.DataFrame,
        *,
        sort: str = WHOLE,
        ascending: bool = False,
    ) -> pl.LazyFrame:
        """The candidates that pass, in the order of a column of `SORTS`, ties by quantity, then by the widest gap.

        filters: by `find` and the keys of `FILTERED`. decided: str_code, spu_code, decision, version. Column `MONEY`,
        see `ranked`.
        """
        frame = self._audit().join(decided.lazy(), on=v.STORE_SPU, how="left")
        frame = frame.with_columns(pl.col("decision").fill_null(w.UNDECIDED), pl.col("version").fill_null(0))
        wanted = [
            pl.col(column).cast(pl.String) == filters[key] for key, column in FILTERED.items() if filters.get(key)
        ]
        wanted += holding(filters.get("find", ""), folded_together(SEARCHED))
        return _in_order(frame.filter(*wanted), sort, ascending=ascending)

    def groups(self, by: str, found: pl.LazyFrame, *, sort: str = WHOLE, ascending: bool = False) -> pl.LazyFrame:
        """Candidates of `select` that are scaled, put together by the columns of `GROUPS`, by `WHOLE` or `MONEY`.

        Columns: those of the group, spu_name and cate_name where it is of one product; candidates, stores, products;
        `WHOLE`, `MONEY` (null where no price is known) and decided, how many of the candidates are.
        """
        keys = GROUPS[by]
        of_product = ("spu_name", "cate_name") if "spu_code" in keys else ()
        summed = found.filter(pl.col(WHOLE) > 0).group_by(keys)
        rows = summed.agg(
            *(pl.col(name).drop_nulls().min() for name in of_product),
            pl.len().alias("candidates"),
            pl.col("str_code").n_unique().alias("stores"),
            pl.col("spu_code").n_unique().alias("products"),
            pl.col(WHOLE).cast(pl.Int64).sum(),
            pl.when(pl.col(MONEY).count() > 0).then(whole_cents(MONEY)).alias(MONEY),
            (pl.col("decision") != w.UNDECIDED).sum().alias("decided"),
        )
        descending = [not ascending, *(False for _ in keys)]
        return rows.sort(sort if sort in SUMS else WHOLE, *keys, descending=descending, nulls_last=True)

    def grid(self, found: pl.LazyFrame, products: Sequence[str], most_stores: int) -> dict[str, Any]:
        """Whole units and money of candidates of `select` by product and store, for the products of one page.

        stores: those with the most whole units of all that was found, code, name and units, at most so many. cells:
        whole units, money and decision by store and product. further: how many stores have no column.
        """
        scaled = found.filter(pl.col(WHOLE) > 0)
        by_store = scaled.group_by("str_code").agg(
            pl.col("store_name").drop_nulls().min(), units=pl.col(WHOLE).cast(pl.Int64).sum()
        )
        stores = by_store.sort("units", "str_code", descending=[True, False]).collect()
        shown = stores.head(most_stores)
        of_page = pl.col("spu_code").is_in(list(products)), pl.col("str_code").is_in(shown["str_code"].to_list())
        cells = scaled.filter(of_page).select(*v.STORE_SPU, WHOLE, MONEY, "decision").collect()
        return {
            "stores": shown.rows(),
            "cells": {(store, spu): told for store, spu, *told in cells.iter_rows()},
            "further": stores.height - shown.height,
        }

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        """The clusters of its candidates, by number."""
        numbers = read.table(self.run, shapes.AUDIT).select(pl.col("cluster_id").drop_nulls().unique().sort())
        return tuple(map(str, numbers.collect()["cluster_id"]))

    def candidate(self, str_code: str, spu_code: str) -> dict[str, Any]:
        """One candidate with its texts. Raises NotFoundError."""
        is_it = (pl.col("str_code") == str_code) & (pl.col("spu_code") == spu_code)
        with read.raising_damage(self.run):
            rows = explained(self.run, read.table(self.run, shapes.AUDIT).filter(is_it)).collect().to_dicts()
        if not rows:
            raise NotFoundError(f"the run {self.run.run_id} has no candidate {spu_code!r} in store {str_code!r}")
        return rows[0]

    def strip(self, row: Mapping[str, Any]) -> str | None:
        """The peers of a candidate as SVG; None where it has none."""
        return _strip(self, row["cluster_id"], row["str_code"], row["spu_code"]) if row["peer_n"] else None


def _in_order(frame: pl.LazyFrame, sort: str, *, ascending: bool) -> pl.LazyFrame:
    """By a column, ties by quantity, then by the widest gap."""
    descending = [not ascending, True, True, False, False]
    return frame.sort(sort, *ORDER, *v.STORE_SPU, descending=descending, nulls_last=True)


@lru_cache(STRIPS)
def _strip(scaling: Scaling, cluster_id: int, str_code: str, spu_code: str) -> str:
    row = scaling.candidate(str_code, spu_code)
    return _drawn(growth_charts.draw_peer_strip, scaling.run, cluster_id, spu_code, row)


def _drawn(draw: Any, *facts: Any) -> str:
    try:
        return str(draw(*facts))
    except MissingGlyphError:
        return ""


class Scalings(Runs):
    """The growth runs under some output folders."""

    noun: ClassVar[str] = "scaling"
    opens: ClassVar[type[Opened]] = Scaling

    def latest_id(self) -> str | None:
        """The newest: a folder that is shared with another desk says in `LATEST` nothing of this one."""
        runs = self.runs()
        return runs[-1].run_id if runs else None

    def scaling(self, run_id: str | None = None) -> Scaling:
        """A run by its id, the newest without one. Raises NotFoundError."""
        runs = self.runs()
        if not runs:
            raise NotFoundError("there is no growth run yet: make one with  darkshelf growth scale INPUT --out OUT")
        found = [run for run in runs if run_id in (None, run.run_id)]
        if not found:
            raise NotFoundError(f"there is no growth run {run_id!r}; the newest is {runs[-1].run_id}")
        return cast("Scaling", self.open(found[-1].run_id))
