"""Very many messages at once, made by the use case itself in a running suite's database."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Kind
from services.notify.usecases.queue_message import QueueMessage
from shared.db import Database, Role
from shared.settings import Settings, load

SLUICE = {"slug": "krokom", "name": "Idéslussen Krokom", "address": "ide@krokom.example", "language": "sv"}
BATCH = 500


def settings_of(data_dir: Path) -> Settings:
    """The settings of the suite that runs in a data folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IDESLUSS_")}
    return load({**clean, "IDESLUSS_DATA_DIR": str(data_dir)})


def news(key: str, address: str) -> Asked:
    """One message that nobody waits for: there may be thousands of it."""
    return Asked(
        key=key,
        kind=Kind.MESSAGE,
        address=address,
        name="",
        language="sv",
        sluice_slug="krokom",
        sluice_address=SLUICE["address"],
        idea_reference=None,
        facts={
            "sluice": SLUICE,
            "reply_to": SLUICE["address"],
            "thread": {"in_reply_to": None, "references": []},
            "subject": f"Kalasturné i Krokom ({key})",
            "text": "Välkommen till en idéverkstad med fika.\n\nVi ses i Folkets hus klockan nio.",
            "link": None,
        },
        category=Category.NEWS,
    )


def queue_news(settings: Settings, number: int, *, domain: str = "invanare.example", name: str = "bulk") -> datetime:
    """Let ``number`` messages to as many people become due; the moment when the first was there."""
    queue = QueueMessage(settings)
    database = Database(settings, Role.NOTIFY, pool_size=1)
    began = datetime.now(UTC)
    try:
        for start in range(0, number, BATCH):
            with database.transaction() as session:
                each = range(start, min(start + BATCH, number))
                queue(session, [news(f"{name}:{n}", f"{name}{n}@{domain}") for n in each])
    finally:
        database.dispose()
    return began
