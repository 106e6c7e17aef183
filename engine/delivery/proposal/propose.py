"""Propose: a mapping from sheets, by names, types and values. In: sheets, contracts. Out: `Proposal`.

Nothing is written and nothing is decided: every choice says why, and what is not sure of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import polars as pl

from engine.contracts.contract import Column, Contract, Kind
from engine.delivery.mapped.place import ISO
from engine.delivery.midnight import HOURS_OF_A_ZONE, MIDNIGHT
from engine.delivery.proposal.names import likeness, unit_of, words_of
from engine.delivery.proposal.sheets import Sheet
from engine.delivery.proposal.traits import Traits

LIKELY = 0.6
"""Names less alike than this are not proposed."""
SURE = 0.8
"""Names less alike than this are asked about."""
NEAR = 0.05
"""How much more alike a sheet is that is taken, and the others are not."""
OWN_NAME = 0.5
"""What a file that is called as the table weighs beside its columns."""
DAY_FOLDERS = ("year", "month", "day")
TAKEN_AS_PAID = 0.02
"""Revenue that differs by less of units times price is that."""


@dataclass(frozen=True)
class Choice:
    """How one column of ours is proposed to be made.

    how: as a mapping has it, None where nothing was found. why: in a few words. doubt: what is not sure, empty where
    nothing is. asks: what would settle it. others: their columns that may be meant as well.
    """

    ours: str
    how: Mapping[str, Any] | None
    why: str
    doubt: str = ""
    asks: Literal["column", "format", "zone"] = "column"
    others: tuple[str, ...] = ()

    def answered(self, answer: str) -> "Choice":
        """The choice with an answer to its doubt: a column, - for none, a format or a zone; "" leaves it as it is."""
        if not answer:
            return self
        if self.asks == "column":
            how = None if answer == "-" else {**(self.how or {}), "from": answer}
            return replace(self, how=how, why="your answer", doubt="")
        return replace(self, how={**(self.how or {}), self.asks: answer}, why="your answer", doubt="")


@dataclass(frozen=True)
class Proposed:
    """One source of a table as it is proposed. keys: what the mapping says of it beside source and columns."""

    sheet: Sheet
    keys: Mapping[str, Any]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Proposal:
    """The sources of every table, by its name. missing: tables of which nothing was found. left: sheets not used."""

    tables: Mapping[str, tuple[Proposed, ...]]
    missing: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class _Fit:
    """How a sheet fits a table. columns: by ours theirs and how alike. score: of the whole."""

    sheet: Sheet
    columns: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    score: float = 0.0


def propose(sheets: Sequence[Sheet], promised: Mapping[str, Contract]) -> Proposal:
    """A mapping for the tables of these contracts, as far as the sheets have them."""
    tables = {name: tuple(_sources(contract, sheets)) for name, contract in promised.items()}
    used = {each.sheet.name for several in tables.values() for each in several}
    return Proposal(
        {name: several for name, several in tables.items() if several},
        tuple(name for name, several in tables.items() if not several),
        tuple(sheet.name for sheet in sheets if sheet.name not in used),
    )


def settled(proposal: Proposal, ask: Callable[[str, Choice], str]) -> Proposal:
    """The proposal with an answer to every doubt. ask: is told the table and the choice; see `Choice.answered`."""
    return replace(
        proposal,
        tables={
            table: tuple(replace(each, choices=tuple(_settled(table, each.choices, ask))) for each in several)
            for table, several in proposal.tables.items()
        },
    )


def _settled(table: str, choices: Iterable[Choice], ask: Callable[[str, Choice], str]) -> Iterator[Choice]:
    for choice in choices:
        yield choice.answered(ask(table, choice)) if choice.doubt else choice


def _sources(contract: Contract, sheets: Sequence[Sheet]) -> Iterator[Proposed]:
    """The sheet that fits a table best, and those that are other parts of it."""
    fits = sorted((fit for sheet in sheets if (fit := _fit(contract, sheet))), key=lambda fit: -fit.score)
    for fit in fits:
        best = fits[0].sheet
        is_part = words_of(fit.sheet.name)[:1] == words_of(best.name)[:1] and not _is_master(contract)
        if fit.sheet is best or (is_part and fit.score > fits[0].score - OWN_NAME):
            yield _proposed(contract, fit)


def _is_master(contract: Contract) -> bool:
    """Whether a table describes things, a row each: beside their key nothing has to be there."""
    return all(column.name in contract.key for column in contract.columns if column.required)


def _fit(contract: Contract, sheet: Sheet) -> _Fit | None:
    """How a sheet fits a table; None where its key or its measures are not in it."""
    has_measure = any(column.required and column.kind is Kind.NUMBER for column in contract.columns)
    is_told_by_name = not (contract.required or has_measure or _is_master(contract))
    if is_told_by_name and likeness(sheet.name, contract.table) < LIKELY:
        # Who and when is in every table of events.
        return None
    found = _likely(contract, sheet)
    wanted = [column.name for column in contract.columns if column.required and column.kind is not Kind.FLAG]
    needed = [name for name in wanted if name != "revenue"]
    has_day = "date" in found or set(DAY_FOLDERS) <= set(sheet.rows.columns)
    lacking = [name for name in needed if name not in found and not (name == "date" and has_day)]
    if lacking or len(found) < 2:
        return None
    measures = [score for name, (_, score) in found.items() if name not in contract.key]
    if not measures:
        return None
    own_name = OWN_NAME * likeness(sheet.name, contract.table)
    is_unique = not _is_master(contract) or all(
        sheet.traits[found[name][0]].n_unique == sheet.rows.height for name in contract.key
    )
    further = NEAR * len(measures) + (OWN_NAME if is_unique else 0)
    # A sheet with much that this table does not need is rather another table's.
    unused = NEAR / 2 * (len(sheet.rows.columns) - len(found))
    return _Fit(sheet, found, sum(measures) / len(measures) + own_name + further - unused)


def _likely(contract: Contract, sheet: Sheet) -> dict[str, tuple[str, float]]:
    """By column of ours the one of theirs that is likeliest it, and how alike; each is taken once."""
    pairs = sorted(
        (
            (_score(column, theirs, has), column.name, theirs)
            for column in contract.columns
            for theirs, has in sheet.traits.items()
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    found: dict[str, tuple[str, float]] = {}
    for score, ours, theirs in pairs:
        if score >= LIKELY and ours not in found and theirs not in {each for each, _ in found.values()}:
            found[ours] = theirs, score
    return found


def _score(column: Column, theirs: str, has: Traits) -> float:
    return likeness(theirs, column.name) if has.n_unique and has.may_be(column.kind) else 0.0


def _proposed(contract: Contract, fit: _Fit) -> Proposed:
    sheet = fit.sheet
    sign = _signs(sheet)
    choices = _choices(contract, fit, sign)
    keys: dict[str, Any] = dict(sheet.dialect)
    if sign != (".", None):
        keys |= {"decimal": sign[0], **({"thousands": sign[1]} if sign[1] else {})}
    is_wide = len(sheet.rows.columns) > 2 * len(contract.names)
    if _is_master(contract) and any(
        sheet.traits[fit.columns[name][0]].n_unique < sheet.rows.height for name in contract.key
    ):
        keys["distinct"] = True
    elif is_wide and not _is_master(contract):
        own = [c.name for c in contract.columns if c.required and c.kind is Kind.NUMBER and c.name != "revenue"]
        empty = [name for name in own if name in fit.columns and sheet.traits[fit.columns[name][0]].n_empty]
        keys |= {"only_with": empty} if empty else {}
    return Proposed(sheet, keys, choices)


def propose_columns(contract: Contract, sheet: Sheet) -> tuple[Choice, ...]:
    """How the columns of a table are made of the sheet that is it, as far as any is likely or has to be there."""
    return _choices(contract, _Fit(sheet, _likely(contract, sheet)), _signs(sheet))


def _choices(contract: Contract, fit: _Fit, sign: tuple[str, str | None]) -> tuple[Choice, ...]:
    """What is proposed for every column that some name is like, or that has to be there; in the contract's order."""
    kinds = {column.name: column for column in contract.columns}
    found = [_choice(kinds[ours], theirs, score, fit, sign) for ours, (theirs, score) in fit.columns.items()]
    absent = [c for c in contract.columns if c.required and c.name not in fit.columns]
    order = {name: place for place, name in enumerate(contract.names)}
    choices = (*found, *(_absent(column, fit.sheet) for column in absent))
    return tuple(sorted(choices, key=lambda choice: order[choice.ours]))


def _signs(sheet: Sheet) -> tuple[str, str | None]:
    """The decimal sign of a sheet and the one between thousands: those that some column needs."""
    for has in sheet.traits.values():
        if has.numbers and not has.formats and all(way[0] == "," for way in has.numbers):
            return ",", "."
    for has in sheet.traits.values():
        if has.numbers and has.numbers[0] == (".", ",", "before"):
            return ".", ","
    return ".", None


def _choice(column: Column, theirs: str, score: float, fit: _Fit, sign: tuple[str, str | None]) -> Choice:
    sheet, has = fit.sheet, fit.sheet.traits[theirs]
    how: dict[str, Any] = {"from": theirs}
    asks: Literal["column", "format", "zone"] = "column"
    why, doubt = "its name" if score >= SURE else "a name like it", ""
    match column.kind:
        case Kind.DATE:
            how |= {"format": has.formats[0]} if has.formats[0] not in ("", "%Y-%m-%d", "%+") else {}
            why += f", dates as {has.formats[0] or ISO}"
            if len(has.formats) > 1:
                doubt, asks = f"may be written {' or '.join(has.formats)}", "format"
            if has.is_moment and 0 < len(has.times) <= HOURS_OF_A_ZONE and MIDNIGHT not in has.times:
                doubt, asks = f"every moment is at {has.times[0]:%H:%M}: the days of which zone?", "zone"
        case Kind.NUMBER:
            if unit_of(theirs):
                how["scale"] = unit_of(theirs)
                why += f", counted in {words_of(theirs)[-1]}"
            if has.numbers[0][2] == "behind":
                how["minus"] = "behind"
            why += _as_paid(column.name, fit)
        case Kind.FLAG if has.words and has.words[0]:
            how |= {"true": list(has.words[0]), "false": list(has.words[1])}
            why += f", {'/'.join(has.words[0])} is yes"
    taken = {name for name, _ in fit.columns.values()}
    likely = {name: _score(column, name, each) for name, each in sheet.traits.items() if name not in taken}
    others = tuple(name for name, each in likely.items() if each > score - NEAR)
    if not doubt and others:
        doubt = f"may be {' or '.join(others)}"
    elif not doubt and score < SURE:
        doubt = "its name is only like ours"
    return Choice(column.name, how, why, doubt, asks, others)


def _as_paid(ours: str, fit: _Fit) -> str:
    """Whether revenue is units times price, where a sheet has all three; what is said of it."""
    names = [fit.columns[name][0] for name in ("units_sold", "revenue") if name in fit.columns]
    prices = [theirs for theirs in fit.sheet.traits if likeness(theirs, "price") >= SURE and theirs not in names]
    if ours != "revenue" or len(names) < 2 or not prices:
        return ""
    rows = fit.sheet.rows.select(
        pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False) for name in (*names, prices[0])
    ).drop_nulls()
    units, revenue, price = (pl.col(name) for name in (*names, prices[0]))
    meets = rows.select((revenue - units * price).abs() <= TAKEN_AS_PAID * revenue.abs()).to_series()
    return f", {names[0]} × {prices[0]}" if len(meets) and 2 * int(meets.sum()) > len(meets) else ""


def _absent(column: Column, sheet: Sheet) -> Choice:
    """What is proposed for a column that no name is like."""
    if column.name == "date" and set(DAY_FOLDERS) <= set(sheet.rows.columns):
        how = {"from": "{year}-{month}-{day}", "format": "%Y-%m-%d"}
        return Choice(column.name, how, "the names of its folders")
    if column.kind is Kind.FLAG:
        return Choice(column.name, {"value": False}, "nothing is like it", "no promotions are known")
    others = tuple(name for name, has in sheet.traits.items() if has.n_unique and has.may_be(column.kind))
    return Choice(column.name, None, "nothing is like it", "which column is it?", others=others)
