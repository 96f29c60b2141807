"""English, as it is written in Britain."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("This message is for your information. You do not need to do anything.")
_COLLEAGUE_OF_UNCERTIFIED = Line("This message is for your information.")
_YOU_AUTO_PAUSED = Line("Because the certification has run out, you are on a break until it is renewed.", "auto_paused")
_AUTO_PAUSED = Line("Because the certification has run out, {mentor} is on a break until it is renewed.", "auto_paused")
_FOR_COORDINATOR = (
    Line(
        "You are getting this message because {mentor} has no {coordinator_word}. Please choose who will support "
        "{mentor} from now on.",
        "unassigned",
    ),
    Line(
        "You are getting this message because we cannot reach the {coordinator_word} who supports {mentor}. Please add "
        "an email address that works, or choose another {coordinator_word}.",
        "assigned",
    ),
)

# Texts about a mentor, for the other audiences.
_PAUSED = Text(
    titles=(Line("A break has been recorded"),),
    lines=(
        Line("{mentor} is taking a break from their role as {mentor_word}."),
        Line("They plan to return on {date}.", "dated"),
        Line("No end date has been set for the break.", "undated"),
        Line("Please do not give {mentor} any new assignments during the break."),
    ),
    push=(Line("{first_name} is taking a break. Check if someone else needs to take over any appointments."),),
    action="See the break",
)
_BACK = Text(
    titles=(Line("A break has ended"),),
    lines=(
        Line("{mentor} is back from a break and has returned to their role as {mentor_word}.", "not_auto_paused"),
        Line("The break of {mentor} has ended.", "auto_paused"),
        Line("{mentor} no longer needs a certification.", "not_required"),
        Line("{mentor} can be given new assignments from now on.", "not_lapsed"),
        Line("{mentor} can be given new assignments once the certification is renewed.", "lapsed"),
        _AUTO_PAUSED,
    ),
    push=(
        Line("{first_name} is back from a break and can be given new assignments.", "not_lapsed"),
        Line("{first_name}'s break has ended. The certification must be renewed before new assignments.", "lapsed"),
    ),
    action="See who is active",
)
_EXPIRED = Text(
    titles=(Line("A certification has run out", "past"), Line("A certification is about to run out", "ahead")),
    lines=(
        Line("{mentor}'s certification ran out on {date}.", "past"),
        Line("{mentor}'s certification runs out on {date}.", "ahead"),
        Line(
            "{mentor} cannot be given assignments until the certification is renewed. This is not the same as a break.",
            "past not_auto_paused",
        ),
        Line(
            "{mentor} cannot be given assignments until the certification is renewed. Because the certification has "
            "run out, {mentor} is on a break until it is renewed.",
            "past auto_paused",
        ),
        Line(
            "After that day, {mentor} cannot be given assignments until the certification is renewed. This is not the "
            "same as a break.",
            "ahead",
        ),
        Line("{mentor} is enrolled for renewal on {course_date}.", "enrolled"),
    ),
    push=(
        Line("{first_name}'s certification has run out.", "past"),
        Line("{first_name}'s certification runs out on {date}.", "ahead"),
    ),
    action="See the certification",
)
_EXPIRING = Text(
    titles=(Line("A certification will run out soon"),),
    lines=(
        Line("{mentor}'s certification runs out {in_days}, on {date}."),
        Line("After that day, {mentor} cannot be given assignments until the certification is renewed."),
    ),
    push=(Line("{first_name}'s certification runs out {in_days}."),),
    action="See the certification",
)

_OVERDUE = Text(
    titles=(Line("A break has lasted longer than planned"),),
    lines=(
        Line("{mentor} is taking a break from their role as {mentor_word}. The plan was to return on {date}."),
        Line("The break lasts until someone ends it."),
    ),
    push=(Line("{first_name} is on a break that has lasted longer than planned."),),
    action="See the break",
)
_RENEWED = Text(
    titles=(Line("A certification has been renewed"),),
    lines=(
        Line("{mentor}'s certification is now valid until {date}."),
        Line("{mentor} can be given assignments again.", "ahead not_still_paused"),
        Line("{mentor} can be given assignments once the certification is renewed again.", "past not_still_paused"),
        Line("{mentor} is still on a break.", "still_paused"),
    ),
    push=(Line("{first_name}'s certification has been renewed."),),
    action="See the certification",
)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Your break has been recorded"),),
        lines=(
            Line("We have recorded your break from your role as {mentor_word} with {organisation}.", "by_mentor"),
            Line(
                "{acted_by} has recorded a break for you from your role as {mentor_word} with {organisation}.",
                "acted_by",
            ),
            Line("The plan is for you to return on {date}.", "dated"),
            Line("No end date has been set for your break. Take the time you need.", "undated"),
            Line("You will not be given any new assignments during your break."),
            Line("Do you want to change something, or is this wrong? Please tell your {coordinator}.", "coordinated"),
            Line("Do you want to change something, or is this wrong? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Your break has been recorded. You will not be given any new assignments during your break."),),
        action="See your break",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): _PAUSED.ending_with(
        Line("Please check if {mentor} has any appointments that someone else needs to take over.")
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): replace(
        _PAUSED.ending_with(_COLLEAGUE), push=(Line("{first_name} is taking a break. You do not need to do anything."),)
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): _PAUSED.ending_with(*_FOR_COORDINATOR),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Welcome back! Your break has ended", "not_lapsed"), Line("Your break has ended", "lapsed")),
        lines=(
            Line(
                "Your break has ended. You are back in your role as {mentor_word} with {organisation}.",
                "by_mentor not_auto_paused",
            ),
            Line(
                "{acted_by} has ended your break. You are back in your role as {mentor_word} with {organisation}.",
                "acted_by not_auto_paused",
            ),
            Line("Your break from your role as {mentor_word} with {organisation} has ended.", "by_mentor auto_paused"),
            Line(
                "{acted_by} has ended your break from your role as {mentor_word} with {organisation}.",
                "acted_by auto_paused",
            ),
            Line("You no longer need a certification.", "not_required"),
            Line(
                "You can be given new assignments from now on. Feel free to take things at your own pace.", "not_lapsed"
            ),
            Line("You can be given new assignments once the certification is renewed.", "lapsed"),
            _YOU_AUTO_PAUSED,
            Line("Do you need more time, or is this wrong? Please tell your {coordinator}.", "coordinated"),
            Line("Do you need more time, or is this wrong? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(
            Line("Welcome back! Your break has ended, and you can be given new assignments.", "not_lapsed"),
            Line("Your break has ended. You can be given new assignments once the certification is renewed.", "lapsed"),
        ),
        action="Go to your page",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(
        Line("Please get in touch to say welcome back.", "not_auto_paused"),
        Line("Please get in touch with {mentor} and help with the renewal.", "auto_paused"),
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(
            Line("Your certification has run out", "past"),
            Line("Your certification is about to run out", "ahead"),
        ),
        lines=(
            Line("Your {mentor_word} certification with {organisation} ran out on {date}.", "past"),
            Line("Your {mentor_word} certification with {organisation} runs out on {date}.", "ahead"),
            Line(
                "You cannot be given assignments until the certification is renewed. This is not the same as a break.",
                "past not_auto_paused",
            ),
            Line(
                "You cannot be given assignments until the certification is renewed. Because the certification has run "
                "out, you are on a break until it is renewed.",
                "past auto_paused",
            ),
            Line(
                "After that day, you cannot be given assignments until the certification is renewed. This is not the "
                "same as a break.",
                "ahead",
            ),
            Line("We see that you are enrolled for renewal on {course_date}.", "enrolled"),
            Line("Once it is renewed, you can take on assignments again. What you do matters a lot."),
            Line("Your {coordinator} has also been told and can help you renew it.", "coordinated"),
            Line("Please contact {organisation} if you need help renewing it.", "uncoordinated"),
        ),
        push=(
            Line("Your certification has run out. You cannot be given assignments until it is renewed.", "past"),
            Line(
                "Your certification runs out on {date}. After that, you cannot be given assignments until it is "
                "renewed.",
                "ahead",
            ),
        ),
        action="See how to renew",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): replace(
        _EXPIRED.ending_with(
            Line("Please confirm that you have seen this. Then get in touch with {mentor} and help with the renewal.")
        ),
        titles=(
            Line("A certification has run out. Please confirm you have seen it", "past"),
            Line("A certification will run out. Please confirm you have seen it", "ahead"),
        ),
        push=(
            Line("{first_name}'s certification has run out. Please confirm that you have seen this.", "past"),
            Line("{first_name}'s certification runs out on {date}. Please confirm that you have seen this.", "ahead"),
        ),
        action="Confirm that you have seen this",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): _EXPIRED.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY, Audience.ADMIN): _EXPIRED.ending_with(*_FOR_COORDINATOR),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Your certification will run out soon"),),
        lines=(
            Line("Your {mentor_word} certification with {organisation} runs out {in_days}, on {date}."),
            Line("After that day, you cannot be given assignments until the certification is renewed."),
            Line("This is also true if you have signed up for a course.", "late"),
            Line("If you renew it in time, you can carry on without a gap."),
            Line("Have you already signed up for a course? Then you do not need to do anything more.", "early"),
            Line("Do you need help? Please contact your {coordinator}.", "coordinated"),
            Line("Do you need help? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Your certification runs out {in_days}. If you renew it in time, you can carry on without a gap."),),
        action="See how to renew",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): _EXPIRING.ending_with(
        Line("Please get in touch with {mentor} and help with the renewal.")
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): _EXPIRING.ending_with(_COLLEAGUE_OF_UNCERTIFIED),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): _EXPIRING.ending_with(*_FOR_COORDINATOR),
    (Notice.RETURN_SOON, Audience.MENTOR): Text(
        titles=(Line("Back from your break soon?"),),
        lines=(
            Line(
                "You are on a break from your role as {mentor_word} with {organisation}. The plan is for you to return "
                "on {date}."
            ),
            Line("If the date suits you, you do not need to do anything now."),
            Line("If you need more time, that is fine. Please tell your {coordinator}.", "coordinated"),
            Line("If you need more time, that is fine. Please contact {organisation}.", "uncoordinated"),
            Line("Your break does not end by itself."),
        ),
        push=(Line("The plan is for you to return on {date}. If you need more time, that is fine."),),
        action="See your break",
    ),
    (Notice.RETURN_TODAY, Audience.MENTOR): Text(
        titles=(Line("The date you set for your break"),),
        lines=(
            Line("The plan was for you to return on {date}."),
            Line("Are you ready? Tell your {coordinator}, and you will end the break together.", "coordinated"),
            Line("Are you ready? Tell {organisation}, and you will end the break together.", "uncoordinated"),
            Line("If you need more time, just set a new date together."),
        ),
        push=(Line("The plan was for you to return on {date}. Tell us what suits you."),),
        action="See your break",
    ),
    (Notice.RETURN_OVERDUE, Audience.COORDINATOR): _OVERDUE.ending_with(
        Line("Please get in touch and ask how things are going. Set a new date, or end the break together.")
    ),
    (Notice.RETURN_OVERDUE, Audience.ADMIN): _OVERDUE.ending_with(*_FOR_COORDINATOR),
    (Notice.CHECK_IN, Audience.MENTOR): Text(
        titles=(Line("How are you doing?"),),
        lines=(
            Line("Your {coordinator} is thinking of you and wonders how you are doing.", "coordinated"),
            Line("{organisation} is thinking of you and wonders how you are doing.", "uncoordinated"),
            Line("You do not need to answer now."),
            Line(
                "Would you like a new date for your break, or are you ready to start again? Tell us when it suits you."
            ),
        ),
        push=(
            Line("Your {coordinator_word} wonders how you are doing. Answer when it suits you.", "coordinated"),
            Line("{organisation} wonders how you are doing. Answer when it suits you.", "uncoordinated"),
        ),
        action="See your break",
    ),
    (Notice.CERT_RENEWED, Audience.MENTOR): Text(
        titles=(Line("Your certification has been renewed"),),
        lines=(
            Line("Your {mentor_word} certification with {organisation} is now valid until {date}."),
            Line("You are no longer on a break and can be given assignments again.", "returned ahead"),
            Line("You are still on a break.", "still_paused"),
            Line("You do not need to do anything."),
            Line("Is this wrong? Please tell your {coordinator}.", "coordinated"),
            Line("Is this wrong? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Your certification has been renewed and is valid until {date}."),),
        action="See your certification",
    ),
    (Notice.CERT_RENEWED, Audience.COORDINATOR): _RENEWED.ending_with(Line("You do not need to do anything.")),
    (Notice.CERT_RENEWED, Audience.COLLEAGUE): _RENEWED.ending_with(_COLLEAGUE),
    (Notice.CERT_RENEWED, Audience.ADMIN): _RENEWED.ending_with(*_FOR_COORDINATOR),
    (Notice.LAPSE_REMINDER, Audience.COORDINATOR): Text(
        titles=(Line("Please confirm a certification that has run out"),),
        lines=(
            Line("{mentor}'s certification ran out on {date}. You have not confirmed that you have seen it."),
            Line("It takes less than a minute."),
            Line("Unless it is confirmed by {escalation_date}, we tell {organisation}'s administrators.", "escalating"),
            Line("Please tell {organisation} if someone else should support {mentor} from now on.", "not_escalating"),
        ),
        push=(Line("{first_name}'s certification has run out. Please confirm that you have seen it."),),
        action="Confirm that you have seen this",
    ),
    (Notice.LAPSE_ESCALATION, Audience.ADMIN): Text(
        titles=(Line("A certification that ran out is not confirmed"),),
        lines=(
            Line("{mentor}'s certification ran out on {date}."),
            Line("{coordinator} has not confirmed that they have seen it.", "assigned"),
            Line("{mentor} has no {coordinator_word}.", "unassigned"),
            Line("Please get in touch, or choose who will support {mentor} from now on."),
        ),
        push=(
            Line("A certification that ran out is not confirmed after {days_waited} days.", "days_waited"),
            Line("A certification that ran out is not confirmed."),
        ),
        action="See the certification",
    ),
}

EN = Language(
    code="en",
    greeting="Hello {first_name},",
    greeting_without_name="Hello,",
    closing="Kind regards",
    unnamed_sender="The peer support service",
    footer="This message was sent automatically. Please do not reply to it.",
    footer_with_reply="This message was sent automatically. If you reply, your answer goes to {organisation}.",
    mentor_word="peer mentor",
    coordinator_word="coordinator",
    unnamed_mentor="a peer mentor",
    your_organisation="your organisation",
    days={0: "today", 1: "tomorrow"},
    other_days="in {days} days",
    texts=TEXTS,
)
