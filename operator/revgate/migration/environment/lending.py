"""Lending our URL to an env.py that has none: the templates of `alembic init` read it from the configuration.

It is handed out when env.py asks, and never written into the configuration, whose errors print what is in it and which
takes a percent sign for something else.
"""

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic.config import Config

_ASYNC: Final = "async_engine"  # async_engine_from_config, create_async_engine
_OPTION: Final = "sqlalchemy.url"
_TEMPLATE: Final = "driver://"  # what `alembic init` writes, for the user to replace


def lend_url(config: Config, url: sa.URL, env_py: Path) -> None:
    """Make this configuration answer with our URL where the user gave none, for an env.py that may be async."""
    text = _for(env_py, url).render_as_string(hide_password=False)
    section_of: Any = config.get_section
    option_of: Any = config.get_main_option

    def get_section(name: str, default: Any = None) -> Any:
        section = section_of(name, default)
        if name != config.config_ini_section or _is_given((section or {}).get(_OPTION)):
            return section
        return {**(section or {}), _OPTION: text}

    def get_main_option(name: str, default: Any = None) -> Any:
        found = option_of(name, default)
        return text if name == _OPTION and not _is_given(found) else found

    # On the instance: a run has a configuration of its own
    config.get_section = get_section  # type: ignore[method-assign]
    config.get_main_option = get_main_option  # type: ignore[method-assign]


def _for(env_py: Path, url: sa.URL) -> sa.URL:
    """Return the URL with a driver that awaits where env.py does; psycopg does both."""
    if url.get_backend_name() == "sqlite" and _ASYNC in env_py.read_text(encoding="utf-8", errors="replace"):
        return url.set(drivername="sqlite+aiosqlite")
    return url


def _is_given(value: object) -> bool:
    return bool(value) and not str(value).startswith(_TEMPLATE)
