"""`idesluss mail replay`: stored mails read again with today's code."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import click


@click.command("replay")
@click.option("--sluice", help="Mails to that sluice only, by its slug.")
@click.option("--id", "identity", type=click.UUID, help="One mail, as /api/intake/v1/inbound-emails names it.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Mails that came that day or later, Swedish time.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--all", "shows_all", is_flag=True, help="Show mails that are read as before, too.")
def mail_replay(
    sluice: str | None, identity: UUID | None, since: datetime | None, dry_run: bool, shows_all: bool
) -> None:
    """Read stored mails again with today's code, and mend what could not be read.

    A mail that nobody read is read; one that made no idea and today would becomes one; an empty idea gets its words
    and files. No mail goes out, and what people have seen is only told of ("differs"). One JSON object a line.
    """
    from services.intake.mail.limited import Bounds, LimitedReader
    from services.intake.sender_check import SenderChecker
    from services.intake.usecases import replay_mail
    from services.intake.usecases.announce import Announcer
    from services.intake.usecases.read_mail import Desk
    from shared import settings
    from shared.clock import STOCKHOLM
    from shared.db import Role, opened

    if not (sluice or identity or since):
        raise click.UsageError("say which: --sluice, --id or --since")
    loaded = settings.load()
    bounds = Bounds(wall_seconds=loaded.read_wall_seconds, memory_bytes=loaded.read_memory)
    moment = since.replace(tzinfo=STOCKHOLM) if since else None
    told: Counter[str] = Counter()
    with opened(loaded, Role.INTAKE) as database, LimitedReader(bounds) as reader:
        desk = Desk(reader, SenderChecker(trusted_authserv_ids=loaded.trusted_authserv_ids))
        replay = replay_mail.ReplayMail(Announcer(loaded), desk, actor="Idéslussen", dry_run=dry_run)
        after = None
        while True:
            with database.transaction() as session:
                ids = replay_mail.chosen(session, sluice=sluice, identity=identity, since=moment, after=after)
            for each in ids:
                done = replay(database, each)
                told[done.outcome] += 1
                if shows_all or done.outcome is not replay_mail.Outcome.SAME:
                    click.echo(json.dumps(asdict(done), default=str, ensure_ascii=False))
            if len(ids) < replay_mail.PORTION:
                break
            after = ids[-1]
    summed = ", ".join(f"{number} {outcome}" for outcome, number in sorted(told.items())) or "no mail fits"
    click.echo(summed + (" (dry run: nothing was changed)" if dry_run else ""), err=True)
