"""A night that is published while readers read: everybody keeps the whole old one until they ask for the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.panel_app.conftest import Profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.runs.registry import Registry
    from tests.panel_app.conftest import Published, Window


@pytest.fixture
def shared(chromium: Any) -> Iterator[Profiles]:
    """Profiles of this test alone: its pages keep the night they began with, which is nobody else's."""
    profiles = Profiles(chromium, {})
    yield profiles
    profiles.close()


def test_a_new_night_is_told_and_nobody_sees_a_mixture(
    window: Callable[..., Window], published: Published, latest_again: Registry
) -> None:
    latest_again.point_to(published.before)
    readers = [window(1440).open("?page=cases") for _ in range(4)]
    old = readers[0].text(".found")
    latest_again.point_to(published.main)
    for reader in readers:
        reader.page.locator(".news", has_text="A new night is here").wait_for()
        assert reader.text(".found") == old
        reader.page.locator("#sort-duration_days").click()
        reader.wait_for_query("sort=duration_days")
        assert reader.text(".found") == old
    readers[0].page.get_by_role("button", name="Show it").click()
    readers[0].page.locator(".night:has-text('Jun 30, 2025')").wait_for()
    money = old.partition(", ")[2]
    readers[0].page.locator(".found[role=status]").filter(has_not_text=money).wait_for()
    assert readers[1].text(".found") == old
