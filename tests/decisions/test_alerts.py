"""Alerts: who hears what of a run, once, on receivers of this machine."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import pytest

from engine.decisions.alerts import told
from engine.decisions.alerts.alert import alert
from engine.decisions.alerts.subscriptions import load_subscriptions
from engine.decisions.database import FILE
from engine.decisions.store import open_decisions
from engine.errors import NotFoundError, SettingsError
from engine.runs.registry import Registry
from tests.command import darkshelf
from tests.decisions.nights import AS_OF, case, publish
from tests.decisions.receivers import free_port, mail_server, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.decisions.alerts.alert import Alerted
    from tests.decisions.receivers import Web

CANARY = "c4nary-Passw0rd/with@signs"
FAST = "[delivery]\ntries = 2\npause_seconds = 0\ntimeout_seconds = 0.5\n"


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[Web, str]]:
    with web_server() as served:
        yield served


@pytest.fixture
def web(receiver) -> tuple[Web, str]:
    """The web server, as if nobody had called it yet."""
    receiver[0].status, receiver[0].calls = 200, []
    return receiver


def night(out: Path, stores: Any = range(6), day: int = 0, **columns: Any):
    """A night with one case in each of these stores, worth 100 more from store to store."""
    as_of = AS_OF + dt.timedelta(days=day)
    rows = [
        case(
            n,
            1,
            region="North" if n % 2 else "South",
            revenue_at_risk=100.0 * (n + 1),
            duration_days=7 + day,
            **columns,
        )
        for n in stores
    ]
    return publish(out, rows, {(n, 1): 2.0 for n in range(10)}, as_of=as_of)


def written(place: Path, to: str = "json://127.0.0.1/x", **keys: object) -> Path:
    """A file of one subscription; keys in TOML's own spelling."""
    file = place / "alerts.toml"
    told_keys = {"name": '"vp"', "who": '"Ann"', "desk": '"shelf"', "about": '"cases"', "to": f'"{to}"', **keys}
    lines = [f"{name} = {value}" for name, value in told_keys.items() if value is not None]
    file.write_text("\n".join([FAST, "[[subscription]]", *lines, ""]), encoding="utf-8")
    return file


def tell(decisions, run, file: Path, **environment: str) -> Alerted:
    registry = Registry(run.folder.parents[1])
    (one,) = alert(decisions, registry, run, load_subscriptions(file), environment)
    return one


# What is told


def test_a_digest_names_what_is_new_by_region_the_dearest_first(beside, tmp_path, web):
    run = night(tmp_path)
    file = written(tmp_path, f"json://{web[1]}/x", by='"region"', most=2)
    found = tell(beside, run, file)
    ((path, body),) = web[0].calls
    assert (found.outcome, found.new, path) == ("sent", 6, "/x")
    assert body["title"] == "6 new dark shelves, $2,100, 2026-03-31"
    assert body["message"].splitlines() == [
        "6 new of 6 dark shelves, $2,100.",
        "",
        "North: 3, $1,200",
        "  - Oat milk, Store 5: Not on the shelf, 7 days ($600.00)",
        "  - Oat milk, Store 3: Not on the shelf, 7 days ($400.00)",
        "  - and 1 more",
        "",
        "South: 3, $900.00",
        "  - Oat milk, Store 4: Not on the shelf, 7 days ($500.00)",
        "  - Oat milk, Store 2: Not on the shelf, 7 days ($300.00)",
        "  - and 1 more",
        "",
        f"Run {run.run_id} of the shelf desk. Subscription vp, for Ann.",
    ]


def test_only_what_fits_is_told(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x", where='{region = ["South"]}', at_least="{revenue_at_risk = 300}")
    found = tell(beside, night(tmp_path), file)
    assert (found.new, found.title) == (2, "2 new dark shelves, $800.00, 2026-03-31")


def test_what_was_told_is_not_told_again_and_a_case_whose_first_day_moved_is_not_new(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x")
    tell(beside, night(tmp_path), file)
    second = night(tmp_path, range(1, 8), day=1, detection_date=dt.date(2026, 3, 24))
    assert tell(beside, second, file).title == "2 new dark shelves, $1,500, 2026-04-01"


def test_a_run_is_told_once(beside, tmp_path, web):
    run, file = night(tmp_path), written(tmp_path, f"json://{web[1]}/x")
    assert [tell(beside, run, file).outcome for _ in range(3)] == ["sent", "sent before", "sent before"]
    assert len(web[0].calls) == 1


def test_nothing_new_is_quiet(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x")
    tell(beside, night(tmp_path), file)
    assert tell(beside, night(tmp_path, range(3), day=1), file).outcome == "quiet"
    assert len(web[0].calls) == 1


def test_a_case_that_was_gone_and_came_back_is_new(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x")
    for day, stores in enumerate((range(3), range(2), range(3))):
        found = tell(beside, night(tmp_path, stores, day=day), file)
    assert found.title == "1 new dark shelf, $300.00, 2026-04-02"


def test_a_subscription_that_asks_for_something_else_begins_anew(beside, tmp_path, web):
    run = night(tmp_path)
    tell(beside, run, written(tmp_path, f"json://{web[1]}/x"))
    assert tell(beside, run, written(tmp_path, f"json://{web[1]}/x", where='{region = ["North"]}')).new == 3


def test_weekly_is_the_first_run_of_a_calendar_week(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x", when='"weekly"')
    outcomes = [tell(beside, night(tmp_path, range(day + 1), day=day), file).outcome for day in (0, 1, 5, 6, 7)]
    assert outcomes == ["sent", "not due", "not due", "sent", "not due"]  # 31 March 2026 is a Tuesday.


def test_a_value_that_no_finding_has_is_noted_with_those_there_are(beside, tmp_path):
    found = tell(beside, night(tmp_path), written(tmp_path, where='{region = ["Nroth"]}'))
    assert found.outcome == "quiet"
    assert found.notes == ("no finding has region 'Nroth'; there are North, South",)


def test_everything_is_new_with_a_note_where_the_run_told_last_is_gone(beside, tmp_path, web):
    file = written(tmp_path, f"json://{web[1]}/x")
    first = night(tmp_path)
    tell(beside, first, file)
    second = night(tmp_path, day=1)
    (first.folder / "manifest.json").unlink()
    found = tell(beside, second, file)
    assert found.new == 6
    assert "is gone: everything counts as new" in found.notes[0]


# Channels


def test_mail_arrives_and_the_secret_goes_to_the_server_alone(beside, tmp_path):
    with mail_server() as (box, place):
        to = f"mailto://ann:${{MAIL_PASSWORD}}@{place}/eve@shop.example?from=darkshelf@shop.example"
        found = tell(beside, night(tmp_path), written(tmp_path, to), MAIL_PASSWORD=CANARY)
    (mail,) = box.mails
    assert (found.outcome, box.passwords) == ("sent", [CANARY.encode()])
    assert (mail["to"], mail["subject"]) == ("eve@shop.example", "6 new dark shelves, $2,100, 2026-03-31")
    assert "Oat milk, Store 5" in mail.get_body(("plain",)).get_content()


def test_slack_is_spoken_to_by_its_own_form(beside, tmp_path, web, monkeypatch):
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{web[1]}/services")
    keys = {"A": "T1JJ3T3L2", "B": "A1BRTD4JD", "C": "TIiajkdnlazkcOXrIdevi7FQ"}
    run = night(tmp_path, sku_name="<!channel> & milk")
    found = tell(beside, run, written(tmp_path, "slack://${A}/${B}/${C}/#shelves"), **keys)
    ((path, body),) = web[0].calls
    assert (found.outcome, path) == ("sent", f"/services/{'/'.join(keys.values())}")
    assert body["channel"] == "#shelves"
    assert "&lt;!channel&gt; &amp; milk, Store 5" in str(body)
    assert "<!channel>" not in str(body)


def test_teams_is_spoken_to_by_its_own_form(beside, tmp_path, web, monkeypatch):
    """A workflow is called over TLS alone; the request is led to the receiver on its way out."""
    import requests

    send = requests.Session.request
    monkeypatch.setattr(
        requests.Session,
        "request",
        lambda self, method, url, **more: send(self, method, url.replace("https://", "http://"), **more),
    )
    to = f"workflows://{web[1]}/${{WORKFLOW}}/${{SIGNATURE}}"
    found = tell(beside, night(tmp_path), written(tmp_path, to), WORKFLOW="abcd", SIGNATURE="s3cret")
    ((path, body),) = web[0].calls
    assert (found.outcome, found.reason) == ("sent", "")
    assert path.startswith("/workflows/abcd/triggers/manual/paths/invoke")
    assert "Oat milk, Store 5" in str(body)


# Receivers that do not take it


@pytest.mark.parametrize(("status", "tries"), [(500, 2), (None, 2)], ids=["answers_500", "hangs"])
def test_a_receiver_that_fails_is_tried_a_bounded_number_of_times_and_again_by_the_next_call(
    beside, tmp_path, web, status, tries
):
    web[0].status = status
    file = written(tmp_path, f"json://{web[1]}/x")
    run = night(tmp_path)
    failed = tell(beside, run, file)
    assert (failed.outcome, len(web[0].calls)) == ("failed", tries)
    assert failed.reason
    web[0].status, web[0].calls = 200, []
    assert tell(beside, run, file).outcome == "sent"
    assert len(web[0].calls) == 1


def test_what_failed_is_told_with_the_next_run(beside, tmp_path, web):
    web[0].status = 500
    file = written(tmp_path, f"json://{web[1]}/x")
    tell(beside, night(tmp_path, range(2)), file)
    web[0].status = 200
    assert tell(beside, night(tmp_path, range(3), day=1), file).new == 3


def test_a_failure_of_one_does_not_keep_it_from_the_others(tmp_path, web, capsys):
    night(tmp_path)
    file = written(tmp_path, f"json://127.0.0.1:{free_port()}/x")
    further = f'[[subscription]]\nname="ops"\nwho="Eve"\ndesk="shelf"\nabout="cases"\nto="json://{web[1]}/y"\n'
    file.write_text(file.read_text() + further)
    answer = darkshelf(capsys, "alert", "--out", tmp_path, "--config", file)
    assert answer.code == 75
    assert "ops, for Eve: sent: 6 new dark shelves" in answer.out
    assert "vp, for Ann: failed: " in answer.out
    assert "1 of 2 were not told: vp: " in answer.err
    told_as_json = darkshelf(capsys, "alert", "--out", tmp_path, "--config", file, "--json")
    assert told_as_json.code == 75
    assert [each["outcome"] for each in told_as_json.json()["alerts"]] == ["sent before", "failed"]


def test_two_processes_do_not_send_the_same_and_what_a_killed_one_began_is_sent_after_a_while(beside, tmp_path, web):
    run, file = night(tmp_path), written(tmp_path, f"json://{web[1]}/x")
    settings = load_subscriptions(file)
    beside.now = lambda: dt.datetime(2026, 4, 1, 6, tzinfo=dt.UTC)
    assert told.write(beside, settings.subscription[0], run, 1, told.BEGUN, 6)
    assert not told.write(beside, settings.subscription[0], run, 1, told.BEGUN, 6)
    assert tell(beside, run, file).outcome == "busy"
    beside.now = lambda: dt.datetime(2026, 4, 1, 7, tzinfo=dt.UTC)
    assert tell(beside, run, file).outcome == "sent"


# Secrets


@pytest.mark.parametrize(
    "to",
    [
        f"mailto://ann:{CANARY.partition('/')[0]}@mail.shop.example/eve@shop.example",
        f"mailto://ann:{CANARY}@mail.shop.example/eve@shop.example",
        "slack://T1JJ3T3L2/A1BRTD4JD/c4nary-Passw0rd",
        "slack://${A}/${B}/c4nary-Passw0rd",
        "workflows://host.example/${ID}/c4nary-Passw0rd",
        "json://ann:c4nary-Passw0rd@host.example/x",
        "json://host.example/hook/c4nary-Passw0rd",
        "json://host.example/x?+X-Token=c4nary-Passw0rd",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/c4nary-Passw0rd",
        "discord://c4nary-Passw0rd",
    ],
)
def test_a_secret_that_is_written_down_is_refused_and_not_printed(tmp_path, capsys, to):
    night(tmp_path)
    answer = darkshelf(capsys, "alert", "--out", tmp_path, "--config", written(tmp_path, to))
    assert answer.code == 2
    assert "subscription 'vp': to" in answer.err
    assert "c4nary" not in answer.out + answer.err


@pytest.mark.parametrize("to", ["json://shop.example/hooks/dark-shelves", "mailtos://mail.shop.example/a@b.example"])
def test_an_address_without_a_secret_is_taken(tmp_path, to):
    assert load_subscriptions(written(tmp_path, to)).subscription[0].to == to


@pytest.mark.parametrize("status", [200, 500])
def test_a_secret_of_the_environment_is_in_no_output_no_log_and_no_state(
    tmp_path, web, capsys, caplog, monkeypatch, status
):
    caplog.set_level(logging.DEBUG)
    web[0].status = status
    night(tmp_path)
    monkeypatch.setenv("HOOK", f"json://ann:c4nary-Passw0rd@{web[1]}/c4nary-Passw0rd")
    file = written(tmp_path, "${HOOK}")
    for more in ([], ["--json"], ["--dry-run"]):
        answer = darkshelf(capsys, "alert", "--out", tmp_path, "--config", file, *more)
        assert "c4nary" not in answer.out + answer.err
    assert len(web[0].calls) == (1 if status == 200 else 4)
    assert "c4nary" not in "".join(record.getMessage() for record in caplog.records)
    assert all(b"c4nary" not in each.read_bytes() for each in tmp_path.rglob(f"{FILE}*"))


def test_a_variable_that_is_not_set_is_told_by_its_name(beside, tmp_path):
    found = tell(beside, night(tmp_path), written(tmp_path, "${NOWHERE}"))
    assert (found.outcome, found.reason) == ("failed", "the environment variable NOWHERE is not set")


# Faults of the file


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"wher": '{region = ["North"]}'}, "subscription 'vp': wher: is no setting"),
        ({"where": '{regoin = ["North"]}'}, "cases have no text 'regoin' here\n    do   : did you mean region?"),
        ({"at_least": "{region = 3}"}, "cases have no number 'region' here"),
        ({"by": '"revenue_at_risk"'}, "cases have no text 'revenue_at_risk' here"),
        ({"about": '"case"'}, "the shelf desk has no 'case'\n    do   : did you mean cases?"),
        ({"desk": '"shlef"'}, "there is no desk 'shlef'\n    do   : did you mean shelf?"),
        ({"most": "0"}, "subscription 'vp': most: Input should be greater than or equal to 1"),
        ({"desk": '"growth"', "about": '"checks"', "when": '"weekly"'}, "runs of the growth desk are of no day"),
        ({"who": None}, "subscription 'vp': who: Field required"),
    ],
)
def test_a_fault_of_the_file_says_where_what_and_what_to_do(tmp_path, keys, complaint):
    with pytest.raises(SettingsError) as raised:
        load_subscriptions(written(tmp_path, **keys))
    told_flat = "\n".join(line.strip() for line in str(raised.value).splitlines())
    assert "\n".join(line.strip() for line in complaint.splitlines()) in told_flat


def test_a_subscription_that_is_named_twice_and_a_file_without_any_are_refused(tmp_path):
    file = written(tmp_path)
    file.write_text(file.read_text() + file.read_text().partition(FAST)[2])
    with pytest.raises(SettingsError, match="'vp': is there twice"):
        load_subscriptions(file)
    file.write_text("")
    with pytest.raises(SettingsError, match="has no subscription"):
        load_subscriptions(file)


def test_a_subscription_that_is_none_is_refused(beside, tmp_path):
    run, settings = night(tmp_path), load_subscriptions(written(tmp_path))
    with pytest.raises(NotFoundError, match="there is no subscription 'x'; there are vp"):
        alert(beside, Registry(tmp_path), run, settings, {}, only=["x"])


# Dry runs


def test_a_dry_run_prints_what_would_be_sent_and_sends_and_keeps_nothing(tmp_path, web, capsys):
    run, file = night(tmp_path), written(tmp_path, f"json://{web[1]}/x")
    answer = darkshelf(capsys, "alert", run.run_id, "--out", tmp_path, "--config", file, "--dry-run")
    assert answer.code == 0
    assert "vp, for Ann: would be sent: 6 new dark shelves, $2,100, 2026-03-31" in answer.out
    assert "  - Oat milk, Store 5: Not on the shelf, 7 days ($600.00)" in answer.out
    decisions = open_decisions(tmp_path)
    assert told.steps(decisions, load_subscriptions(file).subscription[0]) == []
    decisions.close()
    assert web[0].calls == []


def test_without_apprise_the_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    night(tmp_path)
    answer = darkshelf(capsys, "alert", "--out", tmp_path, "--config", written(tmp_path))
    assert answer.code == 2
    assert "pip install 'darkshelf[alerts]'" in answer.err
