"""English, as it is written in Britain."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("This message is for your information. You do not need to do anything.")
_COLLEAGUE_OF_UNCERTIFIED = Line("This message is for your information.")
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
        Line("{mentor} is back from a break and has returned to their role as {mentor_word}."),
        Line("{mentor} can be given new assignments from now on."),
    ),
    push=(Line("{first_name} is back from a break and can be given new assignments."),),
    action="See who is active",
)
_EXPIRED = Text(
    titles=(Line("A certification has run out", "past"), Line("A certification is about to run out", "ahead")),
    lines=(
        Line("{mentor}'s certification ran out on {date}.", "past"),
        Line("{mentor}'s certification runs out on {date}.", "ahead"),
        Line(
            "{mentor} cannot be given assignments until the certification is renewed. This is not the same as a break.",
            "past",
        ),
        Line(
            "After that day, {mentor} cannot be given assignments until the certification is renewed. This is not the "
            "same as a break.",
            "ahead",
        ),
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
        titles=(Line("Welcome back! Your break has ended"),),
        lines=(
            Line("Your break has ended. You are back in your role as {mentor_word} with {organisation}.", "by_mentor"),
            Line(
                "{acted_by} has ended your break. You are back in your role as {mentor_word} with {organisation}.",
                "acted_by",
            ),
            Line("You can be given new assignments from now on. Feel free to take things at your own pace."),
            Line("Do you need more time, or is this wrong? Please tell your {coordinator}.", "coordinated"),
            Line("Do you need more time, or is this wrong? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Welcome back! Your break has ended, and you can be given new assignments."),),
        action="Go to your page",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(Line("Please get in touch to say welcome back.")),
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
                "past",
            ),
            Line(
                "After that day, you cannot be given assignments until the certification is renewed. This is not the "
                "same as a break.",
                "ahead",
            ),
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
