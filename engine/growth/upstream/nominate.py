"""Nominate: Step 11, what may grow (specification of growth, section 4.1).

In: stock, clusters, visitors, and Step 10. Out: one row per store and top-performing SPU of its cluster, marked or
not, each with its reason. It says what, never how much: no column holds a quantity.
"""

import polars as pl

from engine.growth.factors import MEN, WOMEN
from engine.settings.growth.upstream import NominateSettings
from engine.stats import ratio, round_half_up
from engine.vocabulary import growth as v

ADD_NEW, INCREASE_EXISTING = "ADD_NEW", "INCREASE_EXISTING"
TIERS = ("High Confidence Growth", "Medium Confidence Growth", "Exploratory / Test Opportunity")
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "fall": (9, 10, 11)}
NEUTRAL = 0.5
COLUMNS = (
    *v.STORE_SPU,
    "is_growth_candidate",
    "recommendation_type",
    "opportunity_score",
    "opportunity_tier",
    "tier_score",
    "cluster_id",
    "rank_in_cluster",
    "adoption",
    "affinity_level",
    "affinity_score",
    "consistency_penalty",
    "baseline_gate_passed",
    "is_mandatory",
    "recommendation_framing",
    "opportunity_reason",
)


def nominate(
    stock: pl.LazyFrame,
    clusters: pl.LazyFrame,
    traffic: pl.LazyFrame | None,
    step10: pl.LazyFrame,
    period: str | None,
    settings: NominateSettings,
) -> pl.LazyFrame:
    """Rows of `COLUMNS`, marked where the store lacks a top performer or sells less than half of its sellers.

    stock: see `stock`. clusters: store, `cluster_id`. traffic: store, `women`, `men`. step10: store, SPU,
    `rule10_applied`. Scores are shares of 1 and depend on the row's own cluster only.
    """
    top = _top_performers(stock, clusters, settings)
    held = stock.select(
        *v.STORE_SPU, "store_sales", "sell_through_rate", "is_eligible", carries=pl.col("store_sales") > 0
    )
    reduced = step10.select(*v.STORE_SPU, "rule10_applied")
    return (
        clusters.join(top, on="cluster_id")
        .join(held, on=v.STORE_SPU, how="left")
        .join(reduced, on=v.STORE_SPU, how="left")
        .pipe(_with_fit, traffic, settings)
        .with_columns(
            pl.col("carries", "rule10_applied").fill_null(value=False), pl.col("is_eligible").fill_null(value=True)
        )
        .pipe(_scored, settings)
        .with_columns(opportunity_reason=_reason(period))
        .select(COLUMNS)
    )


def _top_performers(stock: pl.LazyFrame, clusters: pl.LazyFrame, settings: NominateSettings) -> pl.LazyFrame:
    """The best-selling SPUs of every large enough cluster, sold by enough of its stores. Grain: cluster, SPU."""
    sizes = clusters.group_by("cluster_id").agg(cluster_stores=pl.len())
    sold = stock.filter(pl.col("store_sales") > 0)
    spus = sold.group_by(v.PEER_GROUP).agg(
        total=pl.col("store_sales").sort().implode().list.sum(),
        sellers=pl.len(),
        median=pl.col("store_sales").median(),
        sex_name=pl.col("sex_name").min(),
    )
    enough = (pl.col("cluster_stores") >= settings.min_cluster_stores) & (
        pl.col("sellers") >= settings.min_selling_stores
    )
    rank = (pl.col("total").rank("average") / pl.len()).over("cluster_id")
    scored = (
        spus.join(sizes, on="cluster_id")
        .filter(enough)
        .with_columns(rank_in_cluster=rank, adoption=pl.col("sellers") / pl.col("cluster_stores"))
        .with_columns(opportunity_score=pl.col("rank_in_cluster") * pl.col("adoption"))
    )
    return scored.filter(
        pl.col("rank_in_cluster") >= settings.top_rank,
        pl.col("adoption") >= settings.min_adoption,
        pl.col("opportunity_score") >= settings.min_score,
    ).select(*v.PEER_GROUP, "rank_in_cluster", "adoption", "opportunity_score", "median", "sex_name")


def _with_fit(rows: pl.LazyFrame, traffic: pl.LazyFrame | None, settings: NominateSettings) -> pl.LazyFrame:
    """How far the store's visitors fit the SPU, and how far they differ from those of the stores that sell it."""
    if traffic is None:
        traffic = pl.LazyFrame(schema={"str_code": pl.String, "women": pl.Float64, "men": pl.Float64})
    visitors = pl.col("women") + pl.col("men")
    shares = traffic.select("str_code", female_share=pl.when(visitors > 0).then(ratio(pl.col("women"), visitors)))
    rows = rows.join(shares, on="str_code", how="left")
    share, sex = pl.col("female_share"), pl.col("sex_name")
    fit = pl.when(sex.is_in(WOMEN)).then(share).when(sex.is_in(MEN)).then(1 - share).fill_null(NEUTRAL)
    sellers = pl.when("carries").then(share).sort().implode().list.mean().over(v.PEER_GROUP)
    mismatch = (sellers - share).abs().fill_null(0.0)
    penalty = (settings.mismatch_slope * (mismatch - settings.tolerated_mismatch)).clip(0, settings.max_penalty)
    level = (
        pl.when(pl.col("affinity_score") >= settings.high_affinity)
        .then(pl.lit("High"))
        .when(pl.col("affinity_score") >= settings.moderate_affinity)
        .then(pl.lit("Moderate"))
        .otherwise(pl.lit("Low"))
    )
    return rows.with_columns(affinity_score=fit, consistency_penalty=penalty).with_columns(affinity_level=level)


def _scored(rows: pl.LazyFrame, settings: NominateSettings) -> pl.LazyFrame:
    sell_through = pl.col("sell_through_rate").fill_null(settings.unknown_sell_through).clip(upper_bound=1)
    weighed = (
        settings.score_weight * pl.col("opportunity_score")
        + settings.adoption_weight * pl.col("adoption")
        + settings.affinity_weight * pl.col("affinity_score")
        + settings.sell_through_weight * sell_through
    )
    score = pl.col("tier_score")
    tier = (
        pl.when(score >= settings.high_tier)
        .then(pl.lit(TIERS[0]))
        .when(score >= settings.medium_tier)
        .then(pl.lit(TIERS[1]))
        .otherwise(pl.lit(TIERS[2]))
    )
    kind = pl.when("carries").then(pl.lit(INCREASE_EXISTING)).otherwise(pl.lit(ADD_NEW))
    passes = pl.col("is_eligible") & ~pl.col("rule10_applied")
    return rows.with_columns(
        tier_score=(weighed * (1 - pl.col("consistency_penalty"))).clip(0, 1),
        recommendation_type=kind,
        baseline_gate_passed=passes,
        is_growth_candidate=passes & (~pl.col("carries") | (pl.col("store_sales") < pl.col("median"))),
        is_mandatory=pl.lit(value=False),
        recommendation_framing=pl.lit("Growth Opportunity"),
    ).with_columns(opportunity_tier=tier)


def _reason(period: str | None) -> pl.Expr:
    """Why it is marked, or why not."""
    percent = {name: round_half_up(pl.col(name) * 100, 0).cast(pl.Int64) for name in ("rank_in_cluster", "adoption")}
    season = "" if period is None else f" in {season_of(period)}"
    performs = pl.format(
        f"Sells better than {{}}% of the SPUs of cluster {{}}{season}; {{}}% of its stores sell it",
        percent["rank_in_cluster"],
        "cluster_id",
        percent["adoption"],
    )
    verdict = (
        pl.when(~pl.col("is_eligible"))
        .then(pl.lit("not marked: not eligible"))
        .when("rule10_applied")
        .then(pl.lit("not marked: Step 10 reduces it"))
        .when(~pl.col("carries"))
        .then(pl.lit("this store does not"))
        .when("is_growth_candidate")
        .then(pl.lit("this store sells less than half of them do"))
        .otherwise(pl.lit("not marked: this store sells as much as the middle of them"))
    )
    return pl.format("{}; {}. Suggestion only.", performs, verdict)


def season_of(period: str) -> str:
    """The season of a half month on the northern half of the earth, for texts."""
    return next(season for season, months in SEASONS.items() if int(period[4:6]) in months)
