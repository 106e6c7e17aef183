"""SAFE: which features a model that must not lean on the last days may use; predicates over their facts, not names.

A feature is kept where what it sees ends some days before the cutoff and reaches back long enough. One that is
dropped gives way to its twin, the same thing seen earlier, where it has one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.registry import Feature
from engine.whitespace.slug import slug

TIMELESS = (v.CUSTOMERS, v.PRODUCTS)
"""Tables without dates: what they tell cannot be near a cutoff."""


@dataclass(frozen=True)
class SafePolicy:
    """What a policy does to the features. kept: in the order of the registry, twins among them. dropped: without a
    stand-in. swapped: the twin by the feature that it replaces. reason: why, by every feature that is not kept.
    """

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    swapped: Mapping[str, str]
    reason: Mapping[str, str]

    def as_artifact(self, division: str, cutoff: str) -> Artifact:
        """`safe_policy_<div>_<cut>.json`."""
        fields: dict[str, object] = {
            "division": division,
            "cutoff": cutoff,
            "kept": list(self.kept),
            "dropped": list(self.dropped),
        }
        fields |= {"swapped": dict(self.swapped), "reason": dict(self.reason)}
        return Artifact(f"features/safe_policy_{slug(division)}_{cutoff}.json", fields)


def safe(registry: tuple[Feature, ...], settings: FeatureSettings) -> SafePolicy:
    """Only what is lagged and long; no embeddings."""
    return _policy(registry, lambda feature: _embedded(feature) or _near(feature, settings))


def safe_lite(registry: tuple[Feature, ...], settings: FeatureSettings) -> SafePolicy:
    """As `safe`, but embeddings and windows of half a year and more may stay, wherever they end."""

    def spared(feature: Feature) -> bool:
        long = feature.window_days is not None and feature.window_days >= _least_days(settings)
        return feature.is_embedding or long

    return _policy(registry, lambda feature: "" if spared(feature) else _near(feature, settings))


def no_recency_short(registry: tuple[Feature, ...], settings: FeatureSettings) -> SafePolicy:
    """Everything but recency and windows shorter than half a year that end at the cutoff."""

    def short(feature: Feature) -> bool:
        return feature.window_days is not None and feature.window_days < _least_days(settings)

    def unwanted(feature: Feature) -> str:
        return _near(feature, settings) if feature.family == "recency" or short(feature) else ""

    return _policy(registry, unwanted)


def _least_days(settings: FeatureSettings) -> int:
    """The fewest days that a window of the least months can have."""
    return 28 * settings.safe_windows_min_months


def _embedded(feature: Feature) -> str:
    return "comes from a factorisation" if feature.is_embedding else ""


def _near(feature: Feature, settings: FeatureSettings) -> str:
    """Why a feature leans on the last days, "" where it does not."""
    if feature.source in TIMELESS:
        return ""
    if feature.lag_days < settings.safe_lag_days:
        return f"sees the last {settings.safe_lag_days} days"
    if feature.window_days is not None and feature.window_days < _least_days(settings):
        return f"looks back less than {settings.safe_windows_min_months} months"
    return ""


def _policy(registry: tuple[Feature, ...], unwanted: Callable[[Feature], str]) -> SafePolicy:
    reason = {feature.name: why for feature in registry if (why := unwanted(feature))}
    there = {feature.name for feature in registry}
    swapped = {feature.name: feature.twin for feature in registry if feature.name in reason and feature.twin in there}
    stand_ins = set(swapped.values())
    kept = tuple(name for name in (f.name for f in registry) if name not in reason or name in stand_ins)
    if not kept:
        raise ValueError(
            f"The policy leaves none of {len(registry)} features, for example because:"
            f" {next(iter(reason.values()), '')}."
            " Compute more families (whitespace.features.families) or longer windows."
        )
    dropped = tuple(name for name in reason if name not in swapped and name not in stand_ins)
    return SafePolicy(kept, dropped, swapped, {name: why for name, why in reason.items() if name not in stand_ins})
