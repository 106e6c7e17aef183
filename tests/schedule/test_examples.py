"""The examples for schedulers: each is whole, calls the command as it is, and knows its exit codes."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.main import app
from engine.errors import EXIT_TRY_LATER

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
OPERATIONS = EXAMPLES.parent / "operations.md"
CALL = "nightly /etc/darkshelf/schedule.toml --json"
PROGRAMS = ["airflow_dag.py", "dagster_job.py", "prefect_flow.py"]
FILES = ["crontab", "darkshelf.service", "Dockerfile", "cronjob.yaml", *PROGRAMS]
KNOWN_LATER = ("RestartSteps", "RestartMaxDelaySec")
"""Lines that systemd knows from 254 on."""


@pytest.mark.parametrize("name", FILES)
def test_every_example_calls_the_night_and_stands_in_operations(name):
    text = re.sub(r"[^\w./ -]", "", (EXAMPLES / name).read_text(encoding="utf-8"))
    assert CALL in text
    assert f"examples/{name}" in OPERATIONS.read_text(encoding="utf-8")
    assert "nightly" in {command.name for command in app.registered_commands}


def test_the_fields_of_the_crontab_are_seven():
    (line,) = [line for line in (EXAMPLES / "crontab").read_text().splitlines() if not line.startswith("#")]
    minute, hour, *days, user, command = line.split(maxsplit=6)
    assert (minute, hour, days, user) == ("*/20", "2-5", ["*", "*", "*"], "darkshelf")
    assert command.startswith("/opt/darkshelf/bin/darkshelf nightly ")


def test_systemd_tries_again_what_is_not_complete_and_takes_every_line():
    text = (EXAMPLES / "darkshelf.service").read_text()
    assert f"RestartForceExitStatus={EXIT_TRY_LATER}\n" in text
    if shutil.which("systemd-analyze"):
        checked = ["systemd-analyze", "verify", "--recursive-errors=no", EXAMPLES / "darkshelf.service"]
        done = subprocess.run(checked, capture_output=True, encoding="utf-8", check=False)
        unknown = [line for line in done.stderr.splitlines() if "Unknown key" in line]
        assert [line for line in unknown if not any(key in line for key in KNOWN_LATER)] == []
        assert "Failed to parse" not in done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_examples_are_python(name):
    ast.parse((EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["dagster_job.py", "prefect_flow.py"])
def test_python_examples_try_again_only_what_is_not_complete(name):
    tree = ast.parse((EXAMPLES / name).read_text(encoding="utf-8"))
    values = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(values["NOT_COMPLETE_YET"]) == EXIT_TRY_LATER


def test_the_cronjob_needs_no_root_and_writes_to_its_volumes_alone():
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8"))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}


def test_the_schedule_of_the_page_is_one(tmp_path):
    from engine.schedule.plan import load_schedule

    (written,) = re.findall(r"```toml\n(# /etc/darkshelf/schedule.toml\n.*?)```", OPERATIONS.read_text(), re.DOTALL)
    file = tmp_path / "schedule.toml"
    file.write_text(written, encoding="utf-8")
    assert [job.rhythm for job in load_schedule(file).jobs] == ["daily", "delivery", "quarterly", "weekly"]
