"""Every half month of 2019 and 2020 of real shops and items, discovered, scaled and compared with the next one.

    python -m bench.speed.growth_real [--place DIR]   writes `bench/speed/growth_real.json` and docs/growth.md

The data are the wholesale liquor deliveries of the State of Iowa; they are not shipped.
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from bench.page import between_marks
from bench.speed.growth import PAGE
from engine.growth import desk
from engine.growth.backtest import backtest
from engine.growth.follow import following_sales
from engine.growth.upstream import desk as upstream
from engine.outputs.document import render
from engine.outputs.growth.read import boundary_report
from engine.outputs.read import find_run
from engine.settings.growth.scaling import BacktestSettings, GrowthSettings
from engine.settings.growth.upstream import DiscoverSettings
from engine.vocabulary import growth as v

FILE = Path(__file__).with_name("growth_real.json")
HALF_MONTHS = tuple(f"{year}{month:02}{half}" for year in (2019, 2020) for month in range(1, 13) for half in "AB")
SETTINGS = DiscoverSettings(nominate={"min_adoption": 0.3})
HISTORY = 8
"""Half months before the one looked at: volatility needs some."""
LANES = 2
Row = dict[str, Any]


def one(raw: Path, home: Path, period: str) -> Row:
    """One half month: what was found, what was scaled, and the comparison with the next one where it is there."""
    place = home / period
    raw = _around(raw, place / "raw", period)
    found = upstream.discover(raw, place / "in", SETTINGS, period)
    row: Row = {"period": period} | {
        name: found.facts[name] for name in ("stores", "clusters", "step11_rows", "step11_candidates")
    }
    row["pairs"] = pl.scan_parquet(place / "in" / "sales.parquet").select(pl.len()).collect().item()
    if found.facts["step11_candidates"]:
        made = desk.run(place / "in", place / "out", GrowthSettings())
        names = ("scaled", "units", "by_status", "by_cap", "suppressed_by_cap", "gap_qualified")
        row |= {name: made.summary[name] for name in names} | {"boundary": boundary_report(made.run)["counts"]}
        if period != HALF_MONTHS[-1]:
            run = find_run(place / "out")
            row["backtest"] = backtest(run, following_sales(raw, run), BacktestSettings())[0].as_facts()
    shutil.rmtree(place)
    return row


def _around(raw: Path, out: Path, period: str) -> Path:
    """The sales of a half month, of some before it, and of the next one."""
    place = HALF_MONTHS.index(period)
    wanted = HALF_MONTHS[max(place - HISTORY, 0) : place + 2]
    out.mkdir(parents=True)
    sales = pl.scan_parquet(raw / "sales.parquet").filter(pl.col("period").is_in(wanted))
    sales.sink_parquet(out / "sales.parquet")
    return out


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The figures of the page, added up over the half months."""
    scaled = [row for row in rows if "scaled" in row]
    total = {name: sum(row[name] for row in scaled) for name in ("scaled", "gap_qualified")}
    statuses = {kind: sum(row["by_status"][kind] for row in scaled) for kind in v.GROWTH_STATUSES}
    caps = {
        kind: (
            sum(row["by_cap"][kind]["rows"] for row in scaled),
            sum(row["by_cap"][kind]["units"] for row in scaled),
        )
        for kind in v.GROWTH_CAPS
    }
    tests = [row["backtest"] for row in scaled if row.get("backtest", {}).get("difference") is not None]
    above = sum(test["difference_low"] is not None and test["difference_low"] > 0 for test in tests)
    below = sum(test["difference_high"] is not None and test["difference_high"] < 0 for test in tests)
    candidates = [row["step11_candidates"] for row in rows]
    dead = 1 - total["scaled"] / total["gap_qualified"]
    lines = [
        ("half months", f"{len(rows)}, {sum(count > 0 for count in candidates)} of them with candidates"),
        ("shops and shop-items in a half month", f"{_range(rows, 'stores')}; {_range(rows, 'pairs')}"),
        ("clusters that k-means finds", _range(rows, "clusters")),
        ("candidates", f"{sum(candidates):,}; in a half month {_range(rows, 'step11_candidates')}"),
        *((f"`{kind}`", f"{count:,}") for kind, count in statuses.items()),
        ("dead zone", f"{100 * dead:.1f}% of those worth closing"),
        *((f"units by cap: {kind}", f"{units:,.1f} in {count:,} rows") for kind, (count, units) in caps.items()),
        (
            "boundary checks",
            f"{sum(row['boundary']['FAIL'] for row in scaled)} FAIL, "
            f"{sum(row['boundary']['VACUOUS'] for row in scaled)} VACUOUS",
        ),
        (
            "next half month: scaled rows with others alike",
            f"{sum(test['matched'] for test in tests):,} of {sum(test['scaled'] for test in tests):,}",
        ),
        ("change of those against the others, all half months", f"{_pooled(tests, 'difference'):+.2f} units"),
        ("recommended to those", f"{_pooled(tests, 'recommended_units'):.2f} units"),
        (
            "half months whose 95% interval lies above 0, around it, below it",
            f"{above} / {len(tests) - above - below} / {below}, of {len(tests)}",
        ),
    ]
    return render(Path(__file__).with_suffix(".md"), figures=lines)


def _pooled(tests: Sequence[Mapping[str, Any]], name: str) -> float:
    """The mean over all matched rows."""
    matched = sum(test["matched"] for test in tests)
    return float(sum(test[name] * test["matched"] for test in tests) / matched)


def _range(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [row[name] for row in rows]
    return f"{min(values):,} to {max(values):,}"


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """The page as it should be."""
    return between_marks(PAGE, "real", table(rows))


def main() -> None:
    """Measure every half month and write the figures."""
    from tests.growth.real import PLACE, prepare

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", type=Path, default=PLACE, help="folder with transactions, products and customers")
    place = parser.parse_args().place
    lanes = ProcessPoolExecutor(LANES, get_context("spawn"))
    with TemporaryDirectory(prefix="growth-real-") as folder, lanes as pool:
        home = Path(folder)
        raw = prepare(place, home / "raw", HALF_MONTHS[0], HALF_MONTHS[-1])
        rows = list(pool.map(partial(one, raw, home), HALF_MONTHS))
    FILE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
