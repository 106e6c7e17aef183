"""The wait after wrong passwords: it grows by name and by address, and nobody gets around it by being quick."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from panel_app.door import delay
from panel_app.door.delay import Delays, network_of


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def delays(clock: Clock, first: float = 1, most: float = 60, per_address: int = 1000) -> Delays:
    return Delays(first, most, per_address, clock)


def test_each_wrong_password_doubles_the_wait_up_to_the_most() -> None:
    clock = Clock()
    door, waits = delays(clock), []
    for _ in range(9):
        assert door.admit("ann", "192.0.2.7") == 0
        waits.append(door.admit("ann", "192.0.2.7"))
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_name_waits_wherever_it_comes_from() -> None:
    door = delays(Clock())
    assert door.admit("ann", "192.0.2.7") == 0
    assert door.admit("ann", "198.51.100.9") == 1
    assert door.admit("eve", "198.51.100.9") == 0


def test_an_address_waits_whatever_names_it_tries() -> None:
    door = delays(Clock(), per_address=3)
    assert [door.admit(f"name {n}", "192.0.2.7") for n in range(5)] == [0, 0, 0, 1, 1]
    assert door.admit("name 9", "192.0.2.8") == 0


def test_a_right_password_frees_the_name_and_takes_nothing_off_the_address() -> None:
    door = delays(Clock(), per_address=3)
    door.admit("eve", "192.0.2.7")
    for _ in range(2):
        assert door.admit("ann", "192.0.2.7") == 0
        door.succeeded("ann", "192.0.2.7")
    assert door.admit("eve", "198.51.100.9") == 1
    assert [door.admit(f"name {n}", "192.0.2.7") for n in range(3)] == [0, 0, 1]


def test_many_at_once_do_not_pass_for_the_first() -> None:
    door = delays(Clock())
    assert sum(door.admit("ann", "192.0.2.7") == 0 for _ in range(40)) == 1


def test_a_household_of_addresses_is_one() -> None:
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("a socket") == "a socket"


def test_made_up_names_do_not_fill_the_memory(monkeypatch) -> None:
    monkeypatch.setattr(delay, "MOST_KEPT", 50)
    door = delays(Clock())
    for number in range(500):
        door.admit(f"name {number}", f"10.0.{number // 250}.{number % 250}")
    assert len(door._failures) <= 50


def test_what_is_long_over_is_forgotten() -> None:
    clock = Clock()
    door = delays(clock)
    for _ in range(7):
        door.admit("ann", "192.0.2.7")
        clock.now += 60
    clock.now += 121
    door.admit("eve", "192.0.2.8")
    assert door.admit("ann", "192.0.2.7") == 0
    assert door.admit("ann", "192.0.2.7") == 1


@given(st.lists(st.tuples(st.sampled_from(["ann", "eve"]), st.floats(0, 400)), max_size=40))
def test_nobody_is_admitted_twice_within_the_first_wait(tries: list[tuple[str, float]]) -> None:
    clock, last = Clock(), dict.fromkeys(("ann", "eve"), -1e9)
    door = delays(clock, first=5)
    for name, pause in tries:
        clock.now += pause
        if door.admit(name, "192.0.2.7") == 0:
            assert clock.now - last[name] >= 5 - 1e-9
            last[name] = clock.now
