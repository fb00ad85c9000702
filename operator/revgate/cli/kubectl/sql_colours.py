"""SQL with its words, texts and comments told apart. Pure; no SQL is changed by it."""

import re
from typing import Final

from revgate.cli.kubectl.paint import Colour, Paint

_WORDS: Final = (
    "ADD|ALTER|AND|AS|BEGIN|BIGINT|BOOLEAN|BY|CASCADE|CASE|CAST|CHECK|COLUMN|COMMENT|COMMIT|CONCURRENTLY|"
    "CONSTRAINT|CREATE|DATE|DEFAULT|DELETE|DISTINCT|DO|DROP|ELSE|END|EXCLUDE|EXECUTE|EXISTS|EXTENSION|FALSE|"
    "FOREIGN|FROM|FUNCTION|GRANT|GROUP|HAVING|IF|IN|INDEX|INSERT|INTEGER|INTO|IS|JOIN|JSON|JSONB|KEY|LANGUAGE|"
    "LEFT|LIMIT|LOCK|MATERIALIZED|NOT|NULL|NUMERIC|ON|ONLY|OR|ORDER|PARTITION|POLICY|PRIMARY|PROCEDURE|"
    "REFERENCES|RENAME|RESTRICT|RETURNING|REVOKE|RIGHT|ROLE|SCHEMA|SELECT|SEQUENCE|SERIAL|SET|SMALLINT|TABLE|"
    "TEXT|THEN|TIME|TIMESTAMP|TO|TRIGGER|TRUE|TRUNCATE|TYPE|UNION|UNIQUE|UPDATE|USING|VALIDATE|VALUES|VARCHAR|"
    "VIEW|WHEN|WHERE|WITH|WITHOUT|ZONE"
)
_PART: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*'|\$(\w*)\$.*?\$\3\$)|(?P<name>\"(?:[^\"]|\"\")*\")"
    rf"|(?P<word>\b(?:{_WORDS})\b)",
    re.IGNORECASE | re.DOTALL,
)
_COLOURS: Final = {"comment": Colour.DIM, "text": Colour.GOOD, "word": Colour.WORD}


def coloured_sql(sql: str, paint: Paint) -> str:
    """Return the SQL with colours; each line has its own, so that it can be indented."""
    return _PART.sub(lambda part: _painted(part, paint), sql)


def _painted(part: re.Match[str], paint: Paint) -> str:
    colour = _COLOURS.get(part.lastgroup or "", Colour.PLAIN)
    return "\n".join(paint(line, colour) for line in part[0].split("\n"))
