"""Tokens: verifying those of clients, signing those of services."""
