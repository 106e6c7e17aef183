"""Every fault, under the heading of its kind."""

from typing import Final

from bench.faults.cells import CELLS
from bench.faults.days import CALENDAR, LAST_DAY
from bench.faults.fault import Fault
from bench.faults.files import FILES
from bench.faults.ids import IDS
from bench.faults.places import ENDED, PLACES
from bench.faults.prices import PRICES
from bench.faults.rows import ROWS
from bench.faults.stock import STOCKS, VIEWS

KINDS: Final = {
    "The last day": LAST_DAY,
    "Days": CALENDAR,
    "One cell": CELLS,
    "Rows": ROWS,
    "Ids and names": IDS,
    "Prices": PRICES,
    "Stock and views": (*STOCKS, *VIEWS),
    "Places": PLACES,
    "What is over": ENDED,
    "Files": FILES,
}
FAULTS: Final[dict[str, Fault]] = {fault.name: fault for faults in KINDS.values() for fault in faults}
