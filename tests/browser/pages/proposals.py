"""The page on which a guest puts a reply in force that came by plain mail or by calendar, in every state."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page as Tab

from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.usecases import proposals
from services.rsvp.usecases.proposals import Proposed
from shared.clock import now
from shared.db import Role
from shared.ids import new_id
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.events import a_guest, an_event

FROM_THE_SUMMARY = ("focus fell out of the page",)
"""The walk begins at the summary, which took the focus, and so comes to the page's end."""
LONG = "Vi kommer två, en är vegetarian.\n\n" + "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau " * 8


def pages(world: World) -> dict[str, Page]:
    """One proposal for each state that somebody may find."""
    moment = now()
    with world.transaction(Role.RSVP) as session:
        open_one, cancelled = an_event(session), an_event(session, state="cancelled")

        def proposed(event=open_one, **what: Any):
            known = {"via": "mail", "sender": "gunilla.gast@skola.krokom.example", "text": LONG, "reason": "mail"}
            guest = a_guest(session, event)
            one = Proposed(**known | {"inbound_email_id": new_id()} | what)
            return guest, proposals.propose(session, guest, one, moment=moment)

        yes = proposed(answer=Answer.YES, party_size=2, diet="vegetarian")[1].id
        no = proposed(answer=Answer.NO, text="kan tyvärr inte")[1].id
        calendar = proposed(via="calendar", answer=Answer.MAYBE, text="", reason="older-time")[1].id
        unclear = proposed(text="Finns det parkering?", reason="not-understood")[1].id
        taken, dropped = proposed(answer=Answer.YES)[1].id, proposed(answer=Answer.YES)[1].id
        how: dict[str, Any] = {"actor": "guest", "actor_kind": ActorKind.GUEST, "moment": moment}
        proposals.take(session, taken, **how)
        proposals.drop(session, dropped, **how)
        guest, outdated = proposed(answer=Answer.YES)
        guest.replied_at = now()
        closed = proposed(cancelled, answer=Answer.YES)[1].id
        outdated_id = outdated.id
    signer = world.settings.signer

    def at(proposal_id: object) -> str:
        return f"/svar/forslag/{links.id_token(signer, links.PROPOSAL, proposal_id)}"

    return {
        "yes": Page(at(yes)),
        "yes, faults": Page(at(yes), prepare=_send_wrong, excused=FROM_THE_SUMMARY),
        "no": Page(at(no)),
        "by calendar": Page(at(calendar)),
        "unclear": Page(at(unclear)),
        "taken": Page(at(taken)),
        "dropped": Page(at(dropped)),
        "outdated": Page(at(outdated_id)),
        "closed": Page(at(closed)),
        "wrong link": Page("/svar/forslag/" + "a" * 58, status=404),
    }


def _send_wrong(tab: Tab) -> None:
    tab.locator("#party_size").fill("många")
    tab.locator("#diet").fill("1 vegan")
    tab.locator("form.narrow button").click()
    tab.locator(".ds-error-summary").wait_for()
