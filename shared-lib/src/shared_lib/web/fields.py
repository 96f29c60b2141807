"""marshmallow fields: strict when they load, exact when they dump."""

import re
from datetime import UTC, datetime, time
from typing import Any, Literal

from marshmallow import ValidationError, fields, validate

from shared_lib.clock import moment_of
from shared_lib.ids import IDENTIFIER, IDENTIFIER_RULE


class UtcDateTime(fields.Field[datetime]):
    """A moment of RFC 3339 with an offset, from 2000 until 2100 in UTC; dumped in UTC with `Z`, cut to `timespec`."""

    def __init__(self, *, timespec: Literal["seconds", "milliseconds"] = "seconds", **options: Any) -> None:
        metadata = {
            "type": "string",
            "format": "date-time",
            "description": "From 2000 until 2100 in UTC.",
            **options.pop("metadata", {}),
        }
        super().__init__(metadata=metadata, **options)
        self.timespec = timespec

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec=self.timespec)[:-6] + "Z"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> datetime:
        try:
            moment = moment_of(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ValidationError(str(error)) from error
        precision = 1_000_000 if self.timespec == "seconds" else 1_000
        return moment.replace(microsecond=moment.microsecond // precision * precision)


class Identifier(fields.String):
    """An opaque id, as `shared_lib.ids.IDENTIFIER` describes it."""

    def __init__(self, **options: Any) -> None:
        pattern = validate.Regexp(rf"{IDENTIFIER}\Z", error=f"Give an id of {IDENTIFIER_RULE}.")
        # JSON Schema knows no \Z; in Python a $ would let a line break at the end pass.
        metadata = {"pattern": f"^{IDENTIFIER}$", **options.pop("metadata", {})}
        super().__init__(validate=pattern, metadata=metadata, **options)


class PlainText(fields.String):
    """A text of `min_length` to `max_length` characters; no control characters but those that `line_breaks` allows."""

    def __init__(self, *, max_length: int, min_length: int = 1, line_breaks: bool = False, **options: Any) -> None:
        refused = r"\u0000-\u0008\u000b\u000c\u000e-\u001f" if line_breaks else r"\u0000-\u001f"
        metadata = {"pattern": rf"^[^{refused}\u007f-\u009f]*$", **options.pop("metadata", {})}
        super().__init__(validate=validate.Length(min=min_length, max=max_length), metadata=metadata, **options)
        self._refused = re.compile(rf"[{refused}\u007f-\u009f\ud800-\udfff]")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        if isinstance(text, str) and self._refused.search(text):
            raise ValidationError("Control characters are not allowed.")
        return text


class _BoundedInteger(fields.Integer):
    def __init__(self, *, minimum: int, maximum: int, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=minimum, max=maximum), **options)


class StrictInteger(_BoundedInteger):
    """A JSON number without a fraction (14, and 14.0 as in JSON Schema), from `minimum` to `maximum`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **options)


class QueryInteger(_BoundedInteger):
    """A whole number in a query string: plain digits, from `minimum` to `maximum`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(int(value), attr, data, **options)


class StrictBoolean(fields.Boolean):
    """A JSON boolean, and no string or number in its place."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryBoolean(fields.Boolean):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if value not in ("true", "false"):
            raise self.make_error("invalid", input=value)
        return value == "true"


class HourAndMinute(fields.Field[time]):
    """A local time of day such as `09:00`."""

    def __init__(self, **options: Any) -> None:
        metadata = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "example": "09:00"}
        super().__init__(metadata=metadata, **options)

    def _serialize(self, value: time | None, attr: str | None, obj: Any, **_: Any) -> str | None:
        return None if value is None else value.isoformat(timespec="minutes")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> time:
        try:
            if len(value) == len("09:00"):
                return time.fromisoformat(value)
        except (TypeError, ValueError):
            pass
        raise ValidationError("Give a time of day such as 09:00.")
