"""A service's own PostgreSQL database: transactions, row-level security, roles, migrations."""
