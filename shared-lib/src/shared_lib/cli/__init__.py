"""The command line of every service: `python -m <service>_service COMMAND`."""

from typing import TYPE_CHECKING, TypeVar

import click

from .data import (
    audit_group,
    counts_group,
    encryption_group,
    person_group,
    retention_group,
    run_key_rotation,
    run_retention,
)
from .outbox import outbox_group, relay_command
from .service import Environ, Service, process_commands, run
from .terminal import FAILED, INTERRUPTED, ProgressBar, sigterm_interrupts

if TYPE_CHECKING:
    from shared_lib.service_config import ServiceConfig

C = TypeVar("C", bound="ServiceConfig")

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "Environ",
    "ProgressBar",
    "Service",
    "command_line",
    "counts_group",
    "encryption_group",
    "outbox_group",
    "relay_command",
    "run",
    "run_key_rotation",
    "run_retention",
    "sigterm_interrupts",
]


def command_line(service: Service[C], *own: click.Command) -> click.Group:
    """The commands that every service has, and its `own`."""
    root = process_commands(service)
    for command in (audit_group(service), retention_group(service), person_group(service), *own):
        root.add_command(command)
    return root
