"""A signal is heard from the first moment on: process 1 of a container has no default for it."""

import os
import signal
from collections.abc import Iterator

import pytest

from revgate.migration.errors import Interrupted
from revgate.migration.signals import Stop, hold_signals, stoppable


@pytest.fixture
def _signals_as_before() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals_as_before")
def test_a_signal_that_comes_before_the_run_stops_it():
    hold_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Stop) as caught, stoppable(0):
        raise AssertionError("the run must not begin")
    assert isinstance(caught.value.error, Interrupted)


@pytest.mark.usefixtures("_signals_as_before")
def test_whatever_a_stop_was_wrapped_in_it_comes_out_as_itself():
    with pytest.raises(Stop), stoppable(0):
        _stop_in_a_group()


def _stop_in_a_group() -> None:
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Stop as stop:
        raise BaseExceptionGroup("tasks", [stop]) from None
