"""What a drill found, beside what it should have found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

EVIDENCE_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`bar` is the limit in words; `holds` is None for a figure without a limit."""

    name: str
    value: str
    bar: str = ""
    holds: bool | None = None
    evidence: Sequence[str] = ()


@dataclass(kw_only=True)
class Findings:
    """The figures of one row of the table."""

    title: str
    figures: list[Figure] = field(default_factory=list)

    def note(self, name: str, value: object) -> None:
        self.figures.append(Figure(name=name, value=_shown(value)))

    def none(self, name: str, found: Sequence[str]) -> None:
        """There must be none of these."""
        self.check(name, len(found), bar="0", holds=not found, evidence=found)

    def at_most(self, name: str, value: float, limit: float, *, unit: str = "") -> None:
        self.check(name, value, bar=f"≤ {_shown(limit)}{unit}", holds=value <= limit)

    def check(self, name: str, value: object, *, bar: str, holds: bool, evidence: Sequence[str] = ()) -> None:
        self.figures.append(Figure(name=name, value=_shown(value), bar=bar, holds=holds, evidence=evidence))

    def settled(self, seconds: float | None, *, within: float) -> None:
        """How long it took until nothing was open any more; None is never."""
        value = "never" if seconds is None else seconds
        self.check("all final after", value, bar=f"≤ {_shown(within)} s", holds=seconds is not None)

    @property
    def broken(self) -> list[Figure]:
        return [figure for figure in self.figures if figure.holds is False]


def table(rows: Sequence[Findings]) -> str:
    """A line per figure, and below it the first pieces of evidence of those that do not hold."""
    width = max((len(figure.name) for row in rows for figure in row.figures), default=0)
    lines = []
    for row in rows:
        lines += ["", row.title]
        for figure in row.figures:
            judgement = {True: "holds", False: "BROKEN", None: ""}[figure.holds]
            lines.append(f"  {figure.name:<{width}}  {figure.value:>12}  {figure.bar:<28} {judgement}".rstrip())
            if figure.holds is False:
                lines += [f"      {piece}" for piece in figure.evidence[:EVIDENCE_SHOWN]]
                if len(figure.evidence) > EVIDENCE_SHOWN:
                    lines.append(f"      … and {len(figure.evidence) - EVIDENCE_SHOWN} more")
    return "\n".join(lines)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Of no measurements at all: 0."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _shown(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
