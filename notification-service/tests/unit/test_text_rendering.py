"""The text of a dispatch for one recipient."""

import dataclasses
from datetime import UTC, datetime

import pytest
from notification_service.domain.model import Audience, Notice
from notification_service.domain.texts.model import RenderedText
from notification_service.usecases.texts import Texts

from ..builders import A_MOMENT, a_contact, a_coordinator, a_dispatch, an_organisation


def rendered(
    audience: Audience = Audience.MENTOR,
    *,
    locale: str | None = None,
    portal: str = "https://portal.example/",
    at: datetime = A_MOMENT,
    **changes: object,
) -> RenderedText:
    return Texts(portal_url=portal).render(
        a_dispatch(**changes),
        audience,
        recipient=a_contact(locale=locale) if audience is Audience.MENTOR else a_coordinator(locale=locale),
        mentor=a_contact(),
        coordinator=a_coordinator(),
        organisation=an_organisation(),
        at=at,
    )


@pytest.mark.parametrize(
    ("locale", "said"), [("nb", "1. mai 2026"), ("nn", "1. mai 2026"), ("en", "1 May 2026"), (None, "1. mai 2026")]
)
def test_dates_are_written_as_the_reader_writes_them(locale: str | None, said: str) -> None:
    text = rendered(locale=locale, expected_return_date=datetime(2026, 5, 1, tzinfo=UTC))

    assert any(said in paragraph for paragraph in text.paragraphs)


def test_a_day_is_the_day_where_the_organisation_is() -> None:
    midnight_in_oslo = datetime(2026, 4, 30, 22, tzinfo=UTC)

    assert any("1. mai 2026" in line for line in rendered(expected_return_date=midnight_in_oslo).paragraphs)


def test_a_reminder_names_the_day() -> None:
    text = rendered(notice=Notice.CERT_EXPIRY_REMINDER, expiry_date=datetime(2026, 4, 9, 12, tzinfo=UTC))

    assert "går ut om 14 dager, 9. april 2026." in text.paragraphs[0]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-12-13T00:30:00+01:00", "om 3 dager"),
        ("2026-12-13T23:30:00+01:00", "om 3 dager"),
        ("2026-12-14T09:00:00+01:00", "om 2 dager"),
        ("2026-12-15T23:59:00+01:00", "i morgen"),
        ("2026-12-16T00:01:00+01:00", "i dag"),
    ],
)
@pytest.mark.parametrize("audience", Audience)
def test_the_days_are_counted_when_the_text_is_written(audience: Audience, at: str, said: str) -> None:
    expiry = datetime.fromisoformat("2026-12-16T00:00:00+01:00")

    text = rendered(
        audience,
        at=datetime.fromisoformat(at),
        notice=Notice.CERT_EXPIRY_REMINDER,
        expiry_date=expiry,
        days_remaining=40,
    )

    assert f"{said}, 16. desember 2026." in text.paragraphs[0]


@pytest.mark.parametrize(("at", "title"), [(14, "Sertifiseringen din går ut"), (17, "Sertifiseringen din har gått ut")])
def test_a_certificate_has_run_out_when_it_has_run_out_at_the_time_of_writing(at: int, title: str) -> None:
    expiry = datetime(2026, 12, 16, tzinfo=UTC)

    assert rendered(at=datetime(2026, 12, at, tzinfo=UTC), notice=Notice.CERT_EXPIRY, expiry_date=expiry).title == title


@pytest.mark.parametrize(
    ("expiry", "title"),
    [
        (datetime(2026, 3, 26, tzinfo=UTC), "Sertifiseringen din har gått ut"),
        (datetime(2026, 4, 1, tzinfo=UTC), "Sertifiseringen din går ut"),
    ],
)
def test_an_expiry_that_is_announced_ahead_is_not_called_past(expiry: datetime, title: str) -> None:
    assert rendered(notice=Notice.CERT_EXPIRY, expiry_date=expiry).title == title


@pytest.mark.parametrize(
    ("audience", "notice", "link"),
    [
        (Audience.MENTOR, Notice.PAUSE_LIFTED, "https://portal.example/mentor/pauses"),
        (Audience.COORDINATOR, Notice.CERT_EXPIRY, "https://portal.example/coordinator/certifications"),
        (Audience.COLLEAGUE, Notice.PAUSE_ACTIVATED, "https://portal.example/coordinator/pauses"),
        (Audience.ADMIN, Notice.CERT_EXPIRY_REMINDER, "https://portal.example/admin/certifications"),
    ],
)
def test_a_link_leads_to_the_page_of_the_audience_and_says_nothing_else(
    audience: Audience, notice: Notice, link: str
) -> None:
    assert rendered(audience, notice=notice).link == link


@pytest.mark.parametrize(
    ("portal", "link"),
    [
        ("https://portal.example", "https://portal.example/mentor/pauses"),
        ("https://portal.example//", "https://portal.example/mentor/pauses"),
        ("https://portal.example/nb/start/", "https://portal.example/nb/start/mentor/pauses"),
        ("https://portal.example?org=nhf", "https://portal.example/mentor/pauses?org=nhf"),
        ("https://portal.example/nb/?org=nhf&next=/a?b", "https://portal.example/nb/mentor/pauses?org=nhf&next=/a?b"),
    ],
)
def test_a_link_keeps_the_path_and_the_query_of_the_portal(portal: str, link: str) -> None:
    assert rendered(portal=portal).link == link


def test_without_a_portal_there_is_no_link() -> None:
    text = Texts().render(
        a_dispatch(),
        Audience.MENTOR,
        recipient=a_contact(),
        mentor=a_contact(),
        coordinator=None,
        organisation=an_organisation(),
        at=A_MOMENT,
    )

    assert text.link is None


def test_no_text_holds_contact_data() -> None:
    for audience in Audience:
        text = rendered(audience)
        assert "@" not in "".join(str(value) for value in dataclasses.astuple(text))


def test_mentors_who_are_their_own_coordinators_are_sent_to_the_organisation() -> None:
    text = rendered(coordinator_id="mentor-042")

    assert text.paragraphs[-1].endswith("Ta kontakt med LHL.")
