"""The page about mappings has every key of one. `python -m tests.mapping.test_page` writes its tables anew."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from bench.page import between_marks
from engine.delivery.mapped.cells import READ_BY
from engine.settings.mapping import ColumnMapping, SourceMapping, TableMapping

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PAGE = Path(__file__).parents[2] / "docs" / "own-tables.md"


def default_of(field: FieldInfo) -> str:
    if field.is_required() or field.default in (None, (), "") or field.default == {}:
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def page() -> str:
    """The page as it should be."""
    kinds = {key: kind.name.lower() for kind, keys in READ_BY.items() for key in keys}
    source = [
        f"| `{name}` | {default_of(field)} | {field.description} |"
        for name, field in SourceMapping.model_fields.items()
    ]
    column = [
        f"| `{field.alias or name}` | {default_of(field)} | {kinds.get(name, 'all')} | {field.description} |"
        for name, field in ColumnMapping.model_fields.items()
    ]
    tables = [
        *("### The keys of a source", "", "| key | default | meaning |", "|---|---|---|", *source, ""),
        *("### The keys of a column", "", "| key | default | for | meaning |", "|---|---|---|---|", *column),
    ]
    return between_marks(PAGE, "keys", "\n".join(tables) + "\n")


def test_the_page_has_every_key_of_a_mapping() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with  python -m tests.mapping.test_page"


def test_the_mapping_on_the_page_is_one() -> None:
    block = PAGE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    assert set(TableMapping.model_validate(tomllib.loads(block)).tables) == {
        "sales_transactions",
        "inventory_snapshot",
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
