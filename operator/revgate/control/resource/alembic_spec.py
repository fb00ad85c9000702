"""The Alembic project of a SchemaMigration, in Alembic's own words."""

from typing import Annotated

from pydantic import Field

from revgate.control.resource.model import Part, rules

_MOST_X_ARGS = 30


class Alembic(Part):
    """Which of the image's Alembic projects is meant; what is left out is found as the alembic command finds it."""

    config: Annotated[
        str,
        Field(
            max_length=1024, description="alembic.ini or pyproject.toml in the image; the working folder's when empty"
        ),
    ] = ""
    section: Annotated[
        str, Field(min_length=1, max_length=128, description="Section of alembic.ini, as alembic --name takes it")
    ] = "alembic"
    script_location: Annotated[
        str,
        Field(
            max_length=1024, description="Folder of env.py, or package:folder; what the configuration says when empty"
        ),
    ] = ""
    version_table: Annotated[
        str,
        Field(max_length=63, description="Version table; env.py's own, else alembic_version, when empty"),
    ] = ""
    version_table_schema: Annotated[
        str,
        Field(max_length=63, description="Schema of the version table; env.py's own, else the database's, when empty"),
    ] = ""
    x_args: Annotated[
        dict[str, Annotated[str, Field(max_length=1024)]],
        Field(
            max_length=_MOST_X_ARGS,
            description="What env.py gets from context.get_x_argument(), as alembic -x gives it; nothing secret",
            json_schema_extra=rules(
                (
                    "self.all(key, key.size() > 0 && !key.contains('='))",
                    "an argument's name is not empty and holds no equals sign",
                )
            ),
        ),
    ] = Field(default_factory=dict)
