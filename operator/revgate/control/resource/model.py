"""How the resource's types are written: camelCase outside, frozen inside, defaults that the API server fills in."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from revgate.contract.durations import PATTERN, parse_duration

DURATION_RULE: Final = {
    "x-kubernetes-validations": [
        {"rule": f"self.matches('{PATTERN}')", "message": "write a duration like 500ms, 30s, 10m or 1h30m"}
    ]
}

_LONGEST_SECONDS: Final = 366 * 86400.0


def _measured(text: str) -> str:
    """Refuse here what a CRD without our rules lets through; a longer one would overflow the calendar."""
    if parse_duration(text) > _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than a year")
    return text


def measured_or_empty(text: str) -> str:
    """Refuse a duration that is too long; none is empty."""
    return _measured(text) if text else text


Duration = Annotated[str, Field(max_length=32, json_schema_extra=DURATION_RULE), AfterValidator(_measured)]


class Part(BaseModel):
    """A part of the resource. Unknown fields are left alone: a newer CRD may know more than this operator."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    def as_json(self) -> dict[str, Any]:
        """Return the part as the API server stores it, without what is empty."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Return CEL rules, each with the message that a person reads when `kubectl apply` is refused."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}
