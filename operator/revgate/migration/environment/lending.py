"""Lending our URL to an env.py that has none: the templates of `alembic init` read it from the configuration.

It is handed out when env.py asks, and never written into the configuration, whose errors print what is in it and which
takes a percent sign for something else.
"""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from alembic.config import Config

_ASYNC: Final = "async_engine"  # async_engine_from_config, create_async_engine
_OPTION: Final = "sqlalchemy.url"
_USER, _PASSWORD = "USERNAME-OF-THE-RUN", "PASSWORD-OF-THE-RUN"
_TEMPLATE: Final = "driver://"  # what `alembic init` writes, for the user to replace


def lend_url(config: Config, url: sa.URL, env_py: Path) -> None:
    """Make this configuration answer with our URL where the user gave none, for an env.py that may be async."""
    text = _text(_for(env_py, url))
    section_of: Any = config.get_section
    option_of: Any = config.get_main_option

    def get_section(name: str, default: Any = None) -> Any:
        section = section_of(name, default)
        has_no_database = name != config.config_ini_section and _OPTION not in (section or {})
        if has_no_database or _is_given((section or {}).get(_OPTION)):
            return section
        return {**(section or {}), _OPTION: text}

    def get_main_option(name: str, default: Any = None) -> Any:
        found = option_of(name, default)
        return text if name == _OPTION and not _is_given(found) else found

    # On the instance: a run has a configuration of its own
    config.get_section = get_section  # type: ignore[method-assign]
    config.get_main_option = get_main_option  # type: ignore[method-assign]


def _text(url: sa.URL) -> str:
    """Return the URL with all escaped that anybody could take for something else.

    SQLAlchemy's own text is for the same SQLAlchemy: up to 2.0 it left a percent sign as it was, and read %40 as @.
    """
    if url.password is None:
        return url.render_as_string(hide_password=False)
    marked = url.set(username=_USER, password=_PASSWORD).render_as_string(hide_password=False)
    known = {_USER: url.username or "", _PASSWORD: str(url.password)}
    return re.sub("|".join(known), lambda found: quote(known[found[0]], safe=""), marked, count=len(known))


def _for(env_py: Path, url: sa.URL) -> sa.URL:
    """Return the URL with a driver that awaits where env.py does; psycopg does both."""
    if url.get_backend_name() == "sqlite" and _ASYNC in env_py.read_text(encoding="utf-8", errors="replace"):
        return url.set(drivername="sqlite+aiosqlite")
    return url


def _is_given(value: object) -> bool:
    text = str(value or "").strip("\"'")  # an ini file keeps the quotes of ""
    return bool(text) and not text.startswith(_TEMPLATE)
