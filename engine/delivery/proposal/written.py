"""Written: a proposal as the text of a mapping, with what is not sure of it beside each line."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.delivery.proposal.propose import Choice, Proposal, Proposed
from engine.delivery.proposal.suggest import Suggestion

HEADER = """# Where the tables are, and how their columns become ours. Proposed from the files by  darkshelf init :
# look at what is marked "unsure". What can stand here: docs/own-tables.md
"""


def written(proposal: Proposal) -> str:
    """The mapping as TOML."""
    lines = [HEADER]
    for table, sources in proposal.tables.items():
        for source in sources:
            lines += [*_lines_of(table, source, is_one=len(sources) == 1, line_of=_line_of), ""]
    lines += [f"# Nothing was found for the table {table}." for table in proposal.missing]
    lines += [f"# Not used: {name}" for name in proposal.left]
    return "\n".join(lines).rstrip("\n") + "\n"


def suggested(suggestion: Suggestion) -> str:
    """The lines that a mapping lacks as TOML, each with why it is proposed; empty where nothing is proposed."""
    lines: list[str] = []
    for table, sources in suggestion.columns.items():
        for source in sources:
            head = [f"[tables.{table}]", f"source = {_value(source.sheet.source)}"]
            lines += [*([] if suggestion.is_mapped else head), f"[tables.{table}.columns]  # of {source.sheet.name}"]
            lines += [*map(_reasoned, source.choices), ""]
    for table, sources in suggestion.tables.items():
        for source in sources:
            lines += [*_lines_of(table, source, is_one=len(sources) == 1, line_of=_reasoned), ""]
    return "\n".join(lines)


def _reasoned(choice: Choice) -> str:
    """A line with why it is proposed, or what else it may be."""
    line = _line_of(choice)
    return line if choice.how is None else f"{line}{'; ' if choice.doubt else '  # '}{choice.why}"


def _lines_of(table: str, source: Proposed, *, is_one: bool, line_of: Callable[[Choice], str]) -> Iterator[str]:
    yield f"[tables.{table}]" if is_one else f"[[tables.{table}]]"
    yield f"source = {_value(source.sheet.source)}"
    yield from (f"{key} = {_value(value)}" for key, value in source.keys.items())
    yield f"[tables.{table}.columns]"
    yield from map(line_of, source.choices)


def _line_of(choice: Choice) -> str:
    told = f"  # unsure: {choice.doubt}" if choice.doubt else ""
    if choice.how is None:
        listed = f" Perhaps {', '.join(choice.others)}." if choice.others else ""
        return f'# {choice.ours} = ""  # unsure: {choice.doubt}{listed}'
    return f"{choice.ours} = {_value(choice.how)}{told}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"from"}:
            return _value(value["from"])
        return f"{{{', '.join(f'{key} = {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # A text of JSON is one of TOML.
    return json.dumps(value, ensure_ascii=False)
