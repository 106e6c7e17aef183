"""Languages: every text has an entry, and a page in German shows no English text of ours."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.shelf.sheet import Sentence
from engine.growth import desk as growth_desk
from engine.settings.growth.scaling import GrowthSettings
from panel_app import language
from panel_app.language import NAMES, PLACE, chosen, say, translated
from panel_app.pages.whitespace import SHEETS
from panel_app.settings import DashboardSettings
from panel_app.texts import SpeakingEnvironment, texts_of
from tests.growth.test_desk import golden_tables
from tests.panel_app import catalogue, whitespace_runs
from tests.panel_app.conftest import Window, windows
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.panel_app.conftest import Published

FURTHER = sorted(set(NAMES) - {language.ENGLISH})
CASE = "2_12_2025-06-19"
PAGES = (
    "?page=summary",
    "?page=cases&columns=all&region=South",
    f"?page=case&case={CASE}",
    "?page=value",
    "?page=queue",
    "?page=map",
    "?page=findings",
    "?page=tasks",
    "?page=growth",
    "?page=accuracy",
    "?page=run",
    "?page=growth&by=story&row=1/S1",
    "?page=summary&status=any",
    "?page=growth&by=grid",
    "?page=cases&text=nothing-is-called-so",
    "?page=growth&find=nothing-is-called-so",
    "?page=tasks&store=2",
    "?page=answers&store=2",
    "?page=whitespace",
    "?page=calls",
    *(f"?page={plan.key}" for plan in (sheet.PLAN for sheet in SHEETS)),
    "?page=elsewhere",
)
"""No page twice in a row: from one to another a reader moves, the same one is loaded."""
SCREEN = "store?store=2"
LEAVES = """() => {
  const found = []
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent)
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (["STYLE", "SCRIPT", "TEMPLATE", "KBD"].includes(node.tagName) || !node.translate) return
      for (const name of ["title", "aria-label", "placeholder"]) found.push(node.getAttribute(name) ?? "")
      if (node.shadowRoot) walk(node.shadowRoot)
    }
    node.childNodes.forEach(walk)
  }
  walk(document.body)
  return found
}"""
"""Every text of a page as it stands between tags, and those of attributes that are heard; no names of tables."""


@pytest.fixture(scope="module")
def home(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard over runs of every desk."""
    folder = tmp_path_factory.mktemp("languages")
    out = shutil.copytree(published.out, folder / "out", ignore=shutil.ignore_patterns("decisions.sqlite*", "*.log"))
    whitespace_runs.publish(folder / "whitespace")
    growth_desk.run(golden_tables().write(folder / "growth-in"), folder / "growth", GrowthSettings())
    with serving(out, "--growth", folder / "growth", "--further", f"whitespace={folder / 'whitespace'}") as address:
        yield address


@pytest.fixture
def window(chromium: Any, home: str) -> Iterator[Callable[..., Window]]:
    """Windows of that dashboard."""
    yield from windows(chromium, home)


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of German."""
    monkeypatch.setattr(language, "spoken", lambda: "de")


@pytest.mark.parametrize("spoken", FURTHER)
def test_a_language_has_an_entry_for_every_text_and_for_nothing_else(spoken: str) -> None:
    told, texts = catalogue.told(spoken), catalogue.texts()
    assert [text for text in texts if text not in told] == []
    assert sorted(set(told) - set(texts)) == []
    assert all(told.values())


@pytest.mark.parametrize("spoken", FURTHER)
def test_an_entry_puts_in_nothing_that_its_text_has_not(spoken: str) -> None:
    for text, told in catalogue.told(spoken).items():
        assert set(PLACE.findall(told)) <= set(PLACE.findall(text)), text
        assert sorted(re.findall(r"</?\w+>", told)) == sorted(re.findall(r"</?\w+>", text)), text


def test_a_language_is_what_the_address_says_then_the_browser_then_the_setting() -> None:
    assert chosen("de", "en", "en") == "de"
    assert chosen("", "de", "en") == "de"
    assert chosen("", "", "de") == "de"
    assert chosen("tlh", "../de", "") == "en"
    assert [DashboardSettings(language=key).language for key in NAMES] == list(NAMES)


@pytest.mark.parametrize(
    ("source", "texts", "shown"),
    [
        pytest.param("<p>Save</p>", ["Save"], "<p>Speichern</p>", id="a text"),
        pytest.param(
            "<p> {{ n }} cases </p>", ["{1} cases"], "<p> 7 cases </p>", id="without an entry it is English"
        ),
        pytest.param(
            "<p>{{ n }} of {{ m }}</p>", ["{1} of {2}"], "<p>7 von &lt;b&gt;</p>", id="what is put in is escaped"
        ),
        pytest.param(
            '<i title="Save" class="Save"></i>', ["Save"], '<i title="Speichern" class="Save"></i>', id="heard"
        ),
        pytest.param("{% if n %}<p>Save{% endif %}</p>", ["Save"], "<p>Speichern</p>", id="in a branch"),
        pytest.param(
            '<a{% if n %} class="day"{% endif %}>day</a>', ["day"], '<a class="day">Tag</a>', id="within a tag"
        ),
        pytest.param("{{ 'day' if n == 1 else 'days' }}", ["day", "days"], "Tage", id="a choice"),
        pytest.param("{{ x or ('Store ' ~ n) }}", ["Store"], "Filiale 7", id="joined"),
        pytest.param(
            '<i data-say-tally="{1} of {2}"></i>',
            ["{1} of {2}"],
            '<i data-say-tally="{1} von {2}"></i>',
            id="said by a script",
        ),
        pytest.param(
            '{% macro both(x, y="Day") %}{{ x }} {{ y }}{% endmacro %}{{ both("Save") }}, {{ both("", y="Store") }}',
            ["Day", "Save", "Store"],
            "Speichern Tag,  Filiale",
            id="handed to a macro",
        ),
        pytest.param(
            '{% macro around(x) %}{{ x }}: {{ caller() }}{% endmacro %}{% call around(x="Save") %}Day{% endcall %}',
            ["Save", "Day"],
            "Speichern: Tag",
            id="handed to a macro by a block",
        ),
        pytest.param(
            '{% set names = dict(a="Day") %}{{ names["a"] }} {{ dict(b="Store")["b"] }}',
            ["Day", "Store"],
            "Tag Filiale",
            id="called by a key",
        ),
        pytest.param("<p>{{ n }} · {{ m }}</p>", [], "<p>7 · &lt;b&gt;</p>", id="no words"),
        pytest.param("<p>{{ '<i>' }}</p>", [], "<p>&lt;i&gt;</p>", id="a mark of the data"),
    ],
)
def test_a_template_says_its_texts_in_the_readers_language(
    german: None, source: str, texts: list[str], shown: str
) -> None:
    environment = SpeakingEnvironment(autoescape=True)
    environment.globals["translated"] = translated
    assert list(texts_of(environment, source)) == texts
    assert environment.from_string(source).render(n=7, m="<b>", x="") == shown


@given(st.text(max_size=40))
def test_no_text_of_the_data_becomes_markup_or_a_place(text: str) -> None:
    made = translated("{1} of {2}", text, "x")
    assert made.endswith(" of x")
    assert "<" not in made


def test_code_says_its_texts_in_the_readers_language(german: None) -> None:
    assert say("Export as {1}", "CSV") == "Als CSV speichern"
    assert say("what nobody wrote down") == "what nobody wrote down"
    assert say("{1} of {2}") == "{1} von {2}"


def test_a_sentence_of_the_engine_is_english_by_itself() -> None:
    assert Sentence("{1} of it is accepted, on {2} cases.", (1234.5, 3)).told("€") == (
        "€1,234 of it is accepted, on 3 cases."
    )
    assert Sentence("{1} in all", (None,)).told("€") == "– in all"


def english_left(texts: list[str]) -> set[str]:
    """The texts of a page that are English ones of the catalogue, and called otherwise in German."""
    told = catalogue.told("de")
    otherwise = {text for text, german in told.items() if text != german and "{" not in text and "<" not in text}
    german = set(told.values())
    return {text for each in texts if (text := " ".join(each.split())) in otherwise and text not in german}


def test_every_page_in_german_is_german(window: Callable[..., Window]) -> None:
    reader = window(1280).open("?lang=de")
    left = {query: english_left(reader.move(query).page.evaluate(LEAVES)) for query in PAGES}
    assert {query: texts for query, texts in left.items() if texts} == {}
    assert reader.page.evaluate("document.documentElement.lang") == "de"
    assert "von" in reader.open("?page=cases&region=South").text(".pager")
    reader.page.get_by_role("link", name="English").click()
    reader.page.wait_for_selector("html[data-ready][lang=en]")
    assert "region=South" in reader.query
    assert reader.open("?page=cases").page.get_by_role("link", name="Summary").count() == 1


def test_the_store_screen_speaks_german_from_then_on(window: Callable[..., Window]) -> None:
    reader = window(390)
    for address in (f"{SCREEN}&lang=de", SCREEN, "store"):
        reader.page.goto(reader.home + address)
        assert reader.page.evaluate("document.documentElement.lang") == "de"
        assert english_left(reader.page.evaluate(LEAVES)) == set(), address
    reader.page.goto(reader.home + SCREEN)
    assert re.fullmatch(r"0 von \d+ beantwortet", reader.text("#tally"))
    reader.page.locator("article:visible .likely button").first.click()
    reader.page.locator("#line-said", has_text="Im Regal und in Ordnung.").wait_for()
    reader.page.get_by_role("button", name="Zurücknehmen").click()
    reader.page.locator("#line-said", has_text="Zurückgenommen.").wait_for()


def test_numbers_and_days_are_written_as_in_german(window: Callable[..., Window]) -> None:
    reader = window(1280).open("?page=cases&lang=de")
    assert "383.671.122" in reader.text("table.cases")
    assert "30.06.2025" in reader.text("nav.menu")
    assert " sind auf 8 Regalen bisher verloren." in reader.open("?page=value").text(".sentences")
