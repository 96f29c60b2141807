"""Every text in every language: complete, short, and without what it must not mention."""

import itertools
import re
import string
from pathlib import Path
from typing import Any

import pytest
from notification_service.domain.model import Audience, Flag, Notice
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.domain.texts.en import EN
from notification_service.domain.texts.model import Facts, Language, RenderedText
from notification_service.domain.texts.nb import NB
from notification_service.domain.texts.nn import NN
from notification_service.domain.texts.rendering import language_of, render

from ..builders import a_context, an_announcement, an_organisation, some_facts

LANGUAGES = [NB, NN, EN]
AUDIENCES = {
    notice: NOTICE_RULES[notice].audiences(an_announcement(notice, days_remaining=0, context=a_context()))
    for notice in Notice
}
"""All who may be notified."""
READ = [(notice, audience) for notice in Notice for audience in Audience if audience in AUDIENCES[notice]]
EVERY_TEXT = [(language, notice, audience) for language in LANGUAGES for notice, audience in READ]
"""Of a language that the service speaks each text is written, or its test fails with a KeyError."""
CHASES = (Notice.LAPSE_REMINDER, Notice.LAPSE_ESCALATION)
"""About a lapse that waits: each is for one audience."""
WORDS = {
    "mentor", "first_name", "organisation", "mentor_word", "coordinator_word", "coordinator", "acted_by", "date",
    "in_days", "course_date", "escalation_date", "days_waited",
}  # fmt: skip


ALONE = {"has_coordinator": False}
NAMED = {"coordinator_name": "Ola Hansen"}
SITUATIONS: dict[Notice, dict[str, dict[str, Any]]] = {
    Notice.PAUSE_ACTIVATED: {
        "with a date": NAMED,
        "by another person, without a date, nobody responsible": {**ALONE, "acted_by": "Tone Lie", "date": None},
    },
    Notice.PAUSE_LIFTED: {
        "coordinator unreachable": {**NAMED, "is_coordinator_reachable": False},
        "by another person": {**NAMED, "acted_by": "Tone Lie"},
        "certification has run out": {**NAMED, "flags": {Flag.LAPSED}},
        "then paused because of it": {**NAMED, "flags": {Flag.AUTO_PAUSED}},
        "by another person, then paused because of it": {
            **NAMED,
            "acted_by": "Tone Lie",
            "flags": {Flag.AUTO_PAUSED, Flag.LAPSED},
        },
        "certification not required any more": {**NAMED, "flags": {Flag.NOT_REQUIRED}},
    },
    Notice.CERT_EXPIRY: {
        "over": {**NAMED, "is_past": True},
        "ahead, nobody responsible": ALONE,
        "over, paused because of it, enrolled": {
            **NAMED,
            "is_past": True,
            "flags": {Flag.AUTO_PAUSED},
            "course_date": "12. mai 2026",
        },
    },
    Notice.CERT_EXPIRY_REMINDER: {
        "14 days before": {**NAMED, "days_remaining": 14},
        "the day before": {**NAMED, "days_remaining": 1},
    },
    Notice.RETURN_SOON: {"responsible": NAMED, "nobody responsible": ALONE},
    Notice.RETURN_TODAY: {"responsible": NAMED, "nobody responsible": ALONE},
    Notice.RETURN_OVERDUE: {"responsible": NAMED, "nobody responsible": ALONE},
    Notice.CHECK_IN: {"responsible": NAMED, "nobody responsible": ALONE},
    Notice.CERT_RENEWED: {
        "in time": NAMED,
        "returned from pause": {**NAMED, "flags": {Flag.RETURNED}},
        "still paused, nobody responsible": {**ALONE, "flags": {Flag.STILL_PAUSED}},
        "to a date that is past": {**NAMED, "is_past": True, "flags": {Flag.RETURNED}},
    },
    Notice.LAPSE_REMINDER: {"admins are next": {"escalation_date": "8. mai 2026"}, "admins are not notified": {}},
    Notice.LAPSE_ESCALATION: {
        "after a week": {**NAMED, "days_waited": 7},
        "at once, nobody responsible": {**ALONE, "days_waited": 1},
    },
}


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
    flags = [frozenset(chosen) for number in (0, 1, 2) for chosen in itertools.combinations(Flag, number)]
    for acted_by, has_coordinator, is_reachable, date, is_past, days, chosen, course in itertools.product(
        (None, "Ola Hansen"),
        (True, False),
        (True, False),
        (None, "1. mai 2026"),
        (True, False),
        (14, 0),
        flags,
        (None, "12. mai 2026"),
    ):
        facts = some_facts(
            acted_by=acted_by,
            has_coordinator=has_coordinator,
            is_coordinator_reachable=is_reachable,
            date=date,
            is_past=is_past,
            days_remaining=days,
            flags=chosen,
            course_date=course,
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_admins_are_notified_which_coordinator_has_not_acknowledged(language: Language) -> None:
    facts = some_facts(coordinator_name="Hansen, Ola", days_waited=7)

    text = rendered(language, Notice.LAPSE_ESCALATION, Audience.ADMIN, facts=facts)

    assert "Ola Hansen" in text.paragraphs[1]
    assert "7" in text.push


def test_every_language_has_the_same_texts() -> None:
    assert [set(language.texts) for language in LANGUAGES] == [set(NB.texts)] * len(LANGUAGES)
    assert {notice for notice, _ in NB.texts} == set(Notice)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", [notice for notice in Notice if notice not in CHASES])
def test_a_coordinator_is_named_to_the_mentor_alone_and_never_in_a_push_message(
    language: Language, notice: Notice
) -> None:
    facts = some_facts(coordinator_name="Hansen, Ola", days_remaining=3)

    texts = {audience: rendered(language, notice, audience, facts=facts) for audience in AUDIENCES[notice]}

    mentor = {Audience.MENTOR} & AUDIENCES[notice]
    assert all(language.coordinator_word + " Ola Hansen" in everything(texts[audience]) for audience in mentor)
    assert all("Hansen" not in text.push for text in texts.values())
    assert {audience for audience, text in texts.items() if "Hansen" in everything(text)} == mentor


NOTHING_TO_DO = {"nb": "trenger (du )?ikke", "nn": "treng (du )?ikkje", "en": "do not need to do anything"}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize(
    ("notice", "facts"),
    [
        (Notice.CERT_EXPIRY_REMINDER, {"days_remaining": 1}),
        (Notice.CERT_EXPIRY_REMINDER, {"days_remaining": 0}),
        (Notice.CERT_EXPIRY_REMINDER, {"days_remaining": -1}),
        (Notice.CERT_EXPIRY, {"is_past": False}),
        (Notice.CERT_EXPIRY, {"is_past": True}),
    ],
)
def test_nobody_may_sit_still_when_a_certification_ends(
    language: Language, audience: Audience, notice: Notice, facts: dict[str, Any]
) -> None:
    text = everything(rendered(language, notice, audience, facts=some_facts(**facts)))

    assert not re.search(NOTHING_TO_DO[language.code], text)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_two_days_before_a_mentor_who_has_signed_up_may(language: Language) -> None:
    text = rendered(language, Notice.CERT_EXPIRY_REMINDER, facts=some_facts(days_remaining=2))

    assert re.search(NOTHING_TO_DO[language.code], everything(text))


ASSIGNMENTS = {"nb": "kan få (nye )?oppdrag", "nn": "kan få (nye )?oppdrag", "en": "can be given (new )?assignments"}
RENEWED_FIRST = {"nb": "sertifiseringen er fornyet", "nn": "sertifiseringa er fornya", "en": "certification is renewed"}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize(("notice", "audience"), READ)
@pytest.mark.parametrize("flags", [{Flag.LAPSED}, {Flag.AUTO_PAUSED}, {Flag.LAPSED, Flag.AUTO_PAUSED}])
def test_nobody_without_a_valid_certification_is_said_to_get_assignments(
    language: Language, notice: Notice, audience: Audience, flags: set[Flag]
) -> None:
    renewed = {Flag.RETURNED} if notice is Notice.CERT_RENEWED else set()
    text = rendered(language, notice, audience, facts=some_facts(is_past=True, flags=flags | renewed))

    for sentence in (text.title, *text.paragraphs, text.push):
        if re.search(ASSIGNMENTS[language.code], sentence):
            assert RENEWED_FIRST[language.code] in sentence


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
@pytest.mark.parametrize("audience", Audience)
def test_a_pause_because_of_an_expiry_is_not_called_something_else(language: Language, audience: Audience) -> None:
    other = {"nb": "annet enn en pause", "nn": "anna enn ein pause", "en": "not the same as a break"}[language.code]
    expired, paused = (
        everything(rendered(language, Notice.CERT_EXPIRY, audience, facts=some_facts(is_past=True, flags=flags)))
        for flags in (set(), {Flag.AUTO_PAUSED})
    )

    assert other in expired
    assert other not in paused


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_footer_says_whether_anybody_reads_an_answer(language: Language) -> None:
    organisation = an_organisation(reply_to="post@lhl.example")

    without, answered = rendered(language), rendered(language, facts=some_facts(organisation=organisation))

    assert without.footer == language.footer
    assert answered.footer.endswith(" LHL.")
    assert "@" not in answered.footer


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_text_is_as_it_was_read_and_approved(language: Language) -> None:
    """Whoever changes a text reads all of them again: delete the file, run this test and read what it has written."""
    path = Path(__file__).parent / "texts" / f"{language.code}.txt"
    texts = "\n".join(
        f"{', '.join((notice, audience, ' / '.join(names)))}\n{text}"
        for notice, audience in READ
        for text, names in _in_situations(language, notice, audience).items()
    )
    if not path.exists():
        path.write_text(texts, encoding="utf-8")
        pytest.fail(f"{path.name} is new; read it")

    assert texts == path.read_text(encoding="utf-8")


def _in_situations(language: Language, notice: Notice, audience: Audience) -> dict[str, list[str]]:
    """The different texts, each with the situations that it is for."""
    found: dict[str, list[str]] = {}
    for name, facts in SITUATIONS[notice].items():
        dated = {"date": "1 May 2026" if language is EN else "1. mai 2026", **facts}
        if language is EN and "course_date" in facts:
            dated["course_date"] = "12 May 2026"
        found.setdefault(_written(rendered(language, notice, audience, facts=some_facts(**dated))), []).append(name)
    return found


def _written(text: RenderedText) -> str:
    lines = (f"= {text.title}", *text.paragraphs, f"[{text.action}]", f"Push: {text.push}")
    return "".join(f"  {line}\n" for line in lines)


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
    assert text.push.startswith("En likeperson tar en pause.")
    notified = rendered(audience=Audience.ADMIN, facts=some_facts(mentor_name="", has_coordinator=False))
    assert "fordi en likeperson ikke har" in notified.paragraphs[-1]
    assert text.signature == "Likepersontjenesten"


def test_a_name_is_not_read_as_a_text_of_ours() -> None:
    facts = some_facts(mentor_name="{acted_by} {0.__class__}")

    assert "{acted_by} {0.__class__} tar" in rendered(audience=Audience.COORDINATOR, facts=facts).paragraphs[0]
