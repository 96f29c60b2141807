"""A field accepts exactly what its OpenAPI schema accepts."""

import re

import pytest
from marshmallow import ValidationError
from shared_lib.web.fields import PlainText


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
