"""Tables of the growth desk in plain rows: peers with a wanted quantile and median, and folders made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.contracts.contract import Kind
from engine.contracts.growth import growth_contracts
from engine.growth.inputs import Inputs, inputs
from engine.growth.scale import scale

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.settings.growth.scaling import GrowthSettings

Row = dict[str, Any]
TYPES = {Kind.ID: pl.String, Kind.TEXT: pl.String, Kind.NUMBER: pl.Float64, Kind.FLAG: pl.Boolean}
PERIOD = "202506A"


@dataclass
class Case:
    """One golden row: a candidate among peers with this quantile and median."""

    p75: float
    median: float
    sales: float
    current: float
    women: float | None = None
    men: float | None = None
    sex: str | None = None
    step9: bool = False
    step10: bool = False
    peers: int = 75


@dataclass
class Tables:
    """The rows of every table, by name; a table that is None is not supplied."""

    rows: dict[str, list[Row] | None] = field(default_factory=dict)

    def frame(self, name: str) -> pl.DataFrame:
        """A table in the columns and types of its contract."""
        columns = growth_contracts(())[name].columns
        schema = {column.name: TYPES[column.kind] for column in columns}
        return pl.DataFrame(self.rows[name] or [], schema=schema)

    def frames(self) -> dict[str, pl.LazyFrame]:
        return {name: self.frame(name).lazy() for name, rows in self.rows.items() if rows is not None}

    def inputs(self, settings: GrowthSettings, period: str | None = None) -> Inputs:
        return inputs(self.frames(), period, settings)

    def scaled(self, settings: GrowthSettings, period: str | None = None) -> dict[tuple[str, str], Row]:
        """The rows that Step 12 makes of the tables, by key."""
        made = scale(self.inputs(settings, period), settings).drop("pair").collect()
        found = {(row["str_code"], row["spu_code"]): row for row in made.iter_rows(named=True)}
        assert len(found) == made.height
        return found

    def write(self, folder: Path, form: str = "parquet") -> Path:
        """The tables as files; columns without any value are left out."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.rows.items():
            if rows is not None:
                frame = self.frame(name)
                keep = [column for column in frame.columns if frame[column].null_count() < frame.height]
                getattr(frame.select(keep or frame.columns), f"write_{form}")(folder / f"{name}.{form}")
        return folder


def candidate(store: str, spu: str, **further: object) -> Row:
    """A row of Step 11 that is marked."""
    return {
        "str_code": store,
        "spu_code": spu,
        "is_growth_candidate": True,
        "opportunity_score": 0.9,
        "opportunity_tier": "High Confidence Growth",
        **further,
    }


def among_peers(case: Case, store: str = "S000", spu: str = "A1", cluster: int = 24) -> Tables:
    """Tables in which the store is one of `case.peers` whose linear quantile 0.75 and median are the wanted ones.

    Below the middle every peer sells the median, from three quarters on the benchmark; the store takes the place of
    one on its own side, which moves neither.
    """
    others = _others(case)
    sold = [(store, case.sales, case.current), *((f"{store}p{n:03}", units, units) for n, units in enumerate(others))]
    both = {"str_code": store, "spu_code": spu}
    return Tables(
        {
            "sales": [
                {
                    "str_code": name,
                    "spu_code": spu,
                    "store_sales": units,
                    "current_spu_count": held,
                    "sex_name": case.sex,
                }
                for name, units, held in sold
            ],
            "clusters": [{"str_code": name, "cluster_id": str(cluster)} for name, _, _ in sold],
            "store_traffic": [
                {
                    "str_code": store,
                    "woman_into_str_cnt_avg": case.women,
                    "male_into_str_cnt_avg": case.men,
                }
            ]
            if case.women is not None
            else None,
            "step9": [
                {**both, "rule9_applied": case.step9, "recommended_quantity_change": 1.0 if case.step9 else None}
            ],
            "step10": [{**both, "rule10_applied": case.step10}],
            "step11": [candidate(store, spu)],
        }
    )


def _others(case: Case) -> list[float]:
    if case.peers < 5:
        return [case.p75] * (case.peers - 1)
    middle, upper = (case.peers - 1) // 2, int(0.75 * (case.peers - 1))
    sold = [case.median] * upper + [case.p75] * (case.peers - upper)
    place = 0 if case.sales < case.median else middle + 1 if case.sales < case.p75 else case.peers - 1
    del sold[place]
    return sold


def merged(*parts: Tables) -> Tables:
    """The rows of several tables together."""
    names = {name for part in parts for name in part.rows}
    rows: dict[str, list[Row] | None] = {}
    for name in sorted(names):
        given = [part.rows[name] for part in parts if part.rows.get(name) is not None]
        rows[name] = [row for some in given for row in some or []] if given else None
    return Tables(rows)


def only(found: Mapping[tuple[str, str], Row]) -> Row:
    """The one row there is."""
    (row,) = found.values()
    return row
