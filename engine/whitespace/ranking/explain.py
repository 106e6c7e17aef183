"""Explain: why a candidate is recommended, in a short sentence and as reason codes.

In: selected candidates, the features they were scored on, and what each feature adds to the model's log odds. Out: a
sentence that names the strongest reasons for the call, and the strongest reasons either way with their shares.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from engine.arrays import Floats, Singles
from engine.settings.whitespace.ranking import ExplanationSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.matrix import Features
from engine.whitespace.features.registry import Feature
from engine.whitespace.ranking.phrases import phrase
from engine.whitespace.trained import Trained

OTHERWISE = "Expected gross profit is among the best of its division."
"""Where no reason may be told."""
INTRODUCTION = "Speaks for it: "


def explain(
    selected: pl.DataFrame, trained: Trained, features: Features, currency: str, settings: ExplanationSettings
) -> pl.DataFrame:
    """`nba_reason` and `reason_codes` of the selected, in their order. Grain: customer_id, division.

    selected: with the columns of `vocabulary.whitespace.ROW`. currency: of amounts in sentences. reason_codes: a JSON
    list of feature, direction (raises or lowers the chance) and share of all that features add and take away; the
    largest first.
    """
    known = {feature.name: feature for feature in features.registry}
    sentences, codes = [OTHERWISE] * selected.height, ["[]"] * selected.height
    divisions = selected[v.DIVISION].cast(pl.String)
    for division in divisions.unique().sort():
        model = trained.divisions[division].model
        places = np.flatnonzero((divisions == division).to_numpy())
        values = features.of(selected[places], model.names)
        added = model.contributions(values)[:, :-1]
        reasoned = reasons([known[name] for name in model.names], values, added, currency, settings)
        for place, (sentence, code) in zip(places, reasoned, strict=True):
            sentences[place], codes[place] = sentence, code
    return selected.select(*v.PAIR).with_columns(
        nba_reason=pl.Series(sentences, dtype=pl.String), reason_codes=pl.Series(codes, dtype=pl.String)
    )


def reasons(
    features: Sequence[Feature], values: Singles, added: Floats, currency: str, settings: ExplanationSettings
) -> list[tuple[str, str]]:
    """A sentence and the reason codes of every row.

    values, added: (n_rows, n_features), NaN where a value is unknown. A feature whose name or words are guarded is
    neither told nor listed; what says nothing to a person is listed alone.
    """
    guard = guarded(settings.guarded_words)
    may_tell = np.array(
        [not guard.search(f"{one.name} {phrase(one, None, currency)}".lower()) for one in features], np.bool_
    )
    total = np.abs(added).sum(axis=1)
    order = np.argsort(-np.abs(added), axis=1, kind="stable")
    found = []
    for row in range(len(added)):
        leading = [place for place in order[row] if may_tell[place] and added[row, place] != 0]
        codes = [_code(features[place], added[row, place], total[row]) for place in leading[: settings.codes]]
        speaking = (
            phrase(features[place], float(values[row, place]), currency) for place in leading if added[row, place] > 0
        )
        found.append((sentence(_different(speaking, settings.drivers), settings.max_characters), json.dumps(codes)))
    return found


def _different(phrases: Iterable[str], count: int) -> list[str]:
    """The first few that say something new: several features may say the same with another value."""
    by_words: dict[str, str] = {}
    for text in filter(None, phrases):
        by_words.setdefault(text.partition(":")[0], text)
        if len(by_words) == count:
            break
    return list(by_words.values())


def sentence(words: Sequence[str], max_characters: int) -> str:
    """The reasons in a sentence of at most so many characters: as many as fit, else the general one."""
    for count in range(len(words), 0, -1):
        whole = f"{INTRODUCTION}{'; '.join(words[:count])}."
        if len(whole) <= max_characters:
            return whole
    return OTHERWISE[:max_characters]


def guarded(words: Sequence[str]) -> re.Pattern[str]:
    """Finds words that begin with one of these; underscores part words, too."""
    if not words:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, words))})")


def _code(feature: Feature, added: float, total: float) -> Mapping[str, object]:
    direction = "raises" if added > 0 else "lowers"
    return {"feature": feature.name, "direction": direction, "share": round(abs(added) / total, 4)}
