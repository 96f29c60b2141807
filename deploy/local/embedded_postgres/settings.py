"""Server settings: little memory, durable, and no personal data in the log."""

from collections.abc import Mapping
from types import MappingProxyType

_SMALL = {
    "max_connections": "200",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "io_method": "sync",  # no I/O worker processes
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "huge_pages": "off",
    # Files in the data directory instead of /dev/shm: nothing is left over after a kill, and containers keep it tiny.
    "dynamic_shared_memory_type": "mmap",
}

_DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "min_wal_size": "64MB",
    "max_wal_size": "256MB",
    "checkpoint_completion_target": "0.9",
}

# Statements, parameters and key values contain health data and must not be logged. The client logs errors of statements
# in its own words.
_DISCREET = {
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
    "log_error_verbosity": "terse",  # without it a crash logs "Failed process was running: <statement>"
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}

_NEUTRAL = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}

DEFAULTS: Mapping[str, str] = MappingProxyType(_SMALL | _DURABLE | _DISCREET | _NEUTRAL)
