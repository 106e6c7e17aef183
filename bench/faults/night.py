"""One night as a new user runs it: `darkshelf run FOLDER --out OUT --json`, and what it left."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from bench.faults.chain import Pair
from engine.outputs.shelf import shapes

PROGRAM: Final = Path(sys.executable).with_name("darkshelf")
PATIENCE_SECONDS: Final = 300
NOTICES: Final = "notices"


@dataclass(frozen=True)
class Night:
    """What a night came to. told: one text a notice, or the one complaint. open: money at risk by open store-SKU."""

    code: int
    notices: tuple[str, ...]
    open: Mapping[Pair, float]
    as_of: str | None = None

    @property
    def at_risk(self) -> float:
        """The headline."""
        return sum(self.open[pair] for pair in sorted(self.open))


def run(folder: Path, out: Path, *words: str) -> Night:
    """A night over a folder of tables, by the command in a process of its own."""
    command = [str(PROGRAM), "run", str(folder), "--out", str(out), "--json", *words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE_SECONDS)
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        return Night(done.returncode, tuple(done.stderr.splitlines()[-1:]), {})
    if done.returncode:
        return Night(done.returncode, (str(answer["error"]),), {})
    return of_run(Path(answer["folder"]))


def of_run(folder: Path) -> Night:
    """The night that a run folder holds. Ids are told in one form, so that nights of several can be compared."""
    quality = json.loads((folder / shapes.DATA_QUALITY).read_text(encoding="utf-8"))
    cases = pl.read_parquet(folder / shapes.CASES).filter(pl.col("status") == "open")
    keys = [pl.col(name).cast(pl.String).str.strip_chars().str.strip_suffix(".0") for name in ("store_id", "sku_id")]
    money = cases.select(*keys, pl.col("revenue_at_risk").fill_null(0.0))
    at_risk = {(store, sku): amount for store, sku, amount in money.iter_rows()}
    return Night(0, sentences_of(quality.get(NOTICES, [])), at_risk, quality["as_of"])


def sentences_of(notices: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Each notice as one text: where, what, how many of how many, and its examples."""
    return tuple(_sentence(notice) for notice in notices)


def _sentence(notice: Mapping[str, Any]) -> str:
    share = f": {notice['count']:,} of {notice['of']:,}" if notice.get("count") and notice.get("of") else ""
    examples = "; ".join(notice.get("examples") or ())
    return f"{notice['where']}: {notice['what']}{share}" + (f" ({examples})" if examples else "")
