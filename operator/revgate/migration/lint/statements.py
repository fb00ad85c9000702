"""The statements that a rule may ask about, as values. What none asks about is Other."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from revgate.migration.lint.reader import Name


@dataclass(frozen=True, slots=True)
class Column:
    """A column as CREATE TABLE or ADD COLUMN describes it."""

    name: str
    type: str  # in capitals, with one space between words: CHARACTER VARYING(10)
    is_required: bool = False
    default: str = ""  # as text, "" for none or NULL
    calls: tuple[str, ...] = ()  # functions in the default
    is_identity: bool = False
    is_stored: bool = False  # generated, and kept in the table
    is_generated: bool = False
    is_unique: bool = False  # or the primary key
    has_check: bool = False
    references: Name | None = None

    @property
    def is_serial(self) -> bool:
        """Whether a sequence numbers the rows."""
        return self.type in {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "SERIAL2"}


class Kind(StrEnum):
    """What a constraint demands."""

    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"
    EXCLUDE = "exclude"
    NOT_NULL = "not null"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table."""

    kind: Kind
    name: str = ""
    columns: tuple[str, ...] = ()
    references: Name | None = None
    is_not_valid: bool = False
    using_index: str = ""
    not_null: str = ""  # the column of which a CHECK says no more than that it is not null


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new table, also as SELECT or as a partition; a materialized view, too."""

    table: Name
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateView:
    """A view."""

    view: Name
    or_replace: bool = False


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """A new index; a column is "" where it is an expression."""

    name: str
    table: Name
    columns: tuple[str, ...] = ()
    is_partial: bool = False
    concurrently: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropIndex:
    """DROP INDEX."""

    names: tuple[Name, ...]
    concurrently: bool = False
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Reindex:
    """REINDEX of an INDEX, a TABLE, a SCHEMA, ..."""

    what: str
    name: Name
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP of anything but an index: what is its word, or words, in capitals."""

    what: str
    names: tuple[Name, ...]
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class AddColumn:
    """ADD COLUMN."""

    column: Column
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn:
    """DROP COLUMN."""

    column: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class ChangeType:
    """ALTER COLUMN TYPE; type as in Column."""

    column: str
    type: str
    has_using: bool = False


@dataclass(frozen=True, slots=True)
class SetNotNull:
    """ALTER COLUMN SET NOT NULL."""

    column: str


@dataclass(frozen=True, slots=True)
class AddConstraint:
    """ADD CONSTRAINT, and what ADD COLUMN brings along."""

    constraint: Constraint


@dataclass(frozen=True, slots=True)
class ValidateConstraint:
    """VALIDATE CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """DROP CONSTRAINT."""

    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME of a table (column is ""), a view or a column."""

    to: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class MoveSchema:
    """SET SCHEMA: the table's full name is another one."""

    schema: str


@dataclass(frozen=True, slots=True)
class OtherAction:
    """Any other action on a table."""

    words: str
    rewrites: bool = False
    is_exclusive: bool = True  # ACCESS EXCLUSIVE, as most are
    can_repeat: bool = False  # doing it twice does no harm


Action: TypeAlias = (
    AddColumn
    | DropColumn
    | ChangeType
    | SetNotNull
    | AddConstraint
    | ValidateConstraint
    | DropConstraint
    | Rename
    | MoveSchema
    | OtherAction
)


@dataclass(frozen=True, slots=True)
class AlterTable:
    """ALTER TABLE, or of a view where what is VIEW."""

    table: Name
    actions: tuple[Action, ...]
    what: str = "TABLE"


@dataclass(frozen=True, slots=True)
class CreateType:
    """CREATE TYPE."""

    type: Name


@dataclass(frozen=True, slots=True)
class AddEnumValue:
    """ALTER TYPE ADD VALUE."""

    type: Name
    value: str
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenameEnumValue:
    """ALTER TYPE RENAME VALUE."""

    type: Name
    value: str


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE."""

    tables: tuple[Name, ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """UPDATE; bounded by a WHERE or not."""

    table: Name
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE; bounded by a WHERE or not."""

    table: Name
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT of values, or of what a SELECT yields."""

    table: Name
    is_select: bool = False
    can_repeat: bool = False


@dataclass(frozen=True, slots=True)
class RewriteTable:
    """VACUUM FULL or CLUSTER; no tables are all of them."""

    command: str
    tables: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class LockTable:
    """LOCK TABLE, with the lock's name in capitals."""

    tables: tuple[Name, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """REFRESH MATERIALIZED VIEW."""

    view: Name
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """BEGIN, COMMIT or ROLLBACK."""

    word: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """SQL that is put together only when it runs; what says by whom."""

    what: str


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else, by its first words."""

    words: str = ""
    can_repeat: bool = False


Statement: TypeAlias = (
    CreateTable
    | CreateView
    | CreateIndex
    | DropIndex
    | Reindex
    | Drop
    | AlterTable
    | CreateType
    | AddEnumValue
    | RenameEnumValue
    | Truncate
    | Update
    | Delete
    | Insert
    | RewriteTable
    | LockTable
    | Refresh
    | Turn
    | Hidden
    | Other
)
