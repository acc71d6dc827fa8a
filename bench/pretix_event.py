"""Run by pretix' own Python: an organiser, an event with two free items (few seats, and many), and a token.

``python -m bench.rsvp_rush`` starts it in the environment that it made for pretix; it prints token and item numbers.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pretix.settings")
django.setup()

from django_scopes import scopes_disabled  # noqa: E402 - Django is set up first
from pretix.base.models import Event, Organizer, Team  # noqa: E402

ORGANISER, EVENT = "bench", "rush"
AMPLE = 1_000_000


@scopes_disabled()
def main(seats: int) -> None:
    """Make them, and print the token, the number of the item with so many seats, and that of the ample one."""
    organiser = Organizer.objects.create(name="Bench", slug=ORGANISER)
    team = Team.objects.create(organizer=organiser, name="API", all_events=True, **_rights())
    token = team.tokens.create(name="bench")
    event = Event.objects.create(
        organizer=organiser,
        name="Rush",
        slug=EVENT,
        currency="EUR",
        live=True,
        date_from=datetime(2030, 1, 1, 9, tzinfo=UTC),
        plugins="",
    )
    event.settings.timezone = "Europe/Stockholm"
    items = []
    for name, size in (("Few", seats), ("Ample", AMPLE)):
        item = event.items.create(name=name, default_price=0, admission=True)
        event.quotas.create(name=name, size=size).items.add(item)
        items.append(item.pk)
    print(token.token, *items)


def _rights() -> dict[str, bool]:
    """Every right that this version's teams have, by whichever names."""
    fields = {field.name for field in Team._meta.get_fields()}
    wanted = {"all_event_permissions", "all_organizer_permissions"} & fields
    return dict.fromkeys(wanted or {name for name in fields if name.startswith("can_")}, True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
