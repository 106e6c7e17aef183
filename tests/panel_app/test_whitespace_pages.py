"""The pages of the whitespace desk: what they show comes from files, and the address holds what is looked at."""

from __future__ import annotations

import html
import re
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import polars as pl
import pytest

from engine.outputs.names import joined
from engine.outputs.whitespace import shapes
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.shapes import unfit
from engine.whitespace.slug import slug
from panel_app.app import Shell
from panel_app.markup import Html
from panel_app.pages import whitespace
from panel_app.pages.whitespace.gaps import GapsPage
from panel_app.pages.whitespace.sheet import Sheet
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings
from panel_app.stores.whitespace import STATES, Whitespace
from tests.panel_app import whitespace_runs as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.decisions.store import Decisions

# The button of panel-material-ui gives Panel its own older name for the look beside the one that is asked for.
pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")

GAP = joined("C/000", made.TOOLS)
SHEETS = {sheet.PLAN.key: sheet.PLAN for sheet in whitespace.SHEETS}
NEEDED = {
    "metrics": "metrics",
    "explain": "importance",
    "validation": "scenarios",
    "leakage": "leakage",
    "ablation": "ablation",
    "horizons": "horizon",
    "cards": "cards",
}
"""What the files begin with without which a page has nothing to show."""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole run."""
    folder: Path = tmp_path_factory.mktemp("whitespace")
    made.publish(folder)
    return folder


@pytest.fixture
def look(out: Path, decisions: Decisions) -> Callable[[str], Session]:
    """Sessions by their address."""
    rooms = Rooms(out, load_settings(assignments={"page_rows": 10}))
    return lambda query: Session(rooms, decisions, query)


def written(session: Session) -> str:
    """Everything that the page of a session says, its charts too."""
    shell = Shell(session)
    for draw in session._waiting:
        draw()
    return "".join(piece.html for piece in shell.content.select(Html))


def links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'<a [^>]*href="([^"]*)"', text)]


def found(page: GapsPage) -> int:
    """How many candidates pass, as the page says."""
    shown = re.search(r'<data class="number" value="(\d+)"', page.table.html.partition('class="found"')[2])
    assert shown is not None
    return int(shown[1])


def test_the_runs_of_these_tests_have_the_shapes_of_the_gauntlet() -> None:
    leakage = [one for one in made.artifacts(made.CUTOFF) if one.path.startswith("leakage/")]
    assert [unfit(one) for one in leakage if unfit(one)] == []


def test_the_list_is_the_home_page_where_whitespace_alone_has_runs(look: Callable[[str], Session]) -> None:
    shell = Shell(look(""))
    assert shell.session.title == "Candidates · darkshelf"
    titles = re.findall(r">([^<]+)</a></li>", re.sub(r"\s+", " ", shell.menu.html))
    assert titles == ["Candidates", "Calls", *(plan.title for plan in SHEETS.values())]


@pytest.mark.proves("L149")
@pytest.mark.parametrize("key", SHEETS)
@pytest.mark.parametrize("division", ["", *made.DIVISIONS], ids=["all", "model", "heuristic"])
def test_every_page_shows_every_division_and_escapes_what_data_say(
    look: Callable[[str], Session], key: str, division: str
) -> None:
    text = written(look(f"?page={key}&division={quote(division)}"))
    assert "This cannot be shown" not in text
    assert "Make it with" not in text
    for raw in (made.SERVICES, made.SCRIPT, "<i>rows</i>", "<u>clock</u>", "<b>not</b>"):
        assert raw not in text


@pytest.mark.parametrize("key", NEEDED)
def test_a_page_whose_stage_was_not_run_says_how_to_run_it_and_which_part_has_it(
    tmp_path: Path, decisions: Decisions, key: str
) -> None:
    whole = made.publish(tmp_path, without=(NEEDED[key],))
    alone = written(Session(Rooms(tmp_path, load_settings()), decisions, f"?page={key}"))
    assert f"darkshelf whitespace {SHEETS[key].verb} INPUT" in alone
    part = made.publish(tmp_path, part_of=whole)
    beside = written(Session(Rooms(tmp_path, load_settings()), decisions, f"?page={key}&run={whole}"))
    assert f"?page={key}&run={part}" in links(beside)


def test_a_list_that_trained_nothing_leads_to_the_run_whose_models_it_took(
    tmp_path: Path, decisions: Decisions
) -> None:
    trained = made.publish(tmp_path)
    rescored = made.publish(tmp_path, without=("metrics",), models_of=trained)
    for page in ("whitespace", "metrics"):
        shown = written(Session(Rooms(tmp_path, load_settings()), decisions, f"?page={page}&run={rescored}"))
        assert f"?page={page}&run={trained}" in links(shown)
    runs = written(Session(Rooms(tmp_path, load_settings()), decisions, f"?page=runs&run={rescored}"))
    assert "Models of" in runs
    assert "trained" not in written(Session(Rooms(tmp_path, load_settings()), decisions, f"?run={trained}"))


def test_a_run_that_did_not_rank_says_so_on_the_page_of_the_list(tmp_path: Path, decisions: Decisions) -> None:
    made.publish(tmp_path, without=(f"whitespace_{made.CUTOFF}.parquet",))
    text = written(Session(Rooms(tmp_path, load_settings()), decisions, ""))
    assert "did not rank" in text
    assert "darkshelf whitespace rank INPUT" in text


@pytest.mark.parametrize("query", ["", f"?case={quote(GAP)}", "?page=validation"])
def test_no_page_of_a_run_in_euros_tells_of_dollars(tmp_path: Path, decisions: Decisions, query: str) -> None:
    made.publish(tmp_path, currency="€")
    text = written(Session(Rooms(tmp_path, load_settings()), decisions, query))
    assert 'data-currency="€">€' in text
    assert "$" not in text


def test_an_earlier_list_keeps_its_own_currency(tmp_path: Path, decisions: Decisions) -> None:
    dollars = made.publish(tmp_path, date(2025, 12, 31))
    made.publish(tmp_path, currency="€")
    text = written(Session(Rooms(tmp_path, load_settings()), decisions, f"?run={dollars}"))
    assert 'data-currency="$">$' in text
    assert "€" not in text


def test_a_division_that_is_not_there_is_told_with_those_that_are(look: Callable[[str], Session]) -> None:
    text = written(look("?page=metrics&division=Nowhere"))
    assert "has no division &#39;Nowhere&#39;" in text
    assert made.TOOLS in text


def test_a_division_that_is_chosen_is_shown_and_stays_on_the_other_pages(look: Callable[[str], Session]) -> None:
    session = look("?page=metrics")
    shell = Shell(session)
    before = "".join(piece.html for piece in shell.content.select(Html))
    Sheet(session, SHEETS["metrics"])._press("division", made.TOOLS)
    after = "".join(piece.html for piece in shell.content.select(Html))
    assert "popularity, degenerate" not in before
    assert "popularity, degenerate" in after
    assert ">heuristic</span>" in after
    (leakage,) = [link for link in links(shell.menu.html) if "page=leakage" in link]
    assert unquote(leakage).endswith(f"division={made.TOOLS}")


def test_features_are_found_by_words_and_family_and_turned_page_by_page(look: Callable[[str], Session]) -> None:
    session = look("?page=explain")
    sheet = Sheet(session, SHEETS["explain"])
    assert 'value="70"' in sheet.text.html
    sheet._press("family", "recency")
    assert 'value="10"' in sheet.text.html
    sheet._send("find", {"find": " _07 ", "other": "x"})
    assert 'value="0"' in sheet.text.html
    assert session.view.more == {"family": ("recency",), "find": ("_07",)}
    session.go_to("?page=explain&at=7")
    assert "feature_69" in sheet.text.html
    assert "feature_00" not in sheet.text.html.partition("guide")[2]


@pytest.mark.proves("L212")
def test_checks_and_divisions_meet_in_one_table_with_their_verdicts(look: Callable[[str], Session]) -> None:
    table = written(look("?page=leakage")).partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r'class="verdict (\w+)"', row) for row in table.split("<tr")[1:]]
    assert rows == [[v.FAIL, *made.CHECKS.values()]] * (1 + len(made.DIVISIONS))


@pytest.mark.proves("L215", "L216")
def test_a_figure_that_breaks_its_bound_is_marked_and_explained(look: Callable[[str], Session]) -> None:
    badges = written(look("?page=metrics")).partition('class="badges"')[2].partition("</ul>")[0]
    assert re.findall(r'class="verdict (\w+)"', badges) == [v.PASS, v.PASS]
    assert "Above 0 the chances say more" in badges


@pytest.mark.proves("L21", "L33", "L35", "L213")
@pytest.mark.parametrize("key", ["horizons", "ablation", "validation"])
def test_what_a_stage_judged_stands_on_its_page(look: Callable[[str], Session], key: str) -> None:
    readings = written(look(f"?page={key}")).partition('aria-label="Readings"')[2].partition("</table>")[0]
    assert re.findall(r'class="verdict (\w+)"', readings) == [v.WARN]
    assert "cal_mae 0.04" in readings


def test_what_drifted_beyond_its_bound_is_marked(look: Callable[[str], Session]) -> None:
    text = written(look("?page=validation"))
    badges = text.partition('class="badges"')[2].partition("</ul>")[0]
    assert re.findall(r'class="verdict (\w+)"', badges) == [v.WARN, v.WARN]
    assert "train anew" in text


@pytest.mark.slow
def test_the_files_behind_every_page_can_be_opened(look: Callable[[str], Session]) -> None:
    opened = set()
    for key in ("", *SHEETS):
        for division in ("", *made.DIVISIONS):
            text = written(look(f"?page={key}&division={quote(division)}"))
            opened |= {link for link in links(text) if "page=file" in link}
    run = look("").opened
    assert run is not None
    assert len(opened) >= len(run.files)
    for link in opened:
        assert "This cannot be shown" not in written(look(link)), link


@pytest.mark.proves("L45")
def test_a_card_says_of_every_file_that_it_was_made_of_whether_that_is_still_the_same(
    look: Callable[[str], Session],
) -> None:
    session = look(f"?page=cards&division={quote(made.SERVICES)}")
    run = session.shown(Whitespace)
    card = run.facts(shapes.card_file(slug(made.SERVICES)))
    assert card is not None
    known = run.run.manifest["files"][shapes.METRICS]["content"]
    own = {"run": run.run_id, "path": shapes.METRICS}
    card["links"] |= {"importance": {**own, "hash": known}, "drift": {**own, "hash": "0"}}
    table = written(session).partition('aria-label="Files of the card"')[2].partition("</table>")[0]
    states = re.findall(r'<span class="chip \w+">([^<]+)</span>', table)
    assert states == ["of another", "missing", "as published", "stale"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("summary.json", "expected_gp", id="text"),
        pytest.param("metrics.parquet", '<th scope="col">backing</th>', id="parquet"),
        pytest.param(f"whitespace_{made.CUTOFF}.csv", '<th scope="col">customer_name</th>', id="csv"),
        pytest.param(f"leakage/pooled/{made.CUTOFF}/perm_auc_hist.png", "data:image/png;base64,", id="picture"),
    ],
)
def test_a_file_is_shown_as_what_it_is(look: Callable[[str], Session], name: str, shown: str) -> None:
    assert shown in written(look(f"?page=file&file={quote(name)}"))


@pytest.mark.parametrize("name", ["../manifest.json", "/etc/passwd", "nothing.json", ""])
def test_a_file_that_is_not_of_the_run_is_not_shown(look: Callable[[str], Session], name: str) -> None:
    assert "has no file" in written(look(f"?page=file&file={quote(name)}"))


def test_runs_are_listed_with_their_parts_under_them_and_lead_to_themselves(
    tmp_path: Path, decisions: Decisions
) -> None:
    before = date(2025, 12, 31)
    old, new = made.publish(tmp_path, before), made.publish(tmp_path)
    part = made.publish(tmp_path, before, without=("metrics",), part_of=old)
    session = Session(Rooms(tmp_path, load_settings()), decisions, "?page=runs")
    table = written(session).partition("<tbody>")[2].partition("</tbody>")[0]
    assert [link.partition("run=")[2] for link in links(table)] == [new, old, part]
    assert session.run.run_id == new


@pytest.mark.parametrize(
    ("do", "value", "count"),
    [
        pytest.param("state", STATES[0], len(made.TO_CALL), id="to_call"),
        pytest.param("state", STATES[1], len(made.HELD_OUT), id="held_out"),
        pytest.param("state", STATES[3], len(made.EXCLUDED), id="not_to_be_called"),
        pytest.param("segment", "warm", 20, id="segment"),
        pytest.param("grade", "A", 15, id="grade"),
        pytest.param("rep", "rep 1", 30, id="rep"),
        pytest.param("top", "10", 6, id="capacity"),
        pytest.param("top", "1", 1, id="least_capacity"),
        pytest.param("top", "1000", 60, id="no_capacity"),
    ],
)
def test_candidates_are_filtered(look: Callable[[str], Session], do: str, value: str, count: int) -> None:
    page = GapsPage(look("?page=whitespace"))
    assert found(page) == 60
    page._press(do, value)
    assert found(page) == count


def test_capacity_takes_the_best_of_what_passes_and_says_what_it_comes_to(look: Callable[[str], Session]) -> None:
    page = GapsPage(look(f"?page=whitespace&division={quote(made.TOOLS)}&top=10"))
    line = page.table.html.partition('class="found"')[2].partition("</p>")[0]
    values = [float(value) for value in re.findall(r'value="([\d.]+)"', line)]
    best = made.candidates(made.CUTOFF).filter(pl.col("division") == made.TOOLS).sort("rank").head(3)
    assert values[:2] == [3, 30]
    assert values[2] == pytest.approx(best["p_icp"].sum())
    assert values[4] == pytest.approx(best["value"].sum())


def test_the_address_holds_filters_page_and_candidate(look: Callable[[str], Session]) -> None:
    session = look(f"?page=whitespace&division={quote(made.TOOLS)}")
    page = GapsPage(session)
    assert found(page) == 30
    page._find("find", {"find": " o'brien "})
    assert session.view.more == {"find": ("o'brien",), "division": (made.TOOLS,)}
    assert found(page) == 5
    page._find("find", {"find": ""})
    session.go_to(next(link for link in links(page.table.html) if "at=2" in link))
    candidate = next(link for link in links(page.table.html) if "case=" in link)
    session.go_to(candidate)
    assert (session.view.at, session.view.text("division")) == (2, made.TOOLS)
    assert 'aria-labelledby="gap"' in page.card.html
    session.go_to(links(page.card.html)[0])
    assert session.view.case is None
    assert session.view.text("division") == made.TOOLS


def test_a_candidate_says_what_moves_its_chance_and_what_it_is_worth(look: Callable[[str], Session]) -> None:
    page = GapsPage(look(f"?page=whitespace&case={quote(GAP)}"))
    assert "rfm__all__gp_sum__12m" in page.card.html
    assert "raises the chance" in page.card.html
    assert "lowers the chance" in page.card.html
    assert made.SCRIPT not in page.card.html


def test_a_candidate_that_is_not_there_is_told(look: Callable[[str], Session]) -> None:
    page = GapsPage(look("?page=whitespace&case=nobody/nothing"))
    assert "has no candidate &#39;nobody&#39;" in page.card.html


@pytest.mark.parametrize(
    ("verdict", "decision", "words"),
    [
        pytest.param("called", "accepted", "accepted", id="called"),
        pytest.param("bought", "modified", "bought", id="bought"),
        pytest.param("refused", "rejected", "refused", id="refused"),
        pytest.param("do_not_call", "rejected", "do not call", id="do_not_call"),
    ],
)
def test_a_candidate_is_decided_on_where_it_is_open(
    look: Callable[[str], Session], verdict: str, decision: str, words: str
) -> None:
    page = GapsPage(look(f"?page=whitespace&case={quote(GAP)}"))
    page._decide("decide", {"subject": GAP, "act": verdict, "version": "0", "comment": "by phone"})
    assert page.reply is not None
    assert page.reply.kind == "done"
    assert "by phone" in page.card.html
    page._press("decided", decision)
    assert found(page) == 1
    assert f">{words}</span>" in page.table.html


def test_a_rejection_says_another_reason_and_can_be_undone(look: Callable[[str], Session]) -> None:
    page = GapsPage(look(f"?page=whitespace&case={quote(GAP)}"))
    page._decide("decide", {"subject": GAP, "act": "reject", "reason": "no_use", "version": "0"})
    page._decide("decide", {"subject": GAP, "act": "undo", "version": "1"})
    assert page.reply is not None
    assert page.reply.text == "Undone."


def test_who_saw_an_older_state_overwrites_nothing(look: Callable[[str], Session]) -> None:
    page = GapsPage(look(f"?page=whitespace&case={quote(GAP)}"))
    for _ in range(2):
        page._decide("decide", {"subject": GAP, "act": "called", "version": "0"})
    assert page.reply is not None
    assert page.reply.kind == "conflict"


def test_what_others_decide_is_on_an_open_page(look: Callable[[str], Session]) -> None:
    query = f"?page=whitespace&case={quote(GAP)}&decided=accepted"
    open_page, other = GapsPage(look(query)), GapsPage(look(query))
    other._decide("decide", {"subject": GAP, "act": "called", "version": "0", "comment": "by phone"})
    assert "by phone" not in open_page.card.html
    assert "No candidate" in open_page.table.html
    open_page._show_decisions()
    assert "by phone" in open_page.card.html
    assert found(open_page) == 1


def test_the_export_has_what_is_filtered_with_what_was_decided(look: Callable[[str], Session]) -> None:
    page = GapsPage(look(f"?page=whitespace&case={quote(GAP)}&division={quote(made.TOOLS)}"))
    page._decide("decide", {"subject": GAP, "act": "refused", "version": "0"})
    exported = page._export()
    assert isinstance(exported, BytesIO)
    table = pl.read_csv(exported)
    assert table.height == 30
    assert table["reason"].drop_nulls().to_list() == ["refused"]
    assert all(not str(name).startswith("=") for name in table["customer_name"])


def test_what_is_known_about_the_list_stands_below_it(look: Callable[[str], Session]) -> None:
    page = GapsPage(look("?page=whitespace"))
    for heading in ("Signals by division", "Diversification", "Fairness", "Changed since the list before"):
        assert heading in page.about.html
    assert page.about.html.count('class="chip low"') == len(made.DIVISIONS)


@pytest.mark.proves("L39")
def test_where_labels_overlap_the_page_of_horizons_is_shaded_and_says_what_that_means(
    look: Callable[[str], Session],
) -> None:
    text = written(look(f"?page=horizons&division={quote(made.TOOLS)}"))
    assert "The shaded month ends are not out of time" in text


@pytest.mark.proves("L150")
def test_the_best_alternative_to_the_list_and_the_price_of_a_step_are_told(look: Callable[[str], Session]) -> None:
    text = re.sub("<[^>]*>", "", GapsPage(look("?page=whitespace")).about.html)
    assert "with a division cap of 80%: it would bring $12.00 more" in text
    assert "Price of the step" in text
