"""Contacts: how often and how lately somebody called on the customer, about anything and about the division."""

import datetime as dt
from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.column import SCOPES, Column, facts_of, window_facts
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import LIFE, RATE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View

FAMILY = "contacts"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family; none where no contacts were delivered for the training rows."""
    if not state.vocabularies["contact_actions"]:
        return
    for scope in SCOPES:
        facts = facts_of(FAMILY, scope, source=v.CONTACTS)
        name = f"contacts__{scope}__contact_n"
        year = Feature(f"{name}__12m", kind="count", twin=f"{name}__{RATE}", **facts, **window_facts("12m", settings))
        rate = Feature(f"{name}__{RATE}", kind="count", **facts, **window_facts(RATE, settings))
        yield Column(year, partial(_count, scope, "12m"))
        yield Column(rate, partial(_count, scope, RATE))
        yield Column(
            Feature(f"contacts__{scope}__days_since_last__life", kind="days", **facts), partial(_days_since, scope)
        )


def _within(scope: Scope, span: str, view: View) -> pl.DataFrame:
    """The contacts of a window with the group of each; those about no division count for `all` alone."""
    window = view.spans[span]
    contacts = view.tables.contacts.filter(
        pl.col("date") <= window.until, pl.col("date") > (window.after or dt.date.min)
    )
    if scope == v.OF_PAIR:
        contacts = contacts.filter(pl.col(v.DIVISION).is_in(view.ledger.divisions.to_list()))
    customer = view.codes(contacts)
    if scope == v.OF_CUSTOMER:
        return contacts.with_columns(group=pl.Series(customer, dtype=pl.Int64))
    kind = pl.Enum(view.ledger.divisions)
    division = contacts[v.DIVISION].cast(pl.String).cast(kind).to_physical().to_numpy().astype(np.int64)
    return contacts.with_columns(group=pl.Series(customer * view.ledger.shape[1] + division, dtype=pl.Int64))


def _count(scope: Scope, span: str, view: View) -> Floats:
    groups = _within(scope, span, view)["group"].to_numpy()
    return view.shaped(scope, np.bincount(groups, minlength=view.groups(scope)).astype(np.float64))


def _days_since(scope: Scope, view: View) -> Floats:
    lasts = _within(scope, LIFE, view).group_by("group").agg(pl.col("date").max().to_physical())
    days = np.full(view.groups(scope), np.nan)
    days[lasts["group"].to_numpy()] = view.today - lasts["date"].to_numpy()
    return view.shaped(scope, days)
