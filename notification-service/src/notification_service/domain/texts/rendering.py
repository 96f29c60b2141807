"""Selects a text and fills it with facts."""

from ..model import Audience, Notice, Organisation
from .en import EN
from .model import PUSH_LENGTH, TITLE_LENGTH, Facts, Language, Line, RenderedText
from .names import cut, first_name, full_name, safe_name
from .nb import NB
from .nn import NN

_LANGUAGES = {"nb": NB, "no": NB, "nn": NN, "en": EN}
_NORWEGIAN = (NB, NN)


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
        paragraphs=tuple(_sentence(line, words) for line in text.lines if line.applies(conditions)),
        action=text.action,
        link=link,
        closing=language.closing,
        signature=safe_name(facts.organisation.name) or language.unnamed_sender,
        footer=(language.footer_with_reply if facts.organisation.reply_to else language.footer).format_map(words),
        push=cut(_sentence(_first(text.push, conditions), words), PUSH_LENGTH),
    )


def _first(lines: tuple[Line, ...], conditions: frozenset[str]) -> Line:
    return next(line for line in lines if line.applies(conditions))


def _sentence(line: Line, words: dict[str, str]) -> str:
    """Filled in; a sentence may begin with a word that is written small, such as an unnamed mentor."""
    text = line.text.format_map(words)
    return text[:1].upper() + text[1:]


def _words(language: Language, facts: Facts) -> dict[str, str]:
    mentor_word, coordinator_word = _own_words(language, facts.organisation)
    return {
        "mentor": full_name(facts.mentor_name) or language.unnamed_mentor,
        "first_name": first_name(facts.mentor_name) or language.unnamed_mentor,
        "organisation": safe_name(facts.organisation.name) or language.your_organisation,
        "mentor_word": mentor_word,
        "coordinator_word": coordinator_word,
        "coordinator": f"{coordinator_word} {full_name(facts.coordinator_name)}".rstrip(),
        "acted_by": full_name(facts.acted_by or "") or coordinator_word,
        "date": facts.date or "",
        "course_date": facts.course_date or "",
        "in_days": language.in_days(facts.days_remaining or 0),
        "escalation_date": facts.escalation_date or "",
        "days_waited": str(facts.days_waited),
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
