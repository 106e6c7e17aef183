"""Neighbours: how much likelier a shelf is dark where the same SKU is dark in other stores of the region tonight.

In: `Panel`, the night's p-values. Out: a weight of every tested store-SKU in the false-discovery step. A weight is
made of the other stores alone, so that no shelf speaks for itself, and of what the chain says it is worth.
"""

import math

import numpy as np

from engine.arrays import Floats, Integers
from engine.blocks.together import Together
from engine.settings.shelf.calibrated import EpisodeSettings
from engine.shelf.panel import Panel


def neighbour_weights(panel: Panel, chances: Floats, tried: Integers, settings: EpisodeSettings) -> Floats:
    """Weights of mean 1 at most by which tested p-values are divided, (tried,) (Genovese, Roeder and Wasserman 2006).

    A weight is the share of low p-values among the other stores of the region over that in other regions, both shrunk
    toward the chain's by how alike stores of one region are. It is 1 where no region is known, and where nearly every
    other store is low: then the SKU fell, and no shelf.

    chances: p-values of the tested, (tried,). tried: the pairs that are tested.
    """
    weights, together = np.ones(tried.size), panel.together
    is_known = panel.stores["region"].is_not_null().to_numpy()[panel.codes("store")[tried]]
    known = np.flatnonzero(is_known)
    is_low = (chances[known] <= settings.neighbour_chance).astype(np.float64)
    in_region = np.unique(panel.regional_sku[tried[known]], return_inverse=True)[1].astype(np.int64)
    in_chain = panel.codes("sku")[tried[known]]
    low, size = _others(in_region, is_low)
    fell = low > settings.neighbour_wide_share * size
    # A SKU that fell everywhere, ended perhaps, says nothing of how alike shelves are.
    usual, kinship = _kinship(is_low[~fell], low[~fell], size[~fell], together)
    if kinship <= 0.0:
        return weights
    chain_low, chain_size = _others(in_chain, is_low)
    prior = 1 / kinship - 1
    share = (low + prior * usual) / (size + prior)
    elsewhere = (chain_low - low + prior * usual) / (chain_size - size + prior)
    weight = np.where(fell, 1.0, share / np.maximum(elsewhere, usual))
    pairs = together.count(known.size)
    mean = together.sum(weight) / pairs
    weight = np.clip(weight / mean, 1 / settings.neighbour_cap, settings.neighbour_cap)
    weights[known] = weight / max(together.sum(weight) / pairs, 1.0)
    return weights


def _others(group: Integers, is_low: Floats) -> tuple[Floats, Floats]:
    """How many others of each pair's group are low, and how many there are, (pairs,)."""
    low = np.bincount(group, is_low).astype(np.float64)
    size = np.bincount(group).astype(np.float64)
    return low[group] - is_low, size[group] - 1.0


def _kinship(is_low: Floats, low: Floats, size: Floats, together: Together) -> tuple[float, float]:
    """Share of the chain's that are low, and how alike they are between stores of one region and SKU.

    That is the correlation less one standard error, 0 at least: by the pairs of stores that are both low against as
    many as chance makes, beta-binomial counts, by moments. low, size: of the others of each pair.
    """
    counts = [is_low.size, is_low.sum(), size.sum(), (is_low * low).sum()]
    shelves, are_low, sizes, are_both = together.added(np.array(counts, np.int64)).tolist()
    usual = are_low / max(shelves, 1)
    pairs, both = sizes / 2, are_both / 2
    by_chance = pairs * usual**2
    if by_chance <= 0.0 or usual >= 1.0:
        return usual, 0.0
    return usual, max((both - by_chance - math.sqrt(by_chance)) / (pairs * usual * (1 - usual)), 0.0)
