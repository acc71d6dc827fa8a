"""The administrators' pages of queues and messages, with messages in every state."""

from __future__ import annotations

from sqlalchemy import text

from services.notify.domain.kinds import Kind
from services.notify.store.tables import Notification
from tests.browser.pages import Page, World
from tests.support.outgoing import Outgoing, in_every_state, message
from tests.support.pages import PAYLOADS

START = "/kontakt/drift/"
LOG = "/kontakt/drift/utskick"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def pages(world: World) -> dict[str, Page]:
    """Queues with something parked, and messages sent, refused, waiting, long and hostile."""
    made = Outgoing(world.settings)
    with made.database.transaction() as asked:
        asked.execute(text("UPDATE bus.delivery SET done_at = now() WHERE consumer = 'notify'"))
    found = in_every_state(made)
    long = made.ask(
        f"{UNBROKEN.encode('ascii', 'ignore').decode()[:60]}@{'langdoman-' * 5}exempel.example",
        name=f"Åsa Margareta {UNBROKEN}",
    )
    for _ in range(3):
        made.put_off(long)
    made.refused(long, f"550 5.7.1 {UNBROKEN * 4}")
    made.ask(name=PAYLOADS[0], facts=message(subject=PAYLOADS[1], text=PAYLOADS[2]), kind=Kind.MESSAGE)
    grey = made.ask("grey@invanare.example")
    with made.database.transaction() as asked:
        duty = asked.get_one(Notification, grey).due_message_id
        asked.execute(
            text(
                "UPDATE bus.delivery SET attempts = 3, last_error = :error, due_at = now() + interval '9 min',"
                " next_try = now() + interval '9 min' WHERE message_id = :id"
            ),
            {"id": duty, "error": f"451 4.7.1 {UNBROKEN * 3}"},
        )
        asked.execute(
            text("UPDATE notify.notification SET due_at = now() - interval '3 h' WHERE id = :id"), {"id": grey}
        )
    boss = world.signed_in("administrator")
    return {
        "sign in": Page(f"{START}in?next={LOG}"),
        "queues": Page(START, boss),
        "log": Page(LOG, boss),
        "log, nothing": Page(f"{LOG}?q=nobody@invanare.example", boss),
        "message, sent": Page(f"{LOG}/{found['sent']}", boss),
        "message, refused": Page(f"{LOG}/{long}", boss),
        "message, waiting": Page(f"{LOG}/{found['tomorrow']}", boss),
        "sms": Page(f"{LOG}/{found['sms']}", boss),
    }
