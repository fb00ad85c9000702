"""What an engine would hand to its driver, in libpq's words: the URL, connect_args and what listeners add to them.

An engine of psycopg that blocks is not asked: it connects for us. From all others the arguments are taken over, or the
run is refused, for with the URL alone it might end in another schema or database.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from revgate.migration.errors import InvalidOptions

_OF_SQLALCHEMY: Final = "sqlalchemy.engine.create"
_OF_OTHER_DRIVERS: Final = frozenset(
    {
        *("async_", "async_creator_fn", "async_fallback", "connection_factory", "cursor_factory", "dsn"),
        *("autocommit", "context", "prepare_threshold", "row_factory"),
    }
)
_NAMES: Final = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}
_SSL: Final = {True: "require", False: "disable"}


def arguments_of(engine: sa.Engine) -> dict[str, Any]:
    """Return the keyword arguments of `psycopg.connect` that mean what this engine's driver is given.

    Raises:
        InvalidOptions: if there is something among them that psycopg cannot be given.
    """
    given = _captured(engine)
    return _from_asyncpg(given) if engine.dialect.driver == "asyncpg" else _for_libpq(given)


class _Captured(BaseException):
    """Carries the arguments out of the engine, before it connects."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        super().__init__()
        self.named = named


def has_creator(engine: sa.Engine) -> bool:
    """Say whether a function of the user's connects, and not what the URL says."""
    return _creator(engine).__module__ != _OF_SQLALCHEMY


def _creator(engine: sa.Engine) -> Callable[..., Any]:
    creator: Callable[..., Any] = engine.pool._creator  # noqa: SLF001  nothing public tells a user's creator
    return creator


def _captured(engine: sa.Engine) -> dict[str, Any]:
    if has_creator(engine):
        raise InvalidOptions(
            f"Engine of {engine.dialect.driver} connects through a creator of its own, which psycopg cannot use: give "
            "an engine of create_engine with postgresql+psycopg, or one without a creator"
        )

    here = threading.get_ident()

    def capture(_dialect: object, _record: object, _positional: object, named: Mapping[str, Any]) -> None:
        if threading.get_ident() == here:  # the application may be connecting just now
            raise _Captured(named)

    sa.event.listen(engine, "do_connect", capture)  # behind the user's own
    try:
        _creator(engine)()
    except _Captured as captured:
        return dict(captured.named)
    finally:
        sa.event.remove(engine, "do_connect", capture)
    raise InvalidOptions("A do_connect listener of the engine connects by itself: give an engine without it")


def _for_libpq(given: Mapping[str, Any]) -> dict[str, Any]:
    named = {"dbname" if name == "database" else name: value for name, value in given.items()}
    return {name: value for name, value in named.items() if name not in _OF_OTHER_DRIVERS}


def _from_asyncpg(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {ours: _text(given[theirs]) for theirs, ours in _NAMES.items() if given.get(theirs) is not None}
    settings: Mapping[str, Any] = given.get("server_settings") or {}
    if settings:
        found["options"] = " ".join(f"-c {name}={_escaped(str(value))}" for name, value in settings.items())
    if given.get("ssl") is not None:
        found["sslmode"] = _sslmode(given["ssl"])
    return found


def _text(value: Any) -> str:
    """Several hosts are a list to asyncpg, and a password may be a function."""
    if callable(value):
        value = value()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _sslmode(value: object) -> str:
    if isinstance(value, bool):
        return _SSL[value]
    if isinstance(value, str):
        return value
    raise InvalidOptions(
        "Engine of asyncpg is given an SSLContext, which psycopg cannot use: write sslmode and sslrootcert into the "
        "URL of a postgresql+psycopg engine"
    )


def _escaped(value: str) -> str:
    """As libpq wants the values in `options`: a backslash before each space and backslash."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
