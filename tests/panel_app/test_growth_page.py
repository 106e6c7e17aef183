"""The page of growth: its address holds run, filters and candidate; a candidate is decided on where it is open."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl
import pytest

from engine.decisions.acts import parse_act
from engine.decisions.growth.candidates import candidates
from engine.growth import desk
from engine.outputs.names import parted
from engine.settings.growth.scaling import GrowthSettings
from panel_app import kept
from panel_app.app import Shell
from panel_app.pages.growth.candidates import decided_on
from panel_app.pages.growth.scaling import PAGE, GrowthPage
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings
from panel_app.stores.growth import Scalings
from tests.growth.test_desk import golden_tables

if TYPE_CHECKING:
    from pathlib import Path

    from engine.decisions.store import Decisions

# The button of panel-material-ui gives Panel its own older name for the look beside the one that is asked for.
pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """A folder of nights that holds none yet, and one with a growth run."""
    folder: Path = tmp_path_factory.mktemp("growth")
    desk.run(golden_tables().write(folder / "in"), folder / "growth", GrowthSettings())
    return Rooms(folder / "out", load_settings(assignments={"page_rows": 5}), {"growth": [folder / "growth"]})


@pytest.fixture
def session(rooms: Rooms, decisions: Decisions) -> Session:
    return Session(rooms, decisions, "?page=growth")


def found(page: GrowthPage) -> int:
    """How many candidates pass the filters, as the page says."""
    shown = re.search(r'<data class="number" value="(\d+)"', page.candidates.table.html.partition('class="found"')[2])
    assert shown is not None
    return int(shown[1])


def links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', text)]


def test_growth_is_the_home_page_where_it_alone_has_runs(rooms: Rooms, decisions: Decisions) -> None:
    shell = Shell(Session(rooms, decisions, ""))
    assert shell.session.title == "Growth · darkshelf"
    assert "No night to show" not in shell.content[0][0].html
    assert links(shell.menu.html) == ["?", "./?lang=de"]


def test_the_address_holds_filters_page_and_candidate(session: Session) -> None:
    page = GrowthPage(session)
    everything = found(page)
    page.candidates._press("state", "SCALED")
    page.candidates._sent("find", {"find": " o'brien "})
    assert session.view.more == {"find": ("o'brien",), "state": ("SCALED",)}
    assert 0 < found(page) < everything
    turned = next(link for link in links(page.candidates.table.html) if "at=2" in link)
    session.go_to(turned)
    assert (session.view.at, session.view.text("state")) == (2, "SCALED")
    candidate = next(link for link in links(page.candidates.table.html) if "row=" in link)
    session.go_to(candidate)
    assert (session.view.at, session.view.text("state")) == (2, "SCALED")
    assert 'aria-labelledby="candidate"' in page.card.html
    session.go_to(next(link for link in links(page.card.html)))
    assert session.view.text("row") == ""
    assert session.view.text("find") == "o'brien"


def test_addresses_of_one_text_a_key_stay_what_they_were(session: Session, rooms: Rooms) -> None:
    page = GrowthPage(session)
    run_id = page.scaling.run_id
    session.go_to(f"?page=growth&scaling={run_id}&tier=Minimal&decided=undecided")
    told = {name: text for name, text in page.asked.filters.items() if text}
    assert told == {"tier": "Minimal", "decided": "undecided"}
    assert f"scaling={run_id}" in page.asked.to(cap="none")


def test_a_candidate_is_decided_on_where_it_is_open(session: Session) -> None:
    page = GrowthPage(session)
    page.candidates._press("state", "SCALED")
    session.go_to(next(link for link in links(page.candidates.table.html) if "row=" in link))
    painted = re.search(r'name="subject" value="([^"]+)"', page.card.html)
    assert painted is not None
    page._decide("decide", {"act": "accept", "version": "0", "subject": html.unescape(painted[1])})
    assert page.reply is not None
    assert page.reply.kind == "done"
    page.candidates._press("decided", "accepted")
    assert found(page) == 1


def test_what_was_decided_is_read_before_anybody_opens_the_newest_run(
    session: Session, decisions: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = GrowthPage(session)
    page.candidates._press("state", "SCALED")
    for subject in candidates(page.scaling.run, list(page.candidates.shown)[:2]):
        decisions.decide(subject, parse_act("accept"), by="ben", version=0)
    assert PAGE.prepare is not None
    PAGE.prepare(session.store(Scalings), decisions)
    monkeypatch.setattr(kept, "fold", lambda _: pytest.fail("it is read again"))
    assert decided_on(session, page.scaling)["decision"].to_list() == ["accepted", "accepted"]


def test_a_run_that_is_not_there_is_told(rooms: Rooms, decisions: Decisions) -> None:
    shell = Shell(Session(rooms, decisions, f"?page=growth&scaling={quote('../x')}"))
    assert "there is no growth run" in shell.content[0].html
    assert "To the first page" in shell.content[0].html


@pytest.fixture
def planned(decisions: Decisions, many: Rooms) -> GrowthPage:
    return GrowthPage(Session(many, decisions, "?page=growth&state=SCALED"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """A run in which two products grow in many stores of two clusters; all but one of them have a price."""
    folder: Path = tmp_path_factory.mktemp("planned")
    desk.run(two_clusters(folder / "in"), folder / "growth", GrowthSettings())
    return Rooms(
        folder / "out",
        load_settings(assignments={"page_rows": 50, "growth.grid_stores": 3}),
        {"growth": [folder / "growth"]},
    )


def two_clusters(folder: Path) -> Path:
    """Twenty stores in two clusters; of two products the weaker stores sell less than their peers."""
    stores = [f"S{n:02}" for n in range(20)]
    sold = [
        {
            "str_code": store,
            "spu_code": product,
            "current_spu_count": 40.0,
            "store_sales": 20.0 + 4 * (place % 10) + rank,
            "unit_price": price,
            "cate_name": "tops",
        }
        for place, store in enumerate(stores)
        for rank, (product, price) in enumerate((("P/1", 9.5), ("P2", 20.0), ("P3", None)))
    ]
    folder.mkdir(parents=True)
    pl.DataFrame(sold).write_parquet(folder / "sales.parquet")
    clusters = pl.DataFrame({"str_code": stores, "cluster_id": [place // 10 for place in range(20)]})
    clusters.write_parquet(folder / "clusters.parquet")
    keys = pl.DataFrame(sold).select("str_code", "spu_code")
    keys.with_columns(is_growth_candidate=pl.lit(value=True)).write_parquet(folder / "step11.parquet")
    none = keys.head(0)
    none.with_columns(rule9_applied=pl.lit(value=False)).write_parquet(folder / "step9.parquet")
    none.with_columns(rule10_applied=pl.lit(value=False)).write_parquet(folder / "step10.parquet")
    return folder


def audit_of(page: GrowthPage) -> pl.DataFrame:
    return pl.read_parquet(page.scaling.run.folder / "audit.parquet")


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        pytest.param("story", ["spu_code", "cluster_id"], id="story"),
        pytest.param("product", ["spu_code"], id="product"),
        pytest.param("cluster", ["cluster_id"], id="cluster"),
    ],
)
def test_what_is_put_together_is_in_whole_units_and_money(planned: GrowthPage, by: str, keys: list[str]) -> None:
    scaled = audit_of(planned).filter(pl.col("recommended_units") > 0)
    money = (pl.col("recommended_units") * pl.col("unit_price")).sum().round(2)
    truth = {tuple(map(str, key)): rows for key, rows in scaled.group_by(keys)}
    decided = planned.candidates.drawn
    rows = planned.scaling.groups(by, planned.scaling.select({}, decided)).collect().to_dicts()
    assert len(rows) == len(truth) > 1
    for row in rows:
        members = truth[tuple(str(row[key]) for key in keys)]
        assert row["recommended_units"] == members["recommended_units"].sum()
        assert row["candidates"] == members.height
        assert row["stores"] == members["str_code"].n_unique()
        known = members["unit_price"].null_count() < members.height
        assert row["value_at_price"] == (members.select(money).item() if known else None)
    units = [row["recommended_units"] for row in rows]
    assert units == sorted(units, reverse=True)
    dear = planned.scaling.groups(by, planned.scaling.select({}, decided), sort="value_at_price").collect()
    assert dear["value_at_price"].drop_nulls().is_sorted(descending=True)


@pytest.mark.parametrize("by", ["story", "cluster"])
def test_a_story_or_a_cluster_is_accepted_and_taken_back_as_one(planned: GrowthPage, by: str) -> None:
    page, bulk = planned, planned.candidates.bulk
    page.session.go_to(f"?page=growth&by={by}")
    assert bulk.ticked == {}
    told = html.unescape(re.findall(r'data-do="tick" data-value="([^"]+)"', page.candidates.table.html)[0])
    page.candidates._press("tick", f"+{told}")
    scaled = audit_of(page).filter(pl.col("recommended_units") > 0)
    *product, cluster = parted(told)
    members = scaled.filter(pl.col("cluster_id") == int(cluster), *(pl.col("spu_code") == code for code in product))
    assert len(bulk.ticked) == members.height > 1
    assert 'class="ticked"' in page.candidates.table.html
    bulk._choose("bulk", {"scope": "ticked", "act": "accept"})
    assert bulk.chosen is not None
    money = members.select((pl.col("recommended_units") * pl.col("unit_price")).sum()).item()
    assert (len(bulk.chosen.versions), bulk.chosen.money) == (members.height, pytest.approx(money))
    assert accepted(page) == 0
    bulk._press("save", "")
    assert accepted(page) == members.height
    bulk._press("undo", "")
    assert accepted(page) == 0


def accepted(page: GrowthPage) -> int:
    return decided_on(page.session, page.scaling).filter(decision="accepted").height


def test_what_somebody_decided_since_it_was_ticked_stays(
    planned: GrowthPage, many: Rooms, decisions: Decisions
) -> None:
    page = planned
    page.candidates._press("tick", "+all")
    name = next(iter(page.candidates.shown))
    other = GrowthPage(Session(many, decisions, "?page=growth", user="eve"))
    other.candidates._take(name, 0, "reject", {"reason": "no_space", "comment": "full"}, then=name)
    bulk = page.candidates.bulk
    bulk._choose("bulk", {"scope": "ticked", "act": "accept"})
    assert "decided by eve" in bulk.piece.html
    assert "changed since you ticked it" in bulk.piece.html
    bulk._press("save", "")
    assert bulk.reply is not None
    assert "1 not" in bulk.reply.text
    assert decided_on(page.session, page.scaling).filter(decision="rejected").height == 1


def test_keys_of_the_queue_decide_on_the_row_that_is_pointed_at(planned: GrowthPage) -> None:
    page = planned
    first, second = list(page.candidates.shown)[:2]
    page.candidates._sent("triage", {"act": "accept", "version": "0", "subject": first})
    assert page.session.view.case == second
    pointed = re.search(
        r'data-case="([^"]+)" data-version="0" tabindex="-1" aria-current', page.candidates.table.html
    )
    assert pointed is not None
    assert html.unescape(pointed[1]) == second
    page.candidates._sent("triage", {"act": "reject", "version": "0", "subject": second, "reason": "no_space"})
    assert page.candidates.reply is not None
    assert "comment" in page.candidates.reply.text
    page.candidates._sent("triage", {"act": "modify", "version": "0", "subject": second, "units": "1"})
    assert page.candidates.reply.kind == "done"
    page.candidates._press("take-back", f"1 {first}")
    assert accepted(page) == 0


def test_the_grid_has_whole_units_by_product_and_store_and_says_what_it_leaves_out(planned: GrowthPage) -> None:
    scaled = audit_of(planned).filter(pl.col("recommended_units") > 0)
    found = planned.scaling.select({}, planned.candidates.drawn)
    every = planned.scaling.grid(found, ["P/1", "P2", "P3"], 200)
    assert {key: cell[0] for key, cell in every["cells"].items()} == {
        (store, spu): units
        for store, spu, units in scaled.select("str_code", "spu_code", "recommended_units").iter_rows()
    }
    assert every["further"] == 0
    few = planned.scaling.grid(found, ["P2"], 3)
    most = (
        scaled.group_by("str_code")
        .agg(pl.col("recommended_units").sum())
        .sort("recommended_units", "str_code", descending=[True, False])
    )
    assert [store for store, *_ in few["stores"]] == most["str_code"].head(3).to_list()
    assert few["further"] == most.height - 3
    planned.session.go_to("?page=growth&by=grid")
    assert "further stores have fewer units" in planned.candidates.table.html
    cell = next(link for link in links(planned.candidates.table.html) if "row=" in link)
    planned.session.go_to(cell)
    assert 'aria-labelledby="candidate"' in planned.card.html


def test_a_filter_by_cluster_product_or_store_lets_its_own_candidates_through(planned: GrowthPage) -> None:
    audit = audit_of(planned)
    planned.session.go_to("?page=growth&cluster=1&product=P%2F1")
    assert found(planned) == audit.filter(cluster_id=1, spu_code="P/1").height
    assert "of product P/1" in planned.candidates.table.html
    planned.session.go_to("?page=growth&store=S03")
    assert found(planned) == audit.filter(str_code="S03").height
