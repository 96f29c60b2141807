"""A field accepts exactly what its OpenAPI schema accepts."""

import re
from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError
from shared_lib.web.fields import PlainText, UtcDateTime


def is_accepted(field: PlainText, text: str) -> bool:
    try:
        field.deserialize(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("line_breaks", [False, True])
def test_the_pattern_of_a_text_lets_pass_exactly_what_is_accepted(line_breaks: bool) -> None:
    field = PlainText(max_length=10, line_breaks=line_breaks)
    pattern = re.compile(field.metadata["pattern"])

    differing = [
        hex(code)
        for code in range(0x3000)
        if (pattern.match(f"a{chr(code)}b") is not None) != is_accepted(field, f"a{chr(code)}b")
    ]

    assert differing == []
    assert not is_accepted(field, "a\x00b")
    assert is_accepted(field, "a\nb") == line_breaks


@pytest.mark.parametrize("offset", ["Z", "z", "+00:00", "-00:00", "+05:45", "-23:59", "+14:00"])
def test_a_time_with_an_offset_of_a_clock_is_read(offset: str) -> None:
    text = f"2026-03-20T12:00:00{offset}"

    assert UtcDateTime().deserialize(text) == datetime.fromisoformat(text.upper()).astimezone(UTC)


@pytest.mark.parametrize("offset", ["+01:75", "-00:60", "+24:00", "-99:00", "+1:00", "+0100", "+01", "", "+01:00:30"])
def test_a_time_with_an_offset_that_no_clock_has_is_refused(offset: str) -> None:
    with pytest.raises(ValidationError, match="with an offset"):
        UtcDateTime().deserialize(f"2026-03-20T12:00:00{offset}")
