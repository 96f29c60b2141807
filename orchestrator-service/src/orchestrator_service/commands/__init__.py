"""The commands that only this service has."""
