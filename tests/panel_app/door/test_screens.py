"""Screens at addresses of their own have the door of the pages: nobody unknown looks, no viewer writes."""

from __future__ import annotations

import json

from tests.panel_app.people import Reader

ANSWER = {"store": "2", "sku": "12", "answer": "damaged", "key": "d" * 32}
PHOTO = "store/photos/" + "0" * 32 + ".jpg"


def test_who_is_not_logged_in_is_sent_to_the_login_and_back(guarded: str) -> None:
    reader = Reader(guarded)
    turned_away = reader.ask("store?store=2")
    assert turned_away.status == 302
    assert turned_away.headers["Location"] == "/login?next=%2Fstore%3Fstore%3D2"
    assert "SKU" not in turned_away.text
    assert reader.ask(PHOTO).status == 302


def test_an_answer_of_nobody_is_not_kept_and_may_be_sent_again(guarded: str) -> None:
    answer = Reader(guarded).ask("store/answers", form=ANSWER)
    assert (answer.status, answer.text) == (401, "")


def test_a_viewer_sees_the_checks_and_answers_none(guarded: str) -> None:
    reader = Reader(guarded)
    reader.log_in("eve")
    page = reader.ask("store?store=2")
    assert page.status == 200
    assert "You may look, not answer." in page.text
    assert 'name="answer"' not in page.text
    refused = json.loads(reader.ask("store/answers", form=ANSWER).text)
    assert refused == {"kind": "refused", "text": "You may look, not answer."}


def test_a_photo_that_is_not_there_is_not_found(guarded: str) -> None:
    reader = Reader(guarded)
    reader.log_in("ann")
    assert reader.ask(PHOTO).status == 404


def test_a_store_that_is_not_there_is_told(guarded: str) -> None:
    reader = Reader(guarded)
    reader.log_in("ann")
    page = reader.ask("store?store=%3Cb%3E99")
    assert page.status == 404
    assert "has nothing that run" in page.text
    assert "<b>99" not in page.text
