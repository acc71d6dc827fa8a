"""The pages of webhooks: in every state, and none yet."""

from __future__ import annotations

from dataclasses import replace

from services.notify.domain.webhook import Event, Format, Happened
from services.notify.usecases import fan_out
from tests.browser.pages import Page, World
from tests.support.ports import free_port
from tests.support.receivers import OK, Receiver, answer
from tests.support.webhooks import LOOPBACK, Webhooks, webhooks

START = "/kontakt/drift/webhookar"
LONG = "Utvecklingsenhetens gemensamma chattkanal för idéer från medarbetare och invånare i hela kommunen"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def pages(world: World) -> dict[str, Page]:
    """Webhooks that work, fail, are paused and gone."""
    settings = replace(world.settings, webhook_networks=LOOPBACK)
    with Receiver().listening() as receiver, webhooks(settings) as notify:
        paths = _fill(notify, receiver)
    boss = world.signed_in("administrator")
    return {name: Page(path, boss) for name, path in paths.items()}


def _fill(notify: Webhooks, receiver: Receiver) -> dict[str, str]:
    """Webhooks in every state; each page's path by name."""
    works = notify.add(receiver.port, name=LONG, format=Format.STANDARD)
    paused = notify.add(receiver.port, name="Mattermost på kansliet", format=Format.MATTERMOST, sluice_slug="krokom")
    fails = notify.add(free_port(), name=UNBROKEN, format=Format.SLACK, language="en")
    fresh = notify.add(receiver.port, name="Teams", format=Format.TEAMS, events=[Event.IDEA_ANSWERED])
    gone = notify.add(receiver.port, name="Gamla chatten", format=Format.SLACK, events=[Event.NOTIFICATION_SENT])
    notify.endpoints.pause(paused.id, "anna")
    for number in range(1, 4):
        receiver.reply = OK if number < 3 else answer("500 Internal Server Error", f"<h1>{UNBROKEN}</h1>".encode())
        _happen(notify, Event.IDEA_RECEIVED, number)
        notify.ring_all()
    notify.endpoints.replay(works.id, notify.of(works)[0].id, "anna")
    receiver.reply = answer("410 Gone")
    _happen(notify, Event.NOTIFICATION_SENT, 9)
    for each in [one for one in notify.notifications() if one.recipient_address == str(gone.id)]:
        notify.inbox.run(each.due_message_id)
    receiver.reply = OK
    return {
        "list": START,
        "new": f"{START}/ny",
        "works": f"{START}/{works.id}",
        "paused": f"{START}/{paused.id}",
        "fails": f"{START}/{fails.id}",
        "fresh": f"{START}/{fresh.id}?done=created",
        "gone": f"{START}/{gone.id}",
        "change": f"{START}/{works.id}/andra",
        "delete": f"{START}/{paused.id}/radera",
    }


def _happen(notify: Webhooks, event: Event, number: int) -> None:
    reference = f"KRO-2026-{number:04}"
    data = {"reference": reference, "sluice": "krokom", "path": f"/kontakt/ide/{reference}"}
    with notify.database.transaction() as asked:
        fan_out.fan_out(asked, Happened(event, "krokom", data, f"{event}:{number}"), notify.time())
