"""The store screen on a phone: answered by one thumb, over a bad line, taken back, with a photo of pixels alone."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from engine.decisions.shelf import answers
from engine.decisions.shelf.answers import Given
from engine.decisions.shelf.photos import FOLDER
from engine.decisions.store import open_decisions
from engine.runs.registry import Registry
from tests.decisions.test_photos import picture, with_exif
from tests.panel_app.conftest import Window, wait_for_count, windows
from tests.panel_app.loop.screen import overflowing
from tests.panel_app.serving import serving
from tests.panel_app.test_browser import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Published

STORE = "2"
CLOSED = 0
"""What stands for an answer where the server hung up."""
FINE, EMPTY = "On the shelf and fine", "Shelf empty, the backroom had it"
ANSWERED = "n => document.getElementById('done').value === n"
WAITING = "n => JSON.parse(localStorage.getItem('darkshelf-answers') ?? '[]').length === n"


@pytest.fixture(scope="module")
def out(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nights in a folder of their own, and no answer on any."""
    place = tmp_path_factory.mktemp("screen") / "out"
    return shutil.copytree(published.out, place, ignore=shutil.ignore_patterns("decisions.sqlite*", "*.log"))


@pytest.fixture(scope="module")
def home(out: Path) -> Iterator[str]:
    with serving(out) as address:
        yield address


@pytest.fixture(autouse=True)
def nothing_answered(out: Path) -> Iterator[None]:
    """What a test answered is gone after it."""
    yield
    decisions = open_decisions(out)
    with decisions.engine.begin() as connection:
        connection.exec_driver_sql("delete from answer")
    decisions.close()
    shutil.rmtree(out / FOLDER, ignore_errors=True)


@pytest.fixture
def phone(chromium: Any, home: str) -> Iterator[Callable[..., Window]]:
    """Phones, each of its own memory, with the checks of a store."""
    with contextmanager(windows)(chromium, home) as make:

        def opened(store: str = STORE) -> Window:
            reader = make(390, 844, alone=True, has_touch=True)
            reader.page.goto(f"{home}store?store={store}")
            return reader

        yield opened


def kept(out: Path) -> list[dict[str, Any]]:
    """The answers that count, in the order in which they came; the first of them is waited for."""
    decisions = open_decisions(out)
    for _ in range(100):
        found = answers.every(decisions).sort("answered_at").to_dicts()
        if found:
            break
        time.sleep(0.1)
    decisions.close()
    return found


def rows(out: Path) -> int:
    """How many rows were ever written."""
    decisions = open_decisions(out)
    with decisions.engine.connect() as connection:
        found = connection.exec_driver_sql("select count(*) from answer").scalar_one()
    decisions.close()
    return int(found)


def tap(reader: Window, wording: str) -> str:
    """Answer the check that is shown; returns its SKU."""
    card = reader.page.locator("article.check:visible")
    sku = card.get_attribute("data-sku")
    card.get_by_role("button", name=wording, exact=True).tap()
    return str(sku)


def total(reader: Window) -> int:
    return int(reader.page.locator("article.check").count())


def test_every_check_is_answered_one_after_the_other_by_big_buttons(phone, out) -> None:
    reader = phone()
    count = total(reader)
    assert count >= 2
    buttons = reader.page.locator("article.check:visible form > .likely button")
    wait_for_count(buttons, 3)
    assert all(button.bounding_box()["height"] >= 48 for button in buttons.all())
    for done in range(1, count + 1):
        wait_for_count(reader.page.locator("article.check:visible"), 1)
        tap(reader, FINE)
        reader.page.wait_for_function(ANSWERED, arg=done)
    reader.page.locator("#all-done:visible").wait_for()
    reader.page.wait_for_function(WAITING, arg=0)
    assert [row["answer"] for row in kept(out)] == ["on_shelf_fine"] * count
    assert {row["answered_by"] for row in kept(out)} == {f"store {STORE}"}


def test_other_unfolds_the_rest_and_a_count_and_a_note_go_with_the_answer(phone, out) -> None:
    reader = phone()
    card = reader.page.locator("article.check:visible")
    card.locator("summary").tap()
    wait_for_count(card.locator("button[name=answer]:visible"), 11)
    card.get_by_label("Count").fill("7")
    card.get_by_label("Note").fill("the label is gone")
    tap(reader, "No longer carried here")
    reader.page.wait_for_function(WAITING, arg=0)
    (row,) = kept(out)
    assert (row["answer"], row["counted_units"], row["note"]) == ("not_carried", 7.0, "the label is gone")


def test_a_photo_is_kept_without_what_it_told_of_its_maker(phone, out) -> None:
    reader = phone()
    reader.page.locator("article.check:visible input[type=file]").set_input_files(
        {"name": "shelf.jpg", "mimeType": "image/jpeg", "buffer": with_exif()}
    )
    reader.page.locator("article.check:visible .taken:visible").wait_for()
    tap(reader, EMPTY)
    reader.page.wait_for_function(WAITING, arg=0)
    (row,) = kept(out)
    content = (out / FOLDER / row["photo"]).read_bytes()
    assert content.startswith(b"\xff\xd8")
    assert b"SECRET" not in content
    assert reader.page.request.get(f"{reader.home}store/photos/{row['photo']}").body() == content


def test_without_a_line_answers_wait_on_the_phone_and_are_sent_once(phone, out) -> None:
    reader = phone()
    reader.page.context.set_offline(True)
    tap(reader, FINE)
    tap(reader, EMPTY)
    reader.page.locator("#line-said", has_text="2 wait on this phone").wait_for()
    assert rows(out) == 0
    reader.page.evaluate("localStorage.setItem('before', localStorage.getItem('darkshelf-answers'))")
    reader.page.context.set_offline(False)
    reader.page.wait_for_function(WAITING, arg=0)
    assert [row["answer"] for row in kept(out)] == ["on_shelf_fine", "empty_backroom"]
    # As where the line broke after the server had them: they are sent again, and known.
    reader.page.evaluate("localStorage.setItem('darkshelf-answers', localStorage.getItem('before'))")
    reader.page.reload()
    reader.page.wait_for_function(WAITING, arg=0)
    assert rows(out) == 2


def test_an_answer_is_taken_back_with_a_line_and_without(phone, out) -> None:
    reader = phone()
    sku = tap(reader, EMPTY)
    reader.page.wait_for_function(WAITING, arg=0)
    assert len(kept(out)) == 1
    reader.page.get_by_role("button", name="Undo").tap()
    reader.page.wait_for_function(WAITING, arg=0)
    reader.page.wait_for_function(ANSWERED, arg=0)
    assert kept(out) == []
    assert reader.page.locator("article.check:visible").get_attribute("data-sku") == sku
    reader.page.context.set_offline(True)
    tap(reader, EMPTY)
    reader.page.get_by_role("button", name="Undo").tap()
    tap(reader, FINE)
    reader.page.context.set_offline(False)
    reader.page.wait_for_function(WAITING, arg=0)
    assert [(row["sku_id"], row["answer"]) for row in kept(out)] == [(sku, "on_shelf_fine")]


def test_what_somebody_else_answered_unseen_stays_and_is_told(phone, out) -> None:
    reader = phone()
    sku = reader.page.locator("article.check:visible").get_attribute("data-sku")
    decisions = open_decisions(out)
    run = Registry(out).find(None, "shelf")
    answers.give(decisions, run, Given(STORE, sku, "damaged"), by="Eve", key="e" * 32, seen="")
    decisions.close()
    tap(reader, FINE)
    reader.page.locator("article.check:visible .said", has_text="Eve answered").wait_for()
    assert reader.page.locator("article.check:visible").get_attribute("data-sku") == sku
    assert [row["answer"] for row in kept(out)] == ["damaged"]
    tap(reader, FINE)
    reader.page.wait_for_function(WAITING, arg=0)
    assert [row["answer"] for row in kept(out)] == ["damaged", "on_shelf_fine"]


def test_the_hits_of_the_week_and_their_money_grow_with_the_answers(phone) -> None:
    reader = phone()
    assert "nothing looked at yet" in reader.text("#week")
    tap(reader, EMPTY)
    reader.page.locator("#week", has_text="1 hit of 1 looked at").wait_for()
    assert "$" in reader.text("#week")


def test_a_barcode_is_read_where_the_browser_can_and_else_not_offered(phone) -> None:
    reader = phone()
    assert reader.page.locator("#scan:visible").count() == int(reader.page.evaluate("'BarcodeDetector' in window"))
    last = reader.page.locator("article.check").last.get_attribute("data-sku")
    reader.page.add_init_script(
        f"window.BarcodeDetector = class {{ async detect() {{ return [{{rawValue: '000{last}'}}] }} }}"
    )
    reader.page.reload()
    reader.page.locator("#barcode").set_input_files(
        {"name": "code.jpg", "mimeType": "image/jpeg", "buffer": picture(20, 20)}
    )
    reader.page.locator(f"article.check[data-sku='{last}']:visible").wait_for()
    assert reader.page.locator("article.check:visible").count() == 1


@pytest.mark.parametrize("store", ["1", "3", "5"])
def test_a_phone_shows_all_of_it_and_everybody_can_use_it(phone, store) -> None:
    reader = phone(store)
    reader.page.locator("article.check:visible summary").tap()
    assert overflowing(reader.page) == []
    assert faults(reader.page) == []


def test_a_sheet_leads_to_the_screen_and_the_screen_to_other_stores(phone, home) -> None:
    reader = phone()
    reader.open(f"?page=tasks&store={STORE}").page.get_by_role("link", name="Answer on the phone").click()
    reader.page.locator("article.check:visible").wait_for()
    reader.page.get_by_role("link", name="Another store").click()
    reader.page.get_by_label("Store").select_option("6")
    reader.page.get_by_role("button", name="Show its checks").click()
    reader.page.locator("h1", has_text="Plain").wait_for()


def sent(home: str, body: bytes, kind: str = "application/x-www-form-urlencoded", **headers: str) -> tuple[int, Any]:
    """What the server says to a body that no screen sent."""
    asked = urllib.request.Request(f"{home}store/answers", body, {"Content-Type": kind, **headers})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answered:
            return answered.status, json.loads(answered.read())
    except urllib.error.HTTPError as error:
        return error.code, None
    except OSError:
        return CLOSED, None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "was not judged"),
        ({"store": STORE, "sku": "12", "answer": "huh"}, "none there is"),
        ({"store": STORE, "sku": "12", "answer": "damaged", "counted": "many"}, "is no number"),
        ({"store": STORE, "sku": "12", "answer": "damaged"}, "key"),
        ({"store": STORE, "sku": "12", "takes_back": "a" * 32, "key": "b" * 32}, "was taken back"),
        ({"run": "2020-01-01-none", "store": STORE}, "2020-01-01-none"),
    ],
)
def test_what_no_screen_sends_is_refused_in_words(home, out, fields, told) -> None:
    status, reply = sent(home, urlencode(fields).encode())
    assert status == 200
    assert reply["kind"] in {"refused", "conflict"}
    assert told in reply["text"]
    assert rows(out) == 0


def test_an_answer_from_the_page_of_somebody_else_is_refused(home, out) -> None:
    fields = urlencode({"store": STORE, "sku": "12", "answer": "damaged", "key": "c" * 32}).encode()
    assert sent(home, fields, Origin="http://evil.example")[0] == 403
    assert rows(out) == 0


def test_a_body_that_is_too_large_is_not_read(home, out) -> None:
    assert sent(home, b"x" * 30_000_000) in {(CLOSED, None), (400, None)}
    assert rows(out) == 0
