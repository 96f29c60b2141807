"""Names as texts mention them: safe to stand in a sentence, in the order of speech, and the first name alone."""

import re
import unicodedata

MAX_NAME_LENGTH = 80
MAX_FIRST_NAME_LENGTH = 40
_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners are part of the spelling of names in several scripts."""
_AROUND_WORDS = "\"'`´‘’“”„«»()[]<>,;:!?*"
_IN_BRACKETS = re.compile(r"[(\[].*?[)\]]")
_INITIALS = re.compile(r"\w([.-]+\w)*\.?")
_TITLE = re.compile(r"(?i:(dr|prof|professor|mr|mrs|ms|miss|mx|sir|hr|herr|fru|frk|frøken)\.?)|[a-zæøå]{2,}\..*")
_SUFFIX = re.compile(r"(?i:jr|junior|sr|senior|ii|iii|iv|phd|ph\.d|m\.d|m\.?sc|b\.?sc|m\.a|b\.a|mba|esq)\.?")
_PARTICLE = re.compile("a[flv]|ben|bin|da|das|dei?|de[lnr]|di|dos|du|el|ibn|l[ae]|ter|v[ao]n|vom|zur?")


def safe_name(name: str) -> str:
    """One line without invisible characters: a name must not break out of its sentence or turn it around."""
    return cut(_on_one_line(name), MAX_NAME_LENGTH)


def full_name(name: str) -> str:
    """A person's name as it is spoken: "Nordmann, Ola" is Ola Nordmann."""
    return cut(_spoken(_on_one_line(name)), MAX_NAME_LENGTH)


def first_name(name: str) -> str:
    """The name that a person is greeted by; empty when there is none, as in "Fru Nordmann", "O. Nordmann" or "".

    Others may see it on a locked screen, so a surname or a mail address is never taken for it.
    """
    line = _IN_BRACKETS.sub(" ", _on_one_line(name))
    words = [word for word in (word.strip(_AROUND_WORDS) for word in _spoken(line).split()) if word]
    while words and _SUFFIX.fullmatch(words[-1]):
        del words[-1]
    is_surname = line.rstrip().endswith(",")
    while words and (_TITLE.fullmatch(words[0]) or _SUFFIX.fullmatch(words[0])):
        del words[0]
        is_surname = True
    if not words or _PARTICLE.fullmatch(words[0]) or (is_surname and len(words) == 1):
        return ""
    given = words[:-1] or words
    return cut(next((word for word in given if _is_called(word)), ""), MAX_FIRST_NAME_LENGTH)


def cut(text: str, length: int) -> str:
    """At most `length` characters, ending at a word."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    at_word = kept.rsplit(" ", 1)[0] if " " in kept else kept
    return at_word.rstrip(" ,.;:–") + "…"


def _on_one_line(name: str) -> str:
    visible = name
    if not name.isprintable():  # nearly all are: they have neither controls nor spaces but the plain one
        visible = "".join(" " if character.isspace() else character for character in name if _is_visible(character))
    words = (word.lstrip(_JOINERS) for word in visible.split())
    return " ".join(word for word in words if word)


def _spoken(name: str) -> str:
    """Given names first; without the description in "Kari Nordmann, sykepleier", and without mail addresses."""
    name = " ".join(word for word in name.split() if "@" not in word)
    surname, *others = [part for part in map(str.strip, name.split(",")) if part] or [""]
    given = [part for part in others if not _SUFFIX.fullmatch(part)]
    suffixes = [part for part in others if _SUFFIX.fullmatch(part)]
    if " " not in surname:  # what follows can be nothing but given names: "Nordmann, M.A."
        return " ".join([*(given or suffixes), surname, *(suffixes if given else ())])
    if given and given[0][0].islower() and not surname.islower():
        given = []
    return " ".join([*given, surname, *suffixes])


def _is_called(word: str) -> bool:
    """Is it more than an initial and no number?"""
    return any(map(str.isalpha, word)) and not _INITIALS.fullmatch(word)


def _is_visible(character: str) -> bool:
    return (
        character.isspace()
        or character in _JOINERS
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
