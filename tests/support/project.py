"""Small Alembic projects, mounted into the runner image by a ConfigMap: a user's image without building one."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

_INI = "[alembic]\nscript_location = /app/migrations\n"
_ENV = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
_REVISION = '''"""{revision}"""

import time

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}


def upgrade():
{body}


def downgrade():
    pass
'''


@dataclass(frozen=True)
class Revision:
    """One revision file: `body` is the Python inside of upgrade()."""

    revision: str
    body: str
    down: str | None = None

    @property
    def text(self) -> str:
        return _REVISION.format(revision=self.revision, down=self.down, body=textwrap.indent(self.body, "    "))


@dataclass(frozen=True)
class Project:
    """An Alembic project as a ConfigMap, and the pod template that mounts it at /app."""

    name: str
    revisions: tuple[Revision, ...]
    env: str = _ENV
    resources: dict[str, Any] = field(default_factory=dict)

    @property
    def config_map(self) -> dict[str, Any]:
        files = {f"{revision.revision}.py": revision.text for revision in self.revisions}
        data = {"alembic.ini": _INI, "env.py": self.env, **files}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": self.name}, "data": data}

    @property
    def template(self) -> dict[str, Any]:
        container: dict[str, Any] = {"name": "migrate", "volumeMounts": [{"name": "app", "mountPath": "/app"}]}
        if self.resources:
            container["resources"] = self.resources
        return {"spec": {"containers": [container], "volumes": [{"name": "app", "configMap": self._volume}]}}

    @property
    def _volume(self) -> dict[str, Any]:
        versions = [
            {"key": f"{each.revision}.py", "path": f"migrations/versions/{each.revision}.py"} for each in self.revisions
        ]
        fixed = [{"key": "alembic.ini", "path": "alembic.ini"}, {"key": "env.py", "path": "migrations/env.py"}]
        return {"name": self.name, "items": [*fixed, *versions]}


def table(name: str) -> str:
    """Return the body of a revision that makes a table."""
    return f'op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True))'


def slow(name: str, seconds: int) -> str:
    """Return the body of a revision that makes a table and then takes its time in the database."""
    return f'{table(name)}\nop.execute("SELECT pg_sleep({seconds})")'
