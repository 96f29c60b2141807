"""Selects a text and fills it with facts; makes names safe to stand in it."""

import unicodedata

from ..model import Audience, Notice, Organisation
from .en import EN
from .model import PUSH_LENGTH, TITLE_LENGTH, Facts, Language, Line, RenderedText
from .nb import NB
from .nn import NN

_LANGUAGES = {"nb": NB, "no": NB, "nn": NN, "en": EN}
_NORWEGIAN = (NB, NN)
MAX_NAME_LENGTH = 80
MAX_FIRST_NAME_LENGTH = 40


def language_of(*locales: str | None) -> Language:
    """The language of the first locale (`nb`, `nb-NO`, `nn_NO` …) that has texts; Bokmål when none has."""
    for locale in locales:
        language = _LANGUAGES.get((locale or "").replace("_", "-").split("-")[0].lower())
        if language is not None:
            return language
    return NB


def render(
    language: Language, *, notice: Notice, audience: Audience, facts: Facts, recipient_name: str, link: str | None
) -> RenderedText:
    """The finished text for one recipient."""
    text = language.texts[notice, audience]
    words = _words(language, facts)
    conditions = facts.conditions()
    name = first_name(recipient_name)
    return RenderedText(
        language=language.code,
        title=cut(_first(text.titles, conditions).text, TITLE_LENGTH),
        greeting=language.greeting.format(first_name=name) if name else language.greeting_without_name,
        paragraphs=tuple(line.text.format_map(words) for line in text.lines if line.applies(conditions)),
        action=text.action,
        link=link,
        closing=language.closing,
        signature=safe_name(facts.organisation.name) or language.unnamed_sender,
        footer=language.footer,
        push=cut(_first(text.push, conditions).text.format_map(words), PUSH_LENGTH),
    )


def _first(lines: tuple[Line, ...], conditions: frozenset[str]) -> Line:
    return next(line for line in lines if line.applies(conditions))


def _words(language: Language, facts: Facts) -> dict[str, str]:
    mentor_word, coordinator_word = _own_words(language, facts.organisation)
    return {
        "mentor": safe_name(facts.mentor_name) or language.unnamed_mentor,
        "first_name": first_name(facts.mentor_name) or language.unnamed_mentor,
        "organisation": safe_name(facts.organisation.name) or language.your_organisation,
        "mentor_word": mentor_word,
        "coordinator_word": coordinator_word,
        "acted_by": safe_name(facts.acted_by or "") or coordinator_word.capitalize(),
        "date": facts.date or "",
        "in_days": language.in_days(facts.days_remaining or 0),
    }


def _own_words(language: Language, organisation: Organisation) -> tuple[str, str]:
    """An organisation has its own words in its own language only; other languages use ours."""
    own = language_of(organisation.locale)
    if own is not language and not (own in _NORWEGIAN and language in _NORWEGIAN):
        return language.mentor_word, language.coordinator_word
    return (
        safe_name(organisation.mentor_word or "") or language.mentor_word,
        safe_name(organisation.coordinator_word or "") or language.coordinator_word,
    )


def safe_name(name: str) -> str:
    """One line without invisible characters: a name must not break out of its sentence or turn it around."""
    visible = name
    if not name.isprintable():  # nearly all are: they have neither controls nor spaces but the plain one
        visible = "".join(" " if character.isspace() else character for character in name if _is_visible(character))
    return cut(" ".join(visible.split()), MAX_NAME_LENGTH)


def first_name(name: str) -> str:
    words = safe_name(name).split()
    return cut(words[0], MAX_FIRST_NAME_LENGTH) if words else ""


def cut(text: str, length: int) -> str:
    """At most `length` characters, ending at a word."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    at_word = kept.rsplit(" ", 1)[0] if " " in kept else kept
    return at_word.rstrip(" ,.;:–") + "…"


def _is_visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
