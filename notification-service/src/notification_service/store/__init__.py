"""Rows and queries. Functions take the caller's session, answer domain objects and never commit."""
