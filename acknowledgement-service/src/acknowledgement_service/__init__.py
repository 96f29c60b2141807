"""Acknowledgement service."""
