"""How long somebody waits who gave wrong passwords: longer each time, by the name they gave and where they come from.

In: a name and an address. Out: the seconds until the next password is looked at.
"""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LARGEST_DOUBLING: Final = 40
MOST_KEPT: Final = 20_000
"""Names and addresses that are remembered: whoever makes up names must not fill the memory."""
NETWORK_BITS: Final = 64
"""Of an IPv6 address: what one household or office is given."""


@dataclass
class _Failures:
    """Wrong passwords in a row, and when the last one came, in seconds of the clock."""

    count: int
    last: float


class Delays:
    """The wrong passwords of the last while. One for a server.

    first, most: seconds after the first wrong password, and the most there are. per_address: wrong passwords from one
    address before it has to wait too: an office may share one.
    """

    def __init__(
        self, first: float, most: float, per_address: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first, self._most, self._per_address, self._clock = first, most, per_address, clock
        self._failures: dict[tuple[str, str], _Failures] = {}

    def admit(self, name: str, address: str) -> float:
        """Seconds to wait; at 0 a password may be looked at, and counts as wrong until `succeeded`.

        Counting it before it is looked at lets many at once not all pass for the first one.
        """
        now, keys = self._clock(), self._keys(name, address)
        waits = [self._left(key, now) for key in keys]
        if max(waits) > 0:
            return max(waits)
        for key in keys:
            known = self._failures.pop(key, _Failures(0, now))
            # Put in anew, so that the longest untouched come first.
            self._failures[key] = _Failures(known.count + 1, now)
        self._forget(now)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """The password was right: the name is free, and the address as it was before."""
        by_name, by_address = self._keys(name, address)
        self._failures.pop(by_name, None)
        if known := self._failures.get(by_address):
            known.count -= 1

    def _keys(self, name: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("name", name), ("address", network_of(address))

    def _left(self, key: tuple[str, str], now: float) -> float:
        known = self._failures.get(key)
        if known is None:
            return 0.0
        beyond = known.count - (self._per_address if key[0] == "address" else 1)
        if beyond < 0:
            return 0.0
        delay = min(self._first * 2.0 ** min(beyond, LARGEST_DOUBLING), self._most)
        return max(known.last + delay - now, 0.0)

    def _forget(self, now: float) -> None:
        """Drop what is so old that no delay is left of it, and the oldest of too many."""
        for key in list(self._failures):
            if len(self._failures) <= MOST_KEPT and now - self._failures[key].last <= 2 * self._most:
                break
            del self._failures[key]


def network_of(address: str) -> str:
    """An address as it is counted: an IPv6 one by its network, text that is no address as it is."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, NETWORK_BITS), strict=False)) if read.version == 6 else str(read)
