"""Writing the index of a project."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from revgate.migration.environment.plain import leaves_version_table_alone
from revgate.migration.errors import BrokenScripts, InvalidOptions
from revgate.migration.output.places import shown
from revgate.migration.project.catalog import read_catalog
from revgate.migration.project.catalog_entries import encode_rows
from revgate.migration.project.index import summary_of, write_index
from revgate.migration.project.scripts import Scripts

_DEFAULT_TABLE: Final = "alembic_version"
_NEIGHBOURS: Final = ("alembic.ini", "pyproject.toml")
_ASKED_ANYWAY: Final = "env.py decides about the version table or the search_path: each run will still ask it"


@dataclass(frozen=True, slots=True)
class Made:
    """An index that was written."""

    path: str
    count: int
    heads: tuple[str, ...]
    caveat: str  # why a run will not do with it; "" when it will


def make_index(scripts: Scripts, config: Path | None) -> Made:
    """Write the index of some scripts beside their configuration; of the bundled ones beside their env.py.

    Raises:
        BrokenScripts: if the revisions cannot be read without importing them.
        InvalidOptions: if the folder cannot be written to.
    """
    directory = scripts.directory
    environment = Path(directory.env_py_location)
    folder = environment.parent if config is None else config.parent
    locations = [str(location) for location in directory._version_locations]  # noqa: SLF001  the public one may hold "package:folder"
    is_fixed = not (directory.recursive_version_locations or "version_locations" in environment.read_text("utf-8"))
    catalog = read_catalog(locations, recursive=False) if is_fixed else None
    if catalog is None:
        raise BrokenScripts(
            f"No index of {shown(directory.dir)} was written: it takes revisions in folders that env.py does not "
            "choose, each id a plain text, without branch labels; everything works without an index, too"
        )
    is_plain = config is None or leaves_version_table_alone(environment)
    found = summary_of(catalog, _DEFAULT_TABLE if is_plain else "")
    place = os.path.join(folder, "" if config is None else config.name)  # noqa: PTH118  a slash at the end
    files = [str(environment), *(str(file) for file in _configurations(config))]
    try:
        path = write_index(place, files, locations, found, encode_rows(catalog, locations))
    except OSError as error:
        raise InvalidOptions(f"Index could not be written to {shown(folder)}: {error.strerror}") from error
    return Made(shown(path), len(catalog.headers), catalog.heads, "" if is_plain else _ASKED_ANYWAY)


def _configurations(config: Path | None) -> set[Path]:
    """Return the configuration and its neighbours, which add to it, or will when they come to be."""
    return set() if config is None else {config, *(config.with_name(name) for name in _NEIGHBOURS)}
