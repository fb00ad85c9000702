"""The one error of a rehearsal that could not begin: what the revisions themselves fail of is in its result."""

from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import HumanMustAct


class RehearsalRefused(HumanMustAct):
    """The database could not be copied to the server that was named, or its programs are missing."""

    exit = Exit.ENVIRONMENT
    reason = Reason.ENVIRONMENT_FAILED
