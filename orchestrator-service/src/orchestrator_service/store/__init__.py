"""What is kept in PostgreSQL. Functions take the caller's session, answer domain objects and never commit."""
