"""The next release: the bundled revisions and one that this release has never heard of."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from examples.place import Place
from examples.process import succeed

_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table("budgets", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("budgets")
"""


def migrate_beyond(folder: Path, place: Place) -> None:
    """Bring a database to 0009, as the next release's runner would."""
    found = find_spec("revgate.migrations")
    assert found is not None
    assert found.submodule_search_locations
    project = folder / "later"
    bundled = found.submodule_search_locations[0]
    shutil.copytree(bundled, project / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "migrations" / "versions" / "0009_add_budgets.py").write_text(_REVISION)
    (project / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    succeed(project, "python", "-m", "revgate", "upgrade", "head", DATABASE_URL=place.url)
    assert place.versions == [("0009",)]
