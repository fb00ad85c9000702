"""What to do about an env.py that fails in a known way: it expects what only its own command or plain Alembic does."""

from typing import Final

_NESTED: Final = "Alembic cannot run inside of Alembic: run the other one before or after"

_ADVICE: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (
        RuntimeError,
        "cannot be called from a running event loop",
        "an async application gives the runner an AsyncEngine, or calls it in a thread",
    ),
    (
        AttributeError,
        "'Connection' object has no attribute",
        'config.attributes["connection"] is a Connection of SQLAlchemy here, as Alembic\'s cookbook has it',
    ),
    (
        AttributeError,
        "'NoneType' object has no attribute 'cmd'",
        "config.cmd_opts is None where no person typed `alembic`",
    ),
    (KeyError, "'config'", _NESTED),
    (KeyError, "'script'", _NESTED),
    (NameError, "proxy object has not yet been established", _NESTED),
)


def advice_on(error: BaseException) -> str:
    """Return what to add to the sentence about the error, with what separates the two; "" when we know nothing."""
    text = str(error)
    return next((f"; {advice}" for kind, words, advice in _ADVICE if isinstance(error, kind) and words in text), "")
