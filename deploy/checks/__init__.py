"""Checks of the source that no tool on the market has: the size of modules, and the words in identifiers."""
