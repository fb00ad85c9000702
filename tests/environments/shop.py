"""The application whose migrations these are: a copy lies beside the alembic.ini of each project."""

import os
from contextvars import ContextVar


class Settings:
    """What an application reads from its environment, its vault, its files."""

    @property
    def database_url(self) -> str:
        return os.environ["SHOP_URL"]

    @property
    def async_url(self) -> str:
        return os.environ["SHOP_ASYNC_URL"]


settings = Settings()
current_app: ContextVar[Settings] = ContextVar("current_app")
scene: dict[str, str] = {}


def scenery() -> str:
    """Return what env.py has set; a revision file calls this while it is imported."""
    if "country" not in scene:
        raise RuntimeError("the scene is not set")
    return scene["country"]


def traced(function):
    """Decorate upgrade() without keeping its name."""

    def wrapper():
        return function()

    return wrapper
