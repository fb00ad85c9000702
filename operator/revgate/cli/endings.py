"""How a command for people ends: its answer is out, or one sentence on stderr says what was wrong, and no password."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from revgate.cli.streams import guarded_streams
from revgate.migration.environment.stdout_kept import stdout_is_the_answer

if TYPE_CHECKING:
    import argparse

    from revgate.cli.verbs import Command


def run_for_people(command: Command, args: argparse.Namespace) -> int:
    """Run a command and return 0 or 1, whatever happens in it."""
    with stdout_is_the_answer(), guarded_streams(debug=args.debug):
        return _run(command, args)


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        code = command.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head -1`: who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as error:
        print(f"{str(error) or 'Interrupted'}: `revgate current` shows where the database is", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001  whatever it is, a person reads one sentence
        _explain(error, debug=args.debug)
        return 1
    return code


def _explain(error: Exception, *, debug: bool) -> None:
    from revgate.migration.output.explaining import explain  # noqa: PLC0415  most commands end well

    if debug:
        print("".join(traceback.format_exception(error)), end="", file=sys.stderr)
    print(explain(error), file=sys.stderr)
