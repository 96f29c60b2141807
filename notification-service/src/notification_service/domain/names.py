"""People's and organisations' names, made safe to be spoken in a text."""

import unicodedata

_LONGEST = 80


def spoken(name: str) -> str:
    """One line without invisible characters: a name must not break out of its sentence or turn it around."""
    visible = name
    if not name.isprintable():  # which nearly all are; they have neither controls nor spaces but the plain one
        visible = "".join(" " if character.isspace() else character for character in name if _is_visible(character))
    return cut(" ".join(visible.split()), _LONGEST)


def first_name(name: str) -> str:
    words = spoken(name).split()
    return cut(words[0], 40) if words else ""


def cut(text: str, length: int) -> str:
    """At most `length` characters, ending at a word."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    at_word = kept.rsplit(" ", 1)[0] if " " in kept else kept
    return at_word.rstrip(" ,.;:–") + "…"


def _is_visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
