"""What can keep an embedded database from running, each with the sentence that names the way out."""


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot run; the message is meant for the person who started it."""


class DataDirectoryInUse(EmbeddedDatabaseError):
    """Another supervisor, or a server that nobody supervises, works on this data directory."""


class DataDirectoryUnusable(EmbeddedDatabaseError):
    """The data directory cannot be written, belongs to somebody else, or has lost a part."""


class ServerDidNotStart(EmbeddedDatabaseError):
    """PostgreSQL or its initdb gave up; the message carries the end of its log."""
