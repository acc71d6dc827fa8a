"""What intake's processes count while they work: mail taken in, and the reading of it."""

from __future__ import annotations

from prometheus_client import Histogram

from shared.meters import LONG, REGISTRY, SHORT

ACCEPT_SECONDS = Histogram(
    "idesluss_smtp_accept_seconds",
    "From a mail's last octet to its being durable, when its sender hears 250",
    buckets=SHORT,
    registry=REGISTRY,
)
COMMIT_SECONDS = Histogram(
    "idesluss_smtp_commit_seconds",
    "How long it took to make a group of mails durable",
    buckets=SHORT,
    registry=REGISTRY,
)
GROUP_MAILS = Histogram(
    "idesluss_smtp_group_mails",
    "Mails that were made durable together",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
    registry=REGISTRY,
)
READING_SECONDS = Histogram(
    "idesluss_mail_reading_seconds",
    "How long it took to read a mail in its limited process",
    buckets=LONG,
    registry=REGISTRY,
)
