"""Cross-division: how a customer's purchases divide among divisions, and the largest divisions one by one.

Shares are of positive profits, so that they stay between 0 and 1, and are drawn to the division's usual share by a
prior in money.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, twin_of, window_facts, window_names
from engine.whitespace.features.ledger import GROSS_PROFIT, LINES
from engine.whitespace.features.registry import Feature, Kind
from engine.whitespace.features.spans import LIFE, RATE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View
from engine.whitespace.features.windows import over
from engine.whitespace.slug import slug

FAMILY = "cross_division"
OfDivision = Callable[[str, View], Floats]


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for span in (*window_names(settings), RATE):
        window = window_facts(span, settings)
        other = twin_of(span, settings)
        for name, scope, kind, values in OF_WINDOWS:
            feature = Feature(
                f"{name}__{span}",
                kind=kind,
                twin=other and f"{name}__{other}",
                **facts_of(FAMILY, scope),
                **window,
            )
            yield Column(feature, partial(values, span))
    yield Column(
        Feature("xdiv__div__ever_bought__life", kind="flag", **facts_of(FAMILY, "div")),
        _ever_bought,
    )
    for division in state.vocabularies["divisions"]:
        yield from _wide(division, settings)


def _wide(division: str, settings: FeatureSettings) -> Iterator[Column]:
    facts = facts_of(FAMILY, "all")
    year = window_facts("12m", settings)
    mark = slug(division)
    columns: tuple[tuple[str, Kind, OfDivision], ...] = (
        (f"gp_12m_{mark}", "money", _profit_of),
        (f"tx_12m_{mark}", "count", _lines_of),
        (f"{mark}_gp_share_12m", "share", _share_of),
    )
    for name, kind, values in columns:
        yield Column(Feature(name, kind=kind, **facts, **year), partial(values, division))
    yield Column(Feature(f"days_since_last_{mark}", kind="days", **facts), partial(_days_since, division))


def _profit_share(span: str, view: View) -> Floats:
    profits = np.maximum(view.sums("div", span, GROSS_PROFIT), 0)
    prior = np.array([view.state.division_shares.get(name, 0.0) for name in view.ledger.divisions])
    weight = view.settings.prior_lines * view.state.line_profit
    whole = profits.sum(axis=1, keepdims=True)
    return np.where(whole > 0, (profits + weight * prior) / (whole + weight), np.nan)


def _line_share(span: str, view: View) -> Floats:
    return over(
        view.sums("div", span, LINES), np.repeat(view.sums("all", span, LINES)[:, None], view.ledger.shape[1], 1)
    )


def _divisions(span: str, view: View) -> Floats:
    values: Floats = view.owns(span).sum(axis=1).astype(np.float64)
    return values


def _entropy(span: str, view: View) -> Floats:
    """Of the shares of lines by division, in bits."""
    shares = _line_share(span, view)
    logarithms = np.log2(shares, out=np.zeros(shares.shape), where=shares > 0)
    values: Floats = -(shares * logarithms).sum(axis=1)
    return values


def _ever_bought(view: View) -> Floats:
    return view.owns(LIFE).astype(np.float64)


def _at(division: str, view: View) -> int:
    """Place of a division; one that is not delivered any more is an error."""
    place = view.ledger.divisions.index_of(division)
    if place is None:
        raise ValueError(
            f"Features were fitted on division {division!r}, which is not among the {view.ledger.shape[1]} delivered."
            " Name the division in `inputs.division_rules`, or train anew."
        )
    return place


def _profit_of(division: str, view: View) -> Floats:
    return view.sums("div", "12m", GROSS_PROFIT)[:, _at(division, view)]


def _lines_of(division: str, view: View) -> Floats:
    return view.sums("div", "12m", LINES)[:, _at(division, view)]


def _share_of(division: str, view: View) -> Floats:
    profits = np.maximum(view.sums("div", "12m", GROSS_PROFIT), 0)
    return over(profits[:, _at(division, view)], profits.sum(axis=1))


def _days_since(division: str, view: View) -> Floats:
    return view.lasts("div", 0)[:, _at(division, view)]


OF_WINDOWS: tuple[tuple[str, Scope, Kind, Callable[[str, View], Floats]], ...] = (
    ("xdiv__div__gp_share", "div", "share", _profit_share),
    ("xdiv__div__tx_share", "div", "share", _line_share),
    ("xdiv__all__division_nunique", "all", "count", _divisions),
    ("xdiv__all__entropy", "all", "score", _entropy),
)
"""What is told of every window: name, scope, kind and computation."""
