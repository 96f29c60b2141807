"""Bokmål."""

from ..model import Audience, Notice
from .model import Language, Line, Text

_NO_COORDINATOR = Line(
    "Du får denne meldingen fordi {mentor} ikke har noen {coordinator_word}. "
    "Velg hvem som skal følge opp {mentor} videre."
)
_COLLEAGUE = Line("Du får denne meldingen til orientering. Du trenger ikke å gjøre noe.")

_PAUSED = (
    Line("{mentor} tar en pause som {mentor_word}."),
    Line("Planen er å være tilbake {date}.", "dated"),
    Line("Det er ikke satt noen dato for når pausen slutter.", "undated"),
    Line("{mentor} skal ikke få nye oppdrag så lenge pausen varer."),
)
_BACK = (
    Line("{mentor} er tilbake fra pause og er igjen aktiv som {mentor_word}."),
    Line("{mentor} kan få nye oppdrag fra nå av."),
)
_EXPIRED = (
    Line("Sertifiseringen til {mentor} gikk ut {date}.", "past"),
    Line("Sertifiseringen til {mentor} går ut {date}.", "ahead"),
    Line("Uten gyldig sertifisering kan {mentor} ikke få oppdrag. Dette er noe annet enn en pause."),
)
_EXPIRING = (
    Line("Sertifiseringen til {mentor} går ut {in_days}, {date}."),
    Line("Går den ut, kan {mentor} ikke få oppdrag før den er fornyet."),
)
_HELP_RENEW = Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.")

_PAUSED_TITLE = (Line("En pause er registrert"),)
_BACK_TITLE = (Line("En pause er avsluttet"),)
_EXPIRED_TITLE = (Line("En sertifisering har gått ut", "past"), Line("En sertifisering går ut", "ahead"))
_EXPIRING_TITLE = (Line("En sertifisering går snart ut"),)

_PAUSED_PUSH = (Line("{first_name} tar en pause. Se om noen andre må ta over avtaler."),)
_BACK_PUSH = (Line("{first_name} er tilbake fra pause og kan få nye oppdrag."),)
_EXPIRED_PUSH = (
    Line("Sertifiseringen til {first_name} har gått ut. Bekreft at du har sett det.", "past"),
    Line("Sertifiseringen til {first_name} går ut {date}. Bekreft at du har sett det.", "ahead"),
)
_EXPIRED_PUSH_NOTE = (
    Line("Sertifiseringen til {first_name} har gått ut.", "past"),
    Line("Sertifiseringen til {first_name} går ut {date}.", "ahead"),
)
_EXPIRING_PUSH = (Line("Sertifiseringen til {first_name} går ut {in_days}."),)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Pausen din er registrert"),),
        lines=(
            Line("Vi har registrert at du tar en pause som {mentor_word} i {organisation}.", "by_mentor"),
            Line("{acted_by} har registrert en pause for deg som {mentor_word} i {organisation}.", "acted_by"),
            Line("Planen er at du er tilbake {date}.", "dated"),
            Line("Det er ikke satt noen dato for når pausen slutter. Ta den tiden du trenger.", "undated"),
            Line("Du får ingen nye oppdrag så lenge pausen varer."),
            Line("Vil du endre noe, eller stemmer ikke dette? Si fra til din {coordinator_word}.", "coordinated"),
            Line("Vil du endre noe, eller stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Pausen din er registrert. Du får ingen nye oppdrag så lenge den varer."),),
        action="Se pausen din",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, Line("Se etter om {mentor} har avtaler som noen andre må ta over.")),
        push=_PAUSED_PUSH,
        action="Se pausen",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, _COLLEAGUE),
        push=(Line("{first_name} tar en pause. Du trenger ikke å gjøre noe."),),
        action="Se pausen",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): Text(
        titles=_PAUSED_TITLE, lines=(*_PAUSED, _NO_COORDINATOR), push=_PAUSED_PUSH, action="Se pausen"
    ),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Velkommen tilbake! Pausen din er avsluttet"),),
        lines=(
            Line("Pausen din er avsluttet. Du er igjen aktiv som {mentor_word} i {organisation}.", "by_mentor"),
            Line(
                "{acted_by} har avsluttet pausen din. Du er igjen aktiv som {mentor_word} i {organisation}.",
                "acted_by",
            ),
            Line("Du kan få nye oppdrag fra nå av. Ta det gjerne i ditt eget tempo."),
            Line("Trenger du mer tid, eller stemmer ikke dette? Si fra til din {coordinator_word}.", "coordinated"),
            Line("Trenger du mer tid, eller stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Velkommen tilbake! Pausen din er avsluttet, og du kan få nye oppdrag."),),
        action="Gå til siden din",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): Text(
        titles=_BACK_TITLE,
        lines=(*_BACK, Line("Ta gjerne kontakt og ønsk velkommen tilbake.")),
        push=_BACK_PUSH,
        action="Se hvem som er aktive",
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _COLLEAGUE), push=_BACK_PUSH, action="Se hvem som er aktive"
    ),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _NO_COORDINATOR), push=_BACK_PUSH, action="Se hvem som er aktive"
    ),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din har gått ut", "past"), Line("Sertifiseringen din går ut", "ahead")),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} gikk ut {date}.", "past"),
            Line("Sertifiseringen din som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line("Uten gyldig sertifisering kan du ikke få oppdrag. Dette er noe annet enn en pause."),
            Line("Når sertifiseringen er fornyet, kan du ta oppdrag igjen. Innsatsen din betyr mye."),
            Line("Din {coordinator_word} har også fått beskjed og kan hjelpe deg med å fornye.", "coordinated"),
            Line("Ta kontakt med {organisation} hvis du trenger hjelp til å fornye.", "uncoordinated"),
        ),
        push=(
            Line("Sertifiseringen din har gått ut. Du kan ikke få oppdrag før den er fornyet.", "past"),
            Line("Sertifiseringen din går ut {date}. Da kan du ikke få oppdrag før den er fornyet.", "ahead"),
        ),
        action="Se hvordan du fornyer",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): Text(
        titles=(
            Line("En sertifisering har gått ut. Bekreft at du har sett det", "past"),
            Line("En sertifisering går ut. Bekreft at du har sett det", "ahead"),
        ),
        lines=(*_EXPIRED, Line("Bekreft at du har sett dette. " + _HELP_RENEW.text)),
        push=_EXPIRED_PUSH,
        action="Bekreft at du har sett dette",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): Text(
        titles=_EXPIRED_TITLE, lines=(*_EXPIRED, _COLLEAGUE), push=_EXPIRED_PUSH_NOTE, action="Se sertifiseringen"
    ),
    (Notice.CERT_EXPIRY, Audience.ADMIN): Text(
        titles=_EXPIRED_TITLE, lines=(*_EXPIRED, _NO_COORDINATOR), push=_EXPIRED_PUSH_NOTE, action="Se sertifiseringen"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din går snart ut"),),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} går ut {in_days}, {date}."),
            Line("Fornyer du i tide, kan du fortsette uten avbrudd."),
            Line("Går den ut, kan du ikke få oppdrag før den er fornyet."),
            Line("Har du alt meldt deg på kurs? Da trenger du ikke å gjøre noe mer."),
            Line("Trenger du hjelp? Ta kontakt med din {coordinator_word}.", "coordinated"),
            Line("Trenger du hjelp? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringen din går ut {in_days}. Fornyer du i tide, kan du fortsette uten avbrudd."),),
        action="Se hvordan du fornyer",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _HELP_RENEW), push=_EXPIRING_PUSH, action="Se sertifiseringen"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _COLLEAGUE), push=_EXPIRING_PUSH, action="Se sertifiseringen"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _NO_COORDINATOR), push=_EXPIRING_PUSH, action="Se sertifiseringen"
    ),
}

NB = Language(
    code="nb",
    greeting="Hei, {first_name}!",
    greeting_without_name="Hei!",
    closing="Vennlig hilsen",
    unnamed_sender="Likepersontjenesten",
    footer="Denne meldingen er sendt automatisk. Du kan ikke svare på den.",
    mentor_word="likeperson",
    coordinator_word="koordinator",
    unnamed_mentor="En likeperson",
    your_organisation="organisasjonen din",
    days={0: "i dag", 1: "i morgen"},
    other_days="om {days} dager",
    texts=TEXTS,
)
