"""The page of the figures: `python -m bench.accuracy.report` writes docs/accuracy.md anew from accuracy.json."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from bench.accuracy.ablation import VARIANTS, WHOLE
from bench.accuracy.chains import MIXES
from bench.accuracy.measure import ROOT, read
from bench.accuracy.targets import outcomes
from bench.speed.report import in_table
from engine.settings.shelf.calibrated import CalibratedSettings

PAGE = ROOT / "docs" / "accuracy.md"
NAMES = {
    "calibrated": "darkshelf, `calibrated`",
    "classic": "darkshelf, `classic`",
    "hidden_markov": "hidden Markov model of three states",
    "poisson_run": "Poisson run without a sale, chance below 0.001",
    "zero_share_run": "share of days without a sale ^ run, below 0.05",
    "geometric_gaps": "geometric gaps between sales, beyond 0.99",
    "zero_days_3": "3 days without a sale",
    "zero_days_7": "7 days without a sale",
    "smoothed_interval": "3 days below the interval of exponential smoothing",
}
NOTHING = 0.005
"""A part whose absence changes no share by this much is worth nothing here."""

Figures = Mapping[str, Any]


def page(measured: Figures) -> str:
    """The page as the figures say it."""
    sections = [
        HEAD,
        _outdated(measured),
        _targets(measured),
        RECORDED.format(nights=len(measured["recorded"]["nights"]), day=measured["recorded"]["measured_on"]),
        _recorded(measured["recorded"]),
        SLOW.format(day=measured["slow"]["measured_on"]),
        _slow(measured["slow"]),
        BANDS,
        _bands(measured["slow"]),
        DELAYS.format(nights=len(measured["delay"]["nights"])),
        _delays(measured["delay"]),
        DEPTHS,
        _depths(measured["slow"]),
        _money(measured["slow"]),
        NULLS.format(**_counts(measured["nulls"])),
        _nulls(measured["nulls"]),
        RIVALS_FALSE,
        _false_alerts(measured["nulls"]),
        RELIABILITY,
        _reliability(measured["recorded"]["reliability"]),
        ABLATION,
        _ablation(measured["ablation"]),
        _worthless(measured["ablation"]),
        AGAIN,
    ]
    return "\n".join(section.strip("\n") + "\n" for section in sections)


def _outdated(measured: Figures) -> str:
    """Which sections were measured with other settings than today's; nothing when none was."""
    today = CalibratedSettings().fingerprint()
    names = [name for name, section in sorted(measured.items()) if section.get("settings") != today]
    return f"Measured with other settings than the defaults of today: {', '.join(names)}." if names else ""


def _targets(measured: Figures) -> str:
    words = {True: "met", False: "**missed**", None: "–"}
    rows = [(one.what, one.target, one.measured, words[one.is_met]) for one in outcomes(measured)]
    return in_table(("what", "target", "measured", ""), rows, numbers=False)


def _recorded(told: Figures) -> str:
    rows = []
    for name, words in NAMES.items():
        one = told[name]
        folds = [_spread([fold[what] for fold in one["folds"]]) for what in ("precision", "recall")]
        shares = [_share(one[f"{what}_interval"]) for what in ("precision", "recall")]
        rows.append((words, f"{one['alerts']:,}", shares[0], folds[0], shares[1], folds[1]))
    return in_table(("who", "alerts", "precision", "5 folds", "recall", "5 folds"), rows)


def _seeds(told: Figures) -> list[Figures]:
    return [one for name, one in sorted(told.items()) if name.startswith("seed")]


def _slow(told: Figures) -> str:
    rows = []
    for name, words in NAMES.items():
        of_seeds = [one[name]["bands"][0] for one in _seeds(told)]
        told_twice = [
            " / ".join(_share(one[what]) for one in of_seeds) for what in ("precision", "worth_recall", "recall")
        ]
        alerts = " / ".join(f"{one['alerts']:,}" for one in of_seeds)
        rows.append((words, alerts, *told_twice, " / ".join(_number(one["delay_days"]) for one in of_seeds)))
    headers = ("who", "alerts", "precision", "recall, loss of 8 units", "recall of all", "days to alert")
    return in_table(headers, rows)


def _bands(told: Figures) -> str:
    rows = []
    for band in _seeds(told)[0]["calibrated"]["bands"]:
        shares = [_share(band[what]) for what in ("precision", "recall", "worth_recall", "worth_findable")]
        rows.append((band["band"], f"{band['alerts']:,}", *shares))
    return in_table(("units a day", "alerts", "precision", "recall", "of 8 units", "at best"), rows)


def _delays(told: Figures) -> str:
    rows = []
    for band in told["bands"]:
        found = f"{band['episodes_found']:,} of {band['episodes']:,}"
        delays = [_days(band[what]) for what in ("delay_days", "floor_days")]
        rows.append((band["band"], found, f"{band['episodes_findable']:,}", *delays))
    headers = ("units a day", "episodes found", "findable", "days to alert", "floor")
    return in_table(headers, rows)


def _depths(told: Figures) -> str:
    rows = [
        (f"{one['depth']:g}", f"{one['events']:,}", *(_share(one[what]) for what in DEPTH_FIGURES))
        for one in _seeds(told)[0]["calibrated"]["depths"]
    ]
    return in_table(("share left", "open episodes", "recall", "of 8 units", "at best"), rows)


DEPTH_FIGURES = ("recall", "worth_recall", "worth_findable")


def _money(told: Figures) -> str:
    lines = []
    for one in _seeds(told):
        money = one["calibrated"]["money"]
        lines.append(
            f"median error {_share(money['median_error'])}, total {_share(money['total_ratio'])} of the loss, "
            f"95% interval holds the loss in {_share(money['coverage'])}; "
            f"calibration error of the confidence {one['calibrated']['calibration_error']:.3f}"
        )
    points = "\n".join(f"- {line}" for line in lines)
    return f"Revenue at risk of right alerts against the revenue that was removed, a chain each:\n\n{points}"


def _counts(told: Figures) -> dict[str, str]:
    small, large = told["small"], told["large"]
    return {
        "nights": str(told["all"]["nights"]),
        "small": f"{small['nights']} of {small['store_skus'] // small['nights']:,}",
        "large": f"{large['nights']} of {large['store_skus'] // large['nights']:,}",
        "day": told["measured_on"],
    }


def _nulls(told: Figures) -> str:
    rows = []
    for name, one in (*((mix, told["by_mix"][mix]) for mix in MIXES), ("all", told["all"])):
        rates = [f"{one['rate'][level]:.3f} ({one['findings'][level]})" for level in ("0.1", "0.01")]
        table, published = one["table"], one["published"]
        tails = [f"{published[below]:.4f}" for below in ("below_0.001", "below_0.1")]
        raw = f"{table['below_0.001']:.4f}"
        rows.append(
            (
                name,
                str(one["nights"]),
                *rates,
                *tails,
                f"{published['not_too_small']:.2f}",
                raw,
                f"{table['even']:.2f}",
            )
        )
    headers = (
        "velocities",
        "nights",
        "at 0.10 (findings)",
        "at 0.01",
        "p ≤ 0.001",
        "p ≤ 0.1",
        "not too small",
        "table ≤ 0.001",
        "table even",
    )
    return in_table(headers, rows)


def _false_alerts(told: Figures) -> str:
    pairs = told["rivals_store_skus"]
    rows = [
        (NAMES[name], *(f"{1000 * one / of:.1f}" for one, of in zip(told["rivals"][name], pairs, strict=True)))
        for name in NAMES
        if name in told["rivals"]
    ]
    return in_table(("who", *MIXES), rows)


def _reliability(told: Figures) -> str:
    lines = []
    for name, one in told.items():
        middle, deviation = one["of_folds"]
        folds = f"{middle:.3f} ± {deviation:.3f}"
        lines.append((name, f"{one['calibration_error']:.3f}", folds, f"{one['brier']:.3f}"))
    errors = in_table(("curve", "calibration error", "of a fold", "Brier score"), lines)
    rows = [
        (f"{one['from']:.1f}–{one['to']:.1f}", f"{one['alerts']:,}", f"{one['stated']:.3f}", f"{one['right']:.3f}")
        for one in told["cross-validated"]["table"]
    ]
    return f"{errors}\n\n{in_table(('claimed', 'alerts', 'claimed on average', 'right'), rows)}"


def _ablation(told: Figures) -> str:
    rows = []
    for what, one in _variants(told).items():
        shares = [f"{one['recorded'][name]:.3f}" for name in ("precision", "recall")]
        slow = [f"{one['slow'][name][0]:.3f}" for name in ("precision", "worth_recall")]
        name = what if what == WHOLE else f"without {what}"
        causes = [f"{share:.3f}" for share in _of_causes(one)]
        rows.append((name, *shares, _fold_change(told, what), *slow, *causes, str(one["nulls"]["findings"])))
    headers = (
        *("profile", "precision", "recall", "change of F1 by fold", "slow: precision", "slow: recall"),
        *("causes: precision", "causes: recall", "false"),
    )
    return in_table(headers, rows)


def _of_causes(one: Figures) -> tuple[float, float]:
    """Precision and recall of planted causes, past cases included."""
    counts = one["causes"]
    return counts["right"] / counts["cases"], counts["found"] / counts["episodes"]


def _variants(told: Figures) -> dict[str, Any]:
    return {variant.what: told[variant.what] for variant in VARIANTS if variant.what in told}


def _f1(counts: Mapping[str, float]) -> float:
    return 2 * counts["precision"] * counts["recall"] / (counts["precision"] + counts["recall"])


def _fold_changes(told: Figures, what: str) -> list[float]:
    folds = zip(told[what]["recorded"]["folds"], told[WHOLE]["recorded"]["folds"], strict=True)
    return [_f1(without) - _f1(whole) for without, whole in folds]


def _fold_change(told: Figures, what: str) -> str:
    changes = _fold_changes(told, what)
    return "" if what == WHOLE else f"{mean(changes):+.3f} ± {stdev(changes):.3f}"


def _worthless(told: Figures) -> str:
    whole = told[WHOLE]
    found = []
    for what, one in _variants(told).items():
        lost = -mean(_fold_changes(told, what))
        slow = max(whole["slow"][name][0] - one["slow"][name][0] for name in ("precision", "worth_recall"))
        causes = max(all_ - some for all_, some in zip(_of_causes(whole), _of_causes(one), strict=True))
        if (
            what != WHOLE
            and lost < NOTHING
            and max(slow, causes) < NOTHING
            and one["nulls"]["findings"] <= whole["nulls"]["findings"]
        ):
            found.append(what)
    return f"Worth nothing on these benchmarks: {', '.join(found) or 'none of them'}."


def _share(estimate: Sequence[float | None]) -> str:
    value, low, high = estimate
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _number(estimate: Sequence[float | None]) -> str:
    return "–" if estimate[0] is None else f"{estimate[0]:g}"


def _days(estimate: Sequence[float | None]) -> str:
    value, low, high = estimate
    return "–" if value is None else f"{value:g} ({low:g} to {high:g})"


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.3f} ± {stdev(values):.3f}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(read()), encoding="utf-8")


HEAD = """
# Accuracy

How right the nights are, beside the rules that others use. This page is generated from
`bench/accuracy/accuracy.json`; `python -m bench.accuracy.report` writes it anew.

Everybody judges the same nights and is scored by the same code; the rivals are written from their published method
and see the settled panel, days out of stock left out. They keep their published thresholds, or plain ones where none
is published, and are not tuned. Intervals in brackets are 95% and draw whole stores again; ± is the deviation
between folds of stores.

## Targets
"""
RECORDED = """
## Recorded stock-outs

{nights} nights of FreshRetailNet-50K (Dingdong, CC BY 4.0), as [measurements](measurements.md#on-real-shelves) tell:
real stores, told to be in stock, whose recorded stock-outs the sales alone must give away. No store is in two folds.
Measured on {day}.
"""
SLOW = """
## Slow movers

Two simulated chains of 20,000 store-SKUs that sell 0.1 to 2 units a day: negative binomial, weekdays, store-days. A
tenth of them gets one episode of 3 to 35 days that leaves none, a quarter or half of the sales, by binomial thinning
of the sales themselves. Six nights a week apart. An alert is right when episodes fill at least half of its days. An
event is an episode open on a night and at least three days old. Measured on {day}; a chain each, parted by /.
"""
BANDS = """
The calibrated profile by velocity, on the first chain. *At best* is the share of the events of 8 units whose middle
outcome the night would call, did it know the rate exactly.
"""
DELAYS = """
Days from the first day of an episode to the first night that names it, on {nights} nights in a row over the same
chain. *Floor*: the days until a night that knows the rate exactly would call the middle outcome; *findable*: episodes
that last until then. Fewer episodes are found than are findable, and chance finds some early: the middle delay of the
found ones may be shorter than the floor. Episodes that began before the first night are left out.
"""
DEPTHS = """
The same by the share of the sales that an episode leaves. Half of the sales left is just what the profile's
`episode.max_ratio` still calls an episode.
"""
NULLS = """
## Where nothing happens

{nights} nights over chains without any episode ({small} store-SKUs, {large}), with negative binomial sales of four
dispersions, weekdays and store-days. Every finding is false there, so the realised false discovery rate is the share
of nights with any. *Not too small*: share of nights on which a one-sided Kolmogorov-Smirnov test at 1% does not find
the published p-values smaller than even ones. *Table*: the chances before Ville's bound, with those of no evidence
drawn at random from the atom they share; *even*: share of nights on which the two-sided test at 1% finds them even.
Measured on {day}.
"""
RIVALS_FALSE = """
Alerts of the classic profile and the rivals on one night of each mix, all false, per thousand store-SKUs:
"""
RELIABILITY = """
## Reliability

Whether alerts that claim a probability are right as often as they claim, on the recorded stock-outs. *Shipped* is the
curve of the settings, which was fitted to these nights; *cross-validated* is the same curve fitted anew for each fold
of stores to the other four. The calibration error is the mean distance of claimed and right over ten bins.
"""
ABLATION = """
## What each part is worth

The calibrated profile without one part, on the recorded stock-outs, on the first chain of slow movers, on four chains
of 6,000 store-SKUs with planted causes and weekends twice as busy, and on five chains without an episode (*false*:
findings at 0.10 in all of 100,000 store-SKUs). *Slow: recall* is that of an expected loss of 8 units. *Causes* counts
past cases, too. A factor is switched off by a prior that outweighs all sales.
"""
AGAIN = """
## Again

```sh
python -m bench.accuracy.measure          # all sections, a quarter of an hour; or name some of them
python -m bench.accuracy.report           # writes this page
darkshelf backtest data/tonight --out data/backtest
```

The last line measures the same on your own tables. It writes `backtest.json` with the figures, `alerts.parquet` with
every alert and its verdict, `events.parquet` with the episodes open on each night and whether they were found, and
`episodes.parquet` with each episode, its delay and its floor. The recorded stock-outs are not shipped;
`DARKSHELF_FRESHRETAILNET` names their folder.
"""


if __name__ == "__main__":
    main()
