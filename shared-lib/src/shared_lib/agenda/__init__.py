"""The agenda: what is due at a moment, looked at by the relay processes of a service.

A *subject* (`certification:mentor-042`) is what time acts on. Its plan is computed from facts whenever it is looked at,
and never stored; stored are when to look next, and one decision per act.
"""

from .loop import AgendaLoop, Subject, SubjectKind
from .metrics import AgendaCollector
from .store import changed, decisions, decisions_of, record_decision
from .table import AGENDA, AGENDA_CHANGE, GRANTS, PLANNED_ACT

__all__ = [
    "AGENDA",
    "AGENDA_CHANGE",
    "GRANTS",
    "PLANNED_ACT",
    "AgendaCollector",
    "AgendaLoop",
    "Subject",
    "SubjectKind",
    "changed",
    "decisions",
    "decisions_of",
    "record_decision",
]
