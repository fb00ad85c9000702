"""What is said of an error that ended a command: one sentence, also of those that are not ours."""

from alembic.util import CommandError

from revgate.migration.errors import MigrationError
from revgate.migration.output.wording import first_line


def explain(error: BaseException) -> str:
    """Return one sentence for a person."""
    match error:
        case MigrationError():
            return str(error)
        case CommandError():
            return str(error).splitlines()[0] if str(error) else "Alembic refused, without a word why"
        case OSError() if error.filename:
            return f"{error.filename} could not be used: {error.strerror}"
        case _:
            return (
                f"{first_line(error)}: that is a fault of revgate, run it again with --debug and report what it prints"
            )
