"""The exit table: complete, closed, and in the decades that people learn."""

import pytest

from revgate.contract.exits import EXIT_TABLE, Exit, Next
from revgate.contract.reasons import Reason

DECADES = {0: {Next.DONE}, 1: {Next.CONNECTION, Next.COUNTED}, 2: {Next.SLOWLY}, 3: {Next.HUMAN}, 4: {Next.AGAIN}}


def test_every_exit_has_an_ending_and_no_other_number_has():
    assert set(EXIT_TABLE) == set(Exit)


@pytest.mark.parametrize("code", Exit)
def test_the_reason_is_one_of_the_closed_list(code):
    assert EXIT_TABLE[code].reason in Reason


@pytest.mark.parametrize("code", Exit)
def test_the_decade_of_a_code_says_who_acts_next(code):
    assert EXIT_TABLE[code].next in DECADES[code // 10]


def test_no_two_codes_have_one_reason():
    reasons = [ending.reason for ending in EXIT_TABLE.values()]
    assert len(set(reasons)) == len(reasons)


def test_every_next_step_has_a_code_that_leads_to_it():
    assert {ending.next for ending in EXIT_TABLE.values()} == set(Next)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        EXIT_TABLE[99] = EXIT_TABLE[0]  # type: ignore[index]  # that is the point


def test_a_code_never_means_what_a_shell_or_a_signal_says():
    assert all(code == 0 or 10 <= code < 125 for code in Exit)


def test_reasons_are_written_as_kubernetes_writes_reasons():
    assert all(reason.value[0].isupper() and reason.value.isalnum() for reason in Reason)
