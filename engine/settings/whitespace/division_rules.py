"""The rules from SKU to division, as a TOML file of `[[rule]]` tables has them."""

from collections import Counter
from typing import Annotated

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen, RunSettings

Name = Annotated[str, Field(min_length=1)]


class DivisionRule(Frozen):
    """What becomes of the rows of some SKUs: one of division, alias and drop, and further marks."""

    skus: tuple[Name, ...] = Field(min_length=1, description="The SKUs it is about, as delivered.")
    delivered_division: str = Field("", description="Only rows that were delivered under this division.")
    division: str = Field("", description="The division they belong to.")
    alias: str = Field("", description="The SKU they are another name of; its rules hold for them.")
    drop: bool = Field(False, description="Whether they are no sales: left out, and counted.")
    quantity_only: bool = Field(
        False, description="Whether their money stands in another SKU: quantities alone count."
    )
    why: str = Field("", description="The reason, for readers.")

    @model_validator(mode="after")
    def _has_one_meaning(self) -> "DivisionRule":
        said = [name for name in ("division", "alias", "drop") if getattr(self, name)]
        if len(said) != 1:
            raise ValueError(f"say one of division, alias and drop, not {' and '.join(said) or 'none'}")
        if self.quantity_only and not self.division:
            raise ValueError("quantity_only goes with a division")
        if self.alias and self.delivered_division:
            raise ValueError("an alias holds whatever the delivered division")
        return self


class DivisionRules(RunSettings):
    """A whole file of rules. No SKU has two rules for the same delivered division."""

    rule: tuple[DivisionRule, ...] = Field((), description="The rules, in any order.")

    @model_validator(mode="after")
    def _agree(self) -> "DivisionRules":
        aliases = {sku: rule.alias for rule in self.rule if rule.alias for sku in rule.skus}
        times = Counter((sku, rule.delivered_division.casefold()) for rule in self.rule for sku in rule.skus)
        twice = [sku for (sku, _), count in times.items() if count > 1]
        if twice:
            raise ValueError(f"several rules for {', '.join(dict.fromkeys(twice))}")
        chained = [sku for sku, target in aliases.items() if target in aliases]
        if chained:
            raise ValueError(f"an alias of an alias: {', '.join(chained)}")
        mixed = [rule_sku for rule in self.rule if not rule.alias for rule_sku in rule.skus if rule_sku in aliases]
        if mixed:
            raise ValueError(f"an alias and a rule of its own: {', '.join(mixed)}")
        return self
