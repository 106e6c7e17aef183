from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"{Path(one.file).stem}: {one.breaks}")
def test_a_mutation_changes_one_place_that_is_there(mutation):
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
    assert mutation.old != mutation.new
    assert all((ROOT / test).is_file() for test in mutation.tests)


def test_no_mutation_is_listed_twice():
    changes = [(one.file, one.old, one.new) for one in MUTATIONS]
    assert len(set(changes)) == len(changes) >= 40
