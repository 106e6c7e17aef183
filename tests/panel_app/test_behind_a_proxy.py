"""The dashboard behind a proxy, under a path of its own, with an OpenID login; and what a wrong login is told."""

from __future__ import annotations

import html
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from panel_app.login import Access
from tests.panel_app.provider import CLIENT, SECRET, Provider, providing
from tests.panel_app.proxying import proxying
from tests.panel_app.serving import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Published, Window

pytestmark = pytest.mark.slow
PREFIX = "/shelves"
GENERIC = ("--oauth-provider", "generic", "--oauth-key", CLIENT)
CASE = "2_12_2025-06-19"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing() as made:
        yield made


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secrets") / "oauth"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def proxied(published: Published, provider: Provider, secret_file: Path) -> Iterator[str]:
    """The address at a proxy of a dashboard that a provider lets people into; ann decides and eve looks."""
    front = free_port()
    words = [*GENERIC, "--decider", "ann@example.com"]
    words += ["--oauth-redirect", f"http://127.0.0.1:{front}{PREFIX}/login"]
    environment = {**provider.environment, "DARKSHELF_OAUTH_SECRET_FILE": str(secret_file)}
    with ExitStack() as open_together:
        enter = open_together.enter_context
        behind = [*words, "--origin", f"127.0.0.1:{front}", "--prefix", PREFIX]
        address = enter(serving(published.out, *behind, environment=environment, prefix=PREFIX))
        enter(proxying(int(address.split(":")[2].split("/")[0]), front))
        yield f"http://127.0.0.1:{front}{PREFIX}/"


def log_in(reader: Any, name: str) -> None:
    """Ask for the dashboard, and be somebody at the provider."""
    reader.page.goto(reader.home)
    reader.page.get_by_role("link", name=name, exact=True).click()
    reader.page.wait_for_selector("html[data-ready]")


def test_nobody_sees_a_figure_before_the_provider_knows_them(proxied: str, provider: Provider) -> None:
    with urllib.request.urlopen(f"{proxied}?page=cases", timeout=30) as found:
        assert found.url.startswith(f"{provider.address}/authorize?")
        assert b"shelves are stocked" not in found.read()


def test_who_logs_in_decides_and_views_as_the_provider_names_them(
    window: Callable[..., Window], proxied: str
) -> None:
    ann, eve = window(1440, home=proxied, alone=True), window(1440, home=proxied, alone=True)
    log_in(ann, "ann")
    assert ann.page.url.startswith(proxied)
    assert "8 shelves are stocked" in ann.text("h1")
    assert ann.text(".who") == "ann@example.com"
    ann.open(f"?page=case&case={CASE}").page.locator("#accept").click()
    ann.page.locator(".reply.done", has_text="Saved: accepted").wait_for()
    ann.open(f"?page=case&case={CASE}").page.locator("ol.entries").wait_for()
    assert "ann@example.com accepted" in ann.text(".entries")
    log_in(eve, "eve")
    eve.open(f"?page=case&case={CASE}").page.locator(".decide", has_text="You may look, not decide.").wait_for()
    assert eve.page.locator("#accept").count() == 0
    assert eve.text(".who") == "eve@example.com · view only"
    ann.page.locator("#undo").click()
    ann.page.locator(".reply.done", has_text="Undone").wait_for()


def test_moves_filters_back_and_reload_work_under_a_path(window: Callable[..., Window], proxied: str) -> None:
    reader = window(1440, home=proxied, alone=True)
    log_in(reader, "ann")
    reader.go("Cases")
    reader.page.locator("#sort-duration_days").click()
    reader.wait_for_query("sort=duration_days")
    assert reader.page.evaluate("location.pathname") == f"{PREFIX}/"
    reader.page.go_back()
    reader.page.wait_for_function("!location.search.includes('sort')")
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]")
    assert "8 cases" in reader.text(".found")
    reader.go("Map").page.locator("canvas").first.wait_for()


def test_who_is_refused_by_the_provider_is_told_and_can_try_again(
    window: Callable[..., Window], proxied: str
) -> None:
    reader = window(1440, home=proxied, alone=True)
    reader.page.goto(reader.home)
    reader.page.get_by_role("link", name="nobody", exact=True).click()
    reader.page.locator(".why", has_text="access_denied").wait_for()
    reader.page.get_by_role("link", name="Try again").click()
    reader.page.get_by_role("link", name="ann", exact=True).wait_for()
    assert all("401" in complaint for complaint in reader.complaints)
    reader.complaints.clear()


def test_an_error_in_an_address_is_text(window: Callable[..., Window], proxied: str) -> None:
    reader = window(1440, home=proxied, alone=True)
    reader.page.goto(f"{reader.home}login?error=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert reader.page.locator("img").count() == 0
    assert all("401" in complaint for complaint in reader.complaints)
    reader.complaints.clear()


def test_without_a_path_the_provider_sends_back_to_where_the_reader_came_from(
    published: Published, provider: Provider
) -> None:
    """Behind a proxy with TLS that is https; without a proxy nobody is believed about it."""
    environment = {**provider.environment, "DARKSHELF_OAUTH_SECRET": SECRET}
    with serving(published.out, *GENERIC, "--origin", "shelves.example.com", environment=environment) as address:
        assert redirect_of(address, "https") == "https://shelves.example.com"
        cookies = http.cookiejar.CookieJar()
        reader = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        with reader.open(f"{address}?page=cases", timeout=30) as found:
            page = found.read().decode()
        link = re.search(r'href="([^"]+)">eve<', page)
        assert link is not None
        with reader.open(html.unescape(link[1]), timeout=30) as found:
            assert found.url == f"{address}?page=cases"
            assert "eve@example.com" in found.read().decode()
    with serving(published.out, *GENERIC, environment=environment) as address:
        assert redirect_of(address, "https", "localhost") == "http://localhost"
    assert provider.refused == []


def redirect_of(address: str, scheme: str, host: str = "shelves.example.com") -> str:
    """Where the provider is told to send back a reader of a proxy that speaks for this scheme."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    headers = {"X-Forwarded-Proto": scheme, "Host": host}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(Stay).open(urllib.request.Request(f"{address}login", headers=headers), timeout=30)
    caught.value.close()
    asked = urllib.parse.urlsplit(caught.value.headers["Location"])
    return urllib.parse.parse_qs(asked.query)["redirect_uri"][0]


def test_health_and_metrics_are_under_the_path(proxied: str, published: Published) -> None:
    with urllib.request.urlopen(f"{proxied}health", timeout=30) as found:
        assert json.loads(found.read()) == {"status": "ok", "night": published.main}
    with urllib.request.urlopen(f"{proxied}metrics", timeout=30) as found:
        assert b"darkshelf_sessions " in found.read()


def test_a_websocket_from_another_page_is_refused(proxied: str) -> None:
    headers = {
        "Origin": "http://evil.example",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(urllib.request.Request(f"{proxied}ws", headers=headers), timeout=30)
    caught.value.close()


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Access(oauth={"oauth_provider": "generic", "oauth_secret": SECRET}))
