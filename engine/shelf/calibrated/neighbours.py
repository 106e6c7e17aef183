"""Neighbours: how much likelier a shelf is dark where the same SKU is dark in other stores of the region tonight.

In: `Panel`, the night's p-values. Out: a weight of every tested store-SKU in the false-discovery step. A weight is
made of the other stores alone, so that no shelf speaks for itself, and of what the chain says it is worth.
"""

import math

import numpy as np

from engine.arrays import Floats, Integers
from engine.settings.shelf.calibrated import EpisodeSettings
from engine.shelf.panel import Panel


def neighbour_weights(panel: Panel, chances: Floats, tried: Integers, settings: EpisodeSettings) -> Floats:
    """Weights of mean 1 at most by which tested p-values are divided, (tried,) (Genovese, Roeder and Wasserman 2006).

    A weight is the share of low p-values among the other stores of the region over that in other regions, both shrunk
    toward the chain's by how alike stores of one region are. It is 1 where no region is known, and where nearly every
    other store is low: then the SKU fell, and no shelf.

    chances: p-values of the tested, (tried,). tried: the pairs that are tested.
    """
    weights = np.ones(tried.size)
    is_known = panel.stores["region"].is_not_null().to_numpy()[panel.codes("store")[tried]]
    known = np.flatnonzero(is_known)
    is_low = (chances[known] <= settings.neighbour_chance).astype(np.float64)
    in_region = np.unique(panel.regional_sku[tried[known]], return_inverse=True)[1].astype(np.int64)
    in_chain = panel.codes("sku")[tried[known]]
    low, size = _others(in_region, is_low)
    fell = low > settings.neighbour_wide_share * size
    # A SKU that fell everywhere, ended perhaps, says nothing of how alike shelves are.
    shelf = ~fell
    usual = float(is_low[shelf].mean()) if shelf.any() else 0.0
    kinship = _kinship(is_low[shelf], low[shelf], size[shelf], usual)
    if kinship <= 0.0:
        return weights
    chain_low, chain_size = _others(in_chain, is_low)
    prior = 1 / kinship - 1
    share = (low + prior * usual) / (size + prior)
    elsewhere = (chain_low - low + prior * usual) / (chain_size - size + prior)
    weight = np.where(fell, 1.0, share / np.maximum(elsewhere, usual))
    weight = np.clip(weight / weight.mean(), 1 / settings.neighbour_cap, settings.neighbour_cap)
    weights[known] = weight / max(float(weight.mean()), 1.0)
    return weights


def _others(group: Integers, is_low: Floats) -> tuple[Floats, Floats]:
    """How many others of each pair's group are low, and how many there are, (pairs,)."""
    low = np.bincount(group, is_low).astype(np.float64)
    size = np.bincount(group).astype(np.float64)
    return low[group] - is_low, size[group] - 1.0


def _kinship(is_low: Floats, low: Floats, size: Floats, usual: float) -> float:
    """Correlation of low p-values between stores of one region and SKU, less one standard error; 0 at least.

    By the pairs of stores that are both low against as many as chance makes: beta-binomial counts, by moments.
    low, size: of the others of each pair. usual: share of all that are low.
    """
    pairs = float(size.sum()) / 2
    by_chance = pairs * usual**2
    if by_chance <= 0.0 or usual >= 1.0:
        return 0.0
    both = float((is_low * low).sum()) / 2
    return max((both - by_chance - math.sqrt(by_chance)) / (pairs * usual * (1 - usual)), 0.0)
