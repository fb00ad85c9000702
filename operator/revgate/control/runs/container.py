"""The containers of a run, the migration and its hooks: what the spec says, as arguments, environment and volumes."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from revgate.contract import names
from revgate.control.observing.snapshot import Migration
from revgate.control.resource.alembic_spec import Alembic
from revgate.control.resource.database_spec import Database
from revgate.control.resource.hooks_spec import Hook
from revgate.control.resource.spec import Backup, Spec

_BACKUPS: Final = "backups"
_FOLDER: Final = "/backups"
_TMP: Final = "/tmp"  # noqa: S108 - the pod's own, the root is read-only
_APP_VARIABLE: Final = "DATABASE_URL"  # what apps read; the runner sets it for env.py
_SECURITY: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def build_container(
    migration: Migration, spec: Spec, image: str, job: str, this_try: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the container `migrate` of a Job; `this_try` has the arguments that are not in the spec."""
    return {
        "name": names.CONTAINER,
        "image": image,
        "command": ["revgate", "job"],
        "args": [_literal(word) for word in (*_arguments(spec), *this_try)],
        "env": [*_environment(migration, spec, image, job), *_database(spec.database)],
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}},
        "securityContext": _SECURITY,
        "terminationMessagePath": names.TERMINATION_MESSAGE_PATH,
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"name": "tmp", "mountPath": _TMP},
            *([{"name": _BACKUPS, "mountPath": _FOLDER}] if _is_backed_up(spec.backup) else []),
        ],
    }


def build_hook(spec: Spec, hook: Hook, image: str) -> dict[str, Any]:
    """Return the container of a hook, which may connect as the runner does; `image` is that of the run."""
    words = {"command": hook.command, "args": hook.args}
    return {
        "name": hook.name,
        "image": hook.image or image,
        **{field: [_literal(word) for word in said] for field, said in words.items() if said},
        "env": [_variable("HOME", _TMP), *_database(spec.database), *_app_url(spec.database)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},  # more than a limit would be refused
        "securityContext": _SECURITY,
        "volumeMounts": [{"name": "tmp", "mountPath": _TMP}],
    }


def _app_url(database: Database) -> list[dict[str, Any]]:
    """Return the variable that env.py finds in a run, too; of parts, only the runner makes a URL."""
    source = database.direct_url_from or database.url_from
    return [{"name": _APP_VARIABLE, "valueFrom": source.as_json()}] if source else []


def volumes_of(spec: Spec) -> list[dict[str, Any]]:
    """Return what the container mounts."""
    claim = {"name": _BACKUPS, "persistentVolumeClaim": {"claimName": spec.backup.claim_name}}
    return [{"name": "tmp", "emptyDir": {}}, *([claim] if _is_backed_up(spec.backup) else [])]


def _arguments(spec: Spec) -> list[str]:
    """Only what differs from the runner's own default may be newer than the runner of an image."""
    limits, database, backup = spec.timeouts, spec.database, spec.backup
    return [
        f"--target={spec.target_revision}",
        *([] if spec.image else ["--bundled"]),
        f"--runner-timeout={limits.runner}",
        f"--lock-timeout={limits.lock}",
        f"--statement-timeout={limits.statement}",
        f"--total-timeout={limits.total}",
        *([f"--reader={role}" for role in spec.ledger.readers] if spec.ledger.enabled else ["--no-ledger"]),
        *(["--edited=accept"] if spec.ledger.edited == "Accept" else []),
        *([f"--baseline={spec.baseline}"] if spec.baseline else []),
        *([f"--lint={spec.lint.lower()}"] if spec.lint != "None" else []),
        *([f"--backup={_FOLDER}", f"--backup-keep={backup.keep}"] if _is_backed_up(backup) else []),
        *_given({"role": database.role, "schema": database.schema_}),
        *_alembic(spec.alembic),
    ]


def _alembic(alembic: Alembic) -> list[str]:
    return _given(
        {
            "section": alembic.section if alembic.section != "alembic" else "",
            "script-location": alembic.script_location,
            "version-table": alembic.version_table,
            "version-table-schema": alembic.version_table_schema,
        }
    )


def _given(options: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value]


def _environment(migration: Migration, spec: Spec, image: str, job: str) -> list[dict[str, Any]]:
    x_args = shlex.join(f"{key}={value}" for key, value in sorted(spec.alembic.x_args.items()))
    values = {
        "HOME": _TMP,  # a uid without a passwd entry has HOME=/
        names.JOB_NAME: job,
        names.IMAGE: image,
        names.OWNER: f"{migration.key}/{migration.uid}",
        names.TERMINATION_MESSAGE: names.TERMINATION_MESSAGE_PATH,
        **({names.ALEMBIC_CONFIG: spec.alembic.config} if spec.alembic.config else {}),
        **({names.X_ARGS: x_args} if x_args else {}),
    }
    return [_variable(name, value) for name, value in values.items()]


def _database(database: Database) -> list[dict[str, Any]]:
    """Only references: the kubelet puts the Secret's values in, the operator never sees them."""
    plain = {"host": database.host, "port": database.port, "name": database.name, "sslMode": database.ssl_mode}
    secret = {
        names.DATABASE_URL: database.url_from,
        names.DIRECT_DATABASE_URL: database.direct_url_from,
        names.DATABASE_PARTS["user"]: database.user_from,
        names.DATABASE_PARTS["password"]: database.password_from,
    }
    return [
        *(_variable(names.DATABASE_PARTS[part], str(value)) for part, value in plain.items() if value),
        *({"name": name, "valueFrom": source.as_json()} for name, source in secret.items() if source),
    ]


def _variable(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": _literal(value)}


def _literal(text: str) -> str:
    """Return the text as the kubelet has to see it: $(NAME) would be the value of a variable, a secret one too."""
    return text.replace("$", "$$")


def _is_backed_up(backup: Backup) -> bool:
    return backup.method != "None"
