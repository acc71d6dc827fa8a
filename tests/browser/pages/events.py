"""Events as everybody sees them, in a frame, and a guest's own page, in every state."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page as Tab

from services.rsvp.store.day_tables import Summary
from services.rsvp.store.tables import Sluice
from services.rsvp.usecases.register_openly import Receipt
from services.rsvp.web.public import registration
from services.rsvp.web.public.event_page import OWN
from shared.clock import now
from shared.db import Role
from shared.web import links
from tests.browser.look import WHOLE
from tests.browser.pages import Page, World
from tests.support.events import a_guest, a_sluice, a_tour, an_event

UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
TEXT = f"""Vi möts i **tre timmar** och lämnar med idéer som någon tar vidare.

- Inga förberedelser
- Alla får plats i samtalet

#### Vem är det för?
Du som arbetar i kommunen, eller bara bor här. Läs mer på [vår sida](https://krokom.example/kreativa). {UNBROKEN}
"""
PROGRAMME = "08.30 Fika\n09.00 Vi börjar\n11.30 Vad tar vi vidare?"
QUESTIONS = [
    {
        "id": "buss",
        "kind": "choice",
        "required": True,
        "label": {"sv": "Hur tar du dig hit?", "en": "How do you get here?"},
        "options": {"sv": ["Buss", "Bil", "Cykel"], "en": ["Bus", "Car", "Bike"]},
    },
    {"id": "tolk", "kind": "yes_no", "label": {"sv": "Behöver du tolk?", "en": "Do you need an interpreter?"}},
]
ALIKE = frozenset(
    {
        "events, one municipality",
        "event, full",
        "event, late",
        "event, invited only",
        "closed event in a frame",
        "receipt, coming",
        "receipt, declined",
        "reply, declined",
        "reply, late",
        "reply, held",
        "reply, wrong link",
    }
)


def pages(world: World) -> dict[str, Page]:
    """A tour, events in all their states, and guests wherever a reply can take them."""
    signer, moment = world.settings.signer, now()
    words = {"sv": TEXT, "en": TEXT}
    with world.transaction(Role.RSVP) as session:
        for slug, name in (("krokom", "Krokoms kommun"), ("berg", "Bergs kommun"), ("ragunda", "Ragunda kommun")):
            a_sluice(session, slug, name=name)
            session.get_one(Sluice, slug).name = name
        tour = a_tour(session, slug="kalasturne", text=words)
        stops = [
            an_event(
                session,
                slug=f"kalas-{host}",
                sluice_slug=host,
                tour_id=tour.id,
                position=number,
                title=tour.title,
                text=words,
                programme={"sv": PROGRAMME, "en": PROGRAMME},
                starts_at=moment + timedelta(days=days),
                ends_at=moment + timedelta(days=days, hours=3),
                reply_by=moment + timedelta(days=days - 2),
            )
            for number, (host, days) in enumerate((("berg", -6), ("krokom", 7), ("ragunda", 9)))
        ]
        been, event, _ = stops
        been.state = "held"
        event.questions, event.map_url = QUESTIONS, "https://karta.example/kulturhuset"
        session.add(Summary(event_id=been.id, text=words, written_by="anna", updated_at=moment, published_at=moment))
        full = an_event(session, slug="fullsatt", capacity=3, online_url="https://mote.example/abc", contacts=2)
        cancelled = an_event(session, slug="installd", state="cancelled", cancelled_reason="Snöoväder på vägarna.")
        invited_only = an_event(session, slug="bara-inbjudna", is_open=False, place="", address="", fika={})
        late = an_event(session, slug="for-sent", reply_by=moment - timedelta(hours=1))
        guests = {
            "invited": a_guest(session, event),
            "coming": a_guest(
                session,
                full,
                answer="yes",
                state="coming",
                party_size=3,
                party=[{"name": "Bo Berg", "diet": "Nötter"}],
                arrival=1,
            ),
            "waiting": a_guest(session, full, answer="yes", state="waiting", party_size=2, arrival=3, passed=1),
            "offered": a_guest(
                session, full, answer="yes", state="offered", arrival=2, offer_ends_at=moment + timedelta(hours=20)
            ),
            "declined": a_guest(session, event, answer="no", state="declined"),
            "late": a_guest(session, late, answer="maybe", state="maybe"),
            "cancelled": a_guest(session, cancelled, answer="yes", state="coming", arrival=1),
            "held": a_guest(session, been, answer="yes", state="coming", arrival=1),
        }
        invited_only_slug = invited_only.slug
        session.flush()
        receipts = {
            receipt.state: registration.receipt_address(signer, OWN, event, receipt)
            for receipt in (
                Receipt("coming", 2),
                Receipt("waiting", 2, 3, 7),
                Receipt("declined", 1),
                Receipt("mail", 1),
            )
        }
    reply = {name: f"/svar/{links.id_token(signer, links.REPLY, guest.id)}" for name, guest in guests.items()}
    framed = {"excused": ("not one header",)}  # the site around it has its own
    found = {
        "events": Page("/traffar/"),
        "events, one municipality": Page("/traffar/?kommun=berg"),
        "tour": Page("/traffar/kalasturne"),
        "event": Page("/traffar/kalas-krokom"),
        "event, faults": Page("/traffar/kalas-krokom", prepare=_send_wrong),
        "event, full": Page("/traffar/fullsatt"),
        "event, cancelled": Page("/traffar/installd"),
        "event, invited only": Page(f"/traffar/{invited_only_slug}"),
        "event, late": Page("/traffar/for-sent"),
        "event, held": Page("/traffar/kalas-berg"),
        "event, none": Page("/traffar/finns-inte", status=404),
        "event in a frame": Page("/embed/traff/kalas-krokom", **framed),
        "closed event in a frame": Page("/embed/traff/installd", **framed),
        "receipt in a frame": Page(receipts["waiting"].replace("/traffar/", "/embed/traff/"), **framed),
        **{f"receipt, {state}": Page(address) for state, address in receipts.items()},
        **{f"reply, {name}": Page(address) for name, address in reply.items()},
        "reply, faults": Page(reply["invited"], prepare=_send_wrong),
        "reply, wrong link": Page("/svar/" + "a" * 58, status=404),
    }
    # What differs from another by a sentence alone is looked at by `make pages`.
    return {name: page for name, page in found.items() if WHOLE or name not in ALIKE}


def _send_wrong(tab: Tab) -> None:
    tab.locator("#answer-yes").check()
    tab.locator("#party_size").fill("många")
    tab.locator("#comment").fill(UNBROKEN)
    tab.locator("form.reply-form").evaluate("one => one.submit()")  # as without scripts
    tab.locator(".ds-error-summary").wait_for()
