"""Divide: the division of every line, by rule, by the line itself or by its product, and where every cent went.

In: lines, products and rules. Out: `Divided`. A rule beats the division of the line, which beats that of the product.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.whitespace.division_rules import DivisionRule, DivisionRules
from engine.vocabulary import whitespace as v
from engine.whitespace.names import one_spelling, tidy

BY_RULE = "rule"
BY_LINE = v.TRANSACTIONS
BY_PRODUCT = v.PRODUCTS
BY_NONE = "none"
KEPT = "kept"
QUANTITY_ONLY = "kept, quantity only"
DROPPED = "dropped by rule"
LATER = "dated after the newest day"
SET_ASIDE = "set aside by contract"
MONEY = ("revenue_cents", "gross_profit_cents")


@dataclass(frozen=True)
class Divided:
    """Lines with their divisions. lines: those that count, `sku_id` and `division` as Enum, in the order they came.

    reconciliation: grain delivered division, division, decided_by and fate, sorted by them; rows, revenue_cents and
    gross_profit_cents as delivered, kept_revenue_cents and kept_gross_profit_cents as they count, and `conflicts`:
    rows of which two sources say different divisions. One more row counts those that the contract set aside, of whose
    money nothing is known (null). problems: what stops a run. remarks: what else to know.
    """

    lines: pl.DataFrame
    reconciliation: pl.DataFrame
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]


def divide(
    lines: pl.DataFrame, products: pl.DataFrame, rules: DivisionRules, closed: tuple[str, ...], n_set_aside: int = 0
) -> Divided:
    """Find the division of every line.

    lines: with sku_id, division (null where not delivered), quantity, revenue_cents, gross_profit_cents, is_later.
    products: one row a SKU with its division. closed: the divisions there are, empty for any.
    n_set_aside: rows that were delivered and are no usable lines.
    """
    keys = lines.select("sku_id", "division").unique()
    decided = _decisions(keys, products, rules, closed)
    # Of a SKU that keeps its money in another one every cent is left out, and said.
    found = lines.join(decided, on=["sku_id", "division"], how="left", nulls_equal=True, maintain_order="left")
    found = found.with_columns(
        fate=pl.when(pl.col("is_later") & (pl.col("fate") != DROPPED)).then(pl.lit(LATER)).otherwise("fate")
    )
    counts = found["fate"].is_in([KEPT, QUANTITY_ONLY])
    money = [pl.when(pl.col("fate") == KEPT).then(name).otherwise(0).alias(name) for name in MONEY]
    is_kept = found.filter(counts & found["to_division"].is_not_null())
    return Divided(
        lines=is_kept.with_columns(*money)
        .drop("sku_id", "division", "is_later", "decided_by", "fate", "conflict")
        .rename({"to_sku": "sku_id", "to_division": "division"}),
        reconciliation=_reconciliation(found, n_set_aside),
        problems=tuple(_homeless(found, closed)),
        remarks=tuple(_remarks(found, decided)),
    )


def _decisions(
    keys: pl.DataFrame, products: pl.DataFrame, rules: DivisionRules, closed: tuple[str, ...]
) -> pl.DataFrame:
    """For every SKU and delivered division what becomes of its rows; few, so they are looked at one by one."""
    of_product = {sku: division for sku, division in products.select("sku_id", "division").iter_rows() if division}
    given = [division for division in keys["division"].cast(pl.String).unique() if division is not None]
    named = [rule.division for rule in rules.rule if rule.division]
    spelling = one_spelling([*given, *of_product.values(), *named, *closed])
    book = _Book(
        {sku: rule.alias for rule in rules.rule if rule.alias for sku in rule.skus},
        {
            (sku, tidy(rule.delivered_division).casefold()): rule
            for rule in rules.rule
            if not rule.alias
            for sku in rule.skus
        },
        of_product,
        spelling,
    )
    columns = ("to_sku", "to_division", "decided_by", "fate", "conflict")
    pairs = keys.with_columns(pl.all().cast(pl.String)).rows()
    answers = pl.DataFrame([book.decide(*pair) for pair in pairs], dict.fromkeys(columns, pl.String), orient="row")
    skus, divisions = (pl.Enum(answers[name].drop_nulls().unique().sort()) for name in ("to_sku", "to_division"))
    typed = answers.with_columns(pl.col("to_sku").cast(skus), pl.col("to_division").cast(divisions))
    return pl.concat([keys, typed], how="horizontal")


@dataclass(frozen=True)
class _Book:
    """What is known of SKUs. rules: by SKU and delivered division (small letters, empty for any)."""

    aliases: Mapping[str, str]
    rules: Mapping[tuple[str, str], DivisionRule]
    of_product: Mapping[str, str]
    spelling: Mapping[str, str]

    def decide(self, delivered_sku: str, delivered: str | None) -> tuple[str, str | None, str, str, str]:
        """SKU, division, who decided, fate and conflict of the rows of a SKU under a delivered division."""
        sku = self.aliases.get(delivered_sku, delivered_sku)
        line = None if delivered is None else self.spelling[delivered]
        product = self.of_product.get(sku) or self.of_product.get(delivered_sku)
        product = product and self.spelling[product]
        rule = self.rules.get((sku, (line or "").casefold())) or self.rules.get((sku, ""))
        if rule is not None and rule.drop:
            return sku, None, BY_RULE, DROPPED, ""
        ruled = rule and self.spelling[rule.division]
        said = [(BY_RULE, ruled), (BY_LINE, line), (BY_PRODUCT, product)]
        voices = [(who, division) for who, division in said if division]
        if not voices:
            return sku, None, BY_NONE, KEPT, ""
        (who, division), *others = voices
        against = next((other for other, its in others if its != division), "")
        fate = QUANTITY_ONLY if rule and rule.quantity_only else KEPT
        return sku, division, who, fate, f"{who} over {against}" if against else ""


def _reconciliation(found: pl.DataFrame, n_set_aside: int) -> pl.DataFrame:
    kept = [pl.when(pl.col("fate") == KEPT).then(name).otherwise(0).sum().alias(f"kept_{name}") for name in MONEY]
    grain = ("delivered", "division", "decided_by", "fate")
    texts = found.select(
        "fate",
        "decided_by",
        "conflict",
        *MONEY,
        delivered=pl.col("division").cast(pl.String),
        division=pl.col("to_division").cast(pl.String),
    )
    sums = texts.group_by(grain).agg(
        pl.len().cast(pl.Int64).alias("rows"),
        *(pl.col(name).sum() for name in MONEY),
        *kept,
        conflicts=(pl.col("conflict") != "").sum().cast(pl.Int64),
    )
    if n_set_aside:
        aside = pl.DataFrame({"decided_by": BY_NONE, "fate": SET_ASIDE, "rows": n_set_aside})
        sums = pl.concat([sums, aside.cast({"rows": pl.Int64})], how="diagonal")
    return sums.sort(grain)


def _homeless(found: pl.DataFrame, closed: tuple[str, ...]) -> Iterator[Problem]:
    """Nothing that counts, SKUs of no division, and divisions that are none of those there are."""
    lost = found.filter(pl.col("to_division").is_null(), pl.col("fate") != DROPPED)
    if not found["fate"].is_in([KEPT, QUANTITY_ONLY]).any():
        advice = "look at the rules that drop SKUs, and at whitespace.inputs.data_as_of"
        yield Problem(v.TRANSACTIONS, "no line is left that counts", advice, found.height, found.height)
    if lost.height:
        advice = (
            f"deliver it in {v.TRANSACTIONS} or {v.PRODUCTS}, or write a rule into whitespace.inputs.division_rules"
        )
        skus = lost.group_by(pl.col("sku_id").cast(pl.String)).len().sort("len", "sku_id", descending=[True, False])
        examples = tuple(f"sku {sku}: {rows:,} rows" for sku, rows in skus.head(EXAMPLES).iter_rows())
        yield Problem(v.TRANSACTIONS, "rows have no division", advice, lost.height, found.height, examples)
    known = {tidy(each).casefold() for each in closed}
    strange = [one for one in found["to_division"].unique().drop_nulls() if closed and one.casefold() not in known]
    other = found.filter(pl.col("to_division").cast(pl.String).is_in(strange))
    if other.height:
        rows = other.group_by(pl.col("to_division").cast(pl.String)).len().sort("to_division")
        examples = tuple(f"{division}: {count:,} rows" for division, count in rows.head(EXAMPLES).iter_rows())
        advice = "correct the division, write a rule, or add it to whitespace.inputs.divisions"
        yield Problem(
            v.TRANSACTIONS, "rows are of a division there is not", advice, other.height, found.height, examples
        )


def _remarks(found: pl.DataFrame, decided: pl.DataFrame) -> Iterator[Problem]:
    clashes = found.filter(pl.col("conflict") != "")
    if clashes.height:
        pairs = clashes.group_by("conflict", "sku_id", "division", "to_division").len()
        shown = pairs.with_columns(pl.col("sku_id", "division", "to_division").cast(pl.String))
        shown = shown.sort("len", "sku_id", "division", descending=[True, False, False]).head(EXAMPLES)
        examples = tuple(
            f"sku {row['sku_id']}, delivered as {row['division'] or '(none)'}, is {row['to_division']}:"
            f" {row['conflict']}, {row['len']:,} rows"
            for row in shown.iter_rows(named=True)
        )
        advice = "nothing, where the first of rule, transactions and products is right; else correct it there"
        what = "rows are of different divisions by their sources"
        yield Problem(v.TRANSACTIONS, what, advice, clashes.height, found.height, examples)
    for fate, what, advice in (
        (DROPPED, "rows are dropped by a rule", "nothing, where these SKUs are no sales; else take the rule away"),
        (QUANTITY_ONLY, "rows count by their quantity alone", "nothing, where their money stands in another SKU"),
    ):
        rows = found.filter(pl.col("fate") == fate)
        if rows.height:
            sums = rows.group_by(pl.col("sku_id").cast(pl.String)).agg(pl.len(), pl.col("gross_profit_cents").sum())
            examples = tuple(
                f"sku {sku}: {count:,} rows, gross profit {cents / 100:,.2f}"
                for sku, count, cents in sums.sort("sku_id").head(EXAMPLES).iter_rows()
            )
            yield Problem(v.TRANSACTIONS, what, advice, rows.height, found.height, examples)
