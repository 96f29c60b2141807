"""English."""

from ..model import Audience, Notice
from .model import Language, Line, Text

_NO_COORDINATOR = Line(
    "You receive this message because {mentor} has no {coordinator_word}. "
    "Please choose who should follow up {mentor} from now on."
)
_COLLEAGUE = Line("This message is for your information. You do not need to do anything.")

_PAUSED = (
    Line("{mentor} is taking a break as {mentor_word}."),
    Line("The plan is to be back on {date}.", "dated"),
    Line("No date has been set for the end of the break.", "undated"),
    Line("{mentor} should not be given new assignments during the break."),
)
_BACK = (
    Line("{mentor} is back from a break and is active as {mentor_word} again."),
    Line("{mentor} can be given new assignments from now on."),
)
_EXPIRED = (
    Line("The certification of {mentor} expired on {date}.", "past"),
    Line("The certification of {mentor} expires on {date}.", "ahead"),
    Line("Without a valid certification, {mentor} cannot be given assignments. This is not the same as a break."),
)
_EXPIRING = (
    Line("The certification of {mentor} expires {in_days}, on {date}."),
    Line("If it expires, {mentor} cannot be given assignments until it has been renewed."),
)
_HELP_RENEW = Line("Please get in touch and help {mentor} to renew it.")

_PAUSED_TITLE = (Line("A break has been registered"),)
_BACK_TITLE = (Line("A break has ended"),)
_EXPIRED_TITLE = (Line("A certification has expired", "past"), Line("A certification expires", "ahead"))
_EXPIRING_TITLE = (Line("A certification expires soon"),)

_PAUSED_PUSH = (Line("{first_name} is taking a break. See if someone else must take over any appointments."),)
_BACK_PUSH = (Line("{first_name} is back from a break and can be given new assignments."),)
_EXPIRED_PUSH = (
    Line("The certification of {first_name} has expired. Please confirm that you have seen it.", "past"),
    Line("The certification of {first_name} expires on {date}. Please confirm that you have seen it.", "ahead"),
)
_EXPIRED_PUSH_NOTE = (
    Line("The certification of {first_name} has expired.", "past"),
    Line("The certification of {first_name} expires on {date}.", "ahead"),
)
_EXPIRING_PUSH = (Line("The certification of {first_name} expires {in_days}."),)

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
    (Notice.PAUSE_ACTIVATED, Audience.COORDINATOR): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, Line("Please see if {mentor} has appointments that someone else must take over.")),
        push=_PAUSED_PUSH,
        action="See the break",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.COLLEAGUE): Text(
        titles=_PAUSED_TITLE,
        lines=(*_PAUSED, _COLLEAGUE),
        push=(Line("{first_name} is taking a break. You do not need to do anything."),),
        action="See the break",
    ),
    (Notice.PAUSE_ACTIVATED, Audience.ADMIN): Text(
        titles=_PAUSED_TITLE, lines=(*_PAUSED, _NO_COORDINATOR), push=_PAUSED_PUSH, action="See the break"
    ),
    (Notice.PAUSE_LIFTED, Audience.MENTOR): Text(
        titles=(Line("Welcome back! Your break has ended"),),
        lines=(
            Line("Your break has ended. You are active as {mentor_word} in {organisation} again.", "by_mentor"),
            Line(
                "{acted_by} has ended your break. You are active as {mentor_word} in {organisation} again.",
                "acted_by",
            ),
            Line("You can be given new assignments from now on. Feel free to go at your own pace."),
            Line("Do you need more time, or is this not right? Please tell your {coordinator_word}.", "coordinated"),
            Line("Do you need more time, or is this not right? Please contact {organisation}.", "uncoordinated"),
        ),
        push=(Line("Welcome back! Your break has ended, and you can be given new assignments."),),
        action="Go to your page",
    ),
    (Notice.PAUSE_LIFTED, Audience.COORDINATOR): Text(
        titles=_BACK_TITLE,
        lines=(*_BACK, Line("Please get in touch and say welcome back.")),
        push=_BACK_PUSH,
        action="See who is active",
    ),
    (Notice.PAUSE_LIFTED, Audience.COLLEAGUE): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _COLLEAGUE), push=_BACK_PUSH, action="See who is active"
    ),
    (Notice.PAUSE_LIFTED, Audience.ADMIN): Text(
        titles=_BACK_TITLE, lines=(*_BACK, _NO_COORDINATOR), push=_BACK_PUSH, action="See who is active"
    ),
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
    (Notice.CERT_EXPIRY, Audience.COORDINATOR): Text(
        titles=(
            Line("A certification has expired. Please confirm you have seen it", "past"),
            Line("A certification expires. Please confirm you have seen it", "ahead"),
        ),
        lines=(*_EXPIRED, Line("Please confirm that you have seen this. " + _HELP_RENEW.text)),
        push=_EXPIRED_PUSH,
        action="Confirm that you have seen this",
    ),
    (Notice.CERT_EXPIRY, Audience.COLLEAGUE): Text(
        titles=_EXPIRED_TITLE, lines=(*_EXPIRED, _COLLEAGUE), push=_EXPIRED_PUSH_NOTE, action="See the certification"
    ),
    (Notice.CERT_EXPIRY, Audience.ADMIN): Text(
        titles=_EXPIRED_TITLE,
        lines=(*_EXPIRED, _NO_COORDINATOR),
        push=_EXPIRED_PUSH_NOTE,
        action="See the certification",
    ),
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
    (Notice.CERT_EXPIRY_REMINDER, Audience.COORDINATOR): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _HELP_RENEW), push=_EXPIRING_PUSH, action="See the certification"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.COLLEAGUE): Text(
        titles=_EXPIRING_TITLE, lines=(*_EXPIRING, _COLLEAGUE), push=_EXPIRING_PUSH, action="See the certification"
    ),
    (Notice.CERT_EXPIRY_REMINDER, Audience.ADMIN): Text(
        titles=_EXPIRING_TITLE,
        lines=(*_EXPIRING, _NO_COORDINATOR),
        push=_EXPIRING_PUSH,
        action="See the certification",
    ),
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
