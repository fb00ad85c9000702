"""The option of `job`, `plan` and `upgrade` about revisions that were edited after they were applied."""

from typing import Final

EDITED: Final = ("refuse", "accept")
"""Its values, the usual one first: those of revgate.migration.ledger.Edited, which costs Alembic to load."""

EDITED_HELP: Final = (
    "when the file of an applied revision was edited since: refuse to run, or accept it as what was applied "
    "(default: refuse)"
)

EDITED_PLAN_HELP: Final = "what the upgrade will be told about revisions that were edited since (default: refuse)"
