"""Nynorsk."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("Du får denne meldinga til orientering. Du treng ikkje gjere noko.")
_COLLEAGUE_OF_UNCERTIFIED = Line("Du får denne meldinga til orientering.")
_YOU_AUTO_PAUSED = Line("Fordi sertifiseringa har gått ut, er du sett på pause til ho er fornya.", "auto_paused")
_AUTO_PAUSED = Line("Fordi sertifiseringa har gått ut, er {mentor} sett på pause til ho er fornya.", "auto_paused")
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
        Line("{mentor} er tilbake frå pause og er aktiv som {mentor_word} igjen.", "not_auto_paused"),
        Line("Pausen til {mentor} er avslutta.", "auto_paused"),
        Line("{mentor} treng ikkje lenger noka sertifisering.", "not_required"),
        Line("{mentor} kan få nye oppdrag frå no av.", "not_lapsed"),
        Line("{mentor} kan få nye oppdrag når sertifiseringa er fornya.", "lapsed"),
        _AUTO_PAUSED,
    ),
    push=(
        Line("{first_name} er tilbake frå pause og kan få nye oppdrag.", "not_lapsed"),
        Line("Pausen til {first_name} er avslutta. Sertifiseringa må fornyast før nye oppdrag.", "lapsed"),
    ),
    action="Sjå kven som er aktive",
)
_EXPIRED = Text(
    titles=(Line("Ei sertifisering har gått ut", "past"), Line("Ei sertifisering går ut", "ahead")),
    lines=(
        Line("Sertifiseringa til {mentor} gjekk ut {date}.", "past"),
        Line("Sertifiseringa til {mentor} går ut {date}.", "ahead"),
        Line(
            "{mentor} kan ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein pause.",
            "past not_auto_paused",
        ),
        Line(
            "{mentor} kan ikkje få oppdrag før sertifiseringa er fornya. Fordi sertifiseringa har gått ut, er {mentor} "
            "sett på pause til ho er fornya.",
            "past auto_paused",
        ),
        Line(
            "Etter den dagen kan {mentor} ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein "
            "pause.",
            "ahead",
        ),
        Line("{mentor} er påmeld til fornying {course_date}.", "enrolled"),
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

_OVERDUE = Text(
    titles=(Line("Ein pause har vart lenger enn planlagt"),),
    lines=(
        Line("{mentor} tek ein pause som {mentor_word}. Planen var å vere tilbake {date}."),
        Line("Pausen varer til nokon avsluttar han."),
    ),
    push=(Line("{first_name} har ein pause som har vart lenger enn planlagt."),),
    action="Sjå pausen",
)
_RENEWED = Text(
    titles=(Line("Ei sertifisering er fornya"),),
    lines=(
        Line("Sertifiseringa til {mentor} gjeld no til {date}."),
        Line("{mentor} kan få oppdrag igjen.", "ahead not_still_paused"),
        Line("{mentor} kan få oppdrag når sertifiseringa er fornya på nytt.", "past not_still_paused"),
        Line("Pausen til {mentor} held fram.", "still_paused"),
    ),
    push=(Line("Sertifiseringa til {first_name} er fornya."),),
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
        titles=(
            Line("Velkomen tilbake! Pausen din er avslutta", "not_lapsed"),
            Line("Pausen din er avslutta", "lapsed"),
        ),
        lines=(
            Line(
                "Pausen din er avslutta. Du er aktiv som {mentor_word} i {organisation} igjen.",
                "by_mentor not_auto_paused",
            ),
            Line(
                "{acted_by} har avslutta pausen din. Du er aktiv som {mentor_word} i {organisation} igjen.",
                "acted_by not_auto_paused",
            ),
            Line("Pausen din som {mentor_word} i {organisation} er avslutta.", "by_mentor auto_paused"),
            Line("{acted_by} har avslutta pausen din som {mentor_word} i {organisation}.", "acted_by auto_paused"),
            Line("Du treng ikkje lenger noka sertifisering.", "not_required"),
            Line("Du kan få nye oppdrag frå no av. Ta det gjerne i ditt eige tempo.", "not_lapsed"),
            Line("Du kan få nye oppdrag når sertifiseringa er fornya.", "lapsed"),
            _YOU_AUTO_PAUSED,
            Line("Treng du meir tid, eller stemmer ikkje dette? Sei frå til din {coordinator}.", "coordinated"),
            Line("Treng du meir tid, eller stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(
            Line("Velkomen tilbake! Pausen din er avslutta, og du kan få nye oppdrag.", "not_lapsed"),
            Line("Pausen din er avslutta. Du kan få nye oppdrag når sertifiseringa er fornya.", "lapsed"),
        ),
        action="Gå til sida di",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(
        Line("Ta gjerne kontakt og ønsk velkomen tilbake.", "not_auto_paused"),
        Line("Ta gjerne kontakt og hjelp {mentor} med å fornye.", "auto_paused"),
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di har gått ut", "past"), Line("Sertifiseringa di går ut", "ahead")),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} gjekk ut {date}.", "past"),
            Line("Sertifiseringa di som {mentor_word} i {organisation} går ut {date}.", "ahead"),
            Line(
                "Du kan ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein pause.",
                "past not_auto_paused",
            ),
            Line(
                "Du kan ikkje få oppdrag før sertifiseringa er fornya. Fordi sertifiseringa har gått ut, er du sett på "
                "pause til ho er fornya.",
                "past auto_paused",
            ),
            Line(
                "Etter den dagen kan du ikkje få oppdrag før sertifiseringa er fornya. Dette er noko anna enn ein "
                "pause.",
                "ahead",
            ),
            Line("Vi ser at du er påmeld til fornying {course_date}.", "enrolled"),
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
    (Notice.RETURN_SOON, Audience.MENTOR): Text(
        titles=(Line("Snart tilbake frå pause?"),),
        lines=(
            Line("Du har ein pause som {mentor_word} i {organisation}. Planen er at du er tilbake {date}."),
            Line("Passar datoen, treng du ikkje gjere noko no."),
            Line("Treng du meir tid, er det heilt greitt. Sei frå til din {coordinator}.", "coordinated"),
            Line("Treng du meir tid, er det heilt greitt. Ta kontakt med {organisation}.", "uncoordinated"),
            Line("Pausen sluttar ikkje av seg sjølv."),
        ),
        push=(Line("Planen er at du er tilbake {date}. Treng du meir tid, er det heilt greitt."),),
        action="Sjå pausen din",
    ),
    (Notice.RETURN_TODAY, Audience.MENTOR): Text(
        titles=(Line("Datoen du sette for pausen"),),
        lines=(
            Line("Planen var at du er tilbake {date}."),
            Line("Er du klar? Sei frå til din {coordinator}, så avsluttar de pausen.", "coordinated"),
            Line("Er du klar? Sei frå til {organisation}, så avsluttar de pausen.", "uncoordinated"),
            Line("Treng du meir tid, set de berre ein ny dato."),
        ),
        push=(Line("Planen var at du er tilbake {date}. Sei frå kva som passar for deg."),),
        action="Sjå pausen din",
    ),
    (Notice.RETURN_OVERDUE, Audience.COORDINATOR): _OVERDUE.ending_with(
        Line("Ta gjerne kontakt og høyr korleis det går. Set ein ny dato, eller avslutt pausen saman.")
    ),
    (Notice.RETURN_OVERDUE, Audience.ADMIN): _OVERDUE.ending_with(*_FOR_COORDINATOR),
    (Notice.CHECK_IN, Audience.MENTOR): Text(
        titles=(Line("Korleis går det?"),),
        lines=(
            Line("Din {coordinator} tenkjer på deg og lurer på korleis det går.", "coordinated"),
            Line("{organisation} tenkjer på deg og lurer på korleis det går.", "uncoordinated"),
            Line("Du treng ikkje svare no."),
            Line("Vil du ha ein ny dato for pausen, eller er du klar til å byrje igjen? Sei frå når det passar."),
        ),
        push=(
            Line("Din {coordinator_word} lurer på korleis det går. Svar når det passar.", "coordinated"),
            Line("{organisation} lurer på korleis det går. Svar når det passar.", "uncoordinated"),
        ),
        action="Sjå pausen din",
    ),
    (Notice.CERT_RENEWED, Audience.MENTOR): Text(
        titles=(Line("Sertifiseringa di er fornya"),),
        lines=(
            Line("Sertifiseringa di som {mentor_word} i {organisation} gjeld no til {date}."),
            Line("Du er ikkje lenger på pause og kan få oppdrag igjen.", "returned ahead"),
            Line("Pausen din held fram.", "still_paused"),
            Line("Du treng ikkje gjere noko."),
            Line("Stemmer ikkje dette? Sei frå til din {coordinator}.", "coordinated"),
            Line("Stemmer ikkje dette? Ta kontakt med {organisation}.", "uncoordinated"),
        ),
        push=(Line("Sertifiseringa di er fornya og gjeld til {date}."),),
        action="Sjå sertifiseringa di",
    ),
    (Notice.CERT_RENEWED, Audience.COORDINATOR): _RENEWED.ending_with(Line("Du treng ikkje gjere noko.")),
    (Notice.CERT_RENEWED, Audience.COLLEAGUE): _RENEWED.ending_with(_COLLEAGUE),
    (Notice.CERT_RENEWED, Audience.ADMIN): _RENEWED.ending_with(*_FOR_COORDINATOR),
    (Notice.LAPSE_REMINDER, Audience.COORDINATOR): Text(
        titles=(Line("Hugs å stadfeste ei utgått sertifisering"),),
        lines=(
            Line("Sertifiseringa til {mentor} gjekk ut {date}. Du har ikkje stadfesta at du har sett det."),
            Line("Det tek under eitt minutt."),
            Line(
                "Er det ikkje stadfesta innan {escalation_date}, seier vi frå til administratorane i {organisation}.",
                "escalating",
            ),
            Line("Sei frå til {organisation} om nokon andre skal følgje opp {mentor} vidare.", "not_escalating"),
        ),
        push=(Line("Sertifiseringa til {first_name} har gått ut. Stadfest at du har sett det."),),
        action="Stadfest at du har sett dette",
    ),
    (Notice.LAPSE_ESCALATION, Audience.ADMIN): Text(
        titles=(Line("Ei utgått sertifisering er ikkje stadfesta"),),
        lines=(
            Line("Sertifiseringa til {mentor} gjekk ut {date}."),
            Line("{coordinator} har ikkje stadfesta at det er sett.", "assigned"),
            Line("{mentor} har ingen {coordinator_word}.", "unassigned"),
            Line("Ta kontakt, eller vel kven som skal følgje opp {mentor} vidare."),
        ),
        push=(
            Line("Ei utgått sertifisering er ikkje stadfesta etter {days_waited} dagar.", "days_waited"),
            Line("Ei utgått sertifisering er ikkje stadfesta."),
        ),
        action="Sjå sertifiseringa",
    ),
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
