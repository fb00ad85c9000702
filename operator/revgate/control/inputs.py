"""What decides what a run does, as a digest: the same digest is the same run, whatever else changed in the spec."""

import hashlib
import json

from revgate.control.snapshot import Migration
from revgate.control.spec import Spec

_STARTS_NO_RUN = {"suspend", "history_limit", "retry"}


def inputs_of(migration: Migration, spec: Spec, bundled_image: str) -> str:
    """Return the digest of a migration's inputs: 16 hexadecimal characters.

    Defaults are left out, or an operator that knows one more field would run every migration again.
    """
    parts = [
        migration.uid,
        migration.retry_token,
        spec.image or bundled_image,
        spec.model_dump(mode="json", by_alias=True, exclude=_STARTS_NO_RUN, exclude_defaults=True),
    ]
    return digest(parts)[:16]


def digest(value: object) -> str:
    """Return the sha256 of a value's canonical JSON, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
