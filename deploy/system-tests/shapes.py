"""The shape of a documented example: which members, in which order, of which type and in which format."""

import re
from typing import Any

_FORMATS = {
    "a time with milliseconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "a time with seconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "a UUID": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "an event id": re.compile(r"pn_[0-9a-f]{12}"),
    "a message id": re.compile(r"msg-\d{5,}"),
}


def differences(found: Any, example: Any, *, where: str = "$", also: tuple[Any, ...] = ()) -> list[str]:
    """What is different about `found`; `also` are further examples of the same thing. Empty when it has the shape."""
    examples = (example, *also)
    if isinstance(example, dict):
        return _of_object(found, [one for one in examples if isinstance(one, dict)], where)
    if isinstance(example, list):
        return _of_list(found, [one for one in examples if isinstance(one, list)], where)
    allowed = {_kind(one) for one in examples}
    fits = _kind(found) in allowed or ("NoneType" in allowed and isinstance(found, str))  # not yet, or by now
    return [] if fits else [f"{where}: {found!r} is none of {allowed}"]


def _of_object(found: Any, examples: list[dict[str, Any]], where: str) -> list[str]:
    if not isinstance(found, dict):
        return [f"{where}: {found!r} is not an object"]
    if list(found) != list(examples[0]):
        return [f"{where}: members {list(found)} instead of {list(examples[0])}"]
    return [
        difference
        for name in found
        for difference in differences(
            found[name], examples[0][name], where=f"{where}.{name}", also=tuple(one[name] for one in examples[1:])
        )
    ]


def _of_list(found: Any, examples: list[list[Any]], where: str) -> list[str]:
    if not isinstance(found, list):
        return [f"{where}: {found!r} is not a list"]
    first, *others = [element for one in examples for element in one]
    return [
        difference
        for number, element in enumerate(found)
        for difference in differences(element, first, where=f"{where}[{number}]", also=tuple(others))
    ]


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return next((name for name, form in _FORMATS.items() if form.fullmatch(value)), "text")
    return type(value).__name__
