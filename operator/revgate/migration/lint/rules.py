"""All rules."""

from typing import Final

from revgate.migration.lint import (
    column_rules,
    constraint_rules,
    data_rules,
    drop_rules,
    index_rules,
    transaction_rules,
)
from revgate.migration.lint.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *transaction_rules.RULES,
    *index_rules.RULES,
    *column_rules.RULES,
    *constraint_rules.RULES,
    *drop_rules.RULES,
    *data_rules.RULES,
)
