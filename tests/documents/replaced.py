"""All that is changed in a block before it runs, in this one place: where it points to, and how long it waits."""

import re
from typing import Final

from documents.blocks import text_of
from documents.places import Place, Way

_URL: Final = re.compile(r"""(?:postgresql|sqlite)(?:\+(?P<driver>\w+))?://(?!\.\.\.)[^\s"']+""")
_YOURS: Final = re.compile(r"your_database_url|\$\{\{ secrets\.\w+ \}\}")
TOKEN: Final = "123456:AAEhBP0av28jsdkfjhsdkfjhsdkfjhsdkfj"  # aiogram takes only what looks like one
_WAIT: Final = ("asyncio.sleep(5)", "asyncio.sleep(0.05)")
_NETCAT: Final = ("nc -z $DB_HOST $DB_PORT", "(: </dev/tcp/$DB_HOST/$DB_PORT) 2>/dev/null")  # few machines have nc


def python_for(way: Way, key: str) -> str:
    """Return a block of Python that points to the test's database."""
    text = _URL.sub(lambda found: way.url_like(found["driver"] or ""), text_of(key))
    return text.replace("your_bot_token", TOKEN).replace(*_WAIT)


def shell_for(place: Place, text: str) -> str:
    """Return lines of shell or YAML that point to the test's database."""
    text = _URL.sub(lambda found: place.url_like(found["driver"] or ""), text)
    return _YOURS.sub(lambda _: place.sync_url, text).replace(*_NETCAT)
