"""The customers of a generated company: who they are, how large, where, and how long they live."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.synth.company.plan import CompanyPlan

INDUSTRIES: Final = ("Aerospace", "Automotive", "Medical", "Education", "Consumer goods", "Machinery")
SUBS: Final = ("parts", "systems")
PLACES: Final = (
    ("North", "Duluth", 46.8, -92.1),
    ("North", "Fargo", 46.9, -96.8),
    ("West", "Boise", 43.6, -116.2),
    ("West", "Reno", 39.5, -119.8),
    ("South", "Mobile", 30.7, -88.0),
    ("South", "Waco", 31.5, -97.1),
    ("East", "Albany", 42.7, -73.8),
    ("East", "Dover", 39.2, -75.5),
)
SIZES: Final = ("small", "mid", "large")
REPS_PER_PLACE: Final = 2
SMALL_BELOW: Final = -0.4
LARGE_FROM: Final = 0.6
NEW_SHARE: Final = 0.35
"""Customers who come while the company already sells; the others were there before."""
DORMANT_SHARE: Final = 0.15
"""Customers who stop buying for good."""
FADING_MONTHS: Final = 12
"""Nobody stops in so short a time after coming."""


@dataclass(frozen=True)
class Customers:
    """Who there is. Arrays by customer: (n_customers,).

    ids: as the tables have them. industry, place: numbers into their lists. size_score: about standard normal.
    first_month, last_month: months of life, both included. taste: (n_customers, n_divisions), log of how much more
    likely than others the customer is to begin with a division.
    """

    ids: list[str]
    industry: Integers
    industry_sub: Integers
    place: Integers
    rep: Integers
    size_score: Floats
    first_month: Integers
    last_month: Integers
    taste: Floats

    def table(self, rng: np.random.Generator) -> pl.DataFrame:
        """The customers as they are delivered."""
        place = [PLACES[at] for at in self.place]
        near = rng.normal(0.0, 0.15, (2, len(self.ids)))
        size = np.digitize(self.size_score, (SMALL_BELOW, LARGE_FROM))
        industry = [INDUSTRIES[at] for at in self.industry]
        return pl.DataFrame(
            {
                "customer_id": self.ids,
                "name": [f"{name} works {n}" for n, name in enumerate(industry, 1)],
                "industry": industry,
                "industry_sub": [
                    f"{INDUSTRIES[at]} {SUBS[sub]}" for at, sub in zip(self.industry, self.industry_sub, strict=True)
                ],
                "region": [region for region, *_ in place],
                "city": [city for _, city, *_ in place],
                "size": [SIZES[at] for at in size],
                "rep": [f"rep {at + 1}" for at in self.rep],
                "latitude": np.round(np.array([each[2] for each in place]) + near[0], 4),
                "longitude": np.round(np.array([each[3] for each in place]) + near[1], 4),
                "open_deal": rng.random(len(self.ids)) < 0.05,
                "do_not_call": rng.random(len(self.ids)) < 0.02,
            }
        )


def customers(plan: CompanyPlan, rng: np.random.Generator) -> Customers:
    """Draw the customers of a company."""
    n, n_divisions = plan.customers, len(plan.divisions)
    industry = rng.integers(len(INDUSTRIES), size=n)
    place = rng.integers(len(PLACES), size=n)
    is_new = rng.random(n) < NEW_SHARE
    first = np.where(is_new, rng.integers(1, plan.months - FADING_MONTHS, size=n), 0)
    lasting = rng.integers(FADING_MONTHS, plan.months, size=n)
    last = np.where(rng.random(n) < DORMANT_SHARE, np.minimum(first + lasting, plan.months), plan.months)
    # What an industry likes is the strongest driver that a table shows; the rest nobody but the customer knows.
    liking = _likings(n_divisions)
    taste = liking[industry] + rng.normal(0.0, 0.3, (n, n_divisions))
    return Customers(
        ids=[f"C{number:06d}" for number in range(1, n + 1)],
        industry=industry,
        industry_sub=rng.integers(len(SUBS), size=n),
        place=place,
        rep=place * REPS_PER_PLACE + rng.integers(REPS_PER_PLACE, size=n),
        size_score=rng.normal(0.0, 1.0, n),
        first_month=first,
        last_month=last,
        taste=taste,
    )


def _likings(n_divisions: int) -> Floats:
    """How an industry likes a division, (n_industries, n_divisions): much, as usual or little, in turn."""
    steps = np.arange(len(INDUSTRIES))[:, None] + np.arange(n_divisions)[None, :]
    likings: Floats = np.array([1.0, 0.0, -1.0])[steps % 3]
    return likings
