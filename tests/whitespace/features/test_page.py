"""The page of features is what the registry says. `python -m tests.whitespace.features.test_page` writes it anew."""

import importlib
from pathlib import Path

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import missing
from engine.whitespace.features.build import fit
from engine.whitespace.features.families import FAMILIES, registry
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from tests.whitespace.features.conftest import SETTINGS
from tests.whitespace.features.small import TRAINED, company

PAGE = Path(__file__).parents[3] / "docs" / "whitespace-features.md"
TOP = """# Features of the whitespace desk

Every feature of a customer (`all`) or of a customer and a division (`div`) as of a cutoff, as the registry declares
it. The window is the most days from the first to the last event that a feature sees, the lag the days between the
last one and the cutoff. A twin is what SAFE puts in the feature's place. What a vocabulary names (divisions, SKUs,
industries, products) is that of a small generated company here, and of the training rows in a run.

In the words of the field, scoring customers who do not buy of a division yet is next-period recommendation for
*explore* customers, turned around: for a division, who comes next (doi 10.1145/3595384).

"""


def row(feature: Feature) -> str:
    window = "life" if feature.window_days is None else f"{feature.window_days} days"
    monotone = {1: "rises", -1: "falls", 0: ""}[feature.monotone]
    cells = (f"`{feature.name}`", feature.scope, feature.kind, window, f"{feature.lag_days} days", monotone)
    return f"| {' | '.join(cells)} | {feature.twin and f'`{feature.twin}`'} |"


def about(family: str) -> str:
    """What the file of a family says of itself."""
    text = importlib.import_module(f"engine.whitespace.features.{family}").__doc__ or ""
    return text.strip()


def page(settings: FeatureSettings, state: State) -> str:
    features, lines = registry(settings, state), []
    for family in (*FAMILIES, missing.FAMILY):
        lines += [f"## {family}", "", about(family), ""]
        lines += ["| feature | scope | kind | window | lag | monotone | twin |", "|---|---|---|---|---|---|---|"]
        lines += [row(feature) for feature in features if feature.family == family]
        lines.append("")
    return TOP + "\n".join(lines)


def test_the_page_says_what_the_registry_says(settings: FeatureSettings, state: State) -> None:
    message = "write it anew with  python -m tests.whitespace.features.test_page"
    assert PAGE.read_text(encoding="utf-8") == page(settings, state), message


if __name__ == "__main__":
    PAGE.write_text(page(SETTINGS, fit(company(), TRAINED, SETTINGS)), encoding="utf-8")
