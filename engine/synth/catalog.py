"""Who trades in the chain and with what: stores in cities, SKUs in categories, and the flyers of the year.

Everything here is drawn once a chain. What differs from day to day is drawn store by store in `demand`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.synth.plan import ChainPlan
from engine.synth.scenarios import SCENARIOS

STORES_PER_CITY: Final = 10
CITY_RADIUS_KM: Final = 12.0
KM_PER_DEGREE: Final = 111.2
SOUTH, NORTH, WEST, EAST = 31.0, 47.0, -118.0, -78.0

STORE_SIZE_SIGMA: Final = 0.15
STORE_SIZE_BOUNDS: Final = (0.7, 1.4)
STORE_PRICE_SPAN: Final = 0.03
"""Stores price the same SKU within plus or minus this share."""

VELOCITY_SIGMA: Final = 1.0
VELOCITY_BOUNDS: Final = (0.05, 40.0)
CONVERSION_BOUNDS: Final = (0.06, 0.18)
COST_BOUNDS: Final = (0.60, 0.75)

FLYER_PERIOD_DAYS: Final = 28
FLYER_DAYS: Final = 7
FLYER_LIFT_BOUNDS: Final = (1.3, 1.8)
FLYER_DISCOUNTS: Final = (0.10, 0.15, 0.20, 0.25)
OFFER_RESPONSE: Final = float(-np.log(np.mean(FLYER_LIFT_BOUNDS)) / np.log1p(-np.mean(FLYER_DISCOUNTS)))
"""Percent of units that a mean flyer gains per percent off."""

_CITY_HEADS: Final = (
    "Alder Amber Ash Birch Brook Cedar Clay Copper Elm Fair Fern Glen Gold Hazel High Iron Kings Lake Maple "
    "Mill North Oak Pine Queens Red River Rose Silver Spring Stone"
).split()
_CITY_TAILS: Final = (
    "bridge brook bury dale field ford gate grove ham haven hill hurst land mont mouth port ton vale view wood"
).split()
_CITY_QUALIFIERS: Final = (
    " ,New ,Old ,Great ,Little ,Upper ,Lower ,East ,West ,South ,Port ,Fort ,Lake ,Mount ,Saint ,Grand ,Long "
).split(",")
_STREETS: Final = (
    "Main Street,Market Square,Station Road,Harbor Way,Church Lane,Park Avenue,Mill Road,Union Street,"
    "College Hill,River Walk,Canal Side,Garden Court,Castle Street,Orchard Row,Bridge Plaza,Ring Road"
).split(",")
_BRANDS: Final = "Aurelia,Bellwether,Corvane,Dunmore,Eastlight,Farrow & Fen,Halcyon,Juniper Lane".split(",")
_SIZES: Final = ("Small", "Regular", "Large", "Family", "Twin Pack")


@dataclass(frozen=True)
class Category:
    """A category. typical_price: the middle of its regular prices."""

    name: str
    typical_price: float
    products: tuple[str, ...]


CATEGORIES: Final = (
    Category("Beauty", 24.0, ("Day Cream", "Shampoo", "Sun Lotion", "Serum")),
    Category("Household", 18.0, ("Detergent", "Dish Tabs", "Paper Towels", "Cleaner")),
    Category("Pet Care", 30.0, ("Dry Dog Food", "Cat Litter", "Cat Food", "Dog Treats")),
    Category("Baby", 27.0, ("Diapers", "Wipes", "Formula", "Baby Food")),
    Category("Health", 22.0, ("Vitamins", "Protein Bars", "Plasters", "Cough Drops")),
    Category("Beverages", 12.0, ("Cold Brew", "Orange Juice", "Sparkling Water", "Green Tea")),
    Category("Snacks", 6.0, ("Trail Mix", "Crackers", "Dark Chocolate", "Chips")),
    Category("Frozen", 9.0, ("Pizza", "Berries", "Dumplings", "Ice Cream")),
)
"""SKU n belongs to category (n - 1) modulo eight."""


@dataclass(frozen=True)
class Catalog:
    """The chain as it stands on any day. Rows are store id - 1 and SKU id - 1.

    stores, skus: the columns of the tables of that name, in the input format. store_city: equal in one city.
    store_size, store_price_ratio: multiples of the chain's ordinary units and prices. sku_daily_units: ordinary
    daily units. sku_price: regular price. sku_conversion: units per impression. flyer_lift, flyer_price_ratio:
    (SKUs, days), 1 outside flyers. assortment: (stores, SKUs per store), SKU ids ascending.
    """

    stores: dict[str, NDArray[np.generic] | list[str]]
    skus: dict[str, NDArray[np.generic] | list[str]]
    store_city: NDArray[np.int64]
    store_size: NDArray[np.float64]
    store_price_ratio: NDArray[np.float64]
    sku_daily_units: NDArray[np.float64]
    sku_price: NDArray[np.float64]
    sku_conversion: NDArray[np.float64]
    flyer_lift: NDArray[np.float64]
    flyer_price_ratio: NDArray[np.float64]
    assortment: NDArray[np.int64]


def build_catalog(plan: ChainPlan) -> Catalog:
    """The stores, SKUs, flyers and assortments of a plan."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([plan.seed, 0])))
    store_city = np.arange(plan.stores) // STORES_PER_CITY
    size = np.exp(rng.normal(0.0, STORE_SIZE_SIGMA, plan.stores)).clip(*STORE_SIZE_BOUNDS)
    price_ratio = rng.uniform(1 - STORE_PRICE_SPAN, 1 + STORE_PRICE_SPAN, plan.stores)
    stores = _stores_table(store_city, rng)
    sku_price = _regular_prices(plan, rng)
    flyer_lift, flyer_price_ratio = _flyers(plan, rng)
    return Catalog(
        stores=stores,
        skus=_skus_table(sku_price, rng),
        store_city=store_city,
        store_size=size,
        store_price_ratio=price_ratio,
        sku_daily_units=_velocities(plan, rng),
        sku_price=sku_price,
        sku_conversion=rng.uniform(*CONVERSION_BOUNDS, plan.skus),
        flyer_lift=flyer_lift,
        flyer_price_ratio=flyer_price_ratio,
        assortment=_assortments(plan, rng),
    )


def _stores_table(
    store_city: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, NDArray[np.generic] | list[str]]:
    """Cities on the sites of a jittered lattice, their stores within a few kilometres of the centre."""
    cities = int(store_city[-1]) + 1
    lattice = int(np.ceil(np.sqrt(cities)))
    rows, columns = np.divmod(rng.permutation(lattice * lattice)[:cities], lattice)
    jitter = rng.uniform(0.25, 0.75, (2, cities))
    city_latitude = SOUTH + (NORTH - SOUTH) * (rows + jitter[0]) / lattice
    city_longitude = WEST + (EAST - WEST) * (columns + jitter[1]) / lattice
    bearing = rng.uniform(0.0, 2 * np.pi, store_city.size)
    distance_km = CITY_RADIUS_KM * np.sqrt(rng.random(store_city.size))
    latitude = city_latitude[store_city] + distance_km * np.cos(bearing) / KM_PER_DEGREE
    km_per_longitude = KM_PER_DEGREE * np.cos(np.radians(latitude))
    longitude = city_longitude[store_city] + distance_km * np.sin(bearing) / km_per_longitude
    names = _city_names(cities, rng)
    streets = np.concatenate([rng.permutation(len(_STREETS))[:STORES_PER_CITY] for _ in range(cities)])
    north = city_latitude > (SOUTH + NORTH) / 2
    east = city_longitude > (WEST + EAST) / 2
    regions = [f"{'North' if n else 'South'}{'east' if e else 'west'}" for n, e in zip(north, east, strict=True)]
    return {
        "store_id": np.arange(1, store_city.size + 1),
        "store_name": [f"{names[city]} {_STREETS[streets[n]]}" for n, city in enumerate(store_city)],
        "latitude": latitude.round(5),
        "longitude": longitude.round(5),
        "region": [regions[city] for city in store_city],
    }


def _city_names(cities: int, rng: np.random.Generator) -> list[str]:
    """Different names, the unqualified ones first."""
    plain = [head + tail for head in _CITY_HEADS for tail in _CITY_TAILS]
    order = rng.permutation(len(plain))
    return [f"{_CITY_QUALIFIERS[n // len(plain)]}{plain[order[n % len(plain)]]}".strip() for n in range(cities)]


def _regular_prices(plan: ChainPlan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Spread evenly in logarithm around the typical price of the category."""
    typical = np.array([category.typical_price for category in CATEGORIES])
    position = rng.random(plan.skus)
    for scenario in SCENARIOS[: plan.skus]:
        position[scenario.sku_id - 1] = scenario.price_position
    price = typical[np.arange(plan.skus) % len(CATEGORIES)] * plan.price_spread ** (position - 0.5)
    return price.round(2)


def _velocities(plan: ChainPlan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Ordinary daily units: lognormal, so that most SKUs sell slowly and a few carry the store."""
    units = plan.median_daily_units * np.exp(rng.normal(0.0, VELOCITY_SIGMA, plan.skus))
    units = units.clip(*VELOCITY_BOUNDS)
    for scenario in SCENARIOS[: plan.skus]:
        units[scenario.sku_id - 1] = scenario.daily_units
    return units


def _skus_table(
    sku_price: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, NDArray[np.generic] | list[str]]:
    brands = rng.integers(len(_BRANDS), size=sku_price.size)
    categories = [CATEGORIES[n % len(CATEGORIES)] for n in range(sku_price.size)]
    shelf_rows = [n // len(CATEGORIES) for n in range(sku_price.size)]
    return {
        "sku_id": np.arange(1, sku_price.size + 1),
        "sku_name": [
            f"{_BRANDS[brand]} {category.products[row % len(category.products)]} {_SIZES[row % len(_SIZES)]}"
            for brand, category, row in zip(brands, categories, shelf_rows, strict=True)
        ],
        "category": [category.name for category in categories],
        "brand": [_BRANDS[brand] for brand in brands],
        "cost": (sku_price * rng.uniform(*COST_BOUNDS, sku_price.size)).round(2),
    }


def _flyers(plan: ChainPlan, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chain-wide promotion weeks that work: more units at a lower price."""
    lift = np.ones((plan.skus, plan.days))
    price_ratio = np.ones((plan.skus, plan.days))
    day = np.arange(plan.days)
    for period_start in range(0, plan.days, FLYER_PERIOD_DAYS):
        in_flyer = rng.random(plan.skus) < plan.flyer_share
        # The SKUs of the fixed scenarios stay out of the flyers: theirs is the only thing that happens to them.
        in_flyer[: len(SCENARIOS)] = False
        first_day = period_start + rng.integers(FLYER_PERIOD_DAYS - FLYER_DAYS, size=plan.skus, endpoint=True)
        on_flyer = in_flyer[:, None] & (day >= first_day[:, None]) & (day < first_day[:, None] + FLYER_DAYS)
        flyer_lift = rng.uniform(*FLYER_LIFT_BOUNDS, plan.skus)
        discount = rng.choice(FLYER_DISCOUNTS, plan.skus)
        lift = np.where(on_flyer, flyer_lift[:, None], lift)
        price_ratio = np.where(on_flyer, 1 - discount[:, None], price_ratio)
    return lift, price_ratio


def _assortments(plan: ChainPlan, rng: np.random.Generator) -> NDArray[np.int64]:
    """SKU ids of every store, ascending; the stores of a fixed scenario always carry its SKU."""
    everything = np.arange(1, plan.skus + 1)
    if plan.skus_per_store == plan.skus:
        return np.broadcast_to(everything, (plan.stores, plan.skus))
    must_carry = {
        store_id: scenario.sku_id
        for scenario in SCENARIOS[: plan.skus]
        for store_id in (*scenario.stores, *scenario.oversold_stores)
    }
    assortment = np.empty((plan.stores, plan.skus_per_store), np.int64)
    for store, row in enumerate(assortment):
        order = rng.permutation(everything)
        if store + 1 in must_carry:
            planted = must_carry[store + 1]
            order = np.concatenate(([planted], order[order != planted]))
        row[:] = np.sort(order[: plan.skus_per_store])
    return assortment
