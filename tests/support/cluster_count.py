"""What a cluster made of what it took, counted in the tables and in the mailbox."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import psycopg

from shared.db import admin_url, conninfo
from shared.settings import Settings
from tests.support.cluster_traffic import Traffic
from tests.support.waiting import wait_until

CONTACT = "kontakt@"
OPEN = "SELECT count(*) FROM bus.delivery WHERE done_at IS NULL AND parked_at IS NULL"
UNSENT = "SELECT count(*) FROM notify.notification WHERE state NOT IN ('sent', 'suppressed')"
SEATED = "SELECT split_part(address, '@', 1) FROM rsvp.guest WHERE state = 'coming'"
REPLIES = """
    SELECT idea.title FROM intake.timeline_entry AS entry JOIN intake.idea AS idea ON idea.id = entry.idea_id
     WHERE entry.text LIKE 'Ett tillägg till %'
"""
CAUGHT = """
    SELECT note.kind, note.recipient_address, coalesce(note.idea_reference, ''), count(mail.id),
           coalesce(sum(mail.submissions - 1), 0), note.state, coalesce(note.reason, '')
      FROM notify.notification AS note
      LEFT JOIN mailbox.message AS mail ON note.message_id = '<' || mail.message_id || '>'
     GROUP BY note.id
"""
STRAY = """
    SELECT count(*) FROM mailbox.message AS mail
     WHERE NOT EXISTS (SELECT FROM notify.notification AS note WHERE note.message_id = '<' || mail.message_id || '>')
"""


@dataclass(frozen=True)
class Tally:
    """Lists name who is meant. Empty lists and zeros are what was promised."""

    taken: dict[str, int]
    lost: list[str]
    doubled: list[str]
    gaps: list[str]
    """References that are missing between the first and the last."""
    mails_missing: list[str]
    mails_doubled: list[str]
    """Confirmations, notices and letters to guests of which there are two, under two Message-IDs."""
    stray: int
    """Mails that notify knows nothing of."""
    unsent: int
    """Notifications without a mail."""
    withheld: dict[str, int]
    """Notifications that by our rules nobody gets, by kind and reason: so many to one person in an hour are too many."""
    submitted_twice: int
    """Mails whose one Message-ID was handed in more than once: a kill fell between DATA and commit."""
    open: int
    parked: int
    jobs: dict[str, tuple[int, int]]
    """Runs and failures by job."""

    @property
    def faults(self) -> list[str]:
        """What must not be, in words."""
        found = {
            name: getattr(self, name)
            for name in (
                "lost",
                "doubled",
                "gaps",
                "mails_missing",
                "mails_doubled",
                "stray",
                "unsent",
                "open",
                "parked",
            )
        }
        return [f"{name}: {what}" for name, what in found.items() if what]


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with psycopg.connect(conninfo(admin_url(settings)), connect_timeout=5) as connection:
        return connection.execute(query).fetchall()


def settle(traffic: Traffic, seconds: float) -> Tally:
    """Wait until nothing is on its way, so long at most, and count."""
    settings = traffic.settings

    def is_quiet() -> bool:
        try:
            return all(ask(settings, query)[0][0] == 0 for query in (OPEN, UNSENT))
        except psycopg.Error:
            return False

    with contextlib.suppress(AssertionError):
        wait_until(is_quiet, seconds, every=0.2)
    return count(traffic)


def count(traffic: Traffic) -> Tally:
    """Hold what is in the tables against what was taken."""
    settings = traffic.settings
    sent = [*traffic.taken["mail"], *traffic.taken["form"]]
    wanted = {
        "idea": Counter(sent),
        "reply": Counter(traffic.taken["reply"]),
        "rsvp": Counter(traffic.taken["rsvp"]),
    }
    ideas = ask(settings, "SELECT title, reference FROM intake.idea")
    found = {
        "idea": Counter(title for title, _ in ideas),
        "reply": Counter(title for (title,) in ask(settings, REPLIES)),
        "rsvp": Counter(name for (name,) in ask(settings, SEATED)),
    }
    mails: Counter[tuple[str, str]] = Counter()
    withheld: Counter[str] = Counter()
    again = unsent = 0
    for kind, address, reference, number, submissions, state, reason in ask(settings, CAUGHT):
        if number:
            mails[kind, reference if address.startswith(CONTACT) else address.partition("@")[0]] += 1
        elif state == "suppressed":
            withheld[f"{kind}: {reason}"] += 1
        else:
            unsent += 1
        again += submissions
    letters = [
        *(("confirmation", name) for name in sent),
        *(("notice", reference) for _, reference in ideas),
        *(("reply-received", name) for name in traffic.taken["rsvp"]),
    ]
    return Tally(
        taken={kind: len(names) for kind, names in sorted(traffic.taken.items())},
        lost=[f"{kind} {name}" for kind in wanted for name in wanted[kind] - found[kind]],
        doubled=[f"{kind} {name}" for kind in wanted for name in found[kind] - wanted[kind]],
        gaps=_gaps([reference for _, reference in ideas]),
        mails_missing=[f"{kind} {whose}" for kind, whose in letters if mails[kind, whose] == 0],
        mails_doubled=[f"{kind} {whose}" for kind, whose in letters if mails[kind, whose] > 1],
        stray=ask(settings, STRAY)[0][0],
        unsent=unsent,
        withheld=dict(withheld),
        submitted_twice=again,
        open=ask(settings, OPEN)[0][0],
        parked=ask(settings, "SELECT count(*) FROM bus.delivery WHERE parked_at IS NOT NULL")[0][0],
        jobs={
            name: (runs, failures) for name, runs, failures in ask(settings, "SELECT name, runs, failures FROM bus.job")
        },
    )


def _gaps(references: list[str]) -> list[str]:
    series: dict[str, set[int]] = defaultdict(set)
    for reference in references:
        begin, _, number = reference.rpartition("-")
        series[begin].add(int(number))
    return [
        f"{begin}-{number:04d}"
        for begin, numbers in series.items()
        for number in sorted(numbers ^ set(range(1, len(numbers) + 1)))
    ]
