"""After an event: its summary as it is written and asked for, what guests thought, erasure, and a tour's figures."""

from __future__ import annotations

from datetime import timedelta

from services.rsvp.store.day_tables import CaughtIdea, Feedback, Summary, SummaryReader
from shared.clock import now
from shared.db import Role
from shared.ids import new_id
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.events import a_guest, a_tour, an_event

FROM_THE_SUMMARY = ("focus fell out of the page",)
"""What is told takes focus in the middle of the page: the Tab key comes past its end, and round to its beginning."""
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
TEXT = f"## Vi började med vardagen\n\nTre saker återkom **hela tiden**:\n\n- {LONG}\n- Cykla mer\n\n> Så gör vi."


def pages(world: World) -> dict[str, Page]:
    ended = now() - timedelta(days=2)
    times = {"starts_at": ended - timedelta(hours=4), "ends_at": ended, "state": "held"}
    with world.transaction(Role.RSVP) as session:
        tour = a_tour(session, slug="kalas")
        a_tour(session, slug="tom-turne")
        told = an_event(session, slug="berattad", tour_id=tour.id, **times)
        fresh = an_event(session, slug="nyss", themes=["Cykla"], tour_id=tour.id, position=1, **times)
        ahead = an_event(session, slug="kommande", languages=["sv"])
        mailed = an_event(session, slug="mejlad", languages=["sv"], **times)
        for number, words in enumerate(("Elcyklar som hemtjänsten delar på.", LONG, "Öppet *bibliotek*")):
            session.add(
                CaughtIdea(
                    id=new_id(),
                    event_id=fresh.id,
                    key=f"k{number}",
                    title=words[:20],
                    text=words,
                    theme="" if number else "Cykla",
                    language="sv",
                    reference="KRO-2026-0042",
                    at=now(),
                )
            )
        for event in (told, mailed):
            session.add(
                Summary(
                    event_id=event.id,
                    text={"sv": TEXT, "en": TEXT},
                    written_by="kim@krokom.example",
                    updated_at=now(),
                    published_at=now(),
                )
            )
        came = {"state": "coming", "answer": "yes", "came": 1}
        guests = [a_guest(session, told, **came) for _ in range(4)]
        for rating, words, guest in ((5, "Mer tid för samtal.", guests[0]), (2, LONG, guests[1]), (4, "", guests[2])):
            session.add(Feedback(guest_id=guest.id, event_id=told.id, rating=rating, text=words, at=now()))
        seated = a_guest(session, ahead, state="coming", answer="yes")
        gone = a_guest(session, ahead, state="declined", name="", address=None, anonymised_at=now())
        moments = [(None, None), (now(), None), (now(), now())]
        readers = [
            SummaryReader(
                id=new_id(),
                event_id=told.id,
                address=f"las{number}@example.org",
                address_key=f"las{number}@example.org",
                language="sv",
                confirmed_at=confirmed,
                stopped_at=stopped,
            )
            for number, (confirmed, stopped) in enumerate(moments)
        ]
        session.add_all(readers)
        session.flush()
        identities = [reader.id for reader in readers]
        said, unsaid, seated_id, gone_id = guests[0].id, guests[3].id, seated.id, gone.id
    kim = world.signed_in("contact:krokom")

    def path(address: str) -> str:
        return address.removeprefix(world.origin)

    def page(slug: str) -> str:
        return f"/kontakt/traffar/{slug}/summering"

    wishes = [path(links.summary_reader_url(world.settings, identity)) for identity in identities]
    feedback = [path(links.feedback_url(world.settings, identity)) for identity in (said, unsaid, seated_id)]
    erase = [path(links.reply_url(world.settings, identity)) + "/radera" for identity in (seated_id, gone_id)]
    return {
        "summary, published": Page(page("berattad"), kim),
        "summary, proposed": Page(page("nyss"), kim),
        "summary, preview": Page(page("nyss"), kim, prepare=_press("preview"), excused=FROM_THE_SUMMARY),
        "summary, faults": Page(page("nyss"), kim, prepare=_too_long, excused=FROM_THE_SUMMARY),
        "summary, late": Page(page("berattad"), kim, prepare=_late, excused=FROM_THE_SUMMARY),
        "summary, before the event": Page(page("kommande"), kim),
        "summary, mailed": Page(page("mejlad"), kim, prepare=_mailed),
        "want": Page("/traffar/kommande/summering"),
        "want, sent": Page("/traffar/kommande/summering?skickat=mejl"),
        "want, faults": Page("/traffar/kommande/summering", prepare=_wrong_address, excused=FROM_THE_SUMMARY),
        "want, no such event": Page("/traffar/ingen/summering", status=404),
        "wish": Page(wishes[0]),
        "wish, confirmed": Page(wishes[1]),
        "wish, stopped": Page(wishes[2]),
        "feedback": Page(feedback[1]),
        "feedback, given": Page(f"{feedback[0]}?sparat=svar"),
        "feedback, faults": Page(feedback[1], prepare=_no_rating, excused=FROM_THE_SUMMARY),
        "feedback, too early": Page(feedback[2]),
        "erase": Page(erase[0]),
        "erase, done": Page(erase[1]),
        "figures": Page("/kontakt/traffar/turne/kalas/siffror", kim),
        "figures, no stops": Page("/kontakt/traffar/turne/tom-turne/siffror", kim),
    }


def _press(do: str):
    def prepare(tab) -> None:
        tab.locator(f"button[value={do}]").click()
        tab.wait_for_load_state()

    return prepare


def _too_long(tab) -> None:
    tab.locator("#text-sv").fill("Långt. " * 6_000)
    tab.locator("button[value=save]").click()
    tab.locator(".ds-error-summary").wait_for()


def _late(tab) -> None:
    tab.locator("form:has(#text-sv) input[name=version]").evaluate("field => { field.value = '0' }")
    tab.locator("button[value=save]").click()
    tab.locator(".alarm").wait_for()


def _mailed(tab) -> None:
    button = tab.locator("form[action*='/mejla?'] button")
    if button.count():
        button.click()
        tab.wait_for_load_state()


def _wrong_address(tab) -> None:
    tab.locator("#address").fill("ada@")
    tab.locator("form:has(#address) button").click()
    tab.locator(".ds-error-summary").wait_for()


def _no_rating(tab) -> None:
    tab.locator("form:has(#rating) button").click()
    tab.locator(".ds-error-summary").wait_for()
