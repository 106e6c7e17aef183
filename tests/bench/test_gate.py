"""When a ratio counts as worse than its baseline."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from bench.speed import baseline, check, ratios
from bench.speed.slowed_night import SLOWDOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bench.speed.contenders import Sample

NIGHT = next(ratio for ratio in ratios.RATIOS if ratio.name == "night / floor")
STAGE = next(ratio for ratio in ratios.RATIOS if ratio.name == "detect / floor")
Rounds = dict[str, list["Sample"]]


def recorded(
    seed: int, night: float = 0.5, floor: float = 0.1, noise: float = 0.05, rounds: int = 5, others: float = 0.0
) -> Rounds:
    """Samples as a shared machine gives them: never quicker than the work, often a little slower, rarely much."""
    chance = random.Random(seed)

    def seconds(work: float) -> float:
        busy = 2.0 if chance.random() < 0.1 else 1.0
        return work * busy * (1 + noise * chance.expovariate(1))

    return {
        "night": [
            {"seconds": seconds(night), "stages": {"detect": night / 50}, "others_share": others}
            for _ in range(rounds)
        ],
        "floor": [{"seconds": seconds(floor), "others_share": others} for _ in range(rounds)],
    }


def measuring(seed: int, night: float) -> Callable[[Collection[str]], Rounds]:
    """A machine that is measured again and again; every measurement is a new one."""
    seeds = iter(range(seed, seed + 100))
    return lambda names: {name: samples for name, samples in recorded(next(seeds), night).items() if name in names}


def is_red(seed: int, night: float) -> bool:
    found = check.verdicts("10k", recorded(seed, rounds=9), measuring(1000 + 100 * seed, night), [NIGHT])
    return any(verdict.is_worse for verdict in found)


def test_a_night_slowed_by_30_percent_is_always_seen():
    assert [seed for seed in range(200) if not is_red(seed, 0.5 * SLOWDOWN)] == []


def test_an_unslowed_night_is_not_called_slow_on_a_busy_machine():
    assert [seed for seed in range(200) if is_red(seed, 0.5)] == []


def test_a_night_slowed_by_30_percent_is_not_judged_while_others_keep_the_machine_busy():
    verdict = ratios.judge("10k", NIGHT, recorded(1), recorded(2, night=0.5 * SLOWDOWN, others=0.5))
    assert (verdict.is_worse, verdict.is_open) == (False, True)


def test_runs_that_had_the_machine_to_themselves_are_judged_alone():
    disturbed, own = recorded(2, night=0.1, others=0.5), recorded(3, night=0.5 * SLOWDOWN)
    now = {name: [*disturbed[name], *own[name]] for name in own}
    assert ratios.judge("10k", NIGHT, recorded(1), now).is_worse
    assert not ratios.judge("10k", NIGHT, recorded(1), now | {"night": recorded(4)["night"]}).is_worse


def test_a_machine_that_is_slower_altogether_changes_no_ratio():
    now = recorded(1, night=0.5 * 3, floor=0.1 * 3)
    assert not ratios.judge("10k", NIGHT, recorded(2), now).is_worse


def test_a_faster_night_is_not_worse():
    assert not ratios.judge("10k", NIGHT, recorded(1), recorded(2, night=0.25)).is_worse


def test_what_nobody_waits_for_is_not_called_slow():
    """The stage takes 2 ms of 100; twice as much is within what a journal rounds."""
    base, now = recorded(1, night=0.1), recorded(1, night=0.2)
    assert ratios.judge("10k", STAGE, base, now).now == pytest.approx(2 * STAGE.of_rounds(base)[0], rel=0.5)
    assert not ratios.judge("10k", STAGE, base, now).is_worse


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5, 2.0])
def test_the_noise_that_is_allowed_has_bounds(noise):
    verdict = ratios.judge("10k", NIGHT, recorded(1, noise=noise), recorded(2, noise=noise))
    allowance = verdict.allowed / verdict.baseline - 1
    assert ratios.LEAST_NOISE - 1e-9 <= allowance <= ratios.MOST_NOISE + 1e-9


def test_what_looks_worse_is_measured_again_and_nothing_else():
    asked = []

    def measure(names: Collection[str]) -> Rounds:
        asked.append(sorted(names))
        busy = 2 if len(asked) == 1 else 1
        return recorded(len(asked), night=0.5 * busy) | {"process": [{"wall_seconds": 0.7}] * 5}

    base = recorded(50) | {"process": [{"wall_seconds": 0.7}] * 9}
    process = next(ratio for ratio in ratios.RATIOS if ratio.name == "process / floor")
    found = check.verdicts("10k", base, measure, [NIGHT, process])
    assert asked[0] == ["floor", "night", "process"]
    assert asked[1] == ["floor", "night"]
    assert not any(verdict.is_worse for verdict in found)


def test_a_size_without_a_baseline_cannot_be_checked():
    with pytest.raises(KeyError, match="no figures of 10k"):
        check.verdicts("10k", {}, measuring(1, 0.5), [NIGHT])


def test_the_gate_ends_with_one_when_a_ratio_got_worse(monkeypatch, capsys):
    base = {"machine": baseline.machine(), "sizes": {"10k": {"store_skus": 10_000, "rounds": recorded(1)}}}
    monkeypatch.setattr(baseline, "read", lambda: base)
    monkeypatch.setattr(sys, "argv", ["check", "--sizes", "10k"])
    slowed = 0.5 * SLOWDOWN
    for night, others, code in ((0.5, 0.0, 0), (slowed, 0.0, check.EXIT_WORSE), (slowed, 0.5, check.EXIT_TRY_LATER)):
        now = recorded(7, night, others=others)
        monkeypatch.setattr(baseline, "measured", lambda size, names, rounds, now=now: now)
        with pytest.raises(SystemExit) as ended:
            check.main()
        assert ended.value.code == code
        line = capsys.readouterr().out.partition("night / floor")[2].splitlines()[0]
        assert ("worse" in line, "too busy" in line) == (code == check.EXIT_WORSE, code == check.EXIT_TRY_LATER)
