"""Nynorsk."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("Du får denne meldinga til orientering. Du treng ikkje gjere noko.")
_COLLEAGUE_OF_UNCERTIFIED = Line("Du får denne meldinga til orientering.")
_FOR_COORDINATOR = (
    Line(
        "Du får denne meldinga fordi {mentor} ikkje har nokon {coordinator_word}. Vel kven som skal "
        "følgje opp {mentor} vidare.",
        "unassigned",
    ),
    Line(
        "Du får denne meldinga fordi {mentor} har ein {coordinator_word} som vi ikkje kan nå. Legg inn ei "
        "e-postadresse som verkar, eller vel ein annan {coordinator_word}.",
        "assigned",
    ),
)

# Texts about a mentor, for the other audiences.
_PAUSED = Text(
    titles=(Line("Ein pause er registrert"),),
    lines=(
        Line("{mentor} tek ein pause som {mentor_word}."),
        Line("Planen er å vere tilbake {date}.", "dated"),
        Line("Det er ikkje sett nokon dato for når pausen sluttar.", "undated"),
        Line("{mentor} skal ikkje få nye oppdrag så lenge pausen varer."),
    ),
    push=(Line("{first_name} tek ein pause. Sjå om nokon andre må ta over avtalar."),),
    action="Sjå pausen",
)
_BACK = Text(
    titles=(Line("Ein pause er avslutta"),),
    lines=(
        Line("{mentor} er tilbake frå pause og er aktiv som {mentor_word} igjen."),
        Line("{mentor} kan få nye oppdrag frå no av."),
    ),
    push=(Line("{first_name} er tilbake frå pause og kan få nye oppdrag."),),
    action="Sjå kven som er aktive",
)
_EXPIRED = Text(
    titles=(Line("Ei sertifisering har gått ut", "past"), Line("Ei sertifisering går ut", "ahead")),
    lines=(
        Line("Sertifiseringa til {mentor} gjekk ut {date}.", "past"),
        Line("Sertifiseringa til {mentor} går ut {date}.", "ahead"),
        Line("{mentor} kan ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein pause.", "past"),
        Line(
            "Etter den dagen kan {mentor} ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein "
            "pause.",
            "ahead",
        ),
    ),
    push=(
        Line("Sertifiseringa til {first_name} har gått ut.", "past"),
        Line("Sertifiseringa til {first_name} går ut {date}.", "ahead"),
    ),
    action="Sjå sertifiseringa",
)
_EXPIRING = Text(
    titles=(Line("Ei sertifisering går snart ut"),),
    lines=(
        Line("Sertifiseringa til {mentor} går ut {in_days}, {date}."),
        Line("Etter den dagen kan {mentor} ikkje få oppdrag før sertifiseringa er fornya."),
    ),
    push=(Line("Sertifiseringa til {first_name} går ut {in_days}."),),
    action="Sjå sertifiseringa",
)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Pausen din er registrert"),),
        lines=(
            Line("Vi har registrert at du tek ein pause som {mentor_word} i {organisation}.", "by_mentor"),
            Line("{acted_by} har registrert ein pause for deg som {mentor_word} i {organisation}.", "acted_by"),
            Line("Planen er at du er tilbake {date}.", "dated"),
            Line("Det er ikkje sett nokon dato for når pausen sluttar. Ta den tida du treng.", "undated"),
            Line("Du får ingen nye oppdrag så lenge pausen varer."),
            Line("Vil du endre noko, eller stemmer ikkje dette? Sei frå til din {coordinator}.", "coordinated"),
            Line("Vil du endre noko, eller stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Pausen din er registrert. Du får ingen nye oppdrag så lenge han varer."),),
        action="Sjå pausen din",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): _PAUSED.ending_with(
        Line("Sjå etter om {mentor} har avtalar som nokon andre må ta over.")
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): replace(
        _PAUSED.ending_with(_COLLEAGUE), push=(Line("{first_name} tek ein pause. Du treng ikkje gjere noko."),)
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): _PAUSED.ending_with(*_FOR_COORDINATOR),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Velkomen tilbake! Pausen din er avslutta"),),
        lines=(
            Line("Pausen din er avslutta. Du er aktiv som {mentor_word} i {organisation} igjen.", "by_mentor"),
            Line(
                "{acted_by} har avslutta pausen din. Du er aktiv som {mentor_word} i {organisation} igjen.", "acted_by"
            ),
            Line("Du kan få nye oppdrag frå no av. Ta det gjerne i ditt eige tempo."),
            Line("Treng du meir tid, eller stemmer ikkje dette? Sei frå til din {coordinator}.", "coordinated"),
            Line("Treng du meir tid, eller stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Velkomen tilbake! Pausen din er avslutta, og du kan få nye oppdrag."),),
        action="Gå til sida di",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(Line("Ta gjerne kontakt og ønsk velkomen tilbake.")),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di har gått ut", "past"), Line("Sertifiseringa di går ut", "ahead")),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} gjekk ut {date}.", "past"),
            Line("Sertifiseringa di som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line("Du kan ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein pause.", "past"),
            Line(
                "Etter den dagen kan du ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein "
                "pause.",
                "ahead",
            ),
            Line("Når sertifiseringa er fornya, kan du ta oppdrag igjen. Innsatsen din betyr mykje."),
            Line("Din {coordinator} har også fått beskjed og kan hjelpe deg med å fornye.", "coordinated"),
            Line("Ta kontakt med {organisation} om du treng hjelp til å fornye.", "uncoordinated"),
        ),
        push=(
            Line("Sertifiseringa di har gått ut. Du kan ikkje få oppdrag før du har fornya.", "past"),
            Line("Sertifiseringa di går ut {date}. Etter det kan du ikkje få oppdrag før du har fornya.", "ahead"),
        ),
        action="Sjå korleis du fornyar",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): replace(
        _EXPIRED.ending_with(Line("Stadfest at du har sett dette. Ta gjerne kontakt og hjelp {mentor} med å fornye.")),
        titles=(
            Line("Ei sertifisering har gått ut. Stadfest at du har sett det", "past"),
            Line("Ei sertifisering går ut. Stadfest at du har sett det", "ahead"),
        ),
        push=(
            Line("Sertifiseringa til {first_name} har gått ut. Stadfest at du har sett det.", "past"),
            Line("Sertifiseringa til {first_name} går ut {date}. Stadfest at du har sett det.", "ahead"),
        ),
        action="Stadfest at du har sett dette",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): _EXPIRED.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY, Audience.ADMIN): _EXPIRED.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di går snart ut"),),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} går ut {in_days}, {date}."),
            Line("Etter den dagen kan du ikkje få oppdrag før sertifiseringa er fornya."),
            Line("Dette gjeld også om du har meldt deg på kurs.", "late"),
            Line("Om du fornyar i tide, kan du halde fram utan avbrot."),
            Line("Har du alt meldt deg på kurs? Då treng du ikkje gjere noko meir.", "early"),
            Line("Treng du hjelp? Ta kontakt med din {coordinator}.", "coordinated"),
            Line("Treng du hjelp? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringa di går ut {in_days}. Om du fornyar i tide, kan du halde fram utan avbrot."),),
        action="Sjå korleis du fornyar",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): _EXPIRING.ending_with(
        Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.")
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): _EXPIRING.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): _EXPIRING.ending_with(*_FOR_COORDINATOR),
}

NN = Language(
    code="nn",
    greeting="Hei, {first_name}!",
    greeting_without_name="Hei!",
    closing="Venleg helsing",
    unnamed_sender="Likepersontenesta",
    footer="Denne meldinga er send automatisk. Du kan ikkje svare på henne.",
    footer_with_reply="Denne meldinga er send automatisk. Om du svarer, går svaret til {organisation}.",
    mentor_word="likeperson",
    coordinator_word="koordinator",
    unnamed_mentor="ein likeperson",
    your_organisation="organisasjonen din",
    days={0: "i dag", 1: "i morgon"},
    other_days="om {days} dagar",
    texts=TEXTS,
)
