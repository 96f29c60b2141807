"""The texts of notices in three languages, as data; `rendering` selects one and fills it in."""
