"""Bokmål."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("Du får denne meldingen til orientering. Du trenger ikke å gjøre noe.")
_COLLEAGUE_OF_UNCERTIFIED = Line("Du får denne meldingen til orientering.")
_FOR_COORDINATOR = (
    Line(
        "Du får denne meldingen fordi {mentor} ikke har noen {coordinator_word}. Velg hvem som skal følge "
        "opp {mentor} videre.",
        "unassigned",
    ),
    Line(
        "Du får denne meldingen fordi {mentor} har en {coordinator_word} som vi ikke kan nå. Legg inn en e-postadresse "
        "som virker, eller velg en annen {coordinator_word}.",
        "assigned",
    ),
)

# Texts about a mentor, for the other audiences.
_PAUSED = Text(
    titles=(Line("En pause er registrert"),),
    lines=(
        Line("{mentor} tar en pause som {mentor_word}."),
        Line("Planen er å være tilbake {date}.", "dated"),
        Line("Det er ikke satt noen dato for når pausen slutter.", "undated"),
        Line("{mentor} skal ikke få nye oppdrag så lenge pausen varer."),
    ),
    push=(Line("{first_name} tar en pause. Se om noen andre må ta over avtaler."),),
    action="Se pausen",
)
_BACK = Text(
    titles=(Line("En pause er avsluttet"),),
    lines=(
        Line("{mentor} er tilbake fra pause og er igjen aktiv som {mentor_word}."),
        Line("{mentor} kan få nye oppdrag fra nå av."),
    ),
    push=(Line("{first_name} er tilbake fra pause og kan få nye oppdrag."),),
    action="Se hvem som er aktive",
)
_EXPIRED = Text(
    titles=(Line("En sertifisering har gått ut", "past"), Line("En sertifisering går ut", "ahead")),
    lines=(
        Line("Sertifiseringen til {mentor} gikk ut {date}.", "past"),
        Line("Sertifiseringen til {mentor} går ut {date}.", "ahead"),
        Line("{mentor} kan ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en pause.", "past"),
        Line(
            "Etter den dagen kan {mentor} ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en "
            "pause.",
            "ahead",
        ),
    ),
    push=(
        Line("Sertifiseringen til {first_name} har gått ut.", "past"),
        Line("Sertifiseringen til {first_name} går ut {date}.", "ahead"),
    ),
    action="Se sertifiseringen",
)
_EXPIRING = Text(
    titles=(Line("En sertifisering går snart ut"),),
    lines=(
        Line("Sertifiseringen til {mentor} går ut {in_days}, {date}."),
        Line("Etter den dagen kan {mentor} ikke få oppdrag før sertifiseringen er fornyet."),
    ),
    push=(Line("Sertifiseringen til {first_name} går ut {in_days}."),),
    action="Se sertifiseringen",
)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Pausen din er registrert"),),
        lines=(
            Line("Vi har registrert at du tar en pause som {mentor_word} i {organisation}.", "by_mentor"),
            Line("{acted_by} har registrert en pause for deg som {mentor_word} i {organisation}.", "acted_by"),
            Line("Planen er at du er tilbake {date}.", "dated"),
            Line("Det er ikke satt noen dato for når pausen slutter. Ta den tiden du trenger.", "undated"),
            Line("Du får ingen nye oppdrag så lenge pausen varer."),
            Line("Vil du endre noe, eller stemmer ikke dette? Si fra til din {coordinator}.", "coordinated"),
            Line("Vil du endre noe, eller stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Pausen din er registrert. Du får ingen nye oppdrag så lenge den varer."),),
        action="Se pausen din",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): _PAUSED.ending_with(
        Line("Se etter om {mentor} har avtaler som noen andre må ta over.")
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): replace(
        _PAUSED.ending_with(_COLLEAGUE), push=(Line("{first_name} tar en pause. Du trenger ikke å gjøre noe."),)
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): _PAUSED.ending_with(*_FOR_COORDINATOR),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Velkommen tilbake! Pausen din er avsluttet"),),
        lines=(
            Line("Pausen din er avsluttet. Du er igjen aktiv som {mentor_word} i {organisation}.", "by_mentor"),
            Line(
                "{acted_by} har avsluttet pausen din. Du er igjen aktiv som {mentor_word} i {organisation}.", "acted_by"
            ),
            Line("Du kan få nye oppdrag fra nå av. Ta det gjerne i ditt eget tempo."),
            Line("Trenger du mer tid, eller stemmer ikke dette? Si fra til din {coordinator}.", "coordinated"),
            Line("Trenger du mer tid, eller stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Velkommen tilbake! Pausen din er avsluttet, og du kan få nye oppdrag."),),
        action="Gå til siden din",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(
        Line("Ta gjerne kontakt og ønsk velkommen tilbake.")
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din har gått ut", "past"), Line("Sertifiseringen din går ut", "ahead")),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} gikk ut {date}.", "past"),
            Line("Sertifiseringen din som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line("Du kan ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en pause.", "past"),
            Line(
                "Etter den dagen kan du ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en "
                "pause.",
                "ahead",
            ),
            Line("Når sertifiseringen er fornyet, kan du ta oppdrag igjen. Innsatsen din betyr mye."),
            Line("Din {coordinator} har også fått beskjed og kan hjelpe deg med å fornye.", "coordinated"),
            Line("Ta kontakt med {organisation} hvis du trenger hjelp til å fornye.", "uncoordinated"),
        ),
        push=(
            Line("Sertifiseringen din har gått ut. Du kan ikke få oppdrag før du har fornyet.", "past"),
            Line("Sertifiseringen din går ut {date}. Etter det kan du ikke få oppdrag før du har fornyet.", "ahead"),
        ),
        action="Se hvordan du fornyer",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): replace(
        _EXPIRED.ending_with(Line("Bekreft at du har sett dette. Ta gjerne kontakt og hjelp {mentor} med å fornye.")),
        titles=(
            Line("En sertifisering har gått ut. Bekreft at du har sett det", "past"),
            Line("En sertifisering går ut. Bekreft at du har sett det", "ahead"),
        ),
        push=(
            Line("Sertifiseringen til {first_name} har gått ut. Bekreft at du har sett det.", "past"),
            Line("Sertifiseringen til {first_name} går ut {date}. Bekreft at du har sett det.", "ahead"),
        ),
        action="Bekreft at du har sett dette",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): _EXPIRED.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY, Audience.ADMIN): _EXPIRED.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din går snart ut"),),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} går ut {in_days}, {date}."),
            Line("Etter den dagen kan du ikke få oppdrag før sertifiseringen er fornyet."),
            Line("Dette gjelder også hvis du har meldt deg på kurs.", "late"),
            Line("Hvis du fornyer i tide, kan du fortsette uten avbrudd."),
            Line("Har du alt meldt deg på kurs? Da trenger du ikke å gjøre noe mer.", "early"),
            Line("Trenger du hjelp? Ta kontakt med din {coordinator}.", "coordinated"),
            Line("Trenger du hjelp? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringen din går ut {in_days}. Hvis du fornyer i tide, kan du fortsette uten avbrudd."),),
        action="Se hvordan du fornyer",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): _EXPIRING.ending_with(
        Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.")
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): _EXPIRING.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): _EXPIRING.ending_with(*_FOR_COORDINATOR),
}

NB = Language(
    code="nb",
    greeting="Hei, {first_name}!",
    greeting_without_name="Hei!",
    closing="Vennlig hilsen",
    unnamed_sender="Likepersontjenesten",
    footer="Denne meldingen er sendt automatisk. Du kan ikke svare på den.",
    footer_with_reply="Denne meldingen er sendt automatisk. Hvis du svarer, går svaret til {organisation}.",
    mentor_word="likeperson",
    coordinator_word="koordinator",
    unnamed_mentor="en likeperson",
    your_organisation="organisasjonen din",
    days={0: "i dag", 1: "i morgen"},
    other_days="om {days} dager",
    texts=TEXTS,
)
