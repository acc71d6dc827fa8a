"""notify's queue process: makes notifications and sends them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.notify.actors import handlers
from services.notify.channels.dkim import Dkim
from services.notify.channels.guarded_http import GuardedHttp
from services.notify.channels.relay_url import parse_relay_urls
from services.notify.channels.sms import SmsChannel
from services.notify.channels.sms_url import parse_sms_url
from services.notify.channels.smtp import SmtpChannel
from services.notify.channels.webhook import WebhookChannel
from services.notify.domain.kinds import Channel
from services.notify.render import Renderer
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.gate import Gate
from services.notify.usecases.outlet import Outlet
from services.notify.usecases.send_mail import SendMail
from services.notify.usecases.send_sms import SendSms
from services.notify.usecases.send_webhook import SendWebhook
from shared import worker
from shared.db import Database, Role
from shared.errors import MisconfiguredError
from shared.settings import Settings


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT.

    :raises MisconfiguredError: SMTP_RELAY_URL, SMS_URL or IDESLUSS_QUIET_HOURS has another form, a DKIM key cannot be
        used, or there is nowhere to send to.
    """
    # A worker thread holds two connections while it sends (the lock's and the bus's); leases renew on one more.
    database = Database(settings, Role.NOTIFY, pool_size=2 * settings.worker_threads + 2)
    channel = SmtpChannel(
        parse_relay_urls(relay_url(settings)),
        hostname=settings.hostname,
        signer=Dkim(Path(settings.dkim_keys)) if settings.dkim_keys else None,
    )
    outlets: dict[Channel, Outlet] = {Channel.EMAIL: SendMail(settings, channel, Renderer())}
    if settings.sms_url:
        outlets[Channel.SMS] = SendSms(settings, database, SmsChannel(parse_sms_url(settings.sms_url)))
    webhooks = WebhookChannel(GuardedHttp(settings.webhook_networks))
    outlets[Channel.WEBHOOK] = SendWebhook(settings, database, webhooks)
    deliver = Deliver(settings, database, outlets, Gate(settings, database, channel.first_choice))
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
        for outlet in outlets.values():
            outlet.close()


def relay_url(settings: Settings) -> str:
    """Where mail leaves to: SMTP_RELAY_URL, or the catching mailbox where none is set.

    :raises MisconfiguredError: neither is known. Never a guess: another program's port 25 would send mail out.
    """
    if settings.catches_mail and not settings.mailbox_port:
        raise MisconfiguredError("IDESLUSS_MAILBOX_PORT: set it, or SMTP_RELAY_URL, so that mail has somewhere to go")
    return settings.smtp_relay_url or f"smtp://{settings.mailbox_host}:{settings.mailbox_port}"
