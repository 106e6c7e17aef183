"""Canaries: each planted leak must fail the check that is there for it, and a clean company must pass everything.

python -m bench.whitespace.canaries [--seeds 10]    999 shuffles each; writes docs/whitespace-canaries.md
"""

import argparse
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from bench.page import between_marks
from bench.whitespace.leaks import DUPLICATES, LEAKS, Leak
from engine.delivery.frames import frames_of
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.settings.whitespace.modeling import BoostingSettings, LinearSettings, ModelSettings
from engine.settings.whitespace.run import Sections
from engine.synth.company.company import simulate
from engine.synth.company.plan import CompanyPlan
from engine.vocabulary import whitespace as v
from engine.whitespace.check import check
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.build import registry
from engine.whitespace.features.matrix import Features
from engine.whitespace.gauntlet.context import BUILDERS, Builders, Context, context
from engine.whitespace.gauntlet.run import EXPECTED, gauntlet
from engine.whitespace.gauntlet.verdict import CheckResult
from engine.whitespace.panel import cutoffs_for, labels
from engine.whitespace.tables import Tables
from engine.whitespace.train import train
from engine.whitespace.trained import Trained

PAGE: Final = Path(__file__).parents[2] / "docs" / "whitespace-canaries.md"
SCORING: Final = dt.date(2024, 6, 30)
"""The cutoff of the generated companies, half a year before their end: there is a future that can leak."""
SEEDS: Final = 10
TWINS: Final = 20
"""Of so many customers one stands under two ids, in the company that has such."""
TWIN_MARK: Final = "X"
LINEAR: Final = LinearSettings(inverse_penalties=(0.01,), iterations=50, tolerance=0.05)
SETTINGS: Final = Sections(
    labels=LabelSettings(population="all"),
    features=FeatureSettings(
        families=("windows", "recency", "lifecycle", "cross_division", "neighbours", "assets", "firmographics"),
        windows_months=(6, 12, 24),
    ),
    modeling=ModelSettings(
        boosting=BoostingSettings(trees=40, members=1, leaves=(7,), leaf_rows=(50,)),
        own_boosting=BoostingSettings(trees=20, members=1, leaves=(7,), leaf_rows=(30,)),
        linear=LINEAR,
        own_linear=LINEAR,
        bootstrap_replicates=50,
    ),
    gauntlet=GauntletSettings(repro_customers=60, stability_rows=1000),
)
"""Everyone is judged, owners too: of 600 customers too few buy for the first time to tell a leak from noise. The
models are small: what is looked for is not how right they are."""
PASSING: Final = (v.PASS, v.WARN)


def company_tables(seed: int) -> Tables:
    """A generated company of 600 customers and 4 divisions, checked."""
    return check(frames_of(simulate(CompanyPlan(seed=seed)).tables), InputSettings()).tables


def with_twins(tables: Tables) -> Tables:
    """The tables with every twentieth customer once more, under another id."""
    ids = tables.customers[v.CUSTOMER].cast(pl.String)
    every = pl.Enum(sorted([*ids, *(f"{one}{TWIN_MARK}" for one in ids.gather_every(TWINS))]))
    chosen = pl.col(v.CUSTOMER).is_in(ids.gather_every(TWINS).to_list())

    def doubled(table: pl.DataFrame) -> pl.DataFrame:
        named = table.with_columns(pl.col(v.CUSTOMER).cast(pl.String))
        twins = named.filter(chosen).with_columns(pl.col(v.CUSTOMER) + TWIN_MARK)
        return pl.concat([named, twins]).with_columns(pl.col(v.CUSTOMER).cast(every))

    return replace(
        tables,
        transactions=doubled(tables.transactions),
        customers=doubled(tables.customers),
        assets=doubled(tables.assets),
        contacts=doubled(tables.contacts),
    )


def trained_run(
    tables: Tables, settings: Sections, leak: Leak | None = None, trained: Trained | None = None
) -> Context:
    """A run as the desk makes it, with a leak among its features. trained: what was learned already, without it."""
    blocks = cutoffs_for(SCORING, settings.labels)
    builders: Builders = leak.builders() if leak else BUILDERS
    state = builders.fit(tables, max(blocks.tuning), settings.features)
    columns = registry(settings.features, state)
    if leak and leak.feature:
        columns = (*columns, leak.feature)
    cutoffs = (*blocks.labelled, blocks.scoring)
    matrices = {cutoff: builders.build(tables, cutoff, state, settings.features) for cutoff in cutoffs}
    dataset = Dataset(labels(tables, blocks.labelled, settings.labels), Features(columns, matrices))
    learned = trained or train(dataset, blocks, settings.modeling, settings.waivers)
    return context(tables, blocks, dataset, state, learned, settings, builders)


def found_by(leak: Leak, clean: Context) -> CheckResult:
    """What the check that must find a leak says of a company with it. clean: the run of the company without it."""
    tables = with_twins(clean.tables) if leak is DUPLICATES else clean.tables
    run = trained_run(tables, clean.settings, leak, clean.trained)
    return gauntlet(run, only=(leak.check,)).check(leak.check)


def measured(seeds: Sequence[int], settings: Sections) -> Iterator[tuple[int, str, str, str]]:
    """Seed, leak, the check that must fail and what it said; of the clean company every check."""
    for seed in seeds:
        clean = trained_run(company_tables(seed), settings)
        passed = gauntlet(clean)
        for name in EXPECTED:
            yield seed, "", name, passed.check(name).status
        for leak in LEAKS:
            yield seed, leak.name, leak.check, found_by(leak, clean).status


def table(rows: Sequence[tuple[int, str, str, str]]) -> str:
    """What was planted, the check, and in how many companies it said what it must."""
    lines = ["| planted | check | must | did | of |", "|---|---|---|---|---|"]
    for leak, name in dict.fromkeys((leak, name) for _, leak, name, _ in rows):
        said = [status for _, other, check_name, status in rows if (other, check_name) == (leak, name)]
        right = sum(status == v.FAIL if leak else status in PASSING for status in said)
        lines.append(
            f"| {leak or 'nothing'} | {name} | {'fail' if leak else 'pass or warn'} | {right} | {len(said)} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many companies")
    rows = list(measured(range(1, parser.parse_args().seeds + 1), SETTINGS))
    PAGE.write_text(between_marks(PAGE, "canaries", table(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
