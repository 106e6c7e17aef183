"""The tables of the growth desk, as contracts (specification of growth, section 1)."""

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule
from engine.vocabulary import growth as v

STR_CODE = Column("str_code", Kind.ID, null=Consequence.STOP)
SPU_CODE = Column("spu_code", Kind.ID, null=Consequence.STOP)
PERIOD = Column("period", Kind.TEXT, required=False, null=Consequence.STOP)
DATASET = Column("dataset_id", Kind.TEXT, required=False)
CLUSTER_SPELLINGS = ("cluster_id", "cluster", "Cluster")
HALF_MONTH = r"^\d{4}(0[1-9]|1[0-2])[AB]$"
MAX_FRACTION = 1.5
"""A sell-through above this cannot be a fraction that counted a little too much: it is a percentage."""


def growth_contracts(required: Collection[str]) -> dict[str, Contract]:
    """Every table's contract by name. required: the tables without which nothing can be done."""
    made = (
        _sales(),
        _clusters(),
        Contract(v.TRAFFIC, ("str_code",), (STR_CODE, PERIOD, *_traffic()), (_half_months(),)),
        Contract(v.STEP9, v.STORE_SPU, (STR_CODE, SPU_CODE, PERIOD, DATASET, *_step9()), (_half_months(),)),
        Contract(v.STEP10, v.STORE_SPU, (STR_CODE, SPU_CODE, PERIOD, DATASET, *_step10()), (_half_months(),)),
        Contract(v.STEP11, v.STORE_SPU, (STR_CODE, SPU_CODE, PERIOD, DATASET, *_step11()), (_half_months(),)),
        Contract(v.SUPPLY, ("spu_code",), (SPU_CODE, _amount("available_units"))),
        Contract(v.STORE_BUDGETS, ("str_code",), (STR_CODE, _amount("budget_amount"))),
    )
    # A table with a column of periods may hold several of them, each with a row for the key.
    return {
        each.table: replace(each, required=each.table in required, repeats=PERIOD in each.columns, ids_are_text=True)
        for each in made
    }


def _sales() -> Contract:
    quantities = (
        Column("current_spu_count", Kind.NUMBER, null=Consequence.NOTE, fault=Consequence.STOP),
        _optional("store_sales", fault=Consequence.STOP),
        _optional("spu_sales_amt", fault=Consequence.NOTE),
        _optional("quantity", fault=Consequence.NOTE),
        _optional("unit_price", fault=Consequence.NOTE),
        _optional("sell_through_rate", fault=Consequence.NOTE),
        _optional("on_hand", fault=Consequence.NOTE),
        _optional("recent_sales_units", fault=Consequence.NOTE),
        _optional("target_spu_count", fault=Consequence.NOTE),
    )
    names = ("cate_name", "sub_cate_name", "sex_name", "season_name", "eligibility_status", "spu_name", "store_name")
    texts = tuple(Column(name, Kind.TEXT, required=False) for name in names)
    percentage = Rule(
        f"sell_through_rate is above {MAX_FRACTION:g}: a percentage, not a fraction",
        "sell_through_rate",
        pl.col("sell_through_rate") > MAX_FRACTION,
        Consequence.STOP,
        "deliver the share of units sold, from 0 to 1: divide by 100",
    )
    adjusted = Column("adjusted_by_step8", Kind.FLAG, required=False)
    columns = (STR_CODE, SPU_CODE, PERIOD, DATASET, *quantities, adjusted, *texts)
    return Contract(v.STORE_SPU_SALES, v.STORE_SPU, columns, (_half_months(), percentage))


def _clusters() -> Contract:
    given = pl.coalesce(CLUSTER_SPELLINGS)
    number = given.str.contains(r"^-?\d{1,9}$")
    rules = (
        Rule(
            "no cluster is given",
            "str_code",
            given.is_null(),
            Consequence.STOP,
            f"every store needs a cluster, in a column {', '.join(CLUSTER_SPELLINGS[:2])} or {CLUSTER_SPELLINGS[2]}",
        ),
        Rule(
            "the cluster is no whole number",
            "str_code",
            ~number,
            Consequence.STOP,
            "number the clusters",
        ),
    )
    spellings = tuple(Column(name, Kind.ID, required=False) for name in CLUSTER_SPELLINGS)
    return Contract(v.CLUSTERS, ("str_code",), (STR_CODE, *spellings), rules)


def _traffic() -> tuple[Column, ...]:
    names = ("woman_into_str_cnt_avg", "male_into_str_cnt_avg")
    return tuple(Column(name, Kind.NUMBER, null=Consequence.NOTE, fault=Consequence.NOTE) for name in names)


def _step9() -> tuple[Column, ...]:
    return (
        Column("rule9_applied", Kind.FLAG, null=Consequence.NOTE),
        Column("recommended_quantity_change", Kind.NUMBER, required=False, low=0, fault=Consequence.STOP),
        Column("rule9_reason", Kind.TEXT, required=False),
    )


def _step10() -> tuple[Column, ...]:
    return (
        Column("rule10_applied", Kind.FLAG, null=Consequence.NOTE),
        Column("volatility_flag", Kind.FLAG, required=False),
        Column("rule10_reason", Kind.TEXT, required=False),
    )


def _step11() -> tuple[Column, ...]:
    """No quantity: what Step 11 says of one never reaches Step 12."""
    return (
        Column("is_growth_candidate", Kind.FLAG, null=Consequence.NOTE),
        _optional("opportunity_score", fault=Consequence.NOTE),
        _optional("tier_score", fault=Consequence.NOTE),
        Column("opportunity_tier", Kind.TEXT, required=False),
        Column("recommendation_type", Kind.TEXT, required=False),
        Column("opportunity_reason", Kind.TEXT, required=False),
        *(Column(name, Kind.ID, required=False) for name in CLUSTER_SPELLINGS[:1]),
    )


def _amount(name: str) -> Column:
    return Column(name, Kind.NUMBER, null=Consequence.STOP, low=0, fault=Consequence.STOP)


def _optional(name: str, *, fault: Consequence) -> Column:
    return Column(name, Kind.NUMBER, required=False, fault=fault)


def _half_months() -> Rule:
    return Rule(
        "period is no half month",
        "period",
        ~pl.col("period").str.contains(HALF_MONTH),
        Consequence.STOP,
        "write the first half of June 2025 as 202506A, the second as 202506B",
    )
