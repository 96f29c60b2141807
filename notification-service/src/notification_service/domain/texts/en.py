"""English."""

from dataclasses import replace

from ..model import Audience, Notice
from .model import Language, Line, Text

_COLLEAGUE = Line("This message is for your information. You do not need to do anything.")
_NO_COORDINATOR = Line(
    "You receive this message because {mentor} has no {coordinator_word}. Please choose who should "
    "follow up {mentor} from now on."
)

# Texts about a mentor, for the other audiences.
_PAUSED = Text(
    titles=(Line("A break has been registered"),),
    lines=(
        Line("{mentor} is taking a break as {mentor_word}."),
        Line("The plan is to be back on {date}.", "dated"),
        Line("No date has been set for the end of the break.", "undated"),
        Line("{mentor} should not be given new assignments during the break."),
    ),
    push=(Line("{first_name} is taking a break. See if someone else must take over any appointments."),),
    action="See the break",
)
_BACK = Text(
    titles=(Line("A break has ended"),),
    lines=(
        Line("{mentor} is back from a break and is active as {mentor_word} again."),
        Line("{mentor} can be given new assignments from now on."),
    ),
    push=(Line("{first_name} is back from a break and can be given new assignments."),),
    action="See who is active",
)
_EXPIRED = Text(
    titles=(Line("A certification has expired", "past"), Line("A certification expires", "ahead")),
    lines=(
        Line("The certification of {mentor} expired on {date}.", "past"),
        Line("The certification of {mentor} expires on {date}.", "ahead"),
        Line("Without a valid certification, {mentor} cannot be given assignments. This is not the same as a break."),
    ),
    push=(
        Line("The certification of {first_name} has expired.", "past"),
        Line("The certification of {first_name} expires on {date}.", "ahead"),
    ),
    action="See the certification",
)
_EXPIRING = Text(
    titles=(Line("A certification expires soon"),),
    lines=(
        Line("The certification of {mentor} expires {in_days}, on {date}."),
        Line("If it expires, {mentor} cannot be given assignments until it has been renewed."),
    ),
    push=(Line("The certification of {first_name} expires {in_days}."),),
    action="See the certification",
)

TEXTS = {
    (Notice.PAUSE_ACTIVATED, Audience.MENTOR): Text(
        titles=(Line("Your break has been registered"),),
        lines=(
            Line("We have registered that you are taking a break as {mentor_word} in {organisation}.", "by_mentor"),
            Line("{acted_by} has registered a break for you as {mentor_word} in {organisation}.", "acted_by"),
            Line("The plan is that you are back on {date}.", "dated"),
            Line("No date has been set for the end of the break. Take the time you need.", "undated"),
            Line("You will not be given new assignments during the break."),
            Line(
                "Would you like to change something, or is this not right? Please tell your {coordinator_word}.",
                "coordinated",
            ),
            Line(
                "Would you like to change something, or is this not right? Please contact {organisation}.",
                "uncoordinated",
            ),
        ),
        push=(Line("Your break has been registered. You will not be given new assignments while it lasts."),),
        action="See your break",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): _PAUSED.ending_with(
        Line("Please see if {mentor} has appointments that someone else must take over.")
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): replace(
        _PAUSED.ending_with(_COLLEAGUE), push=(Line("{first_name} is taking a break. You do not need to do anything."),)
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): _PAUSED.ending_with(_NO_COORDINATOR),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Welcome back! Your break has ended"),),
        lines=(
            Line("Your break has ended. You are active as {mentor_word} in {organisation} again.", "by_mentor"),
            Line(
                "{acted_by} has ended your break. You are active as {mentor_word} in {organisation} again.", "acted_by"
            ),
            Line("You can be given new assignments from now on. Feel free to go at your own pace."),
            Line("Do you need more time, or is this not right? Please tell your {coordinator_word}.", "coordinated"),
            Line("Do you need more time, or is this not right? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Welcome back! Your break has ended, and you can be given new assignments."),),
        action="Go to your page",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): _BACK.ending_with(Line("Please get in touch and say welcome back.")),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): _BACK.ending_with(_COLLEAGUE),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): _BACK.ending_with(_NO_COORDINATOR),
    (Notice.CERT_EXPIRY, Audience.MENTOR): Text(
        titles=(Line("Your certification has expired", "past"), Line("Your certification expires", "ahead")),
        lines=(
            Line("Your certification as {mentor_word} in {organisation} expired on {date}.", "past"),
            Line("Your certification as {mentor_word} in {organisation} expires on {date}.", "ahead"),
            Line("Without a valid certification you cannot be given assignments. This is not the same as a break."),
            Line("When it has been renewed, you can take assignments again. What you do matters a lot."),
            Line("Your {coordinator_word} has been told as well and can help you to renew it.", "coordinated"),
            Line("Please contact {organisation} if you need help to renew it.", "uncoordinated"),
        ),
        push=(
            Line("Your certification has expired. You cannot be given assignments until it is renewed.", "past"),
            Line("Your certification expires on {date}. After that, you need to renew it to get assignments.", "ahead"),
        ),
        action="See how to renew",
    ),
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): replace(
        _EXPIRED.ending_with(
            Line("Please confirm that you have seen this. Please get in touch and help {mentor} to renew it.")
        ),
        titles=(
            Line("A certification has expired. Please confirm you have seen it", "past"),
            Line("A certification expires. Please confirm you have seen it", "ahead"),
        ),
        push=(
            Line("The certification of {first_name} has expired. Please confirm that you have seen it.", "past"),
            Line("The certification of {first_name} expires on {date}. Please confirm that you have seen it.", "ahead"),
        ),
        action="Confirm that you have seen this",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): _EXPIRED.ending_with(_COLLEAGUE),
    (Notice.CERT_EXPIRY, Audience.ADMIN): _EXPIRED.ending_with(_NO_COORDINATOR),
    (Notice.CERT_EXPIRY_REMINDER, Audience.MENTOR): Text(
        titles=(Line("Your certification expires soon"),),
        lines=(
            Line("Your certification as {mentor_word} in {organisation} expires {in_days}, on {date}."),
            Line("If you renew it in time, you can go on without interruption."),
            Line("If it expires, you cannot be given assignments until it has been renewed."),
            Line("Have you already signed up for a course? Then you do not need to do anything more."),
            Line("Do you need help? Please contact your {coordinator_word}.", "coordinated"),
            Line("Do you need help? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Your certification expires {in_days}. Renew it in time to go on without interruption."),),
        action="See how to renew",
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): _EXPIRING.ending_with(
        Line("Please get in touch and help {mentor} to renew it.")
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): _EXPIRING.ending_with(_COLLEAGUE),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): _EXPIRING.ending_with(_NO_COORDINATOR),
}

EN = Language(
    code="en",
    greeting="Hello {first_name},",
    greeting_without_name="Hello,",
    closing="Kind regards",
    unnamed_sender="The peer support service",
    footer="This message was sent automatically. You cannot reply to it.",
    mentor_word="peer mentor",
    coordinator_word="coordinator",
    unnamed_mentor="A peer mentor",
    your_organisation="your organisation",
    days={0: "today", 1: "tomorrow"},
    other_days="in {days} days",
    texts=TEXTS,
)
