"""The one error of a backup: it stops the upgrade before its first statement."""

from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.errors import HumanMustAct


class BackupFailed(HumanMustAct):
    """No verified backup could be had, and nothing of it was left in the folder."""

    exit = Exit.ENVIRONMENT
    reason = Reason.BACKUP_FAILED
