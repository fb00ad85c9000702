"""Which revisions the app requires: given as text, or read from the app's own constant."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REQUIRES = "REVGATE_REQUIRES"


class RequiresError(Exception):
    """What the app requires is missing or cannot be read."""


def find_requires(texts: Iterable[str], references: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return every required revision, each once: of the arguments, or of the environment when there is none.

    Args:
        texts: revisions, or lists with commas.
        references: constants such as ``ledger:__version_schema__``.
        environment: where REVGATE_REQUIRES may be.

    Raises:
        RequiresError: if nothing is required or a constant cannot be read.
    """
    given = [*texts, *(text for reference in references for text in _imported(reference))]
    given = given or [environment.get(REQUIRES, "")]
    revisions = tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))
    if not revisions:
        raise RequiresError(
            "No revision is required: pass --requires 0008 or --requires-from package:__version_schema__, "
            f"or set {REQUIRES}"
        )
    return revisions


def _imported(reference: str) -> tuple[str, ...]:
    module_name, _, attribute = reference.partition(":")
    if not module_name or not attribute:
        raise RequiresError(f"{reference} names no constant: write it like package:__version_schema__")
    if "" not in sys.path:
        sys.path.insert(0, "")  # the app lies in the working directory, as it does for uvicorn
    try:
        from importlib import import_module  # noqa: PLC0415 - for those who use it

        module = import_module(module_name)
    except ImportError as error:
        raise RequiresError(f"Module {module_name} could not be imported: {type(error).__name__}: {error}") from error
    except Exception as error:  # noqa: BLE001 - the app's own code may raise anything; a password may be in it
        raise RequiresError(
            f"Module {module_name} could not be imported: {type(error).__name__}; "
            f"run python -c 'import {module_name}' to see it whole"
        ) from None
    return _texts(getattr(module, attribute, None), reference)


def _texts(value: object, reference: str) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    texts = tuple(item for item in values if isinstance(item, str) and item.strip())
    if not texts or len(texts) < len(values):
        raise RequiresError(f"{reference} is missing or no text: set it to a full revision id in quotes")
    return texts
