"""Sign-off: what three people put their names to, worked out from the run and from the settings it was made with.

In: a published growth run. Out: thresholds with their defaults, the checklist and the risks of the specification
(specification of growth, section 7), each with what was counted. No sentence here is true by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.outputs.growth.read import boundary_report
from engine.runs.registry import Run
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.loading import described

SIGNERS: Final = ("Data Science Lead", "Product Owner", "Client Representative")
THRESHOLDS: Final = ("caps", "gap", "conflicts", "benchmark")
"""Sections of the settings that stand on every sheet."""
FACTORS: Final = ("affinity", "elasticity", "sell_through", "tiers")
"""Sections of which the sheet shows what differs from the defaults."""
PASS, FAIL, VACUOUS, OPEN = "PASS", "FAIL", "VACUOUS", "OPEN"
WORST_FIRST: Final = (FAIL, OPEN, VACUOUS, PASS)
STEPS: Final = {"step9": "Step 9", "step10": "Step 10"}


@dataclass(frozen=True)
class Threshold:
    """One setting that limits what is scaled. key: as settings files have it. value: the one in force.

    in_force, by_default: both as they are written on the sheet.
    """

    key: str
    description: str
    value: object
    default: object

    @property
    def differs(self) -> bool:
        """Whether it is not what it is where nobody says anything."""
        return self.value != self.default

    @property
    def in_force(self) -> str:
        """The value in words."""
        return _as_text(self.value)

    @property
    def by_default(self) -> str:
        """The default in words."""
        return _as_text(self.default)


@dataclass(frozen=True)
class Line:
    """One line of the checklist or of the risks.

    requirement: of the specification. evidence: what was counted. mitigation: of a risk, what keeps it small here;
    empty for the checklist.
    """

    requirement: str
    statement: str
    status: str
    evidence: str
    mitigation: str = ""


@dataclass(frozen=True)
class SignOff:
    """Everything on a sheet but the names. sentence: whether thresholds of the business were changed, and which."""

    thresholds: Sequence[Threshold]
    sentence: str
    checklist: Sequence[Line]
    risks: Sequence[Line]


def sign_off(run: Run, *, labels_render: bool | None) -> SignOff:
    """The sheet of a run. labels_render: whether every chart has its labels; None where none was drawn yet."""
    checks = {check["name"]: check for check in boundary_report(run)["checks"]}
    every = _thresholds(run.manifest["settings"])
    shown = [each for each in every if each.key.startswith(THRESHOLDS) or each.differs]
    changed = [each for each in every if each.differs]
    return SignOff(
        thresholds=shown,
        sentence=_sentence(every, changed),
        checklist=[*_checklist(run, checks, changed, labels_render=labels_render)],
        risks=[*_risks(run.manifest["settings"], checks)],
    )


def _thresholds(settings: Mapping[str, Any]) -> list[Threshold]:
    """Those of the run, section by section; keys that an older run did not have are left out."""
    usual = GrowthSettings().model_dump(mode="json")
    found = []
    for key, field in described(GrowthSettings):
        section, _, name = key.partition(".")
        if section in (*THRESHOLDS, *FACTORS) and name in settings.get(section, {}):
            found.append(Threshold(key, field.description or "", settings[section][name], usual[section][name]))
    sections = (*THRESHOLDS, *FACTORS)
    return sorted(found, key=lambda each: sections.index(each.key.partition(".")[0]))


def _sentence(every: Sequence[Threshold], changed: Sequence[Threshold]) -> str:
    if not changed:
        return f"No threshold of the business was changed: all {len(every)} are at their defaults."
    changes = "; ".join(f"{each.key} is {each.in_force} instead of {each.by_default}" for each in changed)
    verb = "differs from its default" if len(changed) == 1 else "differ from their defaults"
    return f"{len(changed)} of {len(every)} thresholds of the business {verb}: {changes}."


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _checklist(
    run: Run, checks: Mapping[str, Any], changed: Sequence[Threshold], *, labels_render: bool | None
) -> Iterable[Line]:
    """The checklist of the proposal, and the boundary that it names."""
    yield _counted("R75", "No logic duplicates Step 11", checks, "step11_unchanged", "no_key_added")
    yield _counted("R76", "No inventory is scaled twice", checks, "keys_unique")
    labels = {True: PASS, False: FAIL, None: OPEN}[labels_render]
    wordings = {PASS: "every label was drawn", FAIL: "a chart has labels that no font at hand can write"}
    yield Line("R77", "Graph labels render", labels, wordings.get(labels, "the charts are not drawn yet"))
    missing = [name for step, name in STEPS.items() if not run.manifest["supplied"].get(step)]
    tables = f"{' and '.join(missing)} not supplied" if missing else "Steps 9, 10 and 11 were supplied"
    yield Line("R78", "The run uses the tables of Steps 9 to 11", FAIL if missing else PASS, tables)
    outside = f"{len(changed)} thresholds differ from their defaults" if changed else "every threshold at its default"
    yield Line("R79", "All changes are inside client boundaries", OPEN if changed else PASS, outside)
    yield _counted("R80", "Only candidates are processed", checks, "only_candidates")
    yield _counted("R81", "Nothing is identified independently", checks, "no_key_added")
    yield _counted("R82", "Step 9 is checked", checks, "step9_checked")
    yield _counted("R83", "Step 10 is checked", checks, "step10_checked")
    yield _counted("R84", "Caps are applied", checks, "caps_applied")
    yield _counted("R85", "Every quantity can be traced", checks, "traceable", "finite")


def _risks(settings: Mapping[str, Any], checks: Mapping[str, Any]) -> Iterable[Line]:
    """The five risks of the proposal, with what keeps each small in this run."""
    conflicts, caps, gap = settings["conflicts"], settings["caps"], settings["gap"]
    yield _counted(
        "R86",
        "Eligibility is decided again",
        checks,
        *("only_candidates", "no_key_added", "every_candidate_answered"),
        mitigation="What Step 11 did not mark is never read; what is not scaled keeps its row.",
    )
    yield _counted(
        "R87",
        "Conflict with Step 9",
        checks,
        *("step9_checked", "step9_minimum_kept"),
        mitigation=f"Where Step 9 raises, the quantity is multiplied by {_as_text(conflicts['step9_factor'])}.",
    )
    lookback = conflicts["step10_lookback_periods"]
    before = f" or the {lookback} before" if lookback else ""
    yield _counted(
        "R88",
        "Conflict with Step 10",
        checks,
        "step10_checked",
        mitigation=f"What Step 10 reduced in this half month{before} is not scaled.",
    )
    current, median = _percent(caps["current_share"]), _percent(caps["median_share"])
    skips = caps["zero_current"] == "skip_cap"
    uncapped = "; a store that holds none has no cap on its current quantity" if skips else ""
    yield _counted(
        "R89",
        "Scaling by too much",
        checks,
        *("caps_applied", "gap_large_enough", "no_noise"),
        mitigation=f"At most {current} of the current quantity, {median} of the median of the cluster and "
        f"{_as_text(caps['absolute_units'])} units{uncapped}. "
        f"Only gaps of {_percent(gap['min_ratio'])} or more.",
    )
    yield _counted(
        "R90",
        "A quantity that nobody can explain",
        checks,
        *("traceable", "finite"),
        mitigation="Every scaled row carries each number that made it, and its text.",
    )


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def _counted(requirement: str, statement: str, checks: Mapping[str, Any], *names: str, mitigation: str = "") -> Line:
    """A line that holds when every one of these checks of the boundary does."""
    found = [checks[name] for name in names if name in checks]
    verdicts = {check["verdict"] for check in found} | ({OPEN} if len(found) < len(names) else set())
    status = next(verdict for verdict in WORST_FIRST if verdict in verdicts)
    broken, rows = sum(check["broken"] for check in found), sum(check["looked_at"] for check in found)
    result = f"{broken:,} broken of {rows:,} looked at" + (f", in {len(names)} checks" if len(names) > 1 else "")
    return Line(requirement, statement, status, result, mitigation)
