"""The server: who is let in, who may decide, and what it says of itself."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from panel_app.login import Access
from tests.command import darkshelf
from tests.panel_app.people import PASSWORDS, write_people
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Published, Window


def answer(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=30) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def guarded(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard that lets in ann, who decides, and eve, who looks."""
    people = write_people(tmp_path_factory.mktemp("people"))
    with serving(published.out, "--users", people, "--decider", "ann") as address:
        yield address


def test_health_names_the_night_and_metrics_count(served: str, published: Published) -> None:
    status, text = answer(f"{served}health")
    assert (status, json.loads(text)) == (200, {"status": "ok", "night": published.main})
    status, text = answer(f"{served}metrics")
    assert status == 200
    names = {re.split(r"[ {]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    assert names == {
        "darkshelf_sessions",
        "darkshelf_sessions_total",
        "darkshelf_memory_bytes",
        "darkshelf_decisions_total",
        # How the newest runs went; what they found is for those who are let in.
        "darkshelf_run_as_of_seconds",
        "darkshelf_run_finished_seconds",
        "darkshelf_stage_peak_bytes",
        "darkshelf_stage_seconds",
    }


def test_nobody_is_let_in_without_a_password(guarded: str) -> None:
    status, text = answer(guarded)
    assert status == 200
    assert "password" in text
    assert "shelves are stocked" not in text
    assert answer(f"{guarded}health")[0] == 200


def log_in(reader: Any, name: str, password: str) -> None:
    page = reader.page
    page.goto(reader.home)
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")


def test_who_decides_has_buttons_and_who_views_has_none(window: Callable[..., Window], guarded: str) -> None:
    query = "?page=case&case=2_12_2025-06-19"
    ann, eve = window(1440, home=guarded, alone=True), window(1440, home=guarded, alone=True)
    log_in(ann, "ann", PASSWORDS["ann"])
    ann.page.wait_for_selector("html[data-ready]")
    ann.open(query).page.locator("#accept").wait_for()
    assert ann.text(".who") == "ann"
    log_in(eve, "eve", PASSWORDS["eve"])
    eve.page.wait_for_selector("html[data-ready]")
    eve.open(query).page.locator(".decide", has_text="You may look, not decide.").wait_for()
    assert eve.page.locator("#accept").count() == 0
    eve.open("?page=cases").page.locator(".found[role=status]").wait_for()
    assert eve.page.locator("td.tick").count() == 0


def test_a_wrong_password_is_refused(window: Callable[..., Window], guarded: str) -> None:
    stranger = window(1440, home=guarded, alone=True)
    log_in(stranger, "ann", "orange")
    stranger.page.locator("input[name=password]").wait_for()
    assert stranger.page.locator(".wrong").inner_text() == "Name or password is wrong."
    assert all("401" in complaint for complaint in stranger.complaints)
    stranger.complaints.clear()


def test_access_is_open_only_where_nobody_logs_in(tmp_path: Path) -> None:
    assert Access().is_open
    assert not Access(users=tmp_path).is_open
    assert not Access(oauth={"oauth_provider": "github"}).is_open


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["--basic-auth", "old.json"], "darkshelf dashboard user add NAME --out", id="passwords as text"),
        pytest.param(["--users", "nowhere.json"], "nowhere.json is no file", id="users file"),
        pytest.param(["--users", __file__], "others on this machine may read it", id="users file of everybody"),
        pytest.param(["--origin", "https://x.example"], "'https://x.example' is no host", id="origin with a scheme"),
        pytest.param(["--further", "growth"], "'growth' is no DESK=DIR", id="folder of no desk"),
        pytest.param(["--further", "nobody=x"], "there is no desk 'nobody'", id="folder of an unknown desk"),
        pytest.param(["--origin", "*"], "'*' is no host", id="every origin"),
        pytest.param(["--set", "frame_origins=a; script-src *"], "frame_origins", id="frames"),
        pytest.param(["--set", "login_delay_most_seconds=1", "--set", "login_delay_seconds=2"], "below", id="delays"),
        pytest.param(["user", "list"], "write options after", id="options before a verb"),
        pytest.param(["--oauth-provider", "github"], "has no key or no secret", id="oauth without keys"),
        pytest.param(["--oauth-provider", "nobody"], "'nobody' is none of auth0,", id="oauth provider"),
        pytest.param(["--users", __file__, "--oauth-provider", "github"], "give one of the two", id="two logins"),
        pytest.param(
            ["--oauth-provider", "github", "--prefix", "/x"], "give --oauth-redirect https://HOST/x/login", id="path"
        ),
        pytest.param(["--set", "shelf.red_share=0.5"], "is not below orange_share", id="thresholds"),
        pytest.param(["--set", "red_share=1"], "did you mean shelf.red_share?", id="setting of a desk's pages"),
        pytest.param(["--set", "currency=EUR"], "every run is shown in its own", id="currency"),
        pytest.param(["--set", "colour=red"], "is no setting", id="unknown setting"),
        pytest.param(["--decisions", "nonsense"], "is no database URL", id="database"),
    ],
)
def test_a_wrong_command_line_is_told(capsys: Any, tmp_path: Path, words: list[str], says: str) -> None:
    told = darkshelf(capsys, "dashboard", "--out", tmp_path, *words)
    assert told.code == 2
    assert says in told.err
