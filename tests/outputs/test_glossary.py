"""One glossary for everything a person sees.

`python -m tests.outputs.test_glossary` writes the tables of docs/glossary.md anew.
"""

from pathlib import Path

import pytest

from bench.page import between_marks
from engine.outputs import glossary
from engine.outputs.glossary import entries, name_of, tip_of, topics
from engine.outputs.growth import figures as growth_figures
from engine.outputs.shelf.severity import SEVERITIES
from engine.vocabulary import growth as g
from engine.vocabulary import shelf as v

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
FORMATS = (PAGE.with_name("file-formats.md"), PAGE.with_name("growth-file-formats.md"))


def page() -> str:
    """The page as it should be: its own prose, and the tables between the two marks."""
    return between_marks(PAGE, "generated", glossary.as_markdown())


def test_the_page_prints_the_glossary():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with  python -m tests.outputs.test_glossary"


@pytest.mark.parametrize("cause", v.ALL_CAUSES)
def test_every_cause_has_a_meaning_and_so_has_its_score(cause):
    assert topics()["cause"][cause].meaning
    assert entries()[f"score_{cause}"].unit == "0 to 100"


EVENTS = (
    v.HOLIDAY, v.LATE_FEED, v.UNIT_CHANGE, v.END_OF_LIFE, v.LAUNCH, v.RAN_OUT, v.RISEN,
    v.SKU_IN_REGION, v.SKU_IN_STORES, v.CATEGORY_IN_REGION,
)  # fmt: skip
FLAGS = (v.OPEN, v.CLOSED, v.MISSING_PRICE, v.MISSING_ON_HAND, v.MISSING_COST, v.BORROWED_LEVEL, *SEVERITIES)
GROWTH = (*g.GROWTH_STATUSES, *g.GROWTH_CAPS, *g.SCALING_TIERS, *g.GROWTH_TEXTS, growth_figures.QUANTITY)


@pytest.mark.parametrize(
    ("topic", "key"),
    [("event", key) for key in EVENTS] + [("status", key) for key in FLAGS] + [("growth", key) for key in GROWTH],
)
def test_every_word_of_the_vocabulary_has_a_meaning(topic, key):
    assert topics()[topic][key].meaning


def test_every_column_of_a_case_has_a_name_and_a_meaning():
    columns = (*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS)
    assert [column for column in columns if column not in entries() or not entries()[column].meaning] == []


def documented_columns() -> list[str]:
    """The columns of every output that the pages of file formats describe."""
    columns = set()
    for file in FORMATS:
        _, _, outputs = file.read_text(encoding="utf-8").partition("\n## Output files\n")
        for section in outputs.partition("\n## ")[0].split("\n### `")[1:]:
            name, _, table = section.partition("`\n")
            if name.endswith(".parquet"):
                columns |= {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    return sorted(columns)


def test_every_column_that_is_published_has_an_entry():
    columns = documented_columns()
    assert len(columns) > 150
    assert [column for column in columns if column not in entries()] == []


def test_an_entry_cannot_be_changed():
    with pytest.raises(AttributeError):
        entries()["revenue_at_risk"].name = "other"
    with pytest.raises(TypeError):
        entries()["revenue_at_risk"] = None


def test_a_key_without_entry_is_shown_as_words_and_a_missing_one_as_a_dash():
    assert name_of("some_new_column") == "some new column"
    assert name_of(None) == name_of("") == "–"
    assert tip_of("some_new_column") == ""


def test_a_word_of_two_topics_means_what_its_topic_says():
    assert name_of("none") == name_of("none", "cause") == "No clear cause"
    assert name_of("none", "growth") == "No cap"


def test_entries_are_written_to_be_read():
    for entry in entries().values():
        assert entry.name, entry.key
        assert entry.name == entry.name.strip(), entry.key
        assert not entry.meaning or entry.meaning.endswith("."), entry.key
        assert not set(entry.meaning) & set("|<"), entry.key


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
