"""The report of a growth run: one HTML file with everything in it, for a planner to review and sign.

In: a published run. Out: HTML text that needs no network.
"""

from html import escape
from typing import Any

import polars as pl

from engine.outputs.document import document, table
from engine.outputs.growth import figures, shapes
from engine.outputs.growth.charts import charts, draw_peer_strip
from engine.outputs.growth.read import boundary_report
from engine.outputs.read import summary
from engine.runs.registry import Run
from engine.vocabulary import growth as v

ROWS_A_STATUS = 200
"""So many candidates of every status are listed; the others stand in the audit."""
SIGNERS = ("Data Science Lead", "Product Owner", "Client Representative")
SHOWN = ("str_code", "store_name", "spu_code", "spu_name", "cluster_id", "status", "scaling_tier", "cap_applied")
STYLE = """
@media screen and (max-width:40rem){figure{overflow-x:auto}figure svg{min-width:36rem;max-width:none}}
.sheet td{height:3em}.what{color:#4878a8}.much{color:#3f8a3f}
input{width:100%;padding:.5em;margin:.5em 0;font:inherit;color:inherit;background:var(--card);
border:1px solid var(--line);border-radius:.3em}
"""
FILTER = """
document.getElementById('find').addEventListener('input',function(e){
const words=e.target.value.toLowerCase().split(/\\s+/);
document.querySelectorAll('#decisions tbody tr').forEach(function(r){
const text=r.textContent.toLowerCase();r.hidden=!words.every(w=>text.includes(w))})});
"""


def report(run: Run, explained: pl.LazyFrame) -> str:
    """The whole page. explained: the audit with its texts. Raises MissingGlyphError."""
    facts, checks = summary(run), boundary_report(run)
    drawn = "\n".join(f'<figure id="{name}" tabindex="0">{svg}</figure>' for name, svg in charts(run).items())
    body = "\n".join(
        (
            f"<h1>Growth, half month {escape(str(facts['period']))}</h1>",
            _opening(facts),
            "<h2>Boundary</h2>",
            _boundary(checks),
            "<h2>Figures</h2>",
            drawn,
            "<h2>Decisions beside their peers</h2>",
            _peers(run),
            "<h2>Most units</h2>",
            _top(run),
            "<h2>Decisions</h2>",
            _decisions(explained, facts),
            "<h2>Sign-off</h2>",
            _sign_off(run),
            f"<script>{FILTER}</script>",
        )
    )
    return document(f"Growth {run.run_id}", body, STYLE)


def _opening(facts: dict[str, Any]) -> str:
    share = facts["dead_zone_share"]
    moved = 100 * facts["affinity_not_neutral_units"] / facts["units"] if facts["units"] else 0.0
    dead = "" if share is None else f" Of those worth closing, {100 * share:.1f}% got nothing under caps and minimum."
    return (
        f'<p><b class="what">Step 11 said what:</b> {facts["candidates"]:,} candidates. '
        f'<b class="much">Step 12 said how much:</b> {facts["scaled"]:,} of them get {facts["units"]:,.1f} units '
        f"({facts['whole_units']:,} whole ones) in {facts['stores_scaled']:,} stores.{dead}</p>"
        f"<p>Visitors moved the quantity of rows with {moved:.1f}% of the units. "
        "Caps control risk; they change no strategy. No threshold of the business was changed.</p>"
    )


def _boundary(checks: dict[str, Any]) -> str:
    rows = [
        (
            check["says"],
            f'<span class="{check["verdict"]}">{check["verdict"]}</span>',
            f"{check['looked_at']:,}",
            f"{check['broken']:,}",
            check["requirement"],
            escape(check["note"]),
        )
        for check in checks["checks"]
    ]
    return table(
        ("check", "verdict", "rows looked at", "rows broken", "proves", ""),
        rows,
        numbers=("rows looked at", "rows broken"),
    )


def _peers(run: Run) -> str:
    """The largest gap that was scaled and the largest that a cap suppressed, each among what its peers sell."""
    parts = []
    for row in figures.peer_examples(run):
        told = f"{row['store_name'] or row['str_code']}, {row['status']}: {row[figures.QUANTITY]:,.1f} units"
        strip = draw_peer_strip(run, row["cluster_id"], row["spu_code"], row)
        parts.append(f'<figure tabindex="0">{strip}<figcaption>{escape(told)}</figcaption></figure>')
    return "\n".join(parts)


def _top(run: Run) -> str:
    tables = []
    for key, title in (("str_code", "store"), ("spu_code", "SPU")):
        rows = [
            (escape(code), escape(name or ""), f"{count:,}", f"{units:,.1f}")
            for code, name, count, units in figures.top(run, key).iter_rows()
        ]
        tables.append(table((title, "name", "rows", "units"), rows, numbers=("rows", "units")))
    return "\n".join(tables)


def _decisions(explained: pl.LazyFrame, facts: dict[str, Any]) -> str:
    """Candidates of every status, those that got nothing as findable as those that got something."""
    units = figures.QUANTITY
    ranked = explained.sort(units, *v.STORE_SPU, descending=[True, False, False])
    parts = [ranked.filter(pl.col("status") == status).head(ROWS_A_STATUS) for status in reversed(v.GROWTH_STATUSES)]
    listed = pl.concat([part.select(*SHOWN, units, "full_explanation") for part in parts]).collect()
    rows = [
        (
            *(escape("" if row[name] is None else str(row[name])) for name in SHOWN),
            f"{row[units]:,.1f}",
            f"<details><summary>why</summary><pre>{escape(row['full_explanation'])}</pre></details>",
        )
        for row in listed.iter_rows(named=True)
    ]
    told = f"{listed.height:,} of {facts['candidates']:,} candidates, at most {ROWS_A_STATUS} a status"
    return (
        f"<p>{told}; all of them are in {shapes.AUDIT}.</p>"
        '<input id="find" placeholder="store, SPU, status, tier, cap …" aria-label="find">'
        f'<div id="decisions">{table((*SHOWN, "units", "explanation"), rows, numbers=("units",))}</div>'
    )


def _sign_off(run: Run) -> str:
    rows = [(signer, "", "", "") for signer in SIGNERS]
    sheet = table(("role", "name", "date", "signature"), rows)
    return (
        f'<p>Run {escape(run.run_id)}, profile {escape(run.manifest["profile"])}.</p><div class="sheet">{sheet}</div>'
    )
