"""Names, labels and annotations that the programs and their users agree on."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes 9 ms, and a gate has 30
if TYPE_CHECKING:
    from typing import Final

GROUP: Final = "revgate.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "SchemaMigration"
PLURAL: Final = "schemamigrations"
SHORT_NAME: Final = "smig"

PLAN_KIND: Final = "SchemaPlan"
PLANS: Final = "schemaplans"
PLAN_SHORT_NAME: Final = "splan"

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "revgate"

RUN_OF: Final = f"{GROUP}/run-of"
"""Label of a Job and its pod: the migration's name."""

UID: Final = f"{GROUP}/uid"
"""Label of a Job and its pod: the migration's uid."""

INPUTS: Final = f"{GROUP}/inputs"
"""Label of a Job and its pod: digest of everything that decides what the run does."""

DATABASE: Final = f"{GROUP}/database"
"""Label of a Job and its pod: digest of which database it is about."""

ATTEMPT: Final = f"{GROUP}/attempt"
"""Label of a Job and its pod: the number of the try, from 1."""

FAILURES: Final = f"{GROUP}/failures"
"""Label of a Job: how many earlier tries of these inputs count against retry.limit."""

RUN_KIND: Final = f"{GROUP}/kind"
"""Label of a Job and its pod: Apply or Plan."""

PLAN: Final = f"{GROUP}/plan"
"""Label of a Job: the SchemaPlan that it carries out."""

RETRY: Final = f"{GROUP}/retry"
"""Annotation of a migration: any new value starts the run again."""

MIGRATION: Final = f"{GROUP}/migration"
"""Label of an app's pod: the migration whose database it needs."""

REQUIRES: Final = f"{GROUP}/requires"
"""Annotation of an app's pod: the revisions that it needs, full ids with commas between them."""

SCHEDULING_GATE: Final = f"{GROUP}/schema"
"""Scheduling gate of an app's pod: lifted when the database serves what the pod requires."""

CONTAINER: Final = "migrate"
"""The container of the Job's pod whose termination message is the report."""

CONTAINERS: Final = f"{GROUP}/containers"
"""Annotation of the pod of a Job with hooks: its containers in the order in which they run, commas between them."""

REPORT_BYTES: Final = "REVGATE_REPORT_BYTES"
"""Environment of a runner in a pod of many containers: what the kubelet keeps of each one's termination message."""

DATABASE_URL: Final = "REVGATE_DATABASE_URL"
DIRECT_DATABASE_URL: Final = "REVGATE_DIRECT_DATABASE_URL"
"""Environment of a runner: the server itself, where the other URL leads through a pooler."""

DATABASE_URLS: Final = ("PYACC__DATABASE_URL", DATABASE_URL, "DATABASE_URL", "SQLALCHEMY_DATABASE_URI")
"""Environment variables of the verbs for people: the first that is set has the whole URL."""

DATABASE_PARTS: Final = {
    "host": "REVGATE_DATABASE_HOST",
    "port": "REVGATE_DATABASE_PORT",
    "name": "REVGATE_DATABASE_NAME",
    "sslMode": "REVGATE_DATABASE_SSLMODE",
    "user": "REVGATE_DATABASE_USER",
    "password": "REVGATE_DATABASE_PASSWORD",
}
"""Environment variables of a runner and a gate: a whole URL, or its parts."""

JOB_NAME: Final = "REVGATE_JOB"
IMAGE: Final = "REVGATE_IMAGE"
OWNER: Final = "REVGATE_OWNER"
"""Environment of a runner: what the ledger says applied a revision. The owner is NAMESPACE/NAME/UID."""

TAKE_OVER: Final = "REVGATE_TAKE_OVER"
"""Environment of a runner: NAMESPACE/NAME of the migration whose history becomes ours."""

ALEMBIC_CONFIG: Final = "ALEMBIC_CONFIG"
"""Environment of a runner, and of Alembic itself: the file that says where the scripts are."""

X_ARGS: Final = "REVGATE_X_ARGS"
"""Environment of a runner: what env.py gets from context.get_x_argument(), KEY=VALUE, quoted as in a shell."""

ONLY_REVISIONS: Final = "revgate_only_revisions"
"""Attribute of the configuration that env.py is given: it is run for revisions, and nothing is compared with models."""

POOLER: Final = "REVGATE_POOLER"
"""Environment of whoever migrates: ``session`` promises that a pooler in between gives each client a session."""

TERMINATION_MESSAGE: Final = "REVGATE_TERMINATION_MESSAGE"
"""Environment of a runner and a gate: the file of the termination message."""

TERMINATION_MESSAGE_PATH: Final = "/dev/termination-log"

LEDGER_SCHEMA: Final = "revgate"
LEDGER_TABLE: Final = "revision_log"
LEDGER_TABLE_BESIDE: Final = "revgate_revision_log"
"""The ledger's table where no schema can be created: beside the version table."""
