"""The figures as a table and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from typing import Any

from .measure import Row, Sample, median

HEAD = (
    "",
    "unit",
    "floor (min … max)",
    "ours (min … max)",
    "ratio (min … max)",
    "bar",
    "",
    "CPU ms service + database",
)


def table(rows: Sequence[Row]) -> str:
    """A line per row."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def document(rows: Sequence[Row], *, rounds: int, seconds: float) -> str:
    """Everything that was measured, round by round."""
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    content = {"machine": machine, "rounds": rounds, "seconds": round(seconds, 1), "rows": [_row(row) for row in rows]}
    return json.dumps(content, indent=2) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ({min(row.ratios):.2f} … {max(row.ratios):.2f})"
    judgement = {True: "holds", False: "MISSED", None: ""}[row.holds]
    bar = str(row.bar) if row.bar else ""
    return row.name, row.unit, _spread(row.floor), _spread(row.ours), ratio, bar, judgement, _costs(row)


def _spread(samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    values = [sample.value for sample in samples]
    return f"{_shown(median(samples))} ({_shown(min(values))} … {_shown(max(values))})"


def _costs(row: Row) -> str:
    """Ours, and in brackets the floor's."""
    sides = [_middle_costs(side) for side in (row.ours, row.floor)]
    return " / floor ".join(side for side in sides if side)


def _middle_costs(samples: Sequence[Sample]) -> str:
    service, database = ([getattr(sample, f"{part}_ms") for sample in samples] for part in ("service", "database"))
    if not samples or None in service:
        return ""
    return f"{sorted(service)[len(service) // 2]:.2f} + {sorted(database)[len(database) // 2]:.2f}"


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "unit": row.unit,
        "bar": str(row.bar) if row.bar else None,
        "holds": row.holds,
        "ratio": row.ratio,
        "ours": [vars(sample) for sample in row.ours],
        "floor": [vars(sample) for sample in row.floor],
    }


def _shown(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
