"""The guests' desk: lists, single guests, invitations on their way, drafts with faults, address books."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from playwright.sync_api import Page as Tab
from sqlalchemy.orm import Session

from services.rsvp.domain.list_text import rows_of
from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.store.guest_tables import Guest, Proposal
from services.rsvp.store.tables import Event
from services.rsvp.usecases import address_books, import_list, invite, mail_many
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from shared.clock import now
from shared.db import Role
from shared.ids import new_id
from shared.viewer import Viewer
from tests.browser.pages import Page, World
from tests.support.events import a_guest, an_event

KIM = Viewer("kim@krokom.example", contact_of=frozenset({"krokom"}))
LONG = "Anna-Karin Elisabet von Överstekvarn-Österåkersson till Lillhärdalsvallen"
START = "/kontakt/traffar"
FROM_THE_SUMMARY = ("focus fell out of the page",)
"""The summary of faults has taken focus: who goes on from there comes to the page's end, and then to the browser's bar."""
FAULTY = """namn;e-post;arbetsplats;språk
Anna Andersson;anna.andersson@krokom.example;Bygg- och miljöförvaltningen;sv
Bo Åberg;bo.aberg@krokom;Skolan;sv
Ceci;ceci krokom.example
David;david@krokom.example;;engelska
David igen;DAVID@krokom.example
;no-reply@krokom.example
Utan adress;;Vård och omsorg
"""


def pages(world: World) -> dict[str, Page]:
    """Every page in every state."""
    who = world.signed_in("contact:krokom", name="kim@krokom.example")
    boss = world.signed_in("administrator")
    with world.transaction(Role.RSVP) as session:
        empty = an_event(session, slug="tom-traff")
        full = _full(session)
        going = _going(session, world)
        draft = import_list.draft_for_event(session, KIM, full.slug, "chefer-2026.csv", rows_of(FAULTY), moment=now())
        book, entry, bare = _books(session)
        waiting, told, silent = (_named(session, full, name) for name in ("Vera Väntar", LONG, "Tyst Gäst"))
    at, list_path = f"{START}/{full.slug}/gaster", f"{START}/{full.slug}/inbjudningar/lista"
    books = f"{START}/adressbocker"
    return {
        "guests": Page(at, cookies=who),
        "guests, none": Page(f"{START}/{empty.slug}/gaster", cookies=who),
        "guests, searched": Page(f"{at}?q=skolan", cookies=who),
        "guests, nothing found": Page(f"{at}?q=finnsinte", cookies=who),
        "guests, of somebody else": Page(at, cookies=world.signed_in("contact:berg"), status=404),
        "guest, waiting": Page(f"{at}/{waiting}", cookies=who),
        "guest, long and with a mail": Page(f"{at}/{told}", cookies=who),
        "guest, silent": Page(f"{at}/{silent}?gjort=added", cookies=who),
        "guest, new": Page(f"{at}/ny", cookies=who),
        "guest, new, faults": Page(f"{at}/ny", cookies=who, prepare=_press, excused=FROM_THE_SUMMARY),
        "guest, corrected": Page(f"{at}/{told}/ratta", cookies=who),
        "guest, answered for": Page(f"{at}/{told}/svar", cookies=who),
        "seats": Page(f"{at}/platser", cookies=who),
        "seats, foretold": Page(f"{at}/platser?capacity=40", cookies=who),
        "seats, no number": Page(f"{at}/platser?capacity=många", cookies=who, status=422, excused=FROM_THE_SUMMARY),
        "invitations": Page(f"{START}/{full.slug}/inbjudningar", cookies=who),
        "invitations, none": Page(f"{START}/{empty.slug}/inbjudningar", cookies=who),
        "invitations, on their way and stopped": Page(f"{START}/{going.slug}/inbjudningar", cookies=boss),
        "draft with faults": Page(f"{list_path}/{draft.id}", cookies=who),
        "books": Page(f"{books}/", cookies=who),
        "books, faults": Page(f"{books}/", cookies=boss, prepare=_press, excused=FROM_THE_SUMMARY),
        "book": Page(f"{books}/{book}", cookies=who),
        "book, empty": Page(f"{books}/{bare}?gjort=book_made", cookies=who),
        "book, person": Page(f"{books}/{book}/person/{entry}", cookies=who),
        "book, removed": Page(f"{books}/{book}/bort", cookies=who),
    }


def _press(tab: Tab) -> None:
    """Send the form as it is: empty."""
    tab.locator("main form .ds-button").last.click()
    tab.wait_for_selector(".ds-error-summary")


def _full(session: Session) -> Event:
    """An event with guests in every group, more than one page of those who come."""
    event = an_event(
        session,
        slug="full-traff",
        capacity=30,
        is_open=True,
        questions=[{"id": "buss", "kind": "yes_no", "label": {"sv": "Tar du bussen?", "en": "By bus?"}}],
    )

    def answers(name: str, given: GivenReply, **changes: object) -> Guest:
        guest = a_guest(session, event, name=name, **changes)
        actor = {"actor": name, "actor_kind": ActorKind.GUEST, "moment": now()}
        record_reply(session, guest.id, given, **actor)  # type: ignore[arg-type]
        return guest

    others = [{"name": "Bo Åberg", "diet": "gluten"}, {"name": "Eva", "diet": ""}]
    kept = {"buss": {"question": "Tar du bussen?", "answer": "yes", "kind": "yes_no", "language": "sv"}}
    told = answers(
        LONG,
        GivenReply(Answer.YES, 3, others, "vegetarian, och helst inget med nötter", kept, "Vi kommer lite sent."),
        organisation="Samhällsbyggnadsförvaltningen i Krokoms kommun",
        unreached="recipient-gone",
    )
    for number in range(27):
        answers(f"Gäst {number:02}", GivenReply(Answer.YES), organisation="Skolan" if number % 3 else "")
    answers("Vera Väntar", GivenReply(Answer.YES, 4, wants_at_once=False))
    answers("Viktor Väntar", GivenReply(Answer.YES))
    answers("Kanske Karlsson", GivenReply(Answer.MAYBE))
    answers("Nej Nilsson", GivenReply(Answer.NO))
    a_guest(session, event, name="Tyst Gäst", invitations=2, last_invited_at=now() - timedelta(days=3))
    a_guest(session, event, name="", address="ny@krokom.example", invited_at=None)
    session.add(
        Proposal(
            id=new_id(),
            guest_id=told.id,
            via="mail",
            sender=told.address,
            text="Hej! Vi blir bara två, Eva är sjuk.\nHälsningar Anna-Karin",
            answer="yes",
            party_size=2,
            reason="by-mail",
            at=now() + timedelta(seconds=1),
            state="open",
        )
    )
    return event


def _going(session: Session, world: World) -> Event:
    """An event whose invitations are on their way, whose reminder is stopped, and whose change is told."""
    event = an_event(session, slug="pa-vag", sluice_slug="are")
    people = [
        {"name": f"Gäst {n}", "address": f"g{n}@x.example", "organisation": "", "language": "sv"} for n in range(240)
    ]
    invite.put_on_list(session, event, people, actor="kim", moment=now(), via="alla.csv")
    for number in range(3):
        a_guest(session, event, name=f"Tidig {number}")
    again = mail_many.start_mailing(session, event, "again", key="1", actor="kim@krokom.example", moment=now())
    mail_many.stop_mailing(session, again, actor="kim@krokom.example", moment=now())
    told = mail_many.start_mailing(session, event, "changed", key="1", actor="", moment=now())
    mail_many.MailMany(world.settings)(session, {"mailing_id": told.id, "after": None})
    going = mail_many.start_mailing(session, event, "invitation", key="1", actor="kim@krokom.example", moment=now())
    mail_many.MailMany(world.settings)(session, {"mailing_id": going.id, "after": None})
    return event


def _books(session: Session) -> tuple[UUID, UUID, UUID]:
    """A book with people, one of them, and an empty book."""
    book = address_books.make_book(session, KIM, "krokom", "Chefer i Krokoms kommun")
    bare = address_books.make_book(session, KIM, "krokom", "Föreningar")
    session.flush()
    people = [
        {"name": f"Chef {n:02}", "address": f"chef{n}@krokom.example", "organisation": "Skolan", "language": "sv"}
        for n in range(15)
    ]
    address_books.put_into_book(session, book, people)
    fields = {"name": LONG, "address": "anna@krokom.example", "organisation": "Omsorgen", "language": "sv"}
    entry = address_books.keep_entry(session, KIM, book.id, None, fields)
    return book.id, entry.id, bare.id


def _named(session: Session, event: Event, name: str) -> UUID:
    found = session.query(Guest.id).where(Guest.event_id == event.id, Guest.name == name).one()
    identity: UUID = found[0]
    return identity
