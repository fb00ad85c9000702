"""One word for a revision and everything below it, so that one row tells whether nothing is missing and nothing edited.

A revision's digest is over its id, its checksum and the digests of the revisions that must be applied before it. The
ledger keeps it beside each row, made from the rows of its parents: from what was applied, not from what the files say
today. The files' digest of a head is therefore the ledger's only when every revision below is there, unedited.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

_CANONICAL: Final = json.JSONEncoder(separators=(",", ":")).encode


def digest_of(revision: str, checksum: str, parents: Iterable[str]) -> str:
    """Return the digest of a revision, given the digests of its parents (depends_on among them), in any order.

    Returns:
        64 hexadecimal digits of a SHA-256 over canonical JSON.
    """
    return hashlib.sha256(_CANONICAL([revision, checksum, sorted(parents)]).encode()).hexdigest()
