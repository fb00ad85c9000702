"""Resources that these types cannot read: a sentence for a person, and never a crash."""

import pytest

from revgate.control.observing.reading import key_of_run, read_migration
from revgate.control.observing.snapshot import Key, Malformed
from revgate.control.resource.record import Status
from revgate.control.resource.spec import Spec
from support.builders import URL_FROM, job_body, migration

DATABASE = {"urlFrom": URL_FROM}


def read(spec, **body):
    metadata = {"namespace": "shop", "name": "ledger", "uid": "u", "generation": 3}
    return read_migration({"metadata": metadata, "spec": spec} | body)


MALFORMED = {
    "no spec": (None, "spec"),
    "a spec that is a list": ([], "spec"),
    "no database": ({}, "spec.database"),
    "a database that is text": ({"database": "ledger"}, "spec.database"),
    "a Secret without a key": (
        {"database": {"urlFrom": {"secretKeyRef": {"name": "a"}}}},
        "spec.database.urlFrom.secretKeyRef.key",
    ),
    "a limit that is text": ({"database": DATABASE, "retry": {"limit": "many"}}, "spec.retry.limit"),
    "a negative limit": ({"database": DATABASE, "retry": {"limit": -1}}, "spec.retry.limit"),
    "a duration in words": ({"database": DATABASE, "timeouts": {"start": "soon"}}, "spec.timeouts.start"),
    "a duration without a unit": ({"database": DATABASE, "timeouts": {"lock": "5"}}, "spec.timeouts.lock"),
    "a duration that no calendar can hold": (
        {"database": DATABASE, "retry": {"maxDelay": "9999999999999999h"}},
        "spec.retry.maxDelay",
    ),
    "a template that is text": ({"database": DATABASE, "job": {"template": "x"}}, "spec.job.template"),
}


@pytest.mark.parametrize("situation", MALFORMED)
def test_a_malformed_spec_names_the_field(situation):
    spec, field = MALFORMED[situation]
    found = read(spec).spec
    assert isinstance(found, Malformed)
    assert found.message.startswith(f"Field {field} is not valid: ")


def test_a_malformed_spec_does_not_print_what_was_written():
    found = read({"database": {"urlFrom": "postgresql://ledger:secret@db/ledger"}}).spec
    assert isinstance(found, Malformed)
    assert "secret@" not in found.message


def test_fields_that_a_newer_crd_knows_are_left_alone():
    assert isinstance(read({"database": DATABASE | {"shard": 1}, "approval": "Always"}).spec, Spec)


FOREIGN_STATUS = {
    "none": None,
    "text": "ready",
    "a condition without a time": {"conditions": [{"type": "Ready", "status": "True"}]},
    "a reason that this operator does not know": {"run": {"job": "j", "uid": "u", "reason": "FromTheFuture"}},
}


@pytest.mark.parametrize("situation", FOREIGN_STATUS)
def test_a_status_that_somebody_else_wrote_counts_as_none(situation):
    assert read({"database": DATABASE}, status=FOREIGN_STATUS[situation]).status == Status()


def test_the_retry_annotation_is_read():
    body = {"namespace": "shop", "name": "ledger", "uid": "u", "annotations": {"revgate.io/retry": "2"}}
    assert read_migration({"metadata": body, "spec": {"database": DATABASE}}).retry_token == "2"


def test_a_job_leads_to_its_migration_and_a_foreign_one_to_none():
    body = job_body(migration())
    assert key_of_run(body) == Key("shop", "ledger")
    assert key_of_run({"metadata": {"namespace": "shop", "name": "other"}}) is None
