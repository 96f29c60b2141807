"""A module per kind of work; each answers the rows of the table that it fills."""
