"""Before: the lists of earlier days, as their runs published them.

In: published runs of the desk. Out: the ranking before, and what was recommended so lately that it cools down.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from engine.outputs.read import each_readable, table
from engine.outputs.whitespace.shapes import ranking_file
from engine.runs.registry import Run
from engine.settings.whitespace.ranking import EligibilitySettings
from engine.vocabulary import whitespace as v

SHOWN_SCHEMA = pl.Schema({"customer_id": pl.String(), "division": pl.String(), "shown_on": pl.Date()})
"""What earlier lists recommended, and on which day."""


@dataclass(frozen=True)
class Before:
    """previous: the newest earlier ranking, every candidate of it; None without one. shown: `SHOWN_SCHEMA`."""

    previous: pl.DataFrame | None
    shown: pl.DataFrame


NOTHING = Before(None, pl.DataFrame(schema=SHOWN_SCHEMA))
"""Nothing was ranked before."""


def before(runs: Iterable[Run], cutoff: dt.date, settings: EligibilitySettings) -> Before:
    """The earlier lists among some runs; a list of the same day is this one made again, not an earlier one.

    Of several runs of a day the last counts. A run without a ranking is passed by, a damaged one too.
    """
    by_day: dict[dt.date, Run] = {}
    for run in runs:
        day = dt.date.fromisoformat(run.as_of)
        if day < cutoff and run.holds(ranking_file(day)):
            by_day[day] = run
    newest_first = [by_day[day] for day in sorted(by_day, reverse=True)]
    read = each_readable(
        newest_first, lambda run: table(run, ranking_file(dt.date.fromisoformat(run.as_of))).collect()
    )
    previous, shown = None, [pl.DataFrame(schema=SHOWN_SCHEMA)]
    for run, ranking in read:
        day = dt.date.fromisoformat(run.as_of)
        previous = ranking if previous is None else previous
        if (cutoff - day).days >= settings.cooldown_days:
            break
        selected = ranking.filter("is_selected").select(pl.col(v.PAIR).cast(pl.String), shown_on=pl.lit(day))
        shown.append(selected)
    return Before(previous, pl.concat(shown))
