"""The hooks of a SchemaMigration: programs that run around it, in its pod."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from revgate.contract import names
from revgate.control.resource.model import Part, rules

_MOST: Final = 10
_LABEL: Final = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
_NAMES: Final = "(self.before.map(hook, hook.name) + self.after.map(hook, hook.name))"

Word = Annotated[str, Field(max_length=8192)]


class Hook(Part):
    """A container of the pod: it runs to its end, and whatever comes after it waits for that."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "self.image != '' || self.command.size() > 0 || self.args.size() > 0",
                "a hook without an image of its own needs command or args: the app's own would start and never end",
            )
        ),
    )

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=63,
            description="Name of the container",
            json_schema_extra=rules(
                (
                    f"self.matches('{_LABEL}')",
                    "a hook's name has small letters, digits and hyphens: it is a container's",
                ),
                (
                    f"self != '{names.CONTAINER}' && !self.startsWith('revgate')",
                    f"{names.CONTAINER} and what begins with revgate are names of ours: call the hook something else",
                ),
            ),
        ),
    ]
    image: Annotated[
        str, Field(max_length=512, pattern=r"^\S*$", description="Image of the hook; the migration's own when empty")
    ] = ""
    command: Annotated[
        tuple[Word, ...], Field(max_length=100, description="Program; the image's entrypoint when empty")
    ] = ()
    args: Annotated[tuple[Word, ...], Field(max_length=100, description="Arguments of the program")] = ()


class Hooks(Part):
    """What runs before and after the migration, one after the other, whenever it runs; so each must be repeatable."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"!has(self.before) || !has(self.after) || {_NAMES}.all(one, {_NAMES}.exists_one(other, other == one))",
                "each hook needs a name of its own, before and after the migration",
            )
        ),
    )

    before: Annotated[
        tuple[Hook, ...], Field(max_length=_MOST, description="Before the migration, which waits until they succeeded")
    ] = ()
    after: Annotated[
        tuple[Hook, ...], Field(max_length=_MOST, description="After a migration that succeeded, in their order")
    ] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """Return the names of the pod's containers in the order in which they run; empty without hooks."""
        if not (self.before or self.after):
            return ()
        return (*(hook.name for hook in self.before), names.CONTAINER, *(hook.name for hook in self.after))
