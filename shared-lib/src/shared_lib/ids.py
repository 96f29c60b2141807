"""Identifiers: the form of those that clients send, and our own, which sort by time."""

import os
import re
import time
from uuid import UUID

IDENTIFIER = r"[A-Za-z0-9_-][A-Za-z0-9._:@|=-]{0,63}"
"""The pattern of opaque ids, such as those that sign-in providers give people."""
IDENTIFIER_RULE = "1 to 64 letters, digits and . _ : @ | = -, beginning with a letter, a digit, _ or -"


def opaque_id(text: str) -> str:
    """The text itself. Raises ValueError with a sentence if it is no id."""
    if not re.fullmatch(IDENTIFIER, text):
        raise ValueError(f"must be {IDENTIFIER_RULE}")
    return text


def uuid7() -> UUID:
    """A new UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
