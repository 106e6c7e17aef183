"""What every fault does to a night of one simulated chain, beside the plain night."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.faults.catalog import KINDS
from bench.faults.chain import Chain, simulated
from bench.faults.fault import DONE, Fault, plain, write
from bench.faults.night import Night, run
from engine.synth.chain import ChainPlan

FILE: Final = Path(__file__).with_name("measured.json")
PLAN: Final = ChainPlan(
    stores=60,
    skus=60,
    extra_episodes=0.2,
    extra_min_daily_units=2,
    median_daily_units=3,
    further_causes=True,
    weekend_peak=2,
)
MOST_IN_SILENCE: Final = 0.1
"""No fault may change more of the open list without a word."""
OTHER_MONEY: Final = 0.01
"""A case whose money moved by more is another case than it was."""


@dataclass(frozen=True)
class Outcome:
    """A night with a fault beside the plain one.

    told: what the plain night does not tell. open: open cases. new, gone: of them, beside the plain night. moved:
    cases of both nights worth another amount. at_risk: the headline. as_wanted: exit code, words and list as the
    fault says they should be.
    """

    kind: str
    what: str
    code: int
    notices: tuple[str, ...]
    open: int
    new: int
    gone: int
    moved: int
    at_risk: float
    as_wanted: bool
    is_silent: bool


def outcomes(names: Iterable[str], watch: Callable[[Outcome], None]) -> dict[str, Any]:
    """The figures of the named faults, or of all, and of the plain night. watch: sees every outcome at once."""
    wanted = frozenset(names)
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        chain, bare = _plain(room)
        figures: dict[str, Any] = {"plan": PLAN.model_dump(mode="json"), "plain": _as_json(bare), "faults": {}}
        for kind, fault in _faults(wanted):
            folder = fault.deliver(chain, room / fault.name)
            night = run(folder, room / f"{fault.name}-out")
            night = replace(night, notices=tuple(text.replace(str(folder), "FOLDER") for text in night.notices))
            outcome = compare(kind, fault, bare, night)
            watch(outcome)
            figures["faults"][fault.name] = asdict(outcome)
    return figures


def _plain(room: Path) -> tuple[Chain, Night]:
    """The chain, which now knows its open cases, and the night without a fault."""
    chain = simulated(PLAN)
    bare = run(write(room / "plain", plain(chain)), room / "plain-out")
    largest = min(bare.open, key=lambda pair: (-bare.open[pair], pair))
    return replace(chain, dark=chain.dark | bare.open.keys(), case=largest), bare


def _faults(wanted: frozenset[str]) -> Iterable[tuple[str, Fault]]:
    for kind, faults in KINDS.items():
        for fault in faults:
            if not wanted or fault.name in wanted:
                yield kind, fault


def compare(kind: str, fault: Fault, bare: Night, night: Night) -> Outcome:
    """What a fault did."""
    night = replace(night, open=fault.by_plain_ids(night.open))
    notices = tuple(text for text in night.notices if text not in bare.notices)
    new = len(night.open.keys() - bare.open.keys()) if night.code == DONE else 0
    gone = len(bare.open.keys() - night.open.keys()) if night.code == DONE else 0
    moved = sum(
        abs(night.open[pair] - bare.open[pair]) > OTHER_MONEY * bare.open[pair]
        for pair in night.open.keys() & bare.open.keys()
    )
    is_much = new + gone > MOST_IN_SILENCE * len(bare.open)
    is_silent = night.code == DONE and not notices and is_much
    is_right = night.code in fault.exits and fault.is_reported("\n".join(notices))
    return Outcome(
        kind=kind,
        what=fault.what,
        code=night.code,
        notices=notices,
        open=len(night.open),
        new=new,
        gone=gone,
        moved=moved,
        at_risk=round(night.at_risk, 2),
        as_wanted=is_right and not is_silent,
        is_silent=is_silent,
    )


def _as_json(night: Night) -> dict[str, Any]:
    return {
        "as_of": night.as_of,
        "open": len(night.open),
        "at_risk": round(night.at_risk, 2),
        "notices": list(night.notices),
    }


def read() -> dict[str, Any]:
    """The figures as they were measured."""
    measured: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return measured
