"""One chain that holds every awkward fact of the shelf specification at once, a function a fact.

Three neighbourhoods: ordinary stores with noisy sales, a laboratory store far from everything where most facts are
staged, and a cluster of stores for the facts about neighbours. Most staged episodes are the last week of an otherwise
constant series, so that every evidence window can be computed on paper.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.planted.chain import AS_OF, LAST_DAY, PANEL_DAYS, Chain, Units, sells, write_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AS_OF", "write_awkward_chain"]
LAB = "500"
LAST_WEEK = range(LAST_DAY - 6, PANEL_DAYS)
KM_PER_DEGREE = 6371 * math.pi / 180
ORDINARY_STORES = {
    "007": (52.0, 13.0),
    "07": (52.05, 13.02),
    "7": (52.0, 13.3),
    "12": (52.2, 13.1),
    "101": (48.1, 11.5),
    "102": (48.15, 11.6),
    "103": (48.2, None),
    "104": (95.0, 11.5),
    "105": None,
}
STORES_WITH_IMPRESSIONS = ("12", "101", "102")


def write_awkward_chain(folder: Path, seed: int = 7, format: str = "csv", whole_ids: bool = False) -> None:  # noqa: A002
    """Write the chain's six tables as `csv`, `csv.gz` or `parquet`; judge it as of `AS_OF`.

    With `whole_ids` (Parquet) every id is a whole number instead of text.
    """
    chain = Chain(seed)
    for plant in FACTS:
        plant(chain)
    write_tables(folder, chain.rows_as_written(), format, whole_ids)


def ordinary_trade(chain: Chain) -> None:
    """Nine stores and 18 SKUs with noisy sales, one or two dark spells each, promos, price changes and restocks."""
    categories = ("tea", "coffee", "biscuits", None)
    skus = ["0042", "42", *(str(number) for number in range(1001, 1017))]
    for position, sku_id in enumerate(skus):
        chain.sku(sku_id, categories[position % len(categories)], cost=chain.random.choice((None, 2.0, 4.5, 7.9)))
    for store_id, place in ORDINARY_STORES.items():
        if place is not None:
            chain.store(store_id, *place)
        closed = closed_days_of(chain, store_id)
        chain.staple(store_id, closed)
        for sku_id in skus:
            ordinary_shelf(chain, store_id, sku_id, closed)


def closed_days_of(chain: Chain, store_id: str) -> set[int]:
    """One store rests every seventh day, one closes for some short whiles, the others never do."""
    if store_id == "7":
        return set(range(4, PANEL_DAYS, 7))
    if store_id == "12":
        starts = chain.random.sample(range(10, 80, 10), 3)
        return {start + extra for start in starts for extra in range(chain.random.randint(2, 5))}
    return set()


def ordinary_shelf(chain: Chain, store_id: str, sku_id: str, closed_days: set[int]) -> None:
    """A noisy store-SKU with dark spells."""
    random = chain.random
    level = random.choice((2, 3, 5, 8, 12, 20, 30))
    growth = random.choice((1, 1, 1, 2))
    base_price = round(random.uniform(1.5, 19), 2)
    units: Units = []
    for day in range(PANEL_DAYS):
        mean_units = level * (growth if day > 60 else 1)
        sold = max(0, round(random.gauss(mean_units, mean_units * 0.3)))
        units.append(sold + random.choice((0, 0.25, 0.5)) if sku_id == "1003" else sold)
    for _ in range(random.randint(1, 2)):
        start, share = random.randint(25, 84), random.choice((0, 0, 0.2, 0.5))
        for day in range(start, min(PANEL_DAYS, start + random.randint(3, 12))):
            units[day] = math.floor(units[day] * share)
    units = [None if day in closed_days or (not sold and day % 2) else sold for day, sold in enumerate(units)]
    promo_start = random.randint(0, 80)
    chain.shelf(
        store_id,
        sku_id,
        units,
        on_hand=random_stock(chain, level),
        price={0: base_price, random.randint(20, 80): round(base_price * random.choice((0.8, 1.1, 1.4)), 2)},
        promo_days=range(promo_start, promo_start + random.randint(1, 9)),
        impressions=random_impressions(chain, level) if store_id in STORES_WITH_IMPRESSIONS else None,
    )


def random_stock(chain: Chain, level: int) -> dict[int, float]:
    """Weekly snapshots, now and then an empty one."""
    days_of_supply = chain.random.choice((3, 10, 30, 80, 150))
    return {
        day: 0 if chain.random.random() < 0.05 else round(level * days_of_supply * chain.random.uniform(0.7, 1.2))
        for day in range(chain.random.randint(0, 6), PANEL_DAYS, 7)
    }


def random_impressions(chain: Chain, level: int) -> dict[int, int]:
    """Daily counts that double late in the panel for some, with days missing and days of none."""
    surge = chain.random.choice((1, 1, 2, 3))
    return {
        day: 0 if chain.random.random() < 0.03 else level * 12 * (surge if day > 70 else 1)
        for day in range(PANEL_DAYS)
        if chain.random.random() > 0.1
    }


def laboratory(chain: Chain) -> None:
    """The store in which most facts are staged: always open, far from every other store."""
    chain.store(LAB, 10.0, 100.0)
    chain.sku("staple", "staples", cost=1.0)
    chain.staple(LAB)


def stage(chain: Chain, sku_id: str, units: Units, *, cost: float | None = None, **facts: object) -> None:
    """A store-SKU of the laboratory, alone in its category."""
    chain.sku(sku_id, f"only {sku_id}", cost)
    chain.shelf(LAB, sku_id, units, **facts)


def ends_dark(level: float, dark: float | None = None) -> Units:
    """A constant level, then a dark last week."""
    return sells(level, (LAST_WEEK, dark))


def ends_dark_at_its_usual_pace() -> Units:
    """Ten a day over 28 days and over the last 7 alike, the last three days dark."""
    return sells(10, (range(83, 87), 17.5), (range(87, 90), None))


def sales_at_sixty_percent(chain: Chain) -> None:
    """Units of exactly 0.60·e, where binary arithmetic puts the product on either side; one hair less is dark."""
    for sku_id, level, sold in (("tie-5", 5, 3), ("tie-103", 10.3, 6.18), ("tie-181", 18.1, 10.86)):
        stage(chain, sku_id, ends_dark(level, sold))
    stage(chain, "below-tie", sells(10, (LAST_DAY - 2, 5.99), (range(88, 90), 5)))
    stage(chain, "two-days", sells(10, (range(70, 72), None)))


def baselines_with_an_edge(chain: Chain) -> None:
    """Values on m ± 3s, an outlier that leaves 13 days, a baseline noisier than its mean, nothing ever sold.

    `half-a-tenth` comes to a confidence of exactly 95.05: no spread, 28 days, a gap of 0.4175.
    """
    stage(chain, "half-a-tenth", sells(10, (range(87, 90), 5.825)))
    for sku_id, low, centre, high in (("edge", 9, 10, 11), ("edge-at-zero", 0, 7, 14)):
        days_before = (range(60), None), (60, low), (78, high), (range(79, 90), None)
        stage(chain, sku_id, sells(centre, *days_before), on_hand={60: 20})
    stage(chain, "thirteen-kept", sells(10, (range(70), None), (75, 60), (range(84, 90), None)), on_hand={70: 30})
    stage(chain, "noisy", sells(None, *((day, 40) for day in range(0, PANEL_DAYS, 4))))
    stage(chain, "never-sold", sells(None), impressions=dict.fromkeys(range(60, 90), 40))
    stage(chain, "never-listed", sells(None), on_hand=0)


def late_listings(chain: Chain) -> None:
    """Listed by its first sale, even of 0 units, or by the first snapshot above 0, never by one of 0."""
    stage(chain, "late-sale", sells(6, (range(40), None), (range(70, 76), None)), on_hand={45: 60})
    stage(chain, "late-zero-sale", sells(6, (range(40), None), (40, 0), (range(66, 80), None)), on_hand={45: 60})
    late_stock = sells(6, (range(45), None), (range(75, 80), None))
    stage(chain, "late-stock", late_stock, on_hand={0: 0, 30: 60})
    stage(chain, "too-new", sells(6, (range(80), None), (range(85, 90), None)), on_hand={80: 60})


def shelves_without_stock_records(chain: Chain) -> None:
    """Stock inferred from sales of the last 7 days; a shelf that ran empty within an episode; a delisted one."""
    stage(chain, "no-inventory", sells(10, (range(70, 84), None)), on_hand=None)
    stage(chain, "no-inventory-partly", ends_dark(10, 3), on_hand=None)
    stage(chain, "late-inventory", ends_dark(10, 3), on_hand={86: 25})
    stage(chain, "ran-empty", sells(10, (range(75, 90), None)), on_hand={0: 60, 80: 0, 82: 40})
    stage(chain, "delisted", sells(10, (range(60, 90), None)), on_hand={0: 60, 60: 0})


def records_from_before_the_panel(chain: Chain) -> None:
    """Stock and prices written when they changed: the last row before the panel holds, at most 400 days."""
    chain.shelf(LAB, "held", ends_dark(10), on_hand=None, price=None)
    for day, quantity, price in ((-400, 11, 4.5), (-90, 400, 9.75), (-120, 0, 8)):
        chain.snapshot((LAB, "held"), day, quantity)
        chain.price((LAB, "held"), day, price)
    chain.shelf(LAB, "held-longest", ends_dark(10), on_hand={60: 0, 62: 30}, price={70: 6})
    chain.snapshot((LAB, "held-longest"), -400, 12)
    chain.price((LAB, "held-longest"), -400, 7.25)


def shelves_without_price(chain: Chain) -> None:
    """Price from the category, from nowhere with and without a category, known from the middle on, and free."""
    chain.sku("unpriced", "half priced", 3.0)
    chain.sku("priced", "half priced")
    chain.shelf(LAB, "unpriced", ends_dark(10), price=None)
    chain.shelf(LAB, "priced", sells(10), price={0: 7.77, 85: 8.25})
    stage(chain, "unpriced-category", ends_dark(10, 2), price=None, on_hand={0: 100, 70: 600})
    chain.shelf(LAB, "unknown-sku", ends_dark(10), price=None)
    stage(chain, "priced-late", ends_dark(10), price={40: 12})
    stage(chain, "free", ends_dark(10), price=0)
    stage(chain, "unpriced-unstocked", ends_dark(10, 3), price=None, on_hand=None)
    stage(chain, "unpriced-promo", ends_dark(10, 2), price=None)
    for day in LAST_WEEK:
        chain.sale((LAB, "unpriced-promo"), day, 0, promo_flag=True)


def shelves_priced_too_high(chain: Chain) -> None:
    """Above the category or the own past, at ties with both thresholds, at the cap, and against the cost floor."""
    dear(chain, "as-needed", 11.8, [9.6, 9.6, 9.6])
    dear(chain, "clamped", 30, [10, 10, 10])
    dear(chain, "half-a-percent", 4.5, [3.45, 3.45, 3.45])
    dear(chain, "category-tie", 1.61, [1.19])
    dear(chain, "category-tie-too", 3.45, [2.55])
    dear(chain, "own-target", {0: 8, 45: 12}, [8.8])
    dear(chain, "own-tie", {0: 9, 45: 11}, [8])
    dear(chain, "cut-to-floor", 20, [10, 10, 10], cost=16)
    dear(chain, "cut-to-half-a-cent", 3.4, [1.5, 1.5, 1.5], cost=2.7)
    dear(chain, "cut-by-nothing", 20, [10, 10, 10], cost=19.04)
    dear(chain, "held", 20, [10, 10, 10], cost=19.5)
    dear(chain, "held-at-tie", 3.99, [2, 2, 2], cost=3.8)
    dear(chain, "held-at-tie-too", 7.98, [4, 4, 4], cost=7.6)
    stage(chain, "dear-to-itself", ends_dark(10), price={0: 5, 60: 9})


def dear(
    chain: Chain, name: str, price: dict[int, float] | float, others: list[float], cost: float | None = None
) -> None:
    """A dark SKU and the others of its category, which sell as ever."""
    chain.sku(f"dear-{name}", f"dear {name}", cost)
    chain.shelf(LAB, f"dear-{name}", ends_dark(10), price=price)
    for position, other in enumerate(others):
        chain.sku(f"dear-{name}-{position}", f"dear {name}")
        chain.shelf(LAB, f"dear-{name}-{position}", sells(10), price=other)


def shelves_with_fewer_buyers(chain: Chain) -> None:
    """Conversion drops at and around 30, 50 and 70 percent, and days without impressions or with none.

    Five a day in the last week after ten a day: Σu is 35 over 7 days and 245 over 28.
    """
    drops = {
        "drop-30": (130, 100),
        "drop-35": (71, 60),
        "drop-50": (100, 120),
        "drop-60": (100, 160),
        "drop-90": (50, 900),
    }
    for sku_id, (usual, lately) in drops.items():
        stage(chain, sku_id, ends_dark(10, 5), impressions=counts(usual, lately))
    stage(chain, "no-views-lately", ends_dark(10, 5), impressions=counts(100, 0))
    stage(chain, "views-end-early", ends_dark(10, 5), impressions=dict.fromkeys(range(80), 100))
    gappy = {day: count for day, count in counts(100, 300).items() if day % 3}
    stage(chain, "views-with-gaps", ends_dark(10, 5), impressions=gappy)


def counts(usual: int, lately: int) -> dict[int, int]:
    """Impressions a day, another count in the last week."""
    return dict.fromkeys(range(PANEL_DAYS), usual) | dict.fromkeys(LAST_WEEK, lately)


def overstocked_shelves(chain: Chain) -> None:
    """Days of supply at and around 45, 60 and 90; trends at and around -10; every kind of age.

    A last week of 2 a day after 10 a day makes v28 = 8; the usual pace makes v7 = v28 = 10.
    """
    for on_hand in (450, 600, 650, 652):
        stage(chain, f"supply-{on_hand}", ends_dark_at_its_usual_pace(), on_hand={0: 20, 70: on_hand})
    trend_tie = sells(31, (range(83, 87), 47.25), (range(87, 90), None))
    stage(chain, "trend-tie", trend_tie, on_hand={0: 20, 70: 1500})
    for days_of_supply in (50, 60, 61, 75, 90, 91, 300):
        facts = {"on_hand": {0: 20, 70: 8 * days_of_supply}, "price": 2.05}
        stage(chain, f"restocked-{days_of_supply}", ends_dark(10, 2), **facts)
    ages = {
        "aged": {0: 500, 20: 400},
        "aged-61": {0: 20, 28: 400},
        "fresh-60": {0: 20, 29: 400},
        "known-60": {30: 400},
        "known-59": {31: 400},
        "aged-supply-60": {0: 480},
    }
    for sku_id, on_hand in ages.items():
        stage(chain, sku_id, ends_dark(10, 2), on_hand=on_hand, price=2.05)


def promos(chain: Chain) -> None:
    """Lifts below 0, of 0, 14, 20 and 43 percent, without a base, with a base of nothing, and whose flag decides.

    Promo days 70 to 73 sell more, days 87 to 89 nothing: the base is 10 and the mean of the last seven 4/7 of them.
    """
    stage(chain, "promo-negative", ends_dark(10, 4), promo_days=range(80, 90))
    for promo_units in (17.5, 20, 21, 25):
        units = sells(10, (range(70, 74), promo_units), (range(87, 90), None))
        stage(chain, f"promo-{promo_units}", units, promo_days=[*range(70, 74), *range(87, 90)])
    stage(chain, "promo-always", ends_dark(10, 3), promo_days=range(PANEL_DAYS))
    newly_sold = sells(10, (range(30), None), (LAST_WEEK, 3))
    stage(chain, "promo-without-base", newly_sold, promo_days=range(30, PANEL_DAYS))
    stage(chain, "promo-by-sales", sells(10, (LAST_WEEK, None)))
    stage(chain, "promo-null-flag", sells(10, (LAST_WEEK, None)))
    stage(chain, "promo-denied", sells(10, (LAST_WEEK, None)))
    for day in LAST_WEEK:
        for sku_id in ("promo-by-sales", "promo-null-flag", "promo-denied"):
            chain.sale((LAB, sku_id), day, 4, promo_flag=day % 2 == 1)
            chain.sale((LAB, sku_id), day, 0, promo_flag=day % 2 == 0)
        chain.price((LAB, "promo-null-flag"), day, 10, promo=True)
        chain.price((LAB, "promo-null-flag"), day, 10, promo=None, late=True)
        chain.price((LAB, "promo-denied"), day, 10, promo=False)


def neighbourhood(chain: Chain) -> None:
    """Stores around (40, -3): two in one place, one next door, at 12.25 and at 50 km, beyond, and nowhere."""
    places = {
        "301": (40.0, -3.0),
        "302": (40.045, -3.0),
        "303": (40.1, -3.1),
        "304": (40.1, -3.1),
        "305": (40.0 + 50 / KM_PER_DEGREE, -3.0),
        "306": (40.6, -3.0),
        "307": (None, -3.0),
        "309": (39.9, -3.0),
        "310": (40.0, -3.0),
        "311": (40.0 + 12.25 / KM_PER_DEGREE, -3.0),
    }
    for store_id, place in places.items():
        chain.store(store_id, *place)
    for store_id in (*places, "308"):
        chain.staple(store_id)


def spike(ratio_of_28_days: float, level: float = 10) -> Units:
    """A constant level and a last day that makes mean(u) / mean(e) of the last 28 days the ratio."""
    return sells(level, (LAST_DAY, round((ratio_of_28_days * 28 - 27) * level, 6)))


def shelves_better_placed_elsewhere(chain: Chain) -> None:
    """Neighbours at a ratio of exactly 1.20, with equal ratios, too many, too far, too new, idle or unheard of."""
    dark_at_301 = {
        "mis-tie": {"302": spike(1.2)},
        "mis-one": {"302": spike(1.25)},
        "mis-two": {"311": spike(1.25), "309": spike(1.5, 4)},
        "mis-many": {
            "302": spike(1.3),
            "303": spike(1.3),
            "304": spike(1.3, 30),
            "305": spike(1.3),
            "306": spike(2),
            "307": spike(2),
            "308": spike(2),
            "309": spike(1.5),
        },
        "mis-next-door": {"310": spike(1.4), "304": spike(1.35), "303": spike(1.35)},
        "mis-too-new": {"302": sells(10, (range(70), None), (LAST_DAY, 90))},
        "mis-new-enough": {"302": sells(10, (range(69), None), (LAST_DAY, 90))},
        "mis-unsold": {"302": sells(None)},
    }
    for sku_id, others in dark_at_301.items():
        chain.sku(sku_id, f"only {sku_id}", 1.0)
        chain.shelf("301", sku_id, ends_dark(10), on_hand=45.5)
        for store_id, units in others.items():
            first_day = next((day for day, sold in enumerate(units) if sold is not None), 0)
            chain.shelf(store_id, sku_id, units, on_hand={first_day: 50})
    chain.shelf("301", "mis-idle", ends_dark(10))
    chain.shelf("302", "mis-idle", sells(10, (range(60, 90), None)), on_hand={0: 50, 60: 0})


def transfers_of_little(chain: Chain) -> None:
    """Half of one unit, of an unknown number, and of a shelf without price; a dark store without coordinates."""
    for sku_id, facts in {
        "mis-one-unit": {"on_hand": 1},
        "mis-unknown-stock": {"on_hand": None},
        "mis-unpriced": {"price": None},
        "mis-unknown-both": {"on_hand": None, "price": None},
    }.items():
        chain.sku(sku_id)
        chain.shelf("301", sku_id, ends_dark(10, 3), **facts)
        chain.shelf("302", sku_id, spike(1.3), price=9)
    for store_id in ("307", "308"):
        chain.shelf(store_id, "mis-one", ends_dark(10))


def causes_with_equal_scores(chain: Chain) -> None:
    """Two causes at 65, two at 80, and all five at once, four of them at 100."""
    chain.sku("equal-65", "equal 65")
    chain.shelf("301", "equal-65", ends_dark(10, 5), impressions=counts(71, 60))
    chain.shelf("302", "equal-65", spike(1.3))
    chain.sku("equal-80", "equal 80", 5.0)
    chain.shelf("301", "equal-80", ends_dark(10), price=30)
    for store_id in ("302", "303", "306"):
        chain.shelf(store_id, "equal-80", spike(1.3))
    chain.sku("everything", "everything", 5.0)
    facts = {"price": {0: 10, 80: 40}, "promo_days": LAST_WEEK, "on_hand": 2000, "impressions": counts(50, 900)}
    chain.shelf("301", "everything", ends_dark(10, 2), **facts)
    for store_id in ("302", "303", "304", "305", "309"):
        chain.shelf(store_id, "everything", spike(1.3))


def stores_that_close(chain: Chain) -> None:
    """Gaps of 1 to 4 days, within episodes and at the panel's edges, and stores that closed and stayed closed."""
    gaps = {10, 20, 21, 22, 40, 41, 42, 43, 70, 75, 76, 77}
    chain.store("601", 20.0, 50.0)
    chain.staple("601", gaps)
    dark = (range(68, 81), 3), *((day, None) for day in gaps)
    chain.shelf("601", "gap-in-episode", sells(10, *dark))
    chain.shelf("601", "gap-to-zero", sells(10, (range(78, 86), None), *dark[1:]), on_hand=None)
    closures = {
        "602": range(55, 90),
        "603": range(82, 90),
        "604": [0, 1, 88, 89],
        "606": range(30, 60),
    }
    for store_id, closed in closures.items():
        chain.store(store_id, 21.0, 51.0)
        chain.staple(store_id, closed)
        units = sells(10, (range(50, 55), 1), (range(76, 90), 2), *((day, None) for day in closed))
        chain.shelf(store_id, "closure", units, promo_days=range(82, 90), price={0: 10, 84: 11})
    chain.sku("closure", "closures")


def store_closed_by_faults(chain: Chain) -> None:
    """A day with nothing but faulty sales rows is a closed day."""
    chain.store("605", 22.0, 52.0)
    chain.staple("605", [33])
    chain.sale(("605", "staple"), 33, -1)
    chain.sale(("605", "staple"), 33, None)
    chain.shelf("605", "tie-5", sells(10, (33, None), (range(60, 66), None)))


def equal_money_at_risk(chain: Chain) -> None:
    """The same episode in several places: the order falls to case_id as text."""
    for sku_id in ("twin", "02", "2", "10"):
        chain.sku(sku_id, "twins")
        for store_id in ("007", "07", "7", "101"):
            chain.shelf(store_id, sku_id, sells(5, (range(64, 69), 1)))


def duplicates(chain: Chain) -> None:
    """Sales in two rows and in three, one without revenue; elsewhere a last row that contradicts the first."""
    stage(chain, "twice", ends_dark(6, 1), impressions=counts(100, 100))
    where = LAB, "twice"
    for day in range(0, PANEL_DAYS, 5):
        chain.sale(where, day, 2.5, promo_flag=None)
        chain.sale(where, day, 1, revenue=None if day % 2 else 9.99)
        chain.impressions(where, day, 400, late=True)
    chain.snapshot(where, 0, 31, late=True)
    chain.price(where, 0, 12.34, late=True)
    chain.add(
        "stores", late=True, store_id=LAB, store_name="Laboratory", latitude=10.5, longitude=100.5, region="east"
    )
    chain.add("stores", late=True, store_id="301", store_name="Nowhere", latitude=12.0, region="west")
    chain.add("skus", late=True, sku_id="twice", sku_name="Twice", category="twice over", brand="New", cost=None)


def faulty_rows(chain: Chain) -> None:
    """Every row fault of every table, beside good rows that must still count."""
    stage(chain, "faulty", ends_dark(12, 1), impressions=counts(100, 100))
    where = LAB, "faulty"
    for day, units in ((12, -4), (13, None), (14, math.nan), (15, math.inf)):
        chain.sale(where, day, units, revenue=1.0)
    chain.sale(where, 16, 500, revenue=math.nan)
    for day, on_hand in ((20, -5), (21, None), (22, math.nan), (86, -math.inf)):
        chain.snapshot(where, day, on_hand, late=True)
    for day, price in ((30, -1), (31, None), (32, math.nan), (87, math.inf)):
        chain.price(where, day, price, promo=True, late=True)
    chain.impressions(where, 85, None, late=True)
    chain.impressions(where, 86, -7, late=True)
    chain.sale(where, -4, -1)
    chain.sku("faulty-cost", "faulty", math.nan)
    chain.shelf(LAB, "faulty-cost", ends_dark(10))
    chain.store("900", 0.0, 181.0)
    chain.store("901", 5.0, 5.0)
    chain.sku("sold-nowhere", "faulty", 1.0)
    chain.price((LAB, "sold-nowhere"), 50, 3)
    chain.impressions((LAB, "sold-nowhere"), 50, 3)


FACTS = (
    ordinary_trade,
    laboratory,
    sales_at_sixty_percent,
    baselines_with_an_edge,
    late_listings,
    shelves_without_stock_records,
    records_from_before_the_panel,
    shelves_without_price,
    shelves_priced_too_high,
    shelves_with_fewer_buyers,
    overstocked_shelves,
    promos,
    neighbourhood,
    shelves_better_placed_elsewhere,
    transfers_of_little,
    causes_with_equal_scores,
    stores_that_close,
    store_closed_by_faults,
    equal_money_at_risk,
    duplicates,
    faulty_rows,
)
