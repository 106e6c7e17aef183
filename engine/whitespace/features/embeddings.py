"""Embeddings: customers in a space of few dimensions, by what they buy, what is bought together, and what they own.

`als`: alternating least squares on customers and SKUs. `ppmi`: what the reference calls item2vec: a truncated
singular value decomposition of the positive pointwise mutual information of SKUs that are ordered on the same day; a
customer is the mean of its SKUs. `als_assets`: a truncated singular value decomposition of customers and the products
of their assets, by the logarithm of all units that were recorded by the cutoff; a customer is the least squares
solution. Axes are turned (orthogonal Procrustes) to those of the training rows, so that a model reads the same ones
at every cutoff. The likeness to the other owners of a division, who bought of it within the window, is measured as if
the division's SKUs and products did not exist.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl
from implicit.als import AlternatingLeastSquares
from scipy import sparse
from scipy.linalg import orthogonal_procrustes
from sklearn.utils.extmath import randomized_svd

from engine.arrays import Floats, Integers
from engine.kernels import folding
from engine.kernels.compiling import given
from engine.one_thread import one_thread
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.assets import division_of_product, owned
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import QUANTITY
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import EMBEDDED
from engine.whitespace.features.state import Frame, State
from engine.whitespace.features.view import View, kept

FAMILY = "embeddings"
BY_ASSETS = "als_assets"
KINDS = {"als": "als_f", "ppmi": "i2v_ppmi_f", BY_ASSETS: "als_assets_f"}
"""Names of the axes of each embedding."""
LEAST_ITEMS = 3
"""Of so few SKUs no space is made."""


class Held(NamedTuple):
    """What customers have, whether bought or owned.

    who: (n_holders,), their codes. items: (n_items,), codes of items, or places of products by name. names: of each.
    taken: by holder; its kinds are divisions, of which there are n_kinds; assets have one more, for products of none.
    """

    who: Integers
    items: Integers
    names: tuple[str, ...]
    taken: folding.Taken
    n_kinds: int


class Space(NamedTuple):
    """An embedding, turned to the reference frame.

    names: (n_items,), of what customers have. items: (n_items, n_factors), zeros for what is not embedded.
    customers: (n_customers, n_factors). directions: (n_customers, n_divisions, n_factors), of length one, without the
    division's items. NaN for who has nothing.
    """

    names: tuple[str, ...]
    items: Floats
    customers: Floats
    directions: Floats


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family; those by assets only where assets were delivered for the training rows."""
    window = window_facts(EMBEDDED, settings)
    made = {"kind": "score", "is_embedding": True}
    of_pair = facts_of(FAMILY, "div") | window | made
    for kind, axis in KINDS.items():
        if kind == BY_ASSETS and kind not in state.frames:
            continue
        by_assets = facts_of(FAMILY, "all", source=v.ASSETS) | made
        facts = by_assets if kind == BY_ASSETS else facts_of(FAMILY, "all") | window | made
        for place in range(settings.factors):
            yield Column(Feature(f"{axis}{place}", **facts), partial(_axis, kind, place))
        yield Column(
            Feature(f"{kind}__div__owner_likeness__{settings.embedding_months}m", **of_pair), partial(_likeness, kind)
        )


def frames(view: View) -> dict[str, Frame]:
    """The item factors of the training rows, to which those of other cutoffs are turned."""
    there = [kind for kind in KINDS if kind != BY_ASSETS or not view.tables.assets.is_empty()]
    spaces = {kind: space(view, kind) for kind in there}
    return {kind: Frame(made.names, made.items) for kind, made in spaces.items()}


def centroids(view: View) -> dict[str, dict[str, Floats]]:
    """The mean direction of the owners of every division that has some, by embedding with a frame and by division.

    Each (n_factors,), of length one.
    """
    found = {kind: _directions(_centres(view, kind)) for kind in KINDS if kind in view.state.frames}
    names = view.ledger.divisions.to_list()
    return {
        kind: {name: each for name, each in zip(names, of_divisions, strict=True) if not np.isnan(each).any()}
        for kind, of_divisions in found.items()
    }


@kept
def space(view: View, kind: str) -> Space:
    """An embedding as of the view's cutoff."""
    held = _HELD[kind](view)
    n_customers, n_divisions = view.ledger.shape
    # One thread: the order of adding, and with it the last bit, hangs on their number.
    with one_thread():
        items = _turned(_FACTORS[kind](view, held), view, kind, held.names)
        n_factors = items.shape[1]
        found = np.empty((held.who.size, n_factors)), np.empty((held.who.size * held.n_kinds, n_factors))
        if kind == "ppmi":
            folding.averaged(held.taken, items, held.n_kinds, *found)
        else:
            folding.folded_in(held.taken, items, view.settings.als_regularization, held.n_kinds, *found)
    customers = np.full((n_customers, n_factors), np.nan)
    directions = np.full((n_customers, n_divisions, n_factors), np.nan)
    customers[held.who] = found[0]
    directions[held.who] = _directions(found[1].reshape(held.who.size, held.n_kinds, n_factors)[:, :n_divisions])
    return Space(held.names, items, customers, directions)


def _directions(vectors: Floats) -> Floats:
    """The vectors, of length one; NaN for those without a length."""
    lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    directions: Floats = np.divide(vectors, lengths, out=np.full(vectors.shape, np.nan), where=lengths > 0)
    return directions


def _centres(view: View, kind: str) -> Floats:
    """The sum of the directions of the owners of every division, (n_divisions, n_factors)."""
    directions, owns = space(view, kind).directions, view.owns(EMBEDDED)
    counts = owns[:, :, None] & ~np.isnan(directions)
    centres: Floats = np.where(counts, directions, 0.0).sum(axis=0)
    return centres


def _axis(kind: str, place: int, view: View) -> Floats:
    return space(view, kind).customers[:, place]


def _likeness(kind: str, view: View) -> Floats:
    likeness, directions = np.empty(view.ledger.shape), space(view, kind).directions
    owns = view.owns(EMBEDDED).astype(np.float64)
    folding.likeness_to_owners(directions.reshape(-1, directions.shape[-1]), owns, _centres(view, kind), likeness)
    return likeness


def _bought(view: View, kind: str) -> Held:
    """What was bought within the window. Only of who and what is there, so that what comes later leaves no trace."""
    bought = view.bought(EMBEDDED)
    there, item = np.unique(bought.item, return_inverse=True)
    strength = np.log1p(np.maximum(bought.sums[:, QUANTITY], 0).astype(np.float64))
    weight = strength * view.settings.als_confidence if kind == "als" else np.zeros(strength.size)
    value = 1 + weight if kind == "als" else strength
    divisions = view.ledger.division_of_item[there]
    who, starts = _holders(bought.customer)
    taken = given(folding.Taken(starts, item.astype(np.int64), weight, value, divisions))
    return Held(who, there, _names(view, there), taken, view.ledger.shape[1])


def _owned(view: View) -> Held:
    """What is recorded of assets, whether it has expired or not."""
    units = owned(view, v.OF_CUSTOMER).group_by("group", "product").agg(pl.col("quantity").sum())
    units = units.sort("group", "product")
    products = units["product"].unique().sort()
    item = products.search_sorted(units["product"]).to_numpy().astype(np.int64)
    value = np.log1p(np.maximum(units["quantity"].to_numpy(), 0).astype(np.float64))
    none, of_product = view.ledger.shape[1], division_of_product(view)
    divisions = np.array([of_product.get(product, none) for product in products], np.int64)
    who, starts = _holders(units["group"].to_numpy())
    taken = given(folding.Taken(starts, item, np.zeros(value.size), value, divisions))
    return Held(who, np.arange(products.len()), tuple(products), taken, none + 1)


def _holders(customer: Integers) -> tuple[Integers, Integers]:
    """Who there is among customers that ascend, and where the rows of each begin."""
    who, place = np.unique(customer, return_inverse=True)
    return who, np.searchsorted(place, np.arange(who.size + 1)).astype(np.int64)


_HELD: dict[str, Callable[[View], Held]] = {
    "als": lambda view: _bought(view, "als"),
    "ppmi": lambda view: _bought(view, "ppmi"),
    BY_ASSETS: _owned,
}


def _least_squares(view: View, held: Held) -> Floats:
    """Item factors of implicit alternating least squares; zeros for what came back as often as it went."""
    settings, taken, size = view.settings, held.taken, (held.who.size, held.items.size)
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


def _mutual_information(view: View, held: Held) -> Floats:
    """Item factors from which SKUs are ordered on the same day more often than by chance."""
    settings, n_items = view.settings, held.items.size
    factors = np.zeros((n_items, settings.factors))
    buyers = np.bincount(held.taken.item, minlength=n_items)
    common = np.sort(np.lexsort((np.arange(n_items), -buyers))[: settings.embedding_skus])
    if common.size < LEAST_ITEMS:
        return factors
    together = view.together(EMBEDDED, held.items[common])
    row, column = np.nonzero(together)
    count = together[row, column].astype(np.float64)
    often = np.bincount(row, count, common.size)
    information = np.log(count * often.sum() / np.maximum(often[row] * often[column], 1))
    positive = information > 0
    matrix = sparse.csr_matrix((information[positive], (row[positive], column[positive])), (common.size,) * 2)
    factors[common] = _decomposed(matrix, settings)
    return factors


def _of_assets(view: View, held: Held) -> Floats:
    """Product factors of the decomposition of customers and products; zeros where there are too few of either."""
    settings, taken, size = view.settings, held.taken, (held.who.size, held.items.size)
    if min(size) < LEAST_ITEMS:
        return np.zeros((size[1], settings.factors))
    return _decomposed(sparse.csr_matrix((taken.value, taken.item, taken.starts), size), settings)


def _decomposed(matrix: sparse.csr_matrix, settings: FeatureSettings) -> Floats:
    """Factors of columns: the leading right singular vectors, by the roots of their values; zeros beyond the rank.

    (n_columns, n_factors).
    """
    factors = np.zeros((matrix.shape[1], settings.factors))
    width = min(settings.factors, min(matrix.shape) - 1)
    # `TruncatedSVD` is this and a share of variance, which does not exist where nothing varies.
    _, lengths, axes = randomized_svd(matrix, width, n_iter=4, random_state=settings.seed)
    factors[:, :width] = axes.T * np.sqrt(lengths)
    return factors


_FACTORS: dict[str, Callable[[View, Held], Floats]] = {
    "als": _least_squares,
    "ppmi": _mutual_information,
    BY_ASSETS: _of_assets,
}


def _turned(factors: Floats, view: View, kind: str, names: tuple[str, ...]) -> Floats:
    """The factors on the axes of the reference frame, by the items that both have; as they are without a frame."""
    if kind not in view.state.frames:
        return factors
    frame = view.state.frames[kind]
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
