"""Picks a text and fills it with facts."""

from ..model import Audience, Notice, Organisation
from ..names import cut, first_name, spoken
from .en import EN
from .model import PUSH_LENGTH, TITLE_LENGTH, Facts, Language, Letter, Line
from .nb import NB
from .nn import NN

_LANGUAGES = {"nb": NB, "no": NB, "nn": NN, "en": EN}
_NORWEGIAN = (NB, NN)


def language_of(*locales: str | None) -> Language:
    """The first that we speak, of `nb`, `nb-NO`, `nn_NO` …; Bokmål when we speak none."""
    for locale in locales:
        language = _LANGUAGES.get((locale or "").replace("_", "-").split("-")[0].lower())
        if language is not None:
            return language
    return NB


def letter(
    language: Language, *, notice: Notice, audience: Audience, facts: Facts, recipient_name: str, link: str | None
) -> Letter:
    """The finished text for one recipient."""
    text = language.texts[notice, audience]
    words = _words(language, facts)
    conditions = facts.conditions()
    called = first_name(recipient_name)
    return Letter(
        language=language.code,
        title=cut(_first(text.titles, conditions).text, TITLE_LENGTH),
        greeting=language.greeting.format(first_name=called) if called else language.greeting_without_name,
        paragraphs=tuple(line.text.format_map(words) for line in text.lines if line.applies(conditions)),
        action=text.action,
        link=link,
        closing=language.closing,
        signature=spoken(facts.organisation.name) or language.unnamed_sender,
        footer=language.footer,
        push=cut(_first(text.push, conditions).text.format_map(words), PUSH_LENGTH),
    )


def _first(lines: tuple[Line, ...], conditions: frozenset[str]) -> Line:
    return next(line for line in lines if line.applies(conditions))


def _words(language: Language, facts: Facts) -> dict[str, str]:
    mentor_word, coordinator_word = _own_words(language, facts.organisation)
    return {
        "mentor": spoken(facts.mentor_name) or language.somebody,
        "first_name": first_name(facts.mentor_name) or language.somebody,
        "organisation": spoken(facts.organisation.name) or language.your_organisation,
        "mentor_word": mentor_word,
        "coordinator_word": coordinator_word,
        "acted_by": spoken(facts.acted_by or "") or coordinator_word.capitalize(),
        "date": facts.date or "",
        "in_days": language.in_days(facts.days_remaining or 0),
    }


def _own_words(language: Language, organisation: Organisation) -> tuple[str, str]:
    """An organisation has its own words in its own language only; other languages use ours."""
    own = language_of(organisation.locale)
    if own is not language and not (own in _NORWEGIAN and language in _NORWEGIAN):
        return language.mentor_word, language.coordinator_word
    return (
        spoken(organisation.mentor_word or "") or language.mentor_word,
        spoken(organisation.coordinator_word or "") or language.coordinator_word,
    )
