"""Lapses: their data, their rules and who may access them. Imports the standard library only."""
