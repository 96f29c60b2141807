"""Lapse records: a coordinator acknowledges that a mentor's certification has run out, and it can be proved."""
