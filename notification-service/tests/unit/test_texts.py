"""Every text in every language: complete, short, and without what it must not mention."""

import itertools
import re
import string

import pytest
from notification_service.domain.model import Audience, Notice
from notification_service.domain.texts.en import EN
from notification_service.domain.texts.model import Facts, Language, RenderedText
from notification_service.domain.texts.nb import NB
from notification_service.domain.texts.nn import NN
from notification_service.domain.texts.rendering import language_of, render

from ..builders import an_organisation, some_facts

LANGUAGES = [NB, NN, EN]
"""Of a language that the service speaks each text is written, or its test fails with a KeyError."""
EVERY_TEXT = list(itertools.product(LANGUAGES, Notice, Audience))
WORDS = {"mentor", "first_name", "organisation", "mentor_word", "coordinator_word", "acted_by", "date", "in_days"}


def rendered(
    language: Language = NB,
    notice: Notice = Notice.PAUSE_ACTIVATED,
    audience: Audience = Audience.MENTOR,
    *,
    facts: Facts | None = None,
    recipient_name: str = "Kari Nordmann",
) -> RenderedText:
    return render(
        language,
        notice=notice,
        audience=audience,
        facts=facts or some_facts(),
        recipient_name=recipient_name,
        link="https://portal.example",
    )


def everything(text: RenderedText) -> str:
    return " ".join((text.title, text.greeting, *text.paragraphs, text.action, text.signature, text.push))


@pytest.mark.parametrize(("language", "notice", "audience"), EVERY_TEXT)
def test_every_text_can_be_written_in_every_situation(language: Language, notice: Notice, audience: Audience) -> None:
    for acted_by, has_coordinator, date, is_past in itertools.product(
        (None, "Ola Hansen"), (True, False), (None, "1. mai 2026"), (True, False)
    ):
        facts = some_facts(
            acted_by=acted_by, has_coordinator=has_coordinator, date=date, is_past=is_past, days_remaining=14
        )
        text = rendered(language, notice, audience, facts=facts)

        assert 3 <= len(text.paragraphs) <= 7
        assert len(text.title) <= 65
        assert 0 < len(text.push) <= 240
        assert not re.search(r"[{}]|None|  ", everything(text))


@pytest.mark.parametrize(("language", "notice", "audience"), EVERY_TEXT)
def test_titles_are_fixed_and_texts_use_known_words_only(
    language: Language, notice: Notice, audience: Audience
) -> None:
    text = language.texts[notice, audience]

    fields = {
        field for line in (*text.lines, *text.push) for _, field, _, _ in string.Formatter().parse(line.text) if field
    }
    assert fields <= WORDS
    assert not any("{" in title.text for title in text.titles)
    assert "{mentor}" not in "".join(line.text for line in text.push)


@pytest.mark.parametrize(("language", "notice", "audience"), EVERY_TEXT)
def test_a_push_message_has_first_names_alone(language: Language, notice: Notice, audience: Audience) -> None:
    assert "Nordmann" not in rendered(language, notice, audience, facts=some_facts(days_remaining=3)).push


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", Audience)
def test_an_expired_certification_cannot_be_mistaken_for_a_pause(language: Language, audience: Audience) -> None:
    pause = rendered(language, Notice.PAUSE_ACTIVATED, audience)
    expiry = rendered(language, Notice.CERT_EXPIRY, audience)

    assert pause.title != expiry.title
    assert not set(pause.paragraphs[:2]) & set(expiry.paragraphs)
    certification = "certification" if language is EN else "ertifisering"
    assert certification in expiry.title
    assert certification not in everything(pause)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("notice", "named"), [(Notice.PAUSE_ACTIVATED, True), (Notice.PAUSE_LIFTED, True), (Notice.CERT_EXPIRY, False)]
)
def test_an_acting_person_is_named_to_the_mentor_alone(language: Language, notice: Notice, named: bool) -> None:
    facts = some_facts(acted_by="Ola Hansen")

    assert ("Ola Hansen" in everything(rendered(language, notice, facts=facts))) is named
    assert "Ola Hansen" not in everything(rendered(language, notice, Audience.COORDINATOR, facts=facts))


@pytest.mark.parametrize(
    ("language", "days", "said"),
    [(NB, 0, "i dag"), (NB, 1, "i morgen"), (NB, 14, "om 14 dager"), (NN, 7, "om 7 dagar"), (EN, 2, "in 2 days")],
)
def test_days_are_said_as_people_say_them(language: Language, days: int, said: str) -> None:
    text = rendered(language, Notice.CERT_EXPIRY_REMINDER, facts=some_facts(days_remaining=days))

    assert said in text.paragraphs[0]
    assert said in text.push


@pytest.mark.parametrize(
    ("locale", "language", "word"), [("nb", NB, "besøksvenn"), ("nb", NN, "besøksvenn"), ("nb", EN, "peer mentor")]
)
def test_an_organisations_own_words_are_used_in_its_own_language(locale: str, language: Language, word: str) -> None:
    facts = some_facts(organisation=an_organisation(locale=locale, mentor_word="besøksvenn"))

    assert word in everything(rendered(language, facts=facts))


@pytest.mark.parametrize(
    ("locales", "language"),
    [
        (("nn", "nb"), NN),
        (("nn-NO", "nb"), NN),
        (("en_GB", "nb"), EN),
        (("no", "en"), NB),
        ((None, "nn"), NN),
        (("se", "en"), EN),
        (("", None), NB),
    ],
)
def test_the_first_language_we_speak_is_taken(locales: tuple[str | None, ...], language: Language) -> None:
    assert language_of(*locales) is language


def test_a_text_without_names_is_whole() -> None:
    facts = some_facts(mentor_name="", organisation=an_organisation(name=""))

    text = rendered(audience=Audience.COORDINATOR, facts=facts, recipient_name="")

    assert text.greeting == "Hei!"
    assert text.paragraphs[0] == "En likeperson tar en pause som likeperson."
    assert text.signature == "Likepersontjenesten"


def test_a_name_is_not_read_as_a_text_of_ours() -> None:
    facts = some_facts(mentor_name="{acted_by} {0.__class__}")

    assert "{acted_by} {0.__class__} tar" in rendered(audience=Audience.COORDINATOR, facts=facts).paragraphs[0]
