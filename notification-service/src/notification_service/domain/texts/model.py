"""The shape of a text, and the facts it may mention."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..model import Audience, Flag, Notice, Organisation

TITLE_LENGTH = 65
PUSH_LENGTH = 240


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a text may mention. Nothing else about a person gets into a notice."""

    mentor_name: str
    organisation: Organisation
    acted_by: str | None = None
    coordinator_name: str = ""
    has_coordinator: bool = True
    is_coordinator_reachable: bool = True
    date: str | None = None
    is_past: bool = False
    days_remaining: int | None = None
    flags: frozenset[Flag] = frozenset()
    course_date: str | None = None
    escalation_date: str | None = None
    days_waited: int = 0

    def conditions(self) -> frozenset[str]:
        """The names a line can ask for with `when`."""
        is_coordinated = self.has_coordinator and self.is_coordinator_reachable
        flags = self.flags | ({Flag.LAPSED} if Flag.AUTO_PAUSED in self.flags else frozenset())
        is_early = self.days_remaining is None or self.days_remaining > 1
        truths = {
            "acted_by": self.acted_by is not None,
            "by_mentor": self.acted_by is None,
            "dated": self.date is not None,
            "undated": self.date is None,
            "past": self.is_past,
            "ahead": not self.is_past,
            "early": is_early,
            "late": not is_early,
            "escalating": self.escalation_date is not None,
            "not_escalating": self.escalation_date is None,
            "days_waited": self.days_waited > 1,
            "assigned": self.has_coordinator,
            "unassigned": not self.has_coordinator,
            "coordinated": is_coordinated,
            "uncoordinated": not is_coordinated,
            "enrolled": self.course_date is not None,
        }
        chosen = (flag if flag in flags else f"not_{flag}" for flag in Flag)
        return frozenset(chosen) | {name for name, holds in truths.items() if holds}


@dataclass(frozen=True)
class Line:
    """A paragraph, or a title, for when all the conditions hold that `when` names."""

    text: str
    when: str = ""

    def applies(self, conditions: frozenset[str]) -> bool:
        return conditions.issuperset(self.when.split())


@dataclass(frozen=True, kw_only=True)
class Text:
    """One type of notice for one audience. Titles become mail subjects: they are fixed and name no person."""

    titles: tuple[Line, ...]
    lines: tuple[Line, ...]
    push: tuple[Line, ...]
    action: str

    def ending_with(self, *lines: Line) -> "Text":
        return replace(self, lines=(*self.lines, *lines))


@dataclass(frozen=True, kw_only=True)
class Language:
    """All texts of one language."""

    code: str
    greeting: str
    greeting_without_name: str
    closing: str
    unnamed_sender: str
    footer: str
    footer_with_reply: str
    mentor_word: str
    coordinator_word: str
    unnamed_mentor: str
    your_organisation: str
    days: Mapping[int, str]
    other_days: str
    texts: Mapping[tuple[Notice, Audience], Text]

    def in_days(self, days: int) -> str:
        return self.days.get(days, self.other_days.format(days=days))


@dataclass(frozen=True, kw_only=True)
class RenderedText:
    """The finished text for one recipient. `push` is its short form, for a locked screen that others may see."""

    language: str
    title: str
    greeting: str
    paragraphs: tuple[str, ...]
    action: str
    link: str | None
    closing: str
    signature: str
    footer: str
    push: str
