"""`relay`, and `outbox` with its commands, for a service with an outbox."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click

from .service import LONG_STATEMENT_SECONDS, Environ, Service

if TYPE_CHECKING:
    from shared_lib.database.engine import Database
    from shared_lib.outbox import Dispatcher
    from shared_lib.service_config import RelayConfig, ServiceConfig

C = TypeVar("C", bound="ServiceConfig")
R = TypeVar("R", bound="RelayConfig")


def relay_command(service: Service[R], dispatcher: Callable[[R, "Database"], "Dispatcher"]) -> click.Command:
    """`relay` for a service with an outbox."""

    @click.command()
    @click.pass_obj
    def relay(environ: Environ) -> int:
        """Deliver outbox messages until SIGTERM."""
        from shared_lib.database.engine import Database
        from shared_lib.observability import logging, tracing
        from shared_lib.outbox import process

        config = service.config.from_env(environ)
        logging.configure(service.name, level=config.log_level)
        tracing.start(service.name)
        database = Database.open(
            config.database_url, pool_size=config.pool_size, statement_timeout=LONG_STATEMENT_SECONDS
        )
        return process.run(dispatcher(config, database), service.migrations, metrics_bind=config.metrics_bind)

    return relay


def outbox_group(service: Service[C]) -> click.Group:
    """`outbox list|show|replay|discard|quarantine|release` for a service with an outbox."""
    outbox = click.Group(
        "outbox",
        short_help="Failed messages (dead letters), quarantine.",
        help="Outbox messages that failed (dead letters), and the quarantine.",
    )
    message_id = click.argument("message_id", metavar="ID", type=click.UUID)

    @outbox.command("list")
    @click.option("--final-state", metavar="STATE", help="Only messages in this state, such as dead or expired.")
    @click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many to show.")
    @click.pass_obj
    def list_messages(environ: Environ, final_state: str | None, limit: int) -> int:
        """List the newest dead letters."""
        from shared_lib.outbox import cli

        return cli.print_list(service.database(environ), final_state=final_state, limit=limit)

    @outbox.command()
    @message_id
    @click.pass_obj
    def show(environ: Environ, message_id: UUID) -> int:
        """Show one dead letter."""
        from shared_lib.outbox import cli

        return cli.print_one(service.database(environ), message_id)

    @outbox.command()
    @message_id
    @click.pass_obj
    def replay(environ: Environ, message_id: UUID) -> int:
        """Deliver one dead letter again under its old id. Repeating it is safe."""
        from shared_lib.outbox import cli

        return cli.replay(service.database(environ), message_id)

    @outbox.command()
    @message_id
    @click.pass_obj
    def discard(environ: Environ, message_id: UUID) -> int:
        """Discard one dead letter."""
        from shared_lib.outbox import cli

        return cli.discard(service.database(environ), message_id)

    @outbox.command()
    @click.pass_obj
    def quarantine(environ: Environ) -> int:
        """Hold back all waiting messages. Run it after a restore, before any process of the service starts."""
        from shared_lib.outbox import cli

        return cli.quarantine(service.database(environ))

    @outbox.command()
    @click.pass_obj
    def release(environ: Environ) -> int:
        """Deliver all messages in quarantine."""
        from shared_lib.outbox import cli

        return cli.release(service.database(environ))

    return outbox
