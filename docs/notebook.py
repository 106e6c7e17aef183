"""Run the cells of `notebook.ipynb` and write it with what they show: `python -m docs.notebook`.

The cells run in this process: what they show is text and HTML, and no server of notebooks has to be installed for it.
"""

from __future__ import annotations

import ast
import json
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Cell = dict[str, Any]
NOTEBOOK = Path(__file__).with_name("notebook.ipynb")
SECTIONS = (
    (
        """# From tables to cases

A simulated chain, a night over it, and what the night says: everything by `import engine as darkshelf`. The page
[darkshelf in Python](python.md) has the rest. `python -m docs.notebook` writes this notebook anew.""",
        """import polars as pl

import engine as darkshelf

darkshelf.__version__""",
    ),
    (
        "A chain of 100 stores with planted dark shelves, written as Parquet files, and the truth about them.",
        """made = darkshelf.simulate("data/tables", stores=100, skus=20, days=60)
made.rows""",
    ),
    (
        "Tables may be a folder or frames. Here they are frames, of Polars; pandas, PyArrow and DuckDB do as well.",
        """names = [name for name in made.rows if name != "truth"]
tables = {name: pl.read_parquet(f"data/tables/{name}.parquet") for name in names}
tables["sales_transactions"].head(3)""",
    ),
    (
        "The night. A result shows its key figures and what it found first.",
        """night = darkshelf.run_shelf(tables)
night""",
    ),
    (
        "What is odd about the input should be read before anything is believed.",
        """for notice in night.notices:
    print(darkshelf.Problem(**notice))""",
    ),
    (
        "The cases are a frame, by value, descending.",
        """columns = ("case_id", "status", "duration_days", "revenue_at_risk", "primary_cause", "recommended_action")
night.cases.select(columns).head(10)""",
    ),
    (
        "One case in words.",
        """largest = night.cases["case_id"][0]
night.explain(largest)""",
    ),
    (
        "And the evidence it rests on.",
        """evidence = night.table("evidence").filter(pl.col("case_id") == largest)
evidence.sort("rank").select("cause", "score", "explanation")""",
    ),
    (
        "The chain is simulated, so the truth is known: its largest dark shelves, beside the cases of the night.",
        """truth = pl.read_parquet("data/tables/truth.parquet")
cases = night.cases.select("store_id", "sku_id", "case_id", "primary_cause")
truth.join(cases, on=["store_id", "sku_id"], how="left").sort("lost_revenue", descending=True).select(
    "store_id", "sku_id", "cause", "first_date", "lost_revenue", "case_id", "primary_cause"
).head(8)""",
    ),
    (
        "Settings are given by their dotted keys. A misspelt one is refused, with the one that was probably meant.",
        """try:
    darkshelf.run_shelf(tables, settings={"episode.max_fdrr": 0.05})
except darkshelf.SettingsError as error:
    print(error)""",
    ),
    (
        "A fault of the data is told with its place, its number, its first rows, and what to do.",
        """broken = pl.when(pl.int_range(pl.len()) < 2).then(None).otherwise("store_id").alias("store_id")
try:
    darkshelf.run_shelf({**tables, "pricing": tables["pricing"].with_columns(broken)})
except darkshelf.InputError as error:
    print(error)""",
    ),
    (
        "Without an output folder a run goes with its result. `to_folder` keeps it, for `darkshelf dashboard` too.",
        """kept = night.to_folder("data/runs")
sorted(file.name for file in kept.folder.glob("*.csv"))""",
    ),
)
"""The notebook: some prose and a cell of code, again and again."""


def execute(sections: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The notebook with what its cells show, run in the working folder. Raises what a cell raises."""
    names: dict[str, Any] = {}
    cells: list[Cell] = []
    for count, (prose, code) in enumerate(sections, 1):
        cells.append({"cell_type": "markdown", "id": f"prose-{count}", "metadata": {}, "source": _lines(prose)})
        cell = {"cell_type": "code", "id": f"code-{count}", "metadata": {}, "source": _lines(code)}
        cells.append({**cell, "execution_count": count, "outputs": _run(code, names, count)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _run(code: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """What a cell prints, and what its last expression is. names: what the cells before it made; it adds its own."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        outputs.append(
            {"data": _shown(value), "execution_count": count, "metadata": {}, "output_type": "execute_result"}
        )
    return outputs


def _shown(value: Any) -> dict[str, list[str]]:
    """A value as text, and as HTML where it has any."""
    shown = {"text/plain": _lines(repr(value))}
    return shown | {"text/html": _lines(value._repr_html_())} if hasattr(value, "_repr_html_") else shown


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main() -> None:
    """Write the notebook anew, from an empty folder."""
    with TemporaryDirectory() as place, chdir(place):
        executed = execute(SECTIONS)
    NOTEBOOK.write_text(json.dumps(executed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
