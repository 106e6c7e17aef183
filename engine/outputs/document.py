"""A report as one HTML file: no script is needed and no request leaves it; light, dark, narrow and on paper.

In: a body. Out: HTML text.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from engine.errors import OutputError

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What the browser lets the file do: what is in it, nothing from elsewhere."""
STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2430;--muted:#586173;--paper:#fff;--card:#f6f7f9;--line:#d9dee6;
--accent:#2b6cb0;--good:#1e6b3a;--bad:#b3261e;--unsure:#8a5a00}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--muted:#a3acbb;--paper:#14171c;--card:#1d2127;
--line:#363d48;--accent:#7db3ec;--good:#7fcf9a;--bad:#ff9b92;--unsure:#e8b75a}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;max-width:64rem;margin:0 auto;padding:1rem 1rem 4rem;
color:var(--ink);background:var(--paper);overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:.2em 0}h2{font-size:1.2rem;margin:2.2em 0 .6em;padding-bottom:.25em;
border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:0}p{margin:.4em 0}
.muted,figcaption{color:var(--muted)}figure{margin:.8em 0}svg{max-width:100%;height:auto;display:block}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{padding:.35em .6em;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--muted);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{white-space:pre-wrap;margin:.3em 0}
.PASS{color:var(--good)}.FAIL{color:var(--bad);font-weight:bold}.VACUOUS{color:var(--unsure)}
@media print{body{font-size:11pt;max-width:none;padding:0}h2{break-after:avoid}figure,article,tr{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def document(title: str, body: str, style: str = "") -> str:
    """The whole file. title: plain text. body: HTML whose texts are escaped. style: rules beside the common ones."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """A table. headers: plain texts. rows: cells as HTML. numbers: the headers whose columns stand at the right."""
    right = [' class="n"' if name in numbers else "" for name in headers]
    head = "".join(f'<th scope="col"{side}>{escape(name)}</th>' for name, side in zip(headers, right, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{side}>{cell}</td>" for cell, side in zip(row, right, strict=True)) + "</tr>"
        for row in rows
    )
    # A table wider than a phone is scrolled on its own, by keyboard too.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(", ".join(filter(None, headers)))}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def write_document(page: str, file: Path) -> None:
    """Write a page into a file. Raises OutputError when that cannot be done."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error
