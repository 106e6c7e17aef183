"""Auto-SAFE: which divisions should be trained on SAFE features alone, as a proposal with its evidence.

In: the table of an ablation. Out: the divisions on which SAFE features did better over far months, surely and by
enough, and the change of the settings that would follow. Nothing is changed: whoever decides edits the settings.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from scipy.special import ndtr

from engine.settings.whitespace.run import Sections
from engine.whitespace.ablate import FAR, ORIGINS, SAFE
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet.decide import holm
from engine.whitespace.gauntlet.verdict import ALL

KEY: Final = "whitespace.modeling.safe_divisions"
Status = Literal["proposed", "nothing_to_propose", "too_few_far_months"]


@dataclass(frozen=True)
class Proposal:
    """What is proposed. divisions: to be added. diff: of the setting, empty where nothing changes. evidence: a record
    a division that was looked at: what was found, in every far month, and why it is proposed or not.
    """

    status: Status
    divisions: tuple[str, ...]
    diff: str
    evidence: tuple[Mapping[str, Any], ...]


def auto_safe(ablation: pl.DataFrame, settings: Sections) -> Proposal:
    """The proposal. ablation: `ablate.SCHEMA`, as an ablation publishes it.

    A division is proposed where the mean of full less SAFE over far months is at most minus `max_loss`, where it is
    below 0 beyond chance over all divisions at once (Holm), and where there are as many far months as the settings
    ask for. Divisions that are listed already are not looked at.
    """
    bounds, listed = settings.horizons.ablation, settings.modeling.safe_divisions
    rows = ablation.filter(pl.col("variant") == SAFE, pl.col("division") != ALL, ~pl.col("division").is_in(listed))
    means = rows.filter(pl.col("holdout") == FAR).sort("division")
    enough = means.filter(pl.col("months") >= bounds.far_months)
    values, errors = (enough[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _FIGURES)
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = np.nan_to_num(ndtr(values / errors), nan=1.0)
    is_sure = holm(chances, settings.gauntlet.max_error_chance)
    is_proposed = is_sure & (values <= -bounds.max_loss)
    months = rows.filter(~pl.col("holdout").is_in([FAR, ORIGINS]))
    evidence = tuple(
        _reason(row, months, bool(proposed), bool(sure), bounds.max_loss)
        for row, proposed, sure in zip(enough.iter_rows(named=True), is_proposed, is_sure, strict=True)
    )
    divisions = tuple(enough["division"].filter(pl.Series(is_proposed)))
    status: Status = "proposed" if divisions else "nothing_to_propose" if enough.height else "too_few_far_months"
    return Proposal(status, divisions, _diff(listed, divisions), evidence)


_FIGURES: Final = ("full_minus_auc", "full_minus_auc_error")


def artifacts(proposal: Proposal) -> list[Artifact]:
    """`auto_safe_proposal.json` with the evidence, and `auto_safe_proposal.txt` with the change of the settings."""
    content = {
        "status": proposal.status,
        "setting": KEY,
        "add": list(proposal.divisions),
        "diff": proposal.diff,
        "evidence": list(proposal.evidence),
    }
    text = proposal.diff or f"no change of {KEY}: {proposal.status.replace('_', ' ')}\n"
    return [Artifact("auto_safe_proposal.json", content), Artifact("auto_safe_proposal.txt", text)]


def _reason(
    row: Mapping[str, Any], months: pl.DataFrame, is_proposed: bool, is_sure: bool, max_loss: float
) -> dict[str, Any]:
    """One division: the mean with its interval, every far month, and the reason."""
    value = row["full_minus_auc"]
    if value is None:
        because = "too few buyers to compare"
    elif value > -max_loss:
        because = f"SAFE features are not better by {max_loss:g} AUC"
    else:
        because = "better by enough, and beyond chance" if is_sure else "better by enough, but it may be chance"
    found = months.filter(pl.col("division") == row["division"]).sort("holdout")
    return {
        "division": row["division"],
        "is_proposed": is_proposed,
        "because": because,
        "mean": value,
        "low": row["full_minus_auc_low"],
        "high": row["full_minus_auc_high"],
        "positives": row["positives"],
        "far_months": found.select("holdout", "train", *_FIGURES).cast({"train": pl.String}).to_dicts(),
    }


def _diff(listed: Sequence[str], added: Sequence[str]) -> str:
    """The change of the setting as a unified diff of a settings file."""
    before, after = (_lines(names) for names in (listed, sorted({*listed, *added})))
    name = "settings.toml"
    return "".join(difflib.unified_diff(before, after, name, name)) if added else ""


def _lines(divisions: Sequence[str]) -> list[str]:
    section, _, name = KEY.rpartition(".")
    entries = [f"    {json.dumps(one, ensure_ascii=False)},\n" for one in divisions]
    return [f"[{section}]\n", f"{name} = [\n", *entries, "]\n"]
