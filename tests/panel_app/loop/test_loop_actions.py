"""What people do on the pages of the loop: look into events, plan, print, answer, decide on growth, compare."""

from __future__ import annotations

import json
import re
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.decisions.growth import words as gw
from tests.command import PROGRAM
from tests.panel_app.conftest import wait_for_count

if TYPE_CHECKING:
    from typing import Any

PRINTED = "() => { window.printed = 0; window.print = () => { window.printed += 1 } }"


OPEN_CHECKS = """
(left) => {
  const count = (root) => [...root.querySelectorAll('*')].reduce(
    (sum, el) => sum + (el.shadowRoot ? count(el.shadowRoot) : 0)
      + (el.matches('.checks .note') && el.textContent === 'open'), 0)
  return count(document) === left
}
"""


def heading(screen: Any, text: str) -> None:
    """Wait until the page has this heading."""
    screen.locator("h1", has_text=text).first.wait_for()


def told(screen: Any) -> str:
    """What the page says became of the last act."""
    screen.locator(".reply").first.wait_for()
    return screen.locator(".reply").first.inner_text()


def test_an_event_leads_to_its_cases_and_back_again(open_page):
    screen = open_page("?page=findings&kind=sku_in_stores")
    screen.locator("table.grid tbody tr").first.click()
    screen.get_by_role("link", name="close").wait_for()
    screen.wait_for_url(re.compile("event="))
    screen.locator("section[aria-labelledby=event] tbody a").first.click()
    screen.wait_for_url(re.compile("page=case"))
    screen.go_back()
    screen.get_by_role("link", name="close").click()
    screen.wait_for_url(re.compile(r"^(?!.*event=)"))


def test_kinds_of_events_are_chosen_one_by_one(open_page):
    screen = open_page("?page=findings")
    kinds = screen.locator(".chooser a")
    last = kinds.last.locator("b").inner_text()
    kinds.last.click()
    screen.locator("#events", has_text=last).wait_for()


def test_the_minutes_of_a_store_are_in_the_address_and_change_the_plan(open_page):
    screen = open_page("?page=tasks")
    screen.get_by_label("Minutes a store").select_option("15")
    screen.wait_for_url(re.compile("minutes=15"))
    screen.get_by_text("of 15 min").first.wait_for()
    screen.reload()
    screen.get_by_text("of 15 min").first.wait_for()


def test_a_sheet_is_printed_on_one_page_and_taken_as_csv(open_page):
    screen = open_page("?page=tasks&store=3")
    screen.evaluate(PRINTED)
    screen.get_by_role("button", name="Print").click()
    screen.wait_for_function("window.printed === 1")
    pages = screen.pdf(format="A4").count(b"/Type /Page\n")
    assert pages == 1
    with screen.expect_download() as arriving:
        screen.get_by_text("CSV to fill in").click()
    form = pl.read_csv(arriving.value.path().read_bytes(), infer_schema=False)
    assert form["store_id"].unique().to_list() == ["3"]
    assert {"case_id", "drawn", "value", "chance"}.isdisjoint(form.columns)


def test_names_that_look_like_formulas_are_neutralised_in_the_file(open_page):
    screen = open_page("?page=tasks&store=3")
    with screen.expect_download() as arriving:
        screen.get_by_text("CSV to fill in").click()
    form = pl.read_csv(arriving.value.path().read_bytes(), infer_schema=False)
    assert form["store_name"].unique().to_list() == ["'=SUM(A1)"]


def test_answers_are_given_one_after_the_other(open_page):
    screen = open_page("?page=answers&store=5", width=390)
    open_checks = screen.locator(".checks .note", has_text=re.compile("^open$"))
    open_checks.first.wait_for()
    before = open_checks.count()
    screen.get_by_label("Note").fill("behind the milk")
    screen.get_by_role("button", name="Shelf empty, the backroom had it").click()
    assert told(screen) == "Kept: Shelf empty, the backroom had it."
    wait_for_count(open_checks, before - 1)
    for left in range(before - 2, -1, -1):
        screen.get_by_role("button", name="On the shelf and fine").click()
        screen.wait_for_function(OPEN_CHECKS, arg=left)
    screen.get_by_text("Everything is answered").wait_for()


def test_a_store_is_asked_the_same_by_every_process_before_and_after_its_answers(open_page, runs):
    def asked_elsewhere() -> list[str]:
        words = [PROGRAM, "tasks", "--out", runs, "--store", "9", "--json"]
        told = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True)
        return [
            task["sku_id"]
            for sheet in json.loads(told.stdout)["stores"]
            for g in sheet["groups"]
            for task in g["tasks"]
        ]

    screen = open_page("?page=answers&store=9")
    links = screen.locator(".checks a")
    links.first.wait_for()
    shown = [re.search(r"sku=(\w+)", link.get_attribute("href") or "")[1] for link in links.all()]
    assert shown == asked_elsewhere()
    screen.get_by_role("button", name="On the shelf and fine").click()
    told(screen)
    wait_for_count(links, len(shown))
    assert shown == asked_elsewhere()
    screen = open_page("?page=tasks&store=9")
    screen.get_by_text("1 of the checks is answered already.").wait_for()
    wait_for_count(screen.locator(".sheet .order"), len(shown) - 1)


def test_a_big_button_is_big_enough_for_a_thumb(open_page):
    screen = open_page("?page=answers&store=6", width=390)
    for button in screen.locator(".choices button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_file_of_answers_is_taken_in_and_a_faulty_one_is_told_of(open_page):
    screen = open_page("?page=tasks&store=7")
    with screen.expect_download() as arriving:
        screen.get_by_text("CSV to fill in").click()
    form = pl.read_csv(arriving.value.path().read_bytes(), infer_schema=False)
    screen = open_page("?page=answers")
    given = {"answered_on": "2026-04-01", "answered_by": "Eve"}
    upload(screen, form.with_columns(answer=pl.lit("nonsense"), **{k: pl.lit(v) for k, v in given.items()}))
    assert "answer is none there is" in told(screen)
    upload(screen, form.with_columns(answer=pl.lit("damaged"), **{k: pl.lit(v) for k, v in given.items()}))
    screen.get_by_text(
        f"{form.height} rows: {form.height} new answers, 0 known already, 0 without an answer."
    ).wait_for()


def upload(screen: Any, frame: pl.DataFrame) -> None:
    """Give the page a file, as the file dialogue of the browser does."""
    written = BytesIO()
    frame.write_csv(written)
    file = {"name": "answers.csv", "mimeType": "text/csv", "buffer": written.getvalue()}
    screen.locator("input[type=file]").set_input_files([file])


def test_accuracy_is_parted_as_the_reader_likes(open_page):
    screen = open_page("?page=tasks&store=8")
    heading(screen, "Checks")
    screen = open_page("?page=answers&store=8")
    screen.locator(".choices button").first.click()
    told(screen)
    screen = open_page("?page=accuracy")
    if screen.locator(".tabs").count():
        screen.get_by_role("link", name="Cause", exact=True).click()
        screen.wait_for_url(re.compile("by=cause"))
    screen.get_by_text("What accepted actions brought").wait_for()


def test_a_candidate_that_got_nothing_is_found_as_easily_as_one_that_got_something(open_page):
    screen = open_page("?page=growth")
    screen.get_by_label("Status").select_option("BLOCKED_STEP10")
    screen.wait_for_url(re.compile("state=BLOCKED_STEP10"))
    screen.get_by_text("2 of 21 candidates").wait_for()
    screen.locator("table.grid tr[data-href]").first.click()
    screen.get_by_role("heading", name=re.compile(" in ")).wait_for()
    assert "NO CONFLICT" in screen.locator(".candidate pre").inner_text()


def test_candidates_are_found_by_name(open_page):
    screen = open_page("?page=growth")
    screen.get_by_label("Find").fill("p'é00")
    screen.get_by_label("Find").press("Enter")
    screen.wait_for_url(re.compile("find="))
    screen.get_by_text(re.compile("^1 of 21 candidates")).wait_for()


def test_a_candidate_is_adjusted_down_rejected_undone_and_accepted(open_page):
    screen = open_page("?page=growth&state=SCALED")
    screen.locator("table.grid tr[data-href]").first.click()
    form = screen.locator("form[data-send=decide]")
    form.wait_for()
    most = float(form.get_by_label("Down to").get_attribute("max") or 0)
    form.get_by_label("Down to").fill(str(round(most / 2, 1)))
    form.get_by_role("button", name="Adjust down").click()
    assert told(screen) == "Saved: modified."
    form.get_by_label("Reason to reject").select_option(next(iter(gw.REASONS)))
    form.get_by_role("button", name="Reject").click()
    screen.locator(".reply.refused", has_text="comment").wait_for()
    form.get_by_label("Reason to reject").select_option(next(iter(gw.REASONS)))
    form.get_by_role("textbox", name="Comment").fill("the wall is full")
    form.get_by_role("button", name="Reject").click()
    screen.locator(".reply", has_text="Saved: rejected.").wait_for()
    form.get_by_role("button", name="Undo").click()
    screen.locator(".reply", has_text="Undone.").wait_for()
    form.get_by_role("button", name="Accept").click()
    screen.locator(".reply", has_text="Saved: accepted.").wait_for()
    screen.get_by_text("1 accepted").wait_for()
    assert screen.locator("table.grid .chip.accepted").count() == 1


def test_the_growth_sheet_is_printed_and_the_candidates_are_exported_as_filtered(open_page):
    screen = open_page("?page=growth&state=SCALED")
    screen.evaluate(PRINTED)
    screen.get_by_role("button", name="Print").click()
    screen.wait_for_function("window.printed === 1")
    with screen.expect_download() as arriving:
        screen.get_by_text("Export as CSV").click()
    rows = pl.read_csv(arriving.value.path().read_bytes(), infer_schema=False)
    assert rows["status"].unique().to_list() == ["SCALED"]


def test_two_nights_are_compared(open_page, runs):
    screen = open_page("?page=run")
    other = sorted(folder.name for folder in (runs / "runs").iterdir())[0]
    screen.get_by_label("Compare with").select_option(other)
    screen.wait_for_url(re.compile("with="))
    screen.get_by_text("are open in both").wait_for()
    screen.locator("select[data-do=night]").select_option(other)
    heading(screen, "The run of Mar 20, 2026")


def test_what_was_set_aside_is_shown_with_its_reason(open_page):
    screen = open_page("?page=run")
    screen.locator("a[href*='aside=pricing']").click()
    screen.get_by_role("heading", name="Set aside from pricing").wait_for()
    assert "price is negative" in screen.locator("section[aria-labelledby=warnings]").inner_text()


@pytest.mark.parametrize(
    "query", ["?page=growth&scaling=..%2F..%2Fetc", "?page=run&run=nothing-there", "?page=tasks&store=none"]
)
def test_an_address_that_leads_nowhere_says_so(open_page, query):
    screen = open_page(query)
    assert screen.locator(".card.state, .lead").first.inner_text()
