"""Why an embedded database cannot run; each message says what to do."""


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot run; the message is meant for the person who started it."""


class DataDirectoryInUse(EmbeddedDatabaseError):
    """Another supervisor, or a server without one, uses this data directory."""


class DataDirectoryUnusable(EmbeddedDatabaseError):
    """The data directory cannot be written, belongs to another user, or is incomplete."""


class ServerDidNotStart(EmbeddedDatabaseError):
    """PostgreSQL or its initdb gave up; the message carries the end of its log."""
