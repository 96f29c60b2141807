"""The composition root: what this service is made of."""

from pathlib import Path

NAME = "acknowledgement-service"
MIGRATIONS = Path(__file__).parents[1] / "migrations"
