"""Tokens: which are trusted, and how our own are signed."""
