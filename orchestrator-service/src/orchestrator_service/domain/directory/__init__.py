"""The directory file: what a CSV export may say, and what it means."""

from .records import COLUMNS, Kind, Line, Problem
from .report import Problems, Report, Tally

__all__ = ["COLUMNS", "Kind", "Line", "Problem", "Problems", "Report", "Tally"]
