"""What products say of divisions is published with the ranking."""

from __future__ import annotations

import polars as pl

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.build import fit
from engine.whitespace.panel import newest_cutoff
from engine.whitespace.ranking.baskets import baskets
from engine.whitespace.slug import slug
from engine.whitespace.tables import as_of


def test_every_division_has_its_rules_and_none_of_its_own_products_in_them(company_tables):
    cutoff = newest_cutoff(company_tables)
    tables, settings = as_of(company_tables, cutoff), FeatureSettings()
    found = {one.path: one.content for one in baskets(tables, cutoff, fit(tables, cutoff, settings), settings)}
    divisions = tables.products["division"].cast(pl.String).unique().sort()
    assert sorted(found) == sorted(f"baskets/mb_rules_{slug(division)}_{cutoff}.csv" for division in divisions)
    for division in divisions:
        rules = found[f"baskets/mb_rules_{slug(division)}_{cutoff}.csv"]
        assert rules.columns == ["division", "sku", "support", "baseline_division_rate", "lift"]
        own = set(
            tables.products.filter(tables.products["division"].cast(pl.String) == division)["sku_id"].cast(pl.String)
        )
        assert rules.height
        assert not own & set(rules["sku"].cast(pl.String))
