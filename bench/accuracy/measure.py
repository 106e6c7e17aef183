"""The figures of docs/accuracy.md: `python -m bench.accuracy.measure [SECTION ...]` writes accuracy.json anew.

Sections: recorded, slow, open, late, lumpy, delay, nulls, causes, ablation, occasions,
advice. Those not named keep theirs.
Recorded stock-outs are read from the folder that DARKSHELF_FRESHRETAILNET names, else from
`../shared/data/freshretailnet`.
"""

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from bench.accuracy import (
    ablation,
    advice,
    causes,
    chains,
    lumpy,
    nulls,
    occasions,
    open_chains,
    planted,
    recorded,
)
from bench.accuracy.nights import contenders, imputed
from bench.accuracy.reliability import across_stores
from engine.backtest.backtest import night_days, prepare, score
from engine.resampling import Clusters
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.synth.chain import write_chain

FILE = Path(__file__).with_name("accuracy.json")
ROOT = Path(__file__).parents[2]
DIGITS = 4
SLOW_STORE_SKUS, SLOW_SEEDS = 20_000, (3, 4)
OPEN_SEEDS = range(31, 35)
OPEN_CHAINS = {
    "levels that hold": (60, 0.0),
    "levels that wander 2% a day": (60, 0.02),
    "levels that wander 4% a day": (60, 0.04),
    "480 store-SKUs, 3% a day": (12, 0.03),
}
"""Stores of each chain, and the step of its levels."""
LATE_SEEDS, LATE_STORES, LATE_SHARE = range(41, 45), 60, 0.2
LUMPY_SEEDS = range(21, 31)
NULL_SMALL, NULL_LARGE = 10_000, 100_000
NULL_SEEDS = range(1, 9)
ABLATION_STORE_SKUS = 20_000
ADVICE = causes.PLAN.model_copy(update={"days": 75})
"""The fixed scenarios of so long a chain are still open on its last night, and no new normal yet."""
ADVICE_SEEDS = range(601, 605)


def data() -> Path:
    """The folder of the recorded stock-outs, which need not be there."""
    return Path(os.environ.get("DARKSHELF_FRESHRETAILNET") or ROOT.parent / "shared" / "data" / "freshretailnet")


def of_recorded() -> dict[str, Any]:
    """Seven nights of FreshRetailNet-50K: everybody's precision and recall, by fold of stores; reliability."""
    truth = recorded.read_truth(data() / "truth.parquet")
    figures: dict[str, Any] = {"nights": [str(day) for day in recorded.NIGHTS]}
    with TemporaryDirectory() as runs:
        nights = contenders(data(), recorded.NIGHTS, Path(runs))
    for name, of_name in nights.items():
        alerts = recorded.verdicts(of_name, truth)
        events = recorded.stock_outs(of_name, alerts, truth)
        stores = Clusters(truth["store_id"], 400, 0.95)
        figures[name] = {
            **recorded.counts(alerts, events),
            "precision_interval": stores.share(alerts["store_id"], alerts["is_right"]).as_list(),
            "recall_interval": stores.share(events["store_id"], events["found"]).as_list(),
            "folds": recorded.by_fold(alerts, events),
        }
        if name == "calibrated":
            figures["reliability"] = across_stores(alerts)
            figures["by_left"] = recorded.by_left(alerts)
    return figures


def of_slow() -> dict[str, Any]:
    """Planted episodes on shelves that sell 0.1 to 2 units a day, a chain a seed."""
    return {f"seed {seed}": planted.slow_movers(SLOW_STORE_SKUS, seed) for seed in SLOW_SEEDS}


def of_open() -> dict[str, Any]:
    """Chains whose episodes are all open, against what a night that knew every rate would find."""
    settings, scores = CalibratedSettings(), dict[str, list[dict[str, Any]]]()
    for name, sizes in OPEN_CHAINS.items():
        drawn = [open_chains.drawn(*sizes, seed) for seed in OPEN_SEEDS]
        scores[name] = [
            open_chains.scored(
                open_chains.alerts_over(chain, settings), open_chains.truth(chain, settings.episode.max_fdr)
            )
            for chain in drawn
        ]
    return scores


def of_late() -> dict[str, Any]:
    """Store-SKUs that came to their stores less than two weeks ago, in chains whose levels hold, a seed each."""
    settings, scores = CalibratedSettings(), list[dict[str, Any]]()
    for seed in LATE_SEEDS:
        chain = open_chains.listed_late(open_chains.drawn(LATE_STORES, 0.0, seed), LATE_SHARE, seed)
        alerts = open_chains.late_alone(chain, open_chains.alerts_over(chain, settings))
        episodes = open_chains.late_alone(chain, open_chains.truth(chain, settings.episode.max_fdr))
        scores.append({"store_skus": int((chain.listed > 0).sum()), **open_chains.scored(alerts, episodes)})
    return {"seeds": scores}


def of_lumpy() -> dict[str, Any]:
    """Alarms over healthy shelves that sell in lots, pauses and to bulk buyers, a seed each."""
    settings = CalibratedSettings()
    return {
        kind: [open_chains.alerts_over(lumpy.drawn(kind, seed), settings).height for seed in LUMPY_SEEDS]
        for kind in lumpy.KINDS
    }


def of_delay() -> dict[str, Any]:
    """Every night of five weeks over the first chain of slow movers."""
    return planted.nightly(SLOW_STORE_SKUS, SLOW_SEEDS[0])


def of_nulls() -> dict[str, Any]:
    """Chains without any episode: many small ones, and a large one of each mix."""
    small = [
        nulls.night(mix, NULL_SMALL, seed, with_rivals=seed == NULL_SEEDS[0])
        for mix in chains.MIXES
        for seed in NULL_SEEDS
    ]
    large = [nulls.night(mix, NULL_LARGE, 100) for mix in chains.MIXES]
    by_mix = {mix: nulls.summary([one for one in small + large if one["mix"] == mix]) for mix in chains.MIXES}
    rivals = [one for one in small if "rivals" in one]
    return {
        "small": nulls.summary(small),
        "large": nulls.summary(large),
        "all": nulls.summary(small + large),
        "by_mix": by_mix,
        "rivals": {name: [one["rivals"][name] for one in rivals] for name in rivals[0]["rivals"]},
        "rivals_store_skus": [one["store_skus"] for one in rivals],
    }


def of_ablation() -> dict[str, Any]:
    """The whole profile and each variant: recorded stock-outs, slow movers, planted causes, quiet chains."""
    by_variant: dict[str, dict[str, Any]] = {variant.what: {} for variant in ablation.VARIANTS}
    for name, lines in (
        ("recorded", _ablate_recorded()),
        ("slow", _ablate_slow()),
        ("causes", _ablate_causes()),
        ("nulls", _ablate_nulls()),
    ):
        for what, figures in lines:
            by_variant[what][name] = figures
    return by_variant


def _ablate_recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    truth = recorded.read_truth(data() / "truth.parquet")
    panels = [imputed(data(), day) for day in recorded.NIGHTS]
    for variant in ablation.VARIANTS:
        nights = [ablation.night(variant, chain) for chain in panels]
        alerts = recorded.verdicts(nights, truth)
        events = recorded.stock_outs(nights, alerts, truth)
        folds = recorded.by_fold(alerts, events)
        yield variant.what, {**recorded.counts(alerts, events), "folds": folds}


def _ablate_slow() -> Iterator[tuple[str, dict[str, Any]]]:
    plan = planted.SLOW_PLAN
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        folder = chains.write(room / "chain", chains.SLOW, ABLATION_STORE_SKUS, planted.DAYS, SLOW_SEEDS[0])
        given, truth = prepare(folder, room / "work", plan)
        panels = [imputed(given, day) for day in night_days(folder, plan)]
    for variant in ablation.VARIANTS:
        found = score([ablation.night(variant, chain) for chain in panels], truth, plan).figures["bands"][0]
        yield variant.what, {name: found[name] for name in ("alerts", "precision", "recall", "worth_recall")}


def _ablate_causes() -> Iterator[tuple[str, dict[str, Any]]]:
    chains_of_causes = []
    for seed in causes.SEEDS:
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / "chain"
            write_chain(folder, causes.PLAN.model_copy(update={"seed": seed}))
            truth = pl.read_parquet(folder / "truth.parquet")
            chains_of_causes.append((imputed(folder, chains.LAST_DAY), truth))
    for variant in ablation.VARIANTS:
        counts = [ablation.planted(variant, chain, truth) for chain, truth in chains_of_causes]
        total = {name: sum(one[name] for one in counts) for name in counts[0]}
        yield variant.what, total


def _ablate_nulls() -> Iterator[tuple[str, dict[str, Any]]]:
    panels = []
    for mix in chains.MIXES:
        with TemporaryDirectory() as scratch:
            folder = chains.write(Path(scratch) / "chain", mix, ABLATION_STORE_SKUS, nulls.DAYS, 7)
            panels.append(imputed(folder, chains.LAST_DAY))
    for variant in ablation.VARIANTS:
        findings = [ablation.night(variant, chain).alerts.height for chain in panels]
        yield variant.what, {"findings": sum(findings), "nights_with_any": int(np.count_nonzero(findings))}


def of_occasions() -> dict[str, Any]:
    """The same nights with a calendar or the weather and without."""
    return {"planted": occasions.of_planted(), "recorded": occasions.of_recorded(data())}


def of_advice() -> dict[str, Any]:
    """What the actions of a night bring of what undoing the planted causes would, a chain a seed."""
    return {f"seed {seed}": advice.night(ADVICE.model_copy(update={"seed": seed})) for seed in ADVICE_SEEDS}


SECTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "recorded": of_recorded,
    "slow": of_slow,
    "open": of_open,
    "late": of_late,
    "lumpy": of_lumpy,
    "delay": of_delay,
    "nulls": of_nulls,
    "causes": causes.figures,
    "ablation": of_ablation,
    "occasions": of_occasions,
    "advice": of_advice,
}


def read() -> dict[str, Any]:
    """The committed figures."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def main(names: list[str]) -> None:
    """Measure the sections named, all by default, and write the file after each."""
    for name in names or SECTIONS:
        today = dt.datetime.now(dt.UTC).date().isoformat()
        stamp = {"measured_on": today, "settings": CalibratedSettings().fingerprint()}
        found = {**stamp, **SECTIONS[name]()}
        measured = (read() if FILE.exists() else {}) | {name: found}
        FILE.write_text(json.dumps(_rounded(measured), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, float):
        return round(content, DIGITS) if np.isfinite(content) else None
    return content


if __name__ == "__main__":
    main(sys.argv[1:])
