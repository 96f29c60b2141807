"""Lapses of certifications, and which coordinator has acknowledged them."""

from pathlib import Path

NAME = "acknowledgement-service"
MIGRATIONS = Path(__file__).parent / "migrations"
