"""Each way that somebody got in where they do not belong, tried on a server."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from panel_app.door.users import add_user, remove_user
from tests.panel_app.people import PASSWORDS, Reader
from tests.panel_app.serving import log_of, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.panel_app.conftest import Published

HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Resource-Policy",
)


def logged_in(home: str, name: str) -> Reader:
    reader = Reader(home)
    assert reader.log_in(name).status == 302
    return reader


def payload_of(token: str) -> dict:
    """What anybody can read in a token."""

    def plain(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    told = json.loads(plain(token.partition(".")[0]))
    packed = next(value for key, value in told.items() if key.startswith("__bk__zlib"))
    return json.loads(zlib.decompress(plain(packed)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["", "login", "health", "metrics", "static/js/bokeh.min.js", "no/such/page", "favicon.ico"]
)
def test_every_answer_carries_the_headers(guarded: str, path: str) -> None:
    answer = Reader(guarded).ask(path)
    assert [name for name in HEADERS if not answer.headers[name]] == []
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"] is None


def test_no_two_answers_share_a_nonce(served: str) -> None:
    one, other = (Reader(served).ask().headers["Content-Security-Policy"] for _ in range(2))
    assert "'unsafe-inline'" not in one.partition("script-src ")[2].partition(";")[0]
    assert one != other


@pytest.mark.parametrize("path", ["", "health", "static/js/bokeh.min.js", "login"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:5006", "localhost.evil.example", "127.0.0.1.nip.io"])
def test_a_name_that_is_not_ours_is_refused(served: str, path: str, host: str) -> None:
    answer = Reader(served).ask(path, {"Host": host})
    assert answer.status == 403
    assert "not served under this name" in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "LOCALHOST:5006", "[::1]:5006"])
def test_this_machine_is_answered_by_each_of_its_names(served: str, host: str) -> None:
    assert Reader(served).ask("health", {"Host": host}).status == 200


def test_a_page_elsewhere_opens_no_websocket_and_loads_no_script_of_a_page(served: str) -> None:
    reader = Reader(served)
    token = reader.ask().token
    assert reader.connect(token, {"Origin": "http://evil.example"}) == 403
    assert reader.connect(token, {"Origin": served.rstrip("/")}) == 101
    assert reader.ask("autoload.js?bokeh-autoload-element=a").status == 404


@pytest.mark.parametrize("path", ["?bokeh-session-id=fixed", "?bokeh-token=a.b", "metadata?bokeh-session-id=fixed"])
def test_nobody_names_the_session_they_get(guarded: str, served: str, path: str) -> None:
    for reader in (Reader(served), logged_in(guarded, "eve")):
        assert reader.ask(path).status == 403


def test_a_session_in_a_header_is_refused_too(served: str) -> None:
    assert Reader(served).ask("", {"Bokeh-Session-Id": "fixed"}).status == 403


def test_nobody_gets_into_the_page_of_another(guarded: str) -> None:
    ann, eve = logged_in(guarded, "ann"), logged_in(guarded, "eve")
    of_ann, of_eve = ann.ask().token, eve.ask().token
    assert eve.connect(of_ann) == 403
    assert Reader(guarded).connect(of_ann) == 403
    assert eve.connect(of_eve) == 101


def test_a_token_that_was_not_signed_here_is_refused(served: str, guarded: str) -> None:
    reader, ann = Reader(served), logged_in(guarded, "ann")
    token = reader.ask().token
    body, _, signature = token.partition(".")
    made = base64.urlsafe_b64encode(json.dumps({"session_id": "fixed", "session_expiry": 2**40}).encode()).decode()
    for forged in (body, f"{body}.{signature[::-1]}", made.rstrip("="), "nonsense", "", ann.ask().token):
        assert reader.connect(forged) == 403


def test_the_token_of_a_page_holds_no_cookie_that_lets_anybody_in(guarded: str) -> None:
    ann = logged_in(guarded, "ann")
    told = payload_of(ann.ask("", {"Cookie": f"other=1; darkshelf_login={ann.cookies['darkshelf_login']}"}).token)
    assert set(told["cookies"]) == {"darkshelf_loaded_by"}
    assert told["headers"].keys() <= {"Cookie"}
    assert ann.cookies["darkshelf_login"] not in json.dumps(told)


@pytest.mark.parametrize("name", ["is_guest", "user", "darkshelf_loaded_by"])
def test_a_cookie_that_a_reader_makes_up_changes_nobody(guarded: str, name: str) -> None:
    eve = logged_in(guarded, "eve")
    eve.cookies[name] = "1"
    text = eve.ask().text
    assert '<span class="who">eve · view only</span>' in text
    del eve.cookies["darkshelf_login"]
    assert eve.ask().status == 302


def test_a_cookie_with_another_signature_lets_nobody_in(guarded: str) -> None:
    eve = logged_in(guarded, "eve")
    whole = eve.cookies["darkshelf_login"]
    eve.cookies["darkshelf_login"] = f"{whole[:-4]}0000"
    assert eve.ask().status == 302


@pytest.mark.slow
def test_wrong_passwords_wait_longer_each_time_and_are_all_logged(published: Published, people: Path) -> None:
    slow = ("--set", "login_delay_seconds=60", "--set", "login_tries_per_address=3")
    with serving(published.out, "--users", people, *slow) as address:
        answers = [Reader(address).log_in("ann", f"wrong {n}") for n in range(40)]
        assert [answer.status for answer in answers] == [401, *[429] * 39]
        assert int(answers[1].headers["Retry-After"]) > 50
        assert Reader(address).log_in("ann").status == 429, "the right password waits like any other"
        told = log_of(published.out, address)
        assert told.count("login failed: name 'ann', address 127.0.0.1") == 1
        assert told.count("login refused: name 'ann', address 127.0.0.1, has to wait") == 40
        assert Reader(address).log_in("eve").status == 302, "another name from this address does not wait yet"
        others = [Reader(address).log_in(f"nobody {n}", "wrong").status for n in range(5)]
        assert others == [401, 401, 429, 429, 429], "names that are made up wait by their address"


def test_a_name_in_the_log_cannot_begin_a_line(guarded: str, published: Published) -> None:
    Reader(guarded).log_in("x\n2026-01-01 login: name 'ann'", "wrong password")
    assert r"name 'x\n2026-01-01 login: name \'ann\''" in log_of(published.out, guarded).replace('"', "'") or (
        "\n2026-01-01 login" not in log_of(published.out, guarded)
    )


def test_cookies_are_for_no_script_and_no_other_site(guarded: str) -> None:
    cookie = Reader(guarded).log_in("ann").cookie()
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


@pytest.mark.slow
def test_behind_tls_cookies_go_by_tls_alone_and_every_login_expires(published: Published, people: Path) -> None:
    short = ("--set", "login_hours=0.001")
    with serving(published.out, "--users", people, "--origin", "shelves.example.com", *short) as address:
        by_tls = {"X-Forwarded-Proto": "https", "Host": "shelves.example.com"}
        ann = Reader(address)
        answer = ann.log_in("ann", headers=by_tls)
        assert "Secure" in answer.cookie()
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert Reader(address).ask("", {"Host": "evil.example"}).status == 403
        assert ann.ask().status == 200
        assert eventually(lambda: ann.ask().status == 302)


def test_a_logged_out_cookie_is_worthless(guarded: str) -> None:
    ann = logged_in(guarded, "ann")
    token, kept = ann.ask().token, dict(ann.cookies)
    assert ann.ask("logout").status == 200
    assert ann.ask().status == 200, "a mere link logs nobody out"
    assert ann.ask("logout", form={}).status == 200
    thief = Reader(guarded, kept)
    assert thief.ask().status == 302
    assert thief.connect(token) == 403


@pytest.mark.slow
def test_a_logout_holds_on_the_other_process_too(published: Published, people: Path, guarded: str) -> None:
    with serving(published.out, "--users", people) as other:
        ann = logged_in(guarded, "ann")
        there = Reader(other, ann.cookies.copy())
        assert there.ask().status == 200, "both sign with the secret of the output folder"
        ann.ask("logout", form={})
        assert eventually(lambda: there.ask().status == 302)


@pytest.mark.slow
def test_who_is_removed_or_gets_another_password_is_out(guarded: str, people: Path) -> None:
    for name in ("bob", "cleo"):
        add_user(people, name, f"{name} and a first password")
    bob, cleo = Reader(guarded), Reader(guarded)
    assert bob.log_in("bob", "bob and a first password").status == 302
    assert cleo.log_in("cleo", "cleo and a first password").status == 302
    add_user(people, "bob", "another word or two")
    remove_user(people, "cleo")
    assert eventually(lambda: (bob.ask().status, cleo.ask().status) == (302, 302))
    assert Reader(guarded).log_in("bob", "bob and a first password").status == 401
    assert Reader(guarded).log_in("cleo", "cleo and a first password").status == 401
    remove_user(people, "bob")


def test_a_form_from_another_page_logs_nobody_in_or_out(guarded: str) -> None:
    foreign = {"Origin": "http://evil.example"}
    assert Reader(guarded).log_in("ann", headers=foreign).status == 403
    ann = logged_in(guarded, "ann")
    assert ann.ask("logout", foreign, {}).status == 403
    assert ann.ask("logout", {"Origin": "null"}, {}).status == 403
    assert ann.ask().status == 200


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "///evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere_after_logging_in(guarded: str, wanted: str) -> None:
    form = {"username": "ann", "password": PASSWORDS["ann"], "next": wanted}
    assert Reader(guarded).ask("login", form=form).headers["Location"] == "/"


def test_who_was_on_the_way_somewhere_gets_there(guarded: str) -> None:
    form = {"username": "ann", "password": PASSWORDS["ann"], "next": "/?page=cases&region=North"}
    assert Reader(guarded).ask("login", form=form).headers["Location"] == "/?page=cases&region=North"


def test_a_body_of_megabytes_is_not_taken_from_strangers(guarded: str) -> None:
    try:
        assert Reader(guarded).ask("login", form={"username": "x" * 100_000}).status in (400, 413)
    except ConnectionError:
        assert Reader(guarded).ask("login").status == 200, "it hangs up on such a body, and serves the next one"


def eventually(is_so) -> bool:
    """Whether something comes true within some seconds."""
    from time import sleep

    for _ in range(100):
        if is_so():
            return True
        sleep(0.1)
    return False
