"""Which change starts a run: what decides what the run does, and nothing else."""

import pytest

from revgate.control.deciding.inputs import inputs_of
from revgate.control.resource.spec import Spec
from support.builders import BUNDLED, URL_FROM, migration, spec

STARTS_NO_RUN = {
    "suspend": {"suspend": True},
    "historyLimit": {"historyLimit": 3},
    "retry": {"retry": {"initialDelay": "1s", "maxDelay": "2s", "limit": 9}},
    "a default, written out": {"targetRevision": "head", "timeouts": {"lock": "500ms"}, "ledger": {"enabled": True}},
    "what the API server fills in": {
        "alembic": {"config": "", "section": "alembic", "versionTable": "", "xArgs": {}},
        "backup": {"method": "None", "keep": 3},
        "baseline": "",
        "database": {"urlFrom": URL_FROM, "role": "", "schema": ""},
        "ledger": {"edited": "Refuse"},
        "lint": "None",
    },
}
STARTS_A_RUN = {
    "image": {"image": "ledger:2"},
    "targetRevision": {"targetRevision": "0008"},
    "the Secret's key": {"database": {"urlFrom": {"secretKeyRef": URL_FROM["secretKeyRef"] | {"key": "other"}}}},
    "the direct URL": {"database": {"urlFrom": URL_FROM, "directUrlFrom": URL_FROM}},
    "the role": {"database": {"urlFrom": URL_FROM, "role": "owner"}},
    "the schema": {"database": {"urlFrom": URL_FROM, "schema": "shop"}},
    "an argument for env.py": {"alembic": {"xArgs": {"tenant": "acme"}}},
    "the version table": {"alembic": {"versionTable": "shop_version"}},
    "the baseline": {"baseline": "0001"},
    "the linter's say": {"lint": "Enforce"},
    "a backup": {"backup": {"method": "PgDump", "claimName": "backups"}},
    "what is made of edited files": {"ledger": {"edited": "Accept"}},
    "a time limit": {"timeouts": {"statement": "5s"}},
    "the ledger": {"ledger": {"enabled": False}},
    "the pod template": {"job": {"template": {"spec": {"nodeSelector": {"pool": "db"}}}}},
    "the service account": {"job": {"serviceAccountName": "migrator"}},
}


def digest(of=None, bundled: str = BUNDLED, **asked):
    of = of or migration(spec(**asked))
    return inputs_of(of, of.spec, bundled)


@pytest.mark.parametrize("field", STARTS_NO_RUN)
def test_a_change_that_starts_no_run(field):
    assert digest(**STARTS_NO_RUN[field]) == digest()


@pytest.mark.parametrize("field", STARTS_A_RUN)
def test_a_change_that_starts_a_run(field):
    assert digest(**STARTS_A_RUN[field]) != digest()


def test_the_generation_alone_starts_no_run():
    assert digest(migration(generation=2)) == digest()


def test_the_retry_annotation_starts_a_run():
    assert digest(migration(retry="again")) != digest()


def test_a_migration_that_was_made_anew_starts_a_run():
    assert digest(migration(uid="other")) != digest()


def test_a_new_bundled_runner_matters_only_to_those_who_use_it():
    assert digest(bundled="runner:2") == digest()
    assert digest(image="", bundled="runner:2") != digest(image="")


def test_the_order_of_keys_does_not_matter():
    one = {"job": {"template": {"spec": {"a": 1, "b": {"c": 2, "d": 3}}}}}
    other = {"job": {"template": {"spec": {"b": {"d": 3, "c": 2}, "a": 1}}}}
    assert digest(**one) == digest(**other)


def test_a_digest_is_a_label():
    assert len(digest()) == 16
    assert digest().isalnum()


class NewerSpec(Spec):
    """The spec of a later operator."""

    courage: str = "Some"


def test_an_operator_that_knows_more_fields_starts_no_run_for_their_defaults():
    newer = NewerSpec.model_validate(spec().model_dump(by_alias=True))
    assert inputs_of(migration(), newer, BUNDLED) == digest()
