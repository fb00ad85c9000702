"""What decides what a run does, as a digest: the same digest is the same run, whatever else changed in the spec."""

import hashlib
import json

from revgate.control.observing.snapshot import Migration
from revgate.control.resource.spec import Spec

_STARTS_NO_RUN = {"suspend", "history_limit", "retry", "approval", "mode", "downgrade", "drift", "floors"}

_PLACE = {"url_from", "host", "port", "name", "schema_"}  # a new password or certificate leads to the same database


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


def inputs_of_planning(inputs: str) -> str:
    """Return the digest of the run that only tells what these inputs would do."""
    return digest(["plan", inputs])[:16]


def inputs_of_plan(inputs: str, plan: str) -> str:
    """Return the digest of the run that carries out the plan of this name, and no other."""
    return digest(["apply", inputs, plan])[:16]


def inputs_before_floors(inputs: str) -> str:
    """Return the digest of these inputs in runs from floor to floor: all of them, however many it takes."""
    return digest(["floors", inputs])[:16]


def inputs_of_downgrade(migration: Migration, spec: Spec) -> str:
    """Return the digest of the run that goes down. What an upgrade would need does not make it another one."""
    return digest(["downgrade", migration.uid, migration.retry_token, spec.downgrade.as_json(), database_of(spec)])[:16]


def inputs_of_inspection(inputs: str) -> str:
    """Return the digest of the run that looks whether these inputs still hold."""
    return digest(["inspect", inputs])[:16]


def database_of(spec: Spec) -> str:
    """Return the digest of which history in which database a spec names: 16 hexadecimal characters."""
    place = spec.database.model_dump(mode="json", by_alias=True, include=_PLACE, exclude_defaults=True)
    project = spec.alembic.as_json()
    return digest([place, project] if project else place)[:16]


def digest(value: object) -> str:
    """Return the sha256 of a value's canonical JSON, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
