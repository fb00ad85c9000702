"""`upgrade`, `current`, `pending` and `job` in their plainest form, answered before argparse and logging are loaded.

Most of them find nothing to do, in each restart of a pod. What is said is what the verb itself would say; where the
answer is not sure nothing is said, and the verb goes its usual way.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

CURRENT = "Current version: {}"
NOTHING_WAS_PENDING = "Nothing was pending: the database is at {}"
NOTHING_PENDING = "✓ No pending migrations"
UPGRADED = "✓ Upgraded to {}"
_OF_NO_MATTER = frozenset({"--bundled", "--target=head", "--target=heads", "--reader=PUBLIC", "--before-floors"})
_LIMITS = frozenset({"--runner-timeout", "--lock-timeout", "--statement-timeout", "--total-timeout"})


def answer(words: Sequence[str]) -> int | None:
    """Return the exit code of a command line that needed no more than a look; None when it needs more."""
    match words:
        case ["upgrade"]:
            return _answer(UPGRADED.format("head"), NOTHING_WAS_PENDING, with_ledger=True)
        case ["upgrade", "head" | "heads" as revision]:
            return _answer(UPGRADED.format(revision), NOTHING_WAS_PENDING, with_ledger=True)
        case ["current"]:
            return _answer(CURRENT)
        case ["pending"]:
            return _answer(NOTHING_PENDING)
        case ["job", *options]:
            return _answer_job(options)
        case _:
            return None


def _answer(out: str, err: str = "", *, with_ledger: bool = False) -> int | None:
    from revgate.cli.settled import head_of, in_vain  # noqa: PLC0415  for these command lines only

    try:
        head = head_of(bundled=False, config="", with_ledger=with_ledger)
        if not head:
            in_vain.add((False, "", with_ledger))
        if not head or _is_secret(head):
            return None
        if err:
            _say(err.format(head), sys.stderr)
        _say(out.format(head), sys.stdout)
    except KeyboardInterrupt:
        print("Interrupted: `revgate current` shows where the database is", file=sys.stderr)
        return 1
    except OSError as error:  # nowhere else than in writing; what could not be written is not tried again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # `| head -1`: who reads has enough
            print(f"Answer could not be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _answer_job(options: Sequence[str]) -> int | None:
    """Answer a Job whose options do not matter when there is nothing to do, as those of an operator's Job."""
    if not all(one in _OF_NO_MATTER or _is_limit(one) for one in options):
        return None
    import signal  # noqa: PLC0415  as above

    from revgate.cli.settled import in_vain, settle_job  # noqa: PLC0415  as above

    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))  # as the run does: see hold_signals
    bundled = "--bundled" in options
    if settle_job(bundled=bundled):
        return 0
    in_vain.add(bundled)
    return None


def _is_limit(option: str) -> bool:
    name, _, value = option.partition("=")
    if name not in _LIMITS:
        return False
    from revgate.contract.durations import parse_duration  # noqa: PLC0415  as above

    try:
        parse_duration(value)
    except ValueError:
        return False
    return True


def _is_secret(head: str) -> bool:
    """Say whether a revision is also a password: then the usual way masks it."""
    if not any(head in value for value in os.environ.values()):
        return False
    from revgate.migration.output.redaction import Redactor, secrets_of  # noqa: PLC0415  for hardly anybody

    return Redactor.of(secrets_of(os.environ)).redact(head) != head


def _say(text: str, stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # a tick in an ASCII terminal is no reason to fail
    print(text, file=stream, flush=True)
