"""The faults of the mail server: at which step, which kind, for which recipient, how often."""

from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

EVERY_RECIPIENT = "*"


class Step(StrEnum):
    """Where a mail server can go wrong. Up to MAIL it cannot know for whom the mail is."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


@dataclass(frozen=True)
class Silence:
    """No answer, ever; the connection stays open."""


@dataclass(frozen=True)
class Stall:
    """The ordinary answer, late. At the dot: the mail is stored first."""

    seconds: float


@dataclass(frozen=True)
class Refusal:
    """A 4xx or 5xx; nothing is stored."""

    code: int


@dataclass(frozen=True)
class Cut:
    """The connection ends instead of an answer. At the dot nothing is stored."""


@dataclass(frozen=True)
class StoreThenCut:
    """At the dot: the mail is stored, and the answer never comes."""


@dataclass(frozen=True)
class Garbage:
    """Bytes that are no SMTP. At the dot: the mail is stored first."""

    octets: bytes = b"\x00\xff\x16\x03 this is not the reply you are looking for\r\n"


@dataclass(frozen=True)
class PlainAfterTls:
    """At STARTTLS: a good 220, with a plain text answer smuggled in behind it, and no TLS."""


Fault = Silence | Stall | Refusal | Cut | StoreThenCut | Garbage | PlainAfterTls


@dataclass
class _Rule:
    step: Step
    recipient: str
    fault: Fault
    left: int | None


@dataclass
class Script:
    """Safe to change from a test's thread while the server serves."""

    _rules: list[_Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def expect(self, step: Step, fault: Fault, *, recipient: str = EVERY_RECIPIENT, times: int | None = 1) -> None:
        """Do it the next `times` times (None: until `clear`), for one recipient or for all."""
        with self._lock:
            self._rules.append(_Rule(step, recipient.lower(), fault, times))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def fault_at(self, step: Step, recipient: str | None) -> Fault | None:
        """What to do wrong now, which counts as done."""
        with self._lock:
            for rule in self._rules:
                if rule.step is step and rule.recipient in (EVERY_RECIPIENT, recipient):
                    if rule.left is not None:
                        rule.left -= 1
                        if rule.left == 0:
                            self._rules.remove(rule)
                    return rule.fault
        return None

    def outstanding(self) -> int:
        """How many faults have not yet met anybody."""
        with self._lock:
            return sum(rule.left or 0 for rule in self._rules)
