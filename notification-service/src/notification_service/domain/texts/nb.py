"""Bokmål."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("Du får denne meldingen til orientering. Du trenger ikke å gjøre noe.")
_COLLEAGUE_OF_UNCERTIFIED = Line("Du får denne meldingen til orientering.")
_YOU_AUTO_PAUSED = Line("Fordi sertifiseringen har gått ut, er du satt på pause til den er fornyet.", "auto_paused")
_AUTO_PAUSED = Line("Fordi sertifiseringen har gått ut, er {mentor} satt på pause til den er fornyet.", "auto_paused")
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
        Line("{mentor} er tilbake fra pause og er igjen aktiv som {mentor_word}.", "not_auto_paused"),
        Line("Pausen til {mentor} er avsluttet.", "auto_paused"),
        Line("{mentor} trenger ikke lenger noen sertifisering.", "not_required"),
        Line("{mentor} kan få nye oppdrag fra nå av.", "not_lapsed"),
        Line("{mentor} kan få nye oppdrag når sertifiseringen er fornyet.", "lapsed"),
        _AUTO_PAUSED,
    ),
    push=(
        Line("{first_name} er tilbake fra pause og kan få nye oppdrag.", "not_lapsed"),
        Line("Pausen til {first_name} er avsluttet. Sertifiseringen må fornyes før nye oppdrag.", "lapsed"),
    ),
    action="Se hvem som er aktive",
)
_EXPIRED = Text(
    titles=(Line("En sertifisering har gått ut", "past"), Line("En sertifisering går ut", "ahead")),
    lines=(
        Line("Sertifiseringen til {mentor} gikk ut {date}.", "past"),
        Line("Sertifiseringen til {mentor} går ut {date}.", "ahead"),
        Line(
            "{mentor} kan ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en pause.",
            "past not_auto_paused",
        ),
        Line(
            "{mentor} kan ikke få oppdrag før sertifiseringen er fornyet. Fordi sertifiseringen har gått ut, er "
            "{mentor} satt på pause til den er fornyet.",
            "past auto_paused",
        ),
        Line(
            "Etter den dagen kan {mentor} ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en "
            "pause.",
            "ahead",
        ),
        Line("{mentor} er påmeldt fornyelse {course_date}.", "enrolled"),
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

_OVERDUE = Text(
    titles=(Line("En pause har vart lenger enn planlagt"),),
    lines=(
        Line("{mentor} tar en pause som {mentor_word}. Planen var å være tilbake {date}."),
        Line("Pausen varer til noen avslutter den."),
    ),
    push=(Line("{first_name} har en pause som har vart lenger enn planlagt."),),
    action="Se pausen",
)
_RENEWED = Text(
    titles=(Line("En sertifisering er fornyet"),),
    lines=(
        Line("Sertifiseringen til {mentor} gjelder nå til {date}."),
        Line("{mentor} kan få oppdrag igjen.", "ahead not_still_paused"),
        Line("{mentor} kan få oppdrag når sertifiseringen er fornyet på nytt.", "past not_still_paused"),
        Line("Pausen til {mentor} fortsetter.", "still_paused"),
    ),
    push=(Line("Sertifiseringen til {first_name} er fornyet."),),
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
        titles=(
            Line("Velkommen tilbake! Pausen din er avsluttet", "not_lapsed"),
            Line("Pausen din er avsluttet", "lapsed"),
        ),
        lines=(
            Line(
                "Pausen din er avsluttet. Du er igjen aktiv som {mentor_word} i {organisation}.",
                "by_mentor not_auto_paused",
            ),
            Line(
                "{acted_by} har avsluttet pausen din. Du er igjen aktiv som {mentor_word} i {organisation}.",
                "acted_by not_auto_paused",
            ),
            Line("Pausen din som {mentor_word} i {organisation} er avsluttet.", "by_mentor auto_paused"),
            Line("{acted_by} har avsluttet pausen din som {mentor_word} i {organisation}.", "acted_by auto_paused"),
            Line("Du trenger ikke lenger noen sertifisering.", "not_required"),
            Line("Du kan få nye oppdrag fra nå av. Ta det gjerne i ditt eget tempo.", "not_lapsed"),
            Line("Du kan få nye oppdrag når sertifiseringen er fornyet.", "lapsed"),
            _YOU_AUTO_PAUSED,
            Line("Trenger du mer tid, eller stemmer ikke dette? Si fra til din {coordinator}.", "coordinated"),
            Line("Trenger du mer tid, eller stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(
            Line("Velkommen tilbake! Pausen din er avsluttet, og du kan få nye oppdrag.", "not_lapsed"),
            Line("Pausen din er avsluttet. Du kan få nye oppdrag når sertifiseringen er fornyet.", "lapsed"),
        ),
        action="Gå til siden din",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(
        Line("Ta gjerne kontakt og ønsk velkommen tilbake.", "not_auto_paused"),
        Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.", "auto_paused"),
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din har gått ut", "past"), Line("Sertifiseringen din går ut", "ahead")),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} gikk ut {date}.", "past"),
            Line("Sertifiseringen din som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line(
                "Du kan ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en pause.",
                "past not_auto_paused",
            ),
            Line(
                "Du kan ikke få oppdrag før sertifiseringen er fornyet. Fordi sertifiseringen har gått ut, er du satt "
                "på pause til den er fornyet.",
                "past auto_paused",
            ),
            Line(
                "Etter den dagen kan du ikke få oppdrag før sertifiseringen er fornyet. Dette er noe annet enn en "
                "pause.",
                "ahead",
            ),
            Line("Vi ser at du er påmeldt fornyelse {course_date}.", "enrolled"),
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
    (Notice.RETURN_SOON, Audience.MENTOR): Text(
        titles=(Line("Snart tilbake fra pause?"),),
        lines=(
            Line("Du har en pause som {mentor_word} i {organisation}. Planen er at du er tilbake {date}."),
            Line("Passer datoen, trenger du ikke å gjøre noe nå."),
            Line("Trenger du mer tid, er det helt greit. Si fra til din {coordinator}.", "coordinated"),
            Line("Trenger du mer tid, er det helt greit. Ta kontakt med {organisation}.", "uncoordinated"),
            Line("Pausen slutter ikke av seg selv."),
        ),
        push=(Line("Planen er at du er tilbake {date}. Trenger du mer tid, er det helt greit."),),
        action="Se pausen din",
    ),
    (Notice.RETURN_TODAY, Audience.MENTOR): Text(
        titles=(Line("Datoen du satte for pausen"),),
        lines=(
            Line("Planen var at du er tilbake {date}."),
            Line("Er du klar? Si fra til din {coordinator}, så avslutter dere pausen.", "coordinated"),
            Line("Er du klar? Si fra til {organisation}, så avslutter dere pausen.", "uncoordinated"),
            Line("Trenger du mer tid, setter dere bare en ny dato."),
        ),
        push=(Line("Planen var at du er tilbake {date}. Si fra hva som passer for deg."),),
        action="Se pausen din",
    ),
    (Notice.RETURN_OVERDUE, Audience.COORDINATOR): _OVERDUE.ending_with(
        Line("Ta gjerne kontakt og hør hvordan det går. Sett en ny dato, eller avslutt pausen sammen.")
    ),
    (Notice.RETURN_OVERDUE, Audience.ADMIN): _OVERDUE.ending_with(*_FOR_COORDINATOR),
    (Notice.CHECK_IN, Audience.MENTOR): Text(
        titles=(Line("Hvordan går det?"),),
        lines=(
            Line("Din {coordinator} tenker på deg og lurer på hvordan det går.", "coordinated"),
            Line("{organisation} tenker på deg og lurer på hvordan det går.", "uncoordinated"),
            Line("Du trenger ikke å svare nå."),
            Line("Vil du ha en ny dato for pausen, eller er du klar til å begynne igjen? Si fra når det passer."),
        ),
        push=(
            Line("Din {coordinator_word} lurer på hvordan det går. Svar når det passer.", "coordinated"),
            Line("{organisation} lurer på hvordan det går. Svar når det passer.", "uncoordinated"),
        ),
        action="Se pausen din",
    ),
    (Notice.CERT_RENEWED, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringen din er fornyet"),),
        lines=(
            Line("Sertifiseringen din som {mentor_word} i {organisation} gjelder nå til {date}."),
            Line("Du er ikke lenger på pause og kan få oppdrag igjen.", "returned ahead"),
            Line("Pausen din fortsetter.", "still_paused"),
            Line("Du trenger ikke å gjøre noe."),
            Line("Stemmer ikke dette? Si fra til din {coordinator}.", "coordinated"),
            Line("Stemmer ikke dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringen din er fornyet og gjelder til {date}."),),
        action="Se sertifiseringen din",
    ),
    (Notice.CERT_RENEWED, Audience.COORDINATOR): _RENEWED.ending_with(Line("Du trenger ikke å gjøre noe.")),
    (Notice.CERT_RENEWED, Audience.COLLEAGUE): _RENEWED.ending_with(_COLLEAGUE),
    (Notice.CERT_RENEWED, Audience.ADMIN): _RENEWED.ending_with(*_FOR_COORDINATOR),
    (Notice.LAPSE_REMINDER, Audience.COORDINATOR): Text(
        titles=(Line("Husk å bekrefte en utløpt sertifisering"),),
        lines=(
            Line("Sertifiseringen til {mentor} gikk ut {date}. Du har ikke bekreftet at du har sett det."),
            Line("Det tar under ett minutt."),
            Line(
                "Er det ikke bekreftet innen {escalation_date}, sier vi fra til administratorene i {organisation}.",
                "escalating",
            ),
            Line("Si fra til {organisation} hvis noen andre skal følge opp {mentor} videre.", "not_escalating"),
        ),
        push=(Line("Sertifiseringen til {first_name} har gått ut. Bekreft at du har sett det."),),
        action="Bekreft at du har sett dette",
    ),
    (Notice.LAPSE_ESCALATION, Audience.ADMIN): Text(
        titles=(Line("En utløpt sertifisering er ikke bekreftet"),),
        lines=(
            Line("Sertifiseringen til {mentor} gikk ut {date}."),
            Line("{coordinator} har ikke bekreftet at det er sett.", "assigned"),
            Line("{mentor} har ingen {coordinator_word}.", "unassigned"),
            Line("Ta kontakt, eller velg hvem som skal følge opp {mentor} videre."),
        ),
        push=(
            Line("En utløpt sertifisering er ikke bekreftet etter {days_waited} dager.", "days_waited"),
            Line("En utløpt sertifisering er ikke bekreftet."),
        ),
        action="Se sertifiseringen",
    ),
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
