"""Five projects of the package index, by version, and what their migrations want."""

from dataclasses import dataclass
from textwrap import dedent

OLDEST = ("alembic==1.16.0", "sqlalchemy==2.0.0")
LOGGING = """
    [loggers]
    keys = root
    [handlers]
    keys =
    [formatters]
    keys =
    [logger_root]
    level = WARNING
    handlers =
"""


@dataclass(frozen=True)
class Public:
    """One of them: what is installed, and how its migrations are reached."""

    name: str
    requirements: tuple[str, ...]
    location: str  # script_location
    revisions: int
    logging: str = ""  # sections of alembic.ini, for an env.py that calls fileConfig
    variable: str = "DATABASE_URL"  # that its env.py reads, if it reads one
    is_async: bool = False  # the URL names an async driver
    place: str = "here"  # or in a "thread" of AnyIO
    table: str = "alembic_version"
    keeps_first_url: bool = False  # and cannot be told of another in the same process
    revisions_on_sqlite: int = 0  # where they are others
    on: tuple[str, ...] = ("postgresql", "sqlite")

    def count(self, kind: str) -> int:
        """Return how many revisions there are for a kind of database."""
        return (kind == "sqlite" and self.revisions_on_sqlite) or self.revisions

    @property
    def ini(self) -> str:
        head = f"[alembic]\nscript_location = {self.location}\npath_separator = os\n"
        return head + dedent(self.logging)


PUBLIC = (
    # ignores what it is handed, calls fileConfig where nobody has set logging up; with the oldest versions that we take
    Public("optuna", ("optuna==4.5.0", *OLDEST), "optuna:storages/_rdb/alembic", 10, LOGGING),
    # takes a connection that it is handed, has no alembic.ini at all
    Public("meltano", ("meltano==4.4.1",), "meltano:migrations", 16),
    # wants a URL in the configuration or -x quetzConfig=, has an autocommit block
    Public("quetz", ("quetz-server==0.10.4",), "quetz:migrations", 20),
    # calls fileConfig whether there is a file or not, copies every table that it finds, has no downgrade
    Public("nova", ("nova==34.0.0",), "nova:db/main/migrations", 10, LOGGING),
    # says only in env.py where the revisions are, by the dialect; async, in a worker thread; autocommit blocks. Two
    # runs of plain Alembic on SQLite differ in the order of the constraints of a few tables: they are sorted
    Public(
        "prefect",
        ("prefect==3.8.8",),
        "prefect:server/database/_migrations",
        118,
        variable="PREFECT_API_DATABASE_CONNECTION_URL",
        is_async=True,
        place="thread",
        keeps_first_url=True,
        revisions_on_sqlite=113,
    ),
)
