"""Statements that can run a second time: what an autocommit block has committed stays when the revision fails."""

from revgate.migration.lint.scene import Placed, Revision
from revgate.migration.lint.statements import (
    Action,
    AddColumn,
    AddConstraint,
    AddEnumValue,
    AlterTable,
    CreateIndex,
    CreateTable,
    CreateType,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    DropIndex,
    Insert,
    MoveSchema,
    Other,
    OtherAction,
    Rename,
    RenameEnumValue,
    Statement,
)


def can_repeat(one: Statement, placed: Placed, revision: Revision) -> bool:
    """Whether a statement does no harm, and does not fail, when it runs once more."""
    match one:
        case CreateIndex(name=name, if_not_exists=if_not_exists):
            return if_not_exists or is_guarded(name, placed, revision)
        case CreateTable(if_not_exists=flag) | AddEnumValue(if_not_exists=flag) | CreateView(or_replace=flag):
            return flag
        case DropIndex(if_exists=flag) | Drop(if_exists=flag) | Insert(can_repeat=flag) | Other(can_repeat=flag):
            return flag
        case CreateType() | RenameEnumValue():
            return False
        case AlterTable():
            return all(_action_can_repeat(action, one, placed, revision) for action in one.actions)
        case _:
            return True


def is_guarded(index: str, placed: Placed, revision: Revision) -> bool:
    """Whether the revision has dropped an index before, if there was one."""
    return any(
        drop.if_exists and earlier.at < placed.at and index in {name.name for name in drop.names}
        for earlier, drop in revision.each(DropIndex)
    )


def _action_can_repeat(action: Action, alter: AlterTable, placed: Placed, revision: Revision) -> bool:
    match action:
        case AddColumn(if_not_exists=flag) | DropColumn(if_exists=flag) | DropConstraint(if_exists=flag):
            return flag
        case OtherAction(can_repeat=flag):
            return flag
        case AddConstraint(constraint=constraint):
            comes_with_column = not constraint.name and any(isinstance(one, AddColumn) for one in alter.actions)
            return comes_with_column or _is_dropped_before(constraint.name, placed, revision)
        case Rename() | MoveSchema():
            return False
        case _:
            return True


def _is_dropped_before(constraint: str, placed: Placed, revision: Revision) -> bool:
    return any(
        drop.if_exists and drop.name == constraint and earlier.at <= placed.at
        for earlier, _, drop in revision.actions(DropConstraint)
    )
