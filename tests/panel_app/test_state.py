"""The address and the view are one: whatever is looked at can be sent as a link, and no link does harm."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from panel_app.pages.shelf.listing import KEYS, filtered, listed, listing, to
from panel_app.state import KEY, OWN, View, address, parse
from panel_app.stores.shelf import LISTS, SORTS, CaseList, Filters

texts = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40).filter(str.isprintable)
keys = st.from_regex(KEY, fullmatch=True).filter(lambda key: key not in OWN | KEYS)
lists = st.lists(texts, max_size=3, unique=True).map(tuple)
run_ids = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,30}", fullmatch=True)
views = st.builds(
    View,
    page=st.just("") | st.from_regex(KEY, fullmatch=True),
    run=st.none() | run_ids,
    case=st.none() | texts.filter(bool),
    at=st.integers(1, 10**6),
    more=st.dictionaries(keys, st.lists(texts, min_size=1, max_size=3).map(tuple), max_size=3),
)


@st.composite
def case_lists(draw) -> CaseList:
    # `any` is how the address says that the status does not matter; nothing else is called so.
    statuses = st.lists(st.sampled_from(["open", "closed"]), max_size=2, unique=True).map(tuple)
    filters = Filters(
        **{name: draw(statuses if name == "status" else lists) for name in LISTS},
        text=draw(texts),
        confidence=draw(st.integers(0, 100)),
        revenue=draw(st.integers(0, 10**15 - 1)),
        since=draw(st.none() | st.dates(date(1900, 1, 1))),
        until=draw(st.none() | st.dates(date(1900, 1, 1))),
    )
    return CaseList(filters, draw(st.sampled_from(SORTS)), draw(st.booleans()))


@given(views)
def test_an_address_leads_back_to_its_view(view: View) -> None:
    assert parse(address(view)) == view


@given(views, case_lists())
def test_an_address_leads_back_to_its_list_of_cases_beside_what_pages_keep(view: View, wanted: CaseList) -> None:
    found = parse(address(listing(view, wanted)))
    assert listed(found) == wanted
    assert {key: told for key, told in found.more.items() if key not in KEYS} == view.more
    assert listed(to(found, "map")) == wanted


@given(st.text(max_size=300))
def test_no_address_is_refused_and_the_view_of_any_is_stable(typed: str) -> None:
    view = parse(typed)
    assert parse(address(view)) == view
    assert listing(listing(view, listed(view)), listed(view)) == listing(view, listed(view))


@given(st.text(max_size=60))
def test_a_run_id_never_leaves_the_folder_of_runs(typed: str) -> None:
    from urllib.parse import urlencode

    run = parse("?" + urlencode({"run": typed})).run
    assert run is None or ("/" not in run and "\\" not in run and not run.startswith("."))


def test_what_stands_at_its_default_is_left_out() -> None:
    assert address(View()) == "?"
    view = View(page="cases", at=2, more={"region": ("North",)})
    assert address(view) == "?page=cases&region=North&at=2"
    assert address(listing(view, CaseList())) == "?page=cases"


def test_what_is_not_understood_is_left_out() -> None:
    view = parse("?page=<script>&run=../../etc/passwd&sort=price&at=-3&confidence=900&since=2026-13-40&revenue=1e9")
    assert (view.page, view.run, view.case, view.at) == ("", None, None, 1)
    assert listed(view) == CaseList(Filters(confidence=100))
    assert address(filtered(view, region=("North",))) == "?region=North&confidence=100"


def test_endless_values_are_cut_short() -> None:
    many = "&".join(f"store={n}" for n in range(1000))
    filters = listed(parse(f"?{many}&text={'x' * 5000}")).filters
    assert len(filters.store) == 200
    assert filters.text == ""


def test_a_page_of_another_kind_takes_only_what_it_shares() -> None:
    view = View("run", "2026-03-31-classic", "a", 3, {"with": ("b",), "region": ("North", "South")})
    assert view.to("cases", keep={"region"}) == View(
        "cases", "2026-03-31-classic", more={"region": ("North", "South")}
    )
    assert view.with_texts({"aside": "pricing", "by": ""}, keep={"with"}).more == {
        "with": ("b",),
        "aside": ("pricing",),
    }
