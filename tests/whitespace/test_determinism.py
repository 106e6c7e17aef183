"""Neither hash seeds nor threads change a table, a label or a true chance."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import datetime as dt, hashlib
from engine.delivery.frames import frames_of
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.synth.company.company import simulate
from engine.synth.company.plan import CompanyPlan
from engine.whitespace.check import check
from engine.whitespace.label_audit import prevalence
from engine.whitespace.panel import labels

company = simulate(CompanyPlan(customers=150, truth_draws=10, leaks=("duplicate_customer",)))
delivery = check(frames_of(company.tables), InputSettings())
rows = labels(delivery.tables, [dt.date(2023, 12, 31), dt.date(2024, 6, 30)], LabelSettings())
frames = [company.truth, delivery.tables.transactions, delivery.reconciliation, rows, prevalence(rows)]
told = "".join(map(str, delivery.remarks)) + "".join(frame.write_csv() for frame in frames)
print(hashlib.blake2b(told.encode()).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_agree_whatever_their_hash_seeds_and_threads():
    hashes = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "2"))
    }
    assert len(hashes) == 1
