"""The page of the figures: `python -m bench.accuracy.report` writes docs/accuracy.md anew from accuracy.json."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from bench.accuracy.ablation import VARIANTS, WHOLE
from bench.accuracy.causes import EVENTS, SYMPTOMS, WAYS, right_of
from bench.accuracy.chains import MIXES
from bench.accuracy.measure import OPEN_CHAINS, ROOT, read
from bench.accuracy.occasions import WAYS as OF_TOLD
from bench.accuracy.targets import outcomes
from bench.speed.targets import in_rows
from engine.outputs.document import render
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
LUMPY = {
    "lots": "a lot on 18% of the days, 6 units in the mean",
    "pauses": "all at once, every 5 to 15 days",
    "bulk": "one order of 20 to 200 times a day's sales",
}
NOTHING = 0.005
"""A part whose absence changes no share by this much is worth nothing here."""

Figures = Mapping[str, Any]
Row = tuple[str, ...]


def page(measured: Figures) -> str:
    """The page as the figures say it."""
    reliability = measured["recorded"]["reliability"]
    return render(
        Path(__file__).with_suffix(".md"),
        **{
            name: measured[name]
            for name in ("recorded", "slow", "open", "late", "lumpy", "causes", "delay", "nulls", "occasions")
        },
        outdated=_outdated(measured),
        targets=in_rows(outcomes(measured)),
        of_recorded=_recorded(measured["recorded"]),
        of_left=_by_left(measured["recorded"]["by_left"]),
        of_slow=_slow(measured["slow"]),
        bands=_bands(measured["slow"]),
        delays=_delays(measured["delay"]),
        depths=_depths(measured["slow"]),
        money=_money(measured["slow"]),
        of_open=_open(measured["open"]),
        of_late=_late(measured["late"]["seeds"]),
        of_lumpy=_lumpy(measured["lumpy"]),
        ways=list(WAYS),
        of_causes=_causes(measured["causes"]),
        small=_nights(measured["nulls"]["small"]),
        large=_nights(measured["nulls"]["large"]),
        of_nulls=_nulls(measured["nulls"]),
        mixes=MIXES,
        false_alerts=_false_alerts(measured["nulls"]),
        curves=_curves(reliability),
        claims=_claims(reliability),
        ablation=_ablation(measured["ablation"]),
        worthless=_worthless(measured["ablation"]),
        of_told=_told(measured["occasions"]["planted"]),
        of_holidays=_holidays(measured["occasions"]["recorded"]),
        brought=_brought(measured["advice"]),
        advice_errors=_advice_errors(measured["advice"]),
    )


def _outdated(measured: Figures) -> list[str]:
    """Which sections were measured with other settings than today's; nothing when none was."""
    today = CalibratedSettings().fingerprint()
    return [name for name, section in sorted(measured.items()) if section.get("settings") != today]


def _chains(figures: Figures) -> list[Figures]:
    return [one for name, one in sorted(figures.items()) if name.startswith("seed")]


def _brought(figures: Figures) -> Sequence[Row]:
    """By planted cause, over the chains: what undoing brings, what the shelf misses, and what the actions bring."""
    chains = _chains(figures)
    rows = []
    for cause in sorted(chains[0]["by_cause"], key=lambda name: (name == "total", name)):
        of_cause = [one["by_cause"][cause] for one in chains]
        undone, missed, brought, projected = (
            sum(one[name] for one in of_cause)
            for name in ("undoing_brings", "shelf_misses", "actions_bring", "projected")
        )
        share = f"{brought / undone:.2f}" if undone else "–"
        rows.append((cause, f"{undone:,.0f}", f"{missed:,.0f}", f"{brought:,.0f}", share, f"{projected:,.0f}"))
    return rows


def _advice_errors(figures: Figures) -> Sequence[Row]:
    return [
        (name, f"{one['median_error']:.3f}", f"{one['total_ratio']:.3f}", _brought_share(one["by_cause"]["total"]))
        for name, one in sorted(figures.items())
        if name.startswith("seed")
    ]


def _brought_share(total: Figures) -> str:
    return f"{total['actions_bring'] / total['undoing_brings']:.2f}"


def _recorded(figures: Figures) -> Sequence[Row]:
    rows = []
    for name, words in NAMES.items():
        one = figures[name]
        folds = [_spread([fold[what] for fold in one["folds"]]) for what in ("precision", "recall")]
        shares = [_share(one[f"{what}_interval"]) for what in ("precision", "recall")]
        rows.append((words, f"{one['alerts']:,}", shares[0], folds[0], shares[1], folds[1]))
    return rows


def _by_left(figures: Sequence[Figures]) -> Sequence[Row]:
    rows = []
    for one in figures:
        shares = [f"{one[name]:.3f}" for name in ("right", "fairly_right")]
        rows.append((f"{one['from']:g} to {one['to']:g}", f"{one['alerts']:,}", *shares))
    return rows


def _seeds(figures: Figures) -> list[Figures]:
    return [one for name, one in sorted(figures.items()) if name.startswith("seed")]


def _slow(figures: Figures) -> Sequence[Row]:
    rows = []
    for name, words in NAMES.items():
        of_seeds = [one[name]["bands"][0] for one in _seeds(figures)]
        shares_twice = [
            " / ".join(_share(one[what]) for one in of_seeds) for what in ("precision", "worth_recall", "recall")
        ]
        alerts = " / ".join(f"{one['alerts']:,}" for one in of_seeds)
        rows.append((words, alerts, *shares_twice, " / ".join(_number(one["delay_days"]) for one in of_seeds)))
    return rows


def _bands(figures: Figures) -> Sequence[Row]:
    rows = []
    for band in _seeds(figures)[0]["calibrated"]["bands"]:
        shares = [_share(band[what]) for what in ("precision", "recall", "worth_recall", "worth_findable")]
        rows.append((band["band"], f"{band['alerts']:,}", *shares))
    return rows


def _delays(figures: Figures) -> Sequence[Row]:
    rows = []
    for band in figures["bands"]:
        found = f"{band['episodes_found']:,} of {band['episodes']:,}"
        delays = [_days(band[what]) for what in ("delay_days", "floor_days")]
        rows.append((band["band"], found, f"{band['episodes_findable']:,}", *delays))
    return rows


def _depths(figures: Figures) -> Sequence[Row]:
    return [
        (f"{one['depth']:g}", f"{one['events']:,}", *(_share(one[what]) for what in DEPTH_FIGURES))
        for one in _seeds(figures)[0]["calibrated"]["depths"]
    ]


DEPTH_FIGURES = ("recall", "worth_recall", "worth_findable")


def _money(figures: Figures) -> list[str]:
    lines = []
    for one in _seeds(figures):
        money = one["calibrated"]["money"]
        lines.append(
            f"median error {_share(money['median_error'])}, total {_share(money['total_ratio'])} of the loss, "
            f"95% interval holds the loss in {_share(money['coverage'])}; "
            f"calibration error of the confidence {one['calibrated']['calibration_error']:.3f}"
        )
    return lines


def _open(figures: Figures) -> Sequence[Row]:
    rows = []
    for name in OPEN_CHAINS:
        seeds = figures[name]
        by_left: dict[float, list[int]] = {}
        for one in seeds:
            for depth in one["by_left"]:
                total = by_left.setdefault(depth["left"], [0, 0])
                total[0], total[1] = total[0] + depth["found"], total[1] + depth["findable"]
        depths = [f"{found / findable:.2f}" for _, (found, findable) in sorted(by_left.items())]
        rows.append((name, *(_range([one[what] for one in seeds]) for what in ("precision", "recall")), *depths))
    return rows


def _late(seeds: Sequence[Figures]) -> Sequence[Row]:
    counted = [
        str(sum(one[name] for one in seeds)) for name in ("store_skus", "alerts", "right", "findable", "found")
    ]
    return [(*counted, *(_range([one[what] for one in seeds]) for what in ("precision", "recall")))]


def _causes(figures: Figures) -> Sequence[Row]:
    """Right and found by cause and way, "–" where a way tells nothing of a cause."""
    by_way = {way: right_of(figures[way]) for way in WAYS}
    rows = []
    for cause in (*EVENTS, *SYMPTOMS):
        counts = [by_way[way].get(cause) for way in WAYS]
        rows.append((f"`{cause}`", *(f"{one[0] / one[1]:.2f} of {one[1]}" if one else "–" for one in counts)))
    return rows


def _lumpy(figures: Figures) -> Sequence[Row]:
    return [(LUMPY[kind], ", ".join(map(str, figures[kind])), str(max(figures[kind]))) for kind in LUMPY]


def _range(values: Sequence[float]) -> str:
    """Mean, lowest and highest."""
    return f"{mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _nights(of_size: Figures) -> str:
    """How many nights over chains of how many store-SKUs."""
    return f"{of_size['nights']} of {of_size['store_skus'] // of_size['nights']:,}"


def _nulls(figures: Figures) -> Sequence[Row]:
    rows = []
    for name, one in (*((mix, figures["by_mix"][mix]) for mix in MIXES), ("all", figures["all"])):
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
    return rows


def _false_alerts(figures: Figures) -> Sequence[Row]:
    pairs = figures["rivals_store_skus"]
    return [
        (NAMES[name], *(f"{1000 * one / of:.1f}" for one, of in zip(figures["rivals"][name], pairs, strict=True)))
        for name in NAMES
        if name in figures["rivals"]
    ]


def _curves(figures: Figures) -> Sequence[Row]:
    rows = []
    for name, one in figures.items():
        middle, deviation = one["of_folds"]
        folds = f"{middle:.3f} ± {deviation:.3f}"
        rows.append((name, f"{one['calibration_error']:.3f}", folds, f"{one['brier']:.3f}"))
    return rows


def _claims(figures: Figures) -> Sequence[Row]:
    return [
        (f"{one['from']:.1f}–{one['to']:.1f}", f"{one['alerts']:,}", f"{one['stated']:.3f}", f"{one['right']:.3f}")
        for one in figures["cross-validated"]["table"]
    ]


def _ablation(figures: Figures) -> Sequence[Row]:
    rows = []
    for what, one in _variants(figures).items():
        shares = [f"{one['recorded'][name]:.3f}" for name in ("precision", "recall")]
        slow = [f"{one['slow'][name][0]:.3f}" for name in ("precision", "worth_recall")]
        name = what if what == WHOLE else f"without {what}"
        causes = [f"{share:.3f}" for share in _of_causes(one)]
        rows.append((name, *shares, _fold_change(figures, what), *slow, *causes, str(one["nulls"]["findings"])))
    return rows


def _told(figures: Figures) -> Sequence[Row]:
    """A row a table and way: what it is of, alerts in all seeds, and the range of the shares."""
    return [
        (
            f"`{table}`",
            way,
            str(sum(one["alerts"] for one in seeds)),
            *(_range([one[what] for one in seeds]) for what in ("precision", "recall")),
        )
        for table, ways in figures.items()
        for way, seeds in ((way, ways[way]) for way in OF_TOLD)
    ]


def _holidays(figures: Figures) -> Sequence[Row]:
    return [
        (span, way, f"{one['alerts']:,}", f"{one['precision']:.4f}", f"{one['recall']:.4f}")
        for span, ways in sorted(figures.items(), reverse=True)
        for way, one in ((way, ways[way]) for way in ("not told", "told"))
    ]


def _of_causes(one: Figures) -> tuple[float, float]:
    """Precision and recall of planted causes, past cases included."""
    counts = one["causes"]
    return counts["right"] / counts["cases"], counts["found"] / counts["episodes"]


def _variants(figures: Figures) -> dict[str, Any]:
    return {variant.what: figures[variant.what] for variant in VARIANTS if variant.what in figures}


def _f1(counts: Mapping[str, float]) -> float:
    return 2 * counts["precision"] * counts["recall"] / (counts["precision"] + counts["recall"])


def _fold_changes(figures: Figures, what: str) -> list[float]:
    folds = zip(figures[what]["recorded"]["folds"], figures[WHOLE]["recorded"]["folds"], strict=True)
    return [_f1(without) - _f1(whole) for without, whole in folds]


def _fold_change(figures: Figures, what: str) -> str:
    changes = _fold_changes(figures, what)
    return "" if what == WHOLE else f"{mean(changes):+.3f} ± {stdev(changes):.3f}"


def _worthless(figures: Figures) -> list[str]:
    whole = figures[WHOLE]
    found = []
    for what, one in _variants(figures).items():
        lost = -mean(_fold_changes(figures, what))
        slow = max(whole["slow"][name][0] - one["slow"][name][0] for name in ("precision", "worth_recall"))
        causes = max(all_ - some for all_, some in zip(_of_causes(whole), _of_causes(one), strict=True))
        if (
            what != WHOLE
            and lost < NOTHING
            and max(slow, causes) < NOTHING
            and one["nulls"]["findings"] <= whole["nulls"]["findings"]
        ):
            found.append(what)
    return found


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


if __name__ == "__main__":
    main()
