"""Times as the API server holds them: it takes some that no calendar has, and some that no sum with a delay has."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(3000, 1, 1, tzinfo=UTC)


def moment(text: str | None) -> datetime | None:
    """Return a time; None when there is none, or none that can be meant."""
    try:
        return _meant(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


def _meant(time: datetime) -> datetime:
    if time.tzinfo is None or not _FIRST <= time <= _LAST:
        raise ValueError(f"{time} is no time that anything can have happened at")
    return time


Moment = Annotated[datetime, AfterValidator(_meant)]
