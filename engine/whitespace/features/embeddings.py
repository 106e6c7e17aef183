"""Embeddings: customers in a space of few dimensions, by what they buy and by what is bought together.

`als`: alternating least squares on customers and SKUs. `ppmi`: what the reference calls item2vec: a truncated
singular value decomposition of the positive pointwise mutual information of SKUs that are ordered on the same day; a
customer is the mean of its SKUs. Axes are turned (orthogonal Procrustes) to those of the training rows, so that a
model reads the same ones at every cutoff. The likeness to the other owners of a division is measured as if the
division's SKUs did not exist.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy import sparse
from scipy.linalg import orthogonal_procrustes
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from engine.arrays import Floats, Integers
from engine.kernels import folding
from engine.kernels.compiling import given
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import QUANTITY
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import EMBEDDED
from engine.whitespace.features.state import Frame, State
from engine.whitespace.features.view import View, kept

FAMILY = "embeddings"
KINDS = {"als": "als_f", "ppmi": "i2v_ppmi_f"}
"""Names of the axes of either embedding."""
LEAST_ITEMS = 3
"""Of so few SKUs no space is made."""


class Space(NamedTuple):
    """An embedding, turned to the reference frame.

    there: (n_there,), the items that were bought. items: (n_there, n_factors), zeros for what is not embedded.
    customers: (n_customers, n_factors). masked: (n_customers × n_divisions, n_factors), without the division's items.
    NaN where nothing was bought.
    """

    there: Integers
    items: Floats
    customers: Floats
    masked: Floats


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    window = window_facts(EMBEDDED, settings)
    facts = facts_of(FAMILY, "all") | window | {"kind": "score", "is_embedding": True}
    of_pair = facts | {"scope": "div"}
    for kind, axis in KINDS.items():
        for place in range(settings.factors):
            yield Column(Feature(f"{axis}{place}", **facts), partial(_axis, kind, place))
        yield Column(
            Feature(f"{kind}__div__owner_likeness__{settings.embedding_months}m", **of_pair), partial(_likeness, kind)
        )


def frames(view: View) -> dict[str, Frame]:
    """The item factors of the training rows, to which those of other cutoffs are turned."""
    spaces = {kind: space(view, kind) for kind in KINDS}
    return {kind: Frame(_names(view, made.there), made.items) for kind, made in spaces.items()}


@kept
def space(view: View, kind: str) -> Space:
    """An embedding as of the view's cutoff."""
    bought, n_divisions = view.bought(EMBEDDED), view.ledger.shape[1]
    # Only of who and what is there, so that what comes later leaves not even a row of zeros.
    who, customer = np.unique(bought.customer, return_inverse=True)
    there, item = np.unique(bought.item, return_inverse=True)
    strength = np.log1p(np.maximum(bought.sums[:, QUANTITY], 0).astype(np.float64))
    taken = given(
        folding.Taken(
            np.searchsorted(customer, np.arange(who.size + 1)).astype(np.int64),
            item.astype(np.int64),
            strength * (view.settings.als_confidence if kind == "als" else 1.0),
            view.ledger.division_of_item[there],
        )
    )
    # One thread: the order of adding, and with it the last bit, hangs on their number.
    with threadpool_limits(1):
        items = _turned(_FACTORS[kind](view, taken, there), view, kind, there)
        found = np.empty((who.size, items.shape[1])), np.empty((who.size * n_divisions, items.shape[1]))
        if kind == "als":
            folding.folded_in(taken, items, view.settings.als_regularization, n_divisions, *found)
        else:
            folding.averaged(taken, items, n_divisions, *found)
    customers = np.full((view.ledger.shape[0], items.shape[1]), np.nan)
    masked = np.full((*view.ledger.shape, items.shape[1]), np.nan)
    customers[who], masked[who] = found[0], found[1].reshape(who.size, n_divisions, items.shape[1])
    return Space(there, items, customers, masked.reshape(-1, items.shape[1]))


def _axis(kind: str, place: int, view: View) -> Floats:
    return space(view, kind).customers[:, place]


def _likeness(kind: str, view: View) -> Floats:
    likeness = np.empty(view.ledger.shape)
    folding.likeness_to_owners(space(view, kind).masked, view.owns(EMBEDDED).astype(np.float64), likeness)
    return likeness


def _least_squares(view: View, taken: folding.Taken, there: Integers) -> Floats:
    """Item factors of implicit alternating least squares; zeros for what came back as often as it went."""
    settings, size = view.settings, (taken.starts.size - 1, there.size)
    matrix = sparse.csr_matrix((taken.weight.astype(np.float32), taken.item, taken.starts), size)
    matrix.eliminate_zeros()
    bought = np.bincount(matrix.indices, minlength=size[1]) > 0
    if bought.sum() < LEAST_ITEMS:
        return np.zeros((size[1], settings.factors))
    model = AlternatingLeastSquares(
        factors=settings.factors,
        regularization=settings.als_regularization,
        alpha=1.0,
        iterations=settings.als_iterations,
        random_state=settings.seed,
        num_threads=1,
    )
    model.fit(matrix, show_progress=False)
    return np.where(bought[:, None], model.item_factors, 0.0).astype(np.float64)


def _mutual_information(view: View, taken: folding.Taken, there: Integers) -> Floats:
    """Item factors from which SKUs are ordered on the same day more often than by chance."""
    settings, n_items = view.settings, there.size
    factors = np.zeros((n_items, settings.factors))
    buyers = np.bincount(taken.item, minlength=n_items)
    common = np.sort(np.lexsort((np.arange(n_items), -buyers))[: settings.embedding_skus])
    if common.size < LEAST_ITEMS:
        return factors
    together = view.together(EMBEDDED, there[common])
    row, column = np.nonzero(together)
    count = together[row, column].astype(np.float64)
    often = np.bincount(row, count, common.size)
    information = np.log(count * often.sum() / np.maximum(often[row] * often[column], 1))
    positive = information > 0
    matrix = sparse.csr_matrix((information[positive], (row[positive], column[positive])), (common.size,) * 2)
    width = min(settings.factors, common.size - 1)
    # `TruncatedSVD` is this and a share of variance, which does not exist where nothing varies.
    _, lengths, axes = randomized_svd(matrix, width, n_iter=4, random_state=settings.seed)
    factors[common, :width] = axes.T * np.sqrt(lengths)
    return factors


_FACTORS: dict[str, Callable[[View, folding.Taken, Integers], Floats]] = {
    "als": _least_squares,
    "ppmi": _mutual_information,
}


def _turned(factors: Floats, view: View, kind: str, there: Integers) -> Floats:
    """The factors on the axes of the reference frame, by the items that both have; as they are without a frame."""
    if kind not in view.state.frames:
        return factors
    frame, names = view.state.frames[kind], _names(view, there)
    places = {name: place for place, name in enumerate(frame.items)}
    mine = [place for place, name in enumerate(names) if name in places and factors[place].any()]
    if not mine:
        return factors
    rotation, _ = orthogonal_procrustes(factors[mine], frame.factors[[places[names[place]] for place in mine]])
    return np.ascontiguousarray(factors @ rotation)


def _names(view: View, items: Integers) -> tuple[str, ...]:
    """Items by the names of their SKU and division."""
    skus = view.ledger.skus.gather(view.ledger.sku_of_item[items])
    divisions = view.ledger.divisions.gather(view.ledger.division_of_item[items])
    return tuple(f"{sku} / {division}" for sku, division in zip(skus, divisions, strict=True))
