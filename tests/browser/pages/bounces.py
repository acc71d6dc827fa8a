"""The pages of suppressed addresses and of messages that did not arrive."""

from __future__ import annotations

from datetime import timedelta

from services.notify.store.tables import Notification
from services.notify.usecases import suppress
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew
from shared.clock import now
from shared.contracts.registry import COMPLAINT, DELIVERY_REPORT, IDEA_ANSWERED, IDEA_RECEIVED
from shared.web import links
from tests.browser.pages import Page, World
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.relays import ScriptedRelay

LIST = "/kontakt/drift/sparrar"
LONG = "asa.margareta.oberg-lindstrom.hemtjansten.nalden@langtnamn.krokom.example"
LINE = (
    "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
    "recipient's email address for typos or unnecessary spaces. For more information, go to "
    "https://support.mail.example/mail/?p=NoSuchUserDonaudampfschifffahrtselektrizitaetenhauptbetriebswerk 550 5.1.1"
)


def pages(world: World) -> dict[str, Page]:
    """Suppressions of every cause, and messages in every state in which they did not arrive."""
    with ScriptedRelay().listening() as relay, worker(world.settings, relay.port) as notify:
        paths = _fill(notify)
    boss = world.signed_in("administrator")
    return {name: Page(path, boss, status=404 if name.endswith("wrong link") else 200) for name, path in paths.items()}


def _fill(notify: Notify) -> dict[str, str]:
    """A message for every state of the page, and an entry for every cause; each page's path by name."""
    answer = _answer(notify, "asa@invanare.example")
    _report(notify, answer)
    long = _answer(notify, LONG, title="Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på " * 2)
    _report(notify, long, line=LINE)
    full = _answer(notify, "bo@invanare.example")
    _report(notify, full, **told.FULL, line="552 5.2.2 Mailbox full")
    anew = _answer(notify, "fel@invanare.example")
    _report(notify, anew)
    _anew(notify, anew, "ratt@invanare.example")
    again = _answer(notify, "nils@invanare.example")
    _report(notify, again, **told.FULL)
    _report(notify, _anew(notify, again, None))
    arrived = _answer(notify, "sen@invanare.example")
    _report(notify, arrived, **told.FULL)
    _report(notify, arrived, **told.DELIVERED)
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[], submitter=facts.person("arg@invanare.example")))
    notify.ring_all(due=True)
    notify.tell(COMPLAINT, told.complaint(notify.notifications()[-1].id))
    notify.ring_all(due=True)
    with notify.database.transaction() as open_:
        given = {"actor": "anna", "reason": "Bad om att slippa, ringde den 3 november", "moment": now()}
        suppress.by_hand(open_, "slipper@invanare.example", expires_at=None, **given)
        over = suppress.by_hand(open_, LONG, expires_at=now() + timedelta(days=400), **given)
        suppress.release(open_, over.id, actor="anna", reason="Fel person", moment=now())
    return {
        "suppressions": LIST,
        "suppressions, all": f"{LIST}?alla=1",
        "suppressions, none found": f"{LIST}?sok=finns.inte",
        "undelivered, answer": _path(notify, answer),
        "undelivered, long": _path(notify, long),
        "undelivered, full mailbox": _path(notify, full),
        "undelivered, sent anew": _path(notify, anew),
        "undelivered, failed again": _path(notify, again),
        "undelivered, arrived": _path(notify, arrived),
        "undelivered, wrong link": "/kontakt/meddelande/wrong",
    }


def _answer(notify: Notify, address: str, title: str = "Cykelpump vid busstorget") -> Notification:
    payload = facts.idea_answered(submitter=facts.person(address), idea=facts.idea(title=title))
    notify.tell(IDEA_ANSWERED, payload)
    notify.ring_all(due=True)
    return next(each for each in reversed(notify.notifications()) if each.recipient_address == address)


def _report(notify: Notify, row: Notification, **changes: object) -> None:
    notify.tell(DELIVERY_REPORT, told.report(row.id, row.recipient_address, **changes))
    notify.ring_all(due=True)


def _anew(notify: Notify, row: Notification, address: str | None) -> Notification:
    with notify.database.transaction() as open_:
        made = SendAnew(QueueMessage(notify.settings))(open_, row.id, address=address, actor=None)
    notify.ring_all(due=True)
    return made


def _path(notify: Notify, row: Notification) -> str:
    return f"/kontakt/meddelande/{links.undelivered_token(notify.settings.signer, row.id)}"
