"""Bringing the directory up to date from a file: staged by COPY, checked and merged set by set, in one transaction."""
