"""Nynorsk."""

from ..model import Audience, Notice
from .model import Language, Line, Text

_NO_COORDINATOR = Line(
    "Du får denne meldinga fordi {mentor} ikkje har nokon {coordinator_word}. "
    "Vel kven som skal følgje opp {mentor} vidare."
)
_COLLEAGUE = Line("Du får denne meldinga til orientering. Du treng ikkje gjere noko.")

_PAUSED = (
    Line("{mentor} tek ein pause som {mentor_word}."),
    Line("Planen er å vere tilbake {date}.", "dated"),
    Line("Det er ikkje sett nokon dato for når pausen sluttar.", "undated"),
    Line("{mentor} skal ikkje få nye oppdrag så lenge pausen varer."),
)
_BACK = (
    Line("{mentor} er tilbake frå pause og er aktiv som {mentor_word} igjen."),
    Line("{mentor} kan få nye oppdrag frå no av."),
)
_EXPIRED = (
    Line("Sertifiseringa til {mentor} gjekk ut {date}.", "past"),
    Line("Sertifiseringa til {mentor} går ut {date}.", "ahead"),
    Line("Utan gyldig sertifisering kan {mentor} ikkje få oppdrag. Dette er noko anna enn ein pause."),
)
_EXPIRING = (
    Line("Sertifiseringa til {mentor} går ut {in_days}, {date}."),
    Line("Går ho ut, kan {mentor} ikkje få oppdrag før ho er fornya."),
)
_HELP_RENEW = Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.")

_PAUSED_TITLE = (Line("Ein pause er registrert"),)
_BACK_TITLE = (Line("Ein pause er avslutta"),)
_EXPIRED_TITLE = (Line("Ei sertifisering har gått ut", "past"), Line("Ei sertifisering går ut", "ahead"))
_EXPIRING_TITLE = (Line("Ei sertifisering går snart ut"),)

_PAUSED_PUSH = (Line("{first_name} tek ein pause. Sjå om nokon andre må ta over avtalar."),)
_BACK_PUSH = (Line("{first_name} er tilbake frå pause og kan få nye oppdrag."),)
_EXPIRED_PUSH = (
    Line("Sertifiseringa til {first_name} har gått ut. Stadfest at du har sett det.", "past"),
    Line("Sertifiseringa til {first_name} går ut {date}. Stadfest at du har sett det.", "ahead"),
)
_EXPIRED_PUSH_NOTE = (
    Line("Sertifiseringa til {first_name} har gått ut.", "past"),
    Line("Sertifiseringa til {first_name} går ut {date}.", "ahead"),
)
_EXPIRING_PUSH = (Line("Sertifiseringa til {first_name} går ut {in_days}."),)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Pausen din er registrert"),),
        lines=(
            Line("Vi har registrert at du tek ein pause som {mentor_word} i {organisation}.", "by_mentor"),
            Line("{acted_by} har registrert ein pause for deg som {mentor_word} i {organisation}.", "acted_by"),
            Line("Planen er at du er tilbake {date}.", "dated"),
            Line("Det er ikkje sett nokon dato for når pausen sluttar. Ta den tida du treng.", "undated"),
            Line("Du får ingen nye oppdrag så lenge pausen varer."),
            Line("Vil du endre noko, eller stemmer ikkje dette? Sei frå til din {coordinator_word}.", "coordinated"),
            Line("Vil du endre noko, eller stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Pausen din er registrert. Du får ingen nye oppdrag så lenge han varer."),),
        action="Sjå pausen din",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, Line("Sjå etter om {mentor} har avtalar som nokon andre må ta over.")),
        push=_PAUSED_PUSH,
        action="Sjå pausen",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, _COLLEAGUE),
        push=(Line("{first_name} tek ein pause. Du treng ikkje gjere noko."),),
        action="Sjå pausen",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): Text(
        titles=_PAUSED_TITLE, lines=(*_PAUSED, _NO_COORDINATOR), push=_PAUSED_PUSH, action="Sjå pausen"
    ),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Velkomen tilbake! Pausen din er avslutta"),),
        lines=(
            Line("Pausen din er avslutta. Du er aktiv som {mentor_word} i {organisation} igjen.", "by_mentor"),
            Line(
                "{acted_by} har avslutta pausen din. Du er aktiv som {mentor_word} i {organisation} igjen.",
                "acted_by",
            ),
            Line("Du kan få nye oppdrag frå no av. Ta det gjerne i ditt eige tempo."),
            Line("Treng du meir tid, eller stemmer ikkje dette? Sei frå til din {coordinator_word}.", "coordinated"),
            Line("Treng du meir tid, eller stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Velkomen tilbake! Pausen din er avslutta, og du kan få nye oppdrag."),),
        action="Gå til sida di",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): Text(
        titles=_BACK_TITLE,
        lines=(*_BACK, Line("Ta gjerne kontakt og ønsk velkomen tilbake.")),
        push=_BACK_PUSH,
        action="Sjå kven som er aktive",
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _COLLEAGUE), push=_BACK_PUSH, action="Sjå kven som er aktive"
    ),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _NO_COORDINATOR), push=_BACK_PUSH, action="Sjå kven som er aktive"
    ),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di har gått ut", "past"), Line("Sertifiseringa di går ut", "ahead")),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} gjekk ut {date}.", "past"),
            Line("Sertifiseringa di som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line("Utan gyldig sertifisering kan du ikkje få oppdrag. Dette er noko anna enn ein pause."),
            Line("Når sertifiseringa er fornya, kan du ta oppdrag igjen. Innsatsen din betyr mykje."),
            Line("Din {coordinator_word} har også fått beskjed og kan hjelpe deg med å fornye.", "coordinated"),
            Line("Ta kontakt med {organisation} om du treng hjelp til å fornye.", "uncoordinated"),
        ),
        push=(
            Line("Sertifiseringa di har gått ut. Du kan ikkje få oppdrag før ho er fornya.", "past"),
            Line("Sertifiseringa di går ut {date}. Då kan du ikkje få oppdrag før ho er fornya.", "ahead"),
        ),
        action="Sjå korleis du fornyar",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): Text(
        titles=(
            Line("Ei sertifisering har gått ut. Stadfest at du har sett det", "past"),
            Line("Ei sertifisering går ut. Stadfest at du har sett det", "ahead"),
        ),
        lines=(*_EXPIRED, Line("Stadfest at du har sett dette. " + _HELP_RENEW.text)),
        push=_EXPIRED_PUSH,
        action="Stadfest at du har sett dette",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): Text(
        titles=_EXPIRED_TITLE, lines=(*_EXPIRED, _COLLEAGUE), push=_EXPIRED_PUSH_NOTE, action="Sjå sertifiseringa"
    ),
    (Notice.CERT_EXPIRY, Audience.ADMIN): Text(
        titles=_EXPIRED_TITLE, lines=(*_EXPIRED, _NO_COORDINATOR), push=_EXPIRED_PUSH_NOTE, action="Sjå sertifiseringa"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di går snart ut"),),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} går ut {in_days}, {date}."),
            Line("Fornyar du i tide, kan du halde fram utan avbrot."),
            Line("Går ho ut, kan du ikkje få oppdrag før ho er fornya."),
            Line("Har du alt meldt deg på kurs? Då treng du ikkje gjere noko meir."),
            Line("Treng du hjelp? Ta kontakt med din {coordinator_word}.", "coordinated"),
            Line("Treng du hjelp? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringa di går ut {in_days}. Fornyar du i tide, kan du halde fram utan avbrot."),),
        action="Sjå korleis du fornyar",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _HELP_RENEW), push=_EXPIRING_PUSH, action="Sjå sertifiseringa"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _COLLEAGUE), push=_EXPIRING_PUSH, action="Sjå sertifiseringa"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _NO_COORDINATOR), push=_EXPIRING_PUSH, action="Sjå sertifiseringa"
    ),
}

NN = Language(
    code="nn",
    greeting="Hei, {first_name}!",
    greeting_without_name="Hei!",
    closing="Venleg helsing",
    unnamed_sender="Likepersontenesta",
    footer="Denne meldinga er send automatisk. Du kan ikkje svare på den.",
    mentor_word="likeperson",
    coordinator_word="koordinator",
    unnamed_mentor="Ein likeperson",
    your_organisation="organisasjonen din",
    days={0: "i dag", 1: "i morgon"},
    other_days="om {days} dagar",
    texts=TEXTS,
)
