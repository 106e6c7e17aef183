"""The address and the view are one: whatever is looked at can be sent as a link, and no link does harm."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from panel_app.state import KEY, LISTS, SORTS, Filters, View, address, parse

KNOWN = {*LISTS, "text", "confidence", "revenue", "since", "until", "page", "run", "case", "sort", "asc", "at"}
texts = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40).filter(str.isprintable)
keys = st.from_regex(KEY, fullmatch=True).filter(lambda key: key not in KNOWN)
lists = st.lists(texts, max_size=3, unique=True).map(tuple)
run_ids = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,30}", fullmatch=True)


@st.composite
def views(draw) -> View:
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
    return View(
        page=draw(st.from_regex(KEY, fullmatch=True)),
        run=draw(st.none() | run_ids),
        case=draw(st.none() | texts.filter(bool)),
        filters=filters,
        sort=draw(st.sampled_from(SORTS)),
        ascending=draw(st.booleans()),
        at=draw(st.integers(1, 10**6)),
        more=draw(st.dictionaries(keys, texts, max_size=3)),
    )


@given(views())
def test_an_address_leads_back_to_its_view(view: View) -> None:
    assert parse(address(view)) == view


@given(st.text(max_size=300))
def test_no_address_is_refused_and_the_view_of_any_is_stable(typed: str) -> None:
    view = parse(typed)
    assert parse(address(view)) == view


@given(st.text(max_size=60))
def test_a_run_id_never_leaves_the_folder_of_runs(typed: str) -> None:
    from urllib.parse import urlencode

    run = parse("?" + urlencode({"run": typed})).run
    assert run is None or ("/" not in run and "\\" not in run and not run.startswith("."))


def test_what_stands_at_its_default_is_left_out() -> None:
    assert address(View()) == "?"
    assert address(View(page="cases", filters=Filters(region=("North",)), at=2)) == "?page=cases&region=North&at=2"


def test_what_is_not_understood_is_left_out() -> None:
    view = parse("?page=<script>&run=../../etc/passwd&sort=price&at=-3&confidence=900&since=2026-13-40&revenue=1e9")
    assert view == View(filters=Filters(confidence=100))


def test_endless_values_are_cut_short() -> None:
    many = "&".join(f"store={n}" for n in range(1000))
    view = parse(f"?{many}&text={'x' * 5000}")
    assert len(view.filters.store) == 200
    assert view.filters.text == ""
