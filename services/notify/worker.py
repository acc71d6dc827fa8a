"""notify's queue process: makes notifications and sends them."""

from __future__ import annotations

from collections.abc import Callable

from services.notify.actors import handlers
from services.notify.channels.smtp import SmtpChannel, parse_relay_url
from services.notify.render import Renderer
from services.notify.usecases.deliver import Deliver
from shared import worker
from shared.db import Database, Role
from shared.errors import MisconfiguredError
from shared.settings import Settings


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT.

    :raises MisconfiguredError: SMTP_RELAY_URL has another form, or there is nowhere to send to.
    """
    # A worker thread holds two connections while it sends (the lock's and the bus's); leases renew on one more.
    database = Database(settings, Role.NOTIFY, pool_size=2 * settings.worker_threads + 2)
    channel = SmtpChannel(parse_relay_url(relay_url(settings)), hostname=settings.hostname)
    deliver = Deliver(settings, database, channel, Renderer())
    try:
        worker.run(
            settings,
            consumer="notify",
            database=database,
            handlers=handlers(settings, deliver),
            beat=beat,
            threads=settings.worker_threads,
        )
    finally:
        channel.close()


def relay_url(settings: Settings) -> str:
    """Where mail leaves to: SMTP_RELAY_URL, or the catching mailbox where none is set.

    :raises MisconfiguredError: neither is known. Never a guess: another program's port 25 would send mail out.
    """
    if settings.catches_mail and not settings.mailbox_port:
        raise MisconfiguredError("IDESLUSS_MAILBOX_PORT: set it, or SMTP_RELAY_URL, so that mail has somewhere to go")
    return settings.smtp_relay_url or f"smtp://127.0.0.1:{settings.mailbox_port}"
