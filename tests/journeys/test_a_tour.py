"""Tours and events as their promises say: planned, invited to, answered in every way, held, and told of afterwards.

All of it through the real ports of one running suite. Each journey has stops of its own, so that they may be read one
by one. Only time is not waited for: reminders get a clock of the test's own, and the day comes by moving the event.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests
import vobject
from icalendar import Calendar

from services.rsvp.usecases.remind import RemindGuests
from shared.clock import STOCKHOLM, now
from shared.db import Database, Role, conninfo, embedded_url
from shared.settings import Settings
from shared.web.antibot import SHORTEST
from shared.working_days import is_working_day
from tests.journeys.test_web_promises import heard, link_in, reply_address, signed_in, vouched
from tests.support.bulk import settings_of
from tests.support.calendar_mails import Pressed, apple, google, has_calendar, invitation_in, outlook, vouched_for
from tests.support.running import Suite, letter
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

CONTACT = "kontakt@krokom.example"
START = "/kontakt/traffar/"
SECONDS = 30
UNDONE = """
    SELECT count(*) FROM bus.delivery
    WHERE done_at IS NULL AND parked_at IS NULL AND next_try < now() + interval '5 seconds'
"""

REPLIES = "SELECT inbound_email_id, outcome, coalesce(reason, '') FROM rsvp.calendar_reply"


@dataclass(frozen=True)
class Desk:
    """The suite, its database as the test's own clock needs it, and a contact who is signed in."""

    suite: Suite
    settings: Settings
    contact: Visitor

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a query, or none where it gives none."""
        with psycopg.connect(conninfo(embedded_url(self.settings))) as connection:
            answer = connection.execute(query, values)
            return answer.fetchall() if answer.description else []

    def settle(self) -> None:
        """Wait until nothing is on its way between services, so that "one mail" can be counted."""
        wait_until(lambda: self.ask(UNDONE)[0][0] == 0, SECONDS, every=0.1)

    def guests(self, slug: str) -> dict[str, tuple[str, int]]:
        """Everybody's state and number, by the part before the @ of their address."""
        found = self.suite.api(f"/api/rsvp/v1/events/{slug}/replies", params={"limit": "200"})["items"]
        return {guest["email"].partition("@")[0]: (guest["state"], guest["party_size"]) for guest in found}

    def state(self, slug: str, who: str, state: str) -> None:
        """Wait until a guest is in that state."""

        def is_there() -> bool:
            return self.guests(slug)[who][0] == state

        is_there.__name__ = f"{who} is {state}"
        wait_until(is_there, SECONDS, every=0.1)

    def mails(self, address: str, subject: str) -> list[dict[str, Any]]:
        """Mails to an address whose subject begins so, oldest first."""
        found = [mail for mail in self.suite.caught_to(address) if mail["Subject"].startswith(subject)]
        return found[::-1]

    def mail(self, address: str, subject: str, number: int = 1) -> dict[str, Any]:
        """The so-many-th of them, once it has come."""

        def has_come() -> list[dict[str, Any]]:
            return self.mails(address, subject)[number - 1 :]

        has_come.__name__ = f"{address} gets {subject!r}, number {number}"
        return wait_until(has_come, SECONDS, every=0.1)[0]

    def raw(self, mail: dict[str, Any]) -> bytes:
        return requests.get(f"{self.suite.url}/mailbox/api/v1/message/{mail['ID']}/raw", timeout=10).content

    def publish(self, slug: str, place: str) -> None:
        """Fill in where a draft is, and publish it."""
        edited = self.contact.send(self.contact.see(f"{START}{slug}/redigera"), "/redigera", place=place)
        assert "sparat=changed" in edited.url
        assert "sparat=published" in self.contact.send(self.contact.see(f"{START}{slug}/"), "/publicera").url

    def invite(self, slug: str, rows: str, number: int) -> None:
        """Read a list in, take what is right in it, and send the invitations."""
        page = self.contact.see(f"{START}{slug}/inbjudningar")
        draft = self.contact.send(page, "/inbjudningar/lista", list=rows)
        assert not self.guests(slug), "nothing is read in before somebody has looked"
        taken = self.contact.send(draft, "/ta")
        assert len(self.guests(slug)) == number
        assert "gjort=sending" in self.contact.send(taken, "/inbjudningar/skicka").url


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    hour = now().astimezone(STOCKHOLM).hour
    quiet = f"{(hour + 12) % 24}-{(hour + 13) % 24}"  # far from now: reminders wait for quiet hours to end
    environment = {"IDESLUSS_TRUSTED_AUTHSERV_IDS": "front.example", "IDESLUSS_QUIET_HOURS": quiet}
    running = Suite(tmp_path_factory.mktemp("suite"), environment).start()
    yield Desk(running, settings_of(running.data_dir), signed_in(running, CONTACT))
    assert running.stop() == 0


@pytest.fixture(scope="module")
def tour(desk: Desk) -> dict[str, str]:
    """A tour made from one plan; its stops' slugs by municipality. Berg is asked which half-day suits."""
    today = now().astimezone(STOCKHOLM).date()
    ahead = (today + timedelta(days=days) for days in range(20, 60))
    # After a working day: otherwise the reminder of the day is sent earlier.
    day = next(day for day in ahead if is_working_day(day) and is_working_day(day - timedelta(days=1)))
    page = desk.contact.send(
        desk.contact.see(f"{START}turne/ny"),
        "/turne/ny",
        **{"title-sv": "Provturné", "text-sv": "Vi kommer till dig.", "fika-sv": "Kaffe och bulle", "capacity": "5"},
        **{"stop-krokom": "yes", "stop-krokom-day": day.isoformat(), "stop-berg": "yes"},
        **{"p0-day": (day + timedelta(days=1)).isoformat(), "p1-day": (day + timedelta(days=2)).isoformat()},
    )
    assert (page.status, page.markup.count('class="route-stop')) == (200, 2)
    slugs = re.findall(rf'href="{START}([a-z-]+)/(?:\?[^"]*)?"', page.markup)
    return {name: next(slug for slug in slugs if slug.endswith(name)) for name in ("krokom", "berg")}


def test_a_stop_from_invitation_to_figures(desk: Desk, tour: dict[str, str]) -> None:
    suite, contact, slug = desk.suite, desk.contact, tour["krokom"]
    desk.publish(slug, "Folkets hus")
    assert "Folkets hus" in Visitor(suite.url).see(f"/traffar/{slug}").text

    people = {name: f"{name}@gaster.example" for name in ("asa", "olle", "gun", "ari", "vera")}
    rows = [f"{name.capitalize()};{address}" for name, address in people.items()]
    rows.insert(2, "Fel;fel-adress.example")
    page = contact.see(f"{START}{slug}/inbjudningar")
    draft = contact.send(page, "/inbjudningar/lista", list="\n".join(["Namn;E-post", *rows]))
    faulty = re.search(r"Rad </span>4</td>.*?fel-adress\.example.*?Adressen saknar @\.", draft.markup, re.DOTALL)
    assert faulty, "the row is told by its number, with what stands in it and what is wrong"
    assert not desk.guests(slug), "nothing is read in yet"
    taken = contact.send(draft, "/ta")
    assert set(desk.guests(slug)) == set(people)
    assert "gjort=sending" in contact.send(taken, "/inbjudningar/skicka").url
    links = {}
    for name, address in people.items():
        links[name] = link_in(desk.mail(address, "Inbjudan:"), "/svar/")
    assert len(set(links.values())) == len(people)

    # Looking is no answer, whoever looks, however often.
    for _ in range(10):
        assert requests.get(links["asa"], timeout=10).status_code == 200
    assert requests.head(links["asa"], timeout=10).status_code == 200
    assert desk.guests(slug)["asa"] == ("invited", 1)

    _answer(desk, links["asa"], answer="yes", party_size="3")
    asas = desk.mail(people["asa"], "Du har en plats:")
    assert "3 personer" in desk.mail(CONTACT, "Asa kommer:")["Text"]
    request, method, text = invitation_in(desk.raw(asas))
    assert method == "REQUEST"
    _same_to_both(text)
    for name in ("olle", "gun", "ari"):
        _answer(desk, links[name], answer="maybe")
    calendars = {
        name: invitation_in(desk.raw(desk.mail(people[name], "Du kommer kanske:")))[0]
        for name in ("olle", "gun", "ari")
    }
    olles, guns, aris = (Pressed(calendars[name], "ACCEPTED", people[name]) for name in ("olle", "gun", "ari"))
    accepted = outlook(olles)
    suite.send(accepted, olles.from_address, olles.organizer)
    desk.state(slug, "olle", "coming")

    # Google's form, from the address that somebody is signed in with: a question first, in force where vouched for.
    other = replace(guns, sender="gun.gast@mejl.example")
    suite.send(google(other), other.from_address, other.organizer)
    proposed = desk.mail(people["gun"], "Stämmer det här?")
    assert desk.guests(slug)["gun"][0] == "maybe"
    suite.send(vouched_for(google(other), "mejl.example"), other.from_address, other.organizer)
    desk.state(slug, "gun", "coming")
    overtaken = Visitor(suite.url).see(link_in(proposed, "/svar/forslag/"))
    assert not [form for form in overtaken.forms if "/forslag/" in form.action], "an overtaken question has no button"

    # Five seats are taken: Apple's yes waits, and is told where.
    suite.send(apple(aris), aris.from_address, aris.organizer)
    desk.state(slug, "ari", "waiting")
    waits = desk.mail(people["ari"], "Du står på väntelistan")
    assert "nummer 1" in waits["Text"]

    # Forged and repeated answers change nothing.
    before = desk.guests(slug)
    known = {row[0] for row in desk.ask(REPLIES)}
    declined = replace(olles, partstat="DECLINED")
    forged = [
        (replace(declined, sender="mallory@ond.example"), outlook),
        (replace(declined, attendee="mallory@ond.example"), google),
        (replace(declined, uid="traff-17@krokom.example"), outlook),
        (replace(guns, partstat="DECLINED", uid=str(olles.event["UID"]), sender=people["gun"]), google),
    ]
    for pressed, form in forged:
        suite.send(form(pressed), pressed.from_address, pressed.organizer)
    # What was sent before, sent again with another answer in it and a Message-ID of its own.
    stamp = desk.ask("SELECT calendar_told_at FROM rsvp.guest WHERE address = %s", people["olle"])[0][0]
    replayed = replace(declined, stamp=stamp)
    suite.send(outlook(replayed), replayed.from_address, replayed.organizer)
    suite.send(accepted, olles.from_address, olles.organizer)
    wait_until(lambda: len(desk.ask(REPLIES)) > len(known) + len(forged), SECONDS, every=0.1)
    desk.settle()
    outcomes = sorted(row[1:] for row in desk.ask(REPLIES) if row[0] not in known)
    assert outcomes == [
        ("proposed", "other-sender"),
        ("refused", "address"),
        ("refused", "attendee"),
        ("refused", "replay"),
        ("unknown", "uid"),
    ]
    assert desk.guests(slug) == before

    # One withdraws, the next moves up.
    _answer(desk, links["asa"], answer="no")
    desk.state(slug, "ari", "coming")
    seated, method, text = invitation_in(desk.raw(desk.mail(people["ari"], "Nu har du en plats:")))
    assert method == "REQUEST"
    assert seated.walk("VEVENT")[0]["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    _same_to_both(text)
    gone = desk.mail(people["asa"], "Du kommer inte:")
    cancelled, method, _ = invitation_in(desk.raw(gone))
    assert (method, cancelled.walk("VEVENT")[0]["UID"]) == ("CANCEL", request.walk("VEVENT")[0]["UID"])
    assert int(cancelled.walk("VEVENT")[0]["SEQUENCE"]) > int(request.walk("VEVENT")[0]["SEQUENCE"])
    order = [mail["ID"] for mail in suite.caught()]  # newest first
    assert order.index(gone["ID"]) < order.index(asas["ID"])

    # A plain mail is a proposal until somebody presses the button.
    to = reply_address(desk.mail(people["vera"], "Inbjudan:"))
    plain = letter("Sv: Inbjudan", "Hej! Vi kommer två, en är vegetarian.", sender=people["vera"], to=to)
    suite.send(vouched(plain, "gaster.example"), people["vera"], to)
    button = link_in(desk.mail(people["vera"], "Stämmer det här?"), "/svar/forslag/")
    guest = Visitor(suite.url)
    for _ in range(10):
        page = guest.see(button)
    assert desk.guests(slug)["vera"] == ("invited", 1)
    assert guest.send(page, "/svar/forslag/" + button.rpartition("/")[2]).status == 200
    assert desk.guests(slug)["vera"] == ("coming", 2)
    kitchen = contact.see(f"{START}{slug}/dagen/koket.csv").text
    assert re.search(r"(?im)^\W*vegetar\w*\W+1\W*$", kitchen), kitchen
    for address in people.values():
        assert len(desk.mails(address, "Inbjudan:")) == 1

    _remind(desk, slug, people)
    _hold_the_day(desk, slug, people, links)
    _tell_of_it(desk, slug, people)


def test_a_host_picks_the_day_and_a_cancelled_stop_is_told_once(desk: Desk, tour: dict[str, str]) -> None:
    suite, contact, slug = desk.suite, desk.contact, tour["berg"]
    sent = contact.send(contact.see(f"{START}{slug}/vard"), "/vard", note="Välj fritt.")
    assert "sparat=asked" in sent.url
    link = link_in(desk.mail("kontakt@berg.example", "Vilken halvdag passar er?"), "/svar/vard/")
    host = Visitor(suite.url)
    for _ in range(10):
        page = host.see(link)
    assert host.send(page, "/svar/vard/" + link.rpartition("/")[2], pick="1").status == 200
    assert "Nästa steg" in desk.mail(CONTACT, "Dagen är vald:")["Text"]
    overview = contact.see(f"{START}{slug}/")
    assert "sparat=settled" in contact.send(overview, "/vard/bestam").url
    desk.publish(slug, "Bygdegården")
    people = {name: f"{name}@berget.example" for name in ("ja", "nej", "tyst")}
    desk.invite(slug, "\n".join(people.values()), 3)
    _answer(desk, link_in(desk.mail(people["ja"], "Inbjudan:"), "/svar/"), answer="yes")
    _answer(desk, link_in(desk.mail(people["nej"], "Inbjudan:"), "/svar/"), answer="no")
    first, _, _ = invitation_in(desk.raw(desk.mail(people["ja"], "Du har en plats:")))
    desk.mail(people["nej"], "Du kommer inte:")

    # Another place: the calendar follows, and what was pressed for the old one is asked about.
    moved = contact.send(contact.see(f"{START}{slug}/redigera"), "/redigera", place="Skolan", tells="yes")
    assert moved.status == 200
    second, method, _ = invitation_in(desk.raw(desk.mail(people["ja"], "Ny plats:")))
    assert method == "REQUEST"
    numbers = [int(each.walk("VEVENT")[0]["SEQUENCE"]) for each in (first, second)]
    assert numbers[0] < numbers[1]
    old = Pressed(second, "DECLINED", people["ja"], sequence=numbers[0])
    suite.send(outlook(old), old.from_address, old.organizer)
    desk.mail(people["ja"], "Stämmer det här?")
    assert desk.guests(slug)["ja"] == ("coming", 1)

    page = contact.see(f"{START}{slug}/stall-in")
    assert "sparat=cancelled" in contact.send(page, "/stall-in", reason="Vägen är avstängd.").url
    told = desk.mail(people["ja"], "Inställt:")
    off, method, _ = invitation_in(desk.raw(told))
    assert (method, str(off.walk("VEVENT")[0]["STATUS"])) == ("CANCEL", "CANCELLED")
    assert int(off.walk("VEVENT")[0]["SEQUENCE"]) > numbers[1]
    silent = desk.mail(people["tyst"], "Inställt:")
    assert not has_calendar(desk.raw(silent)), "nothing stands in their calendar"
    desk.settle()
    counted = {name: len(desk.mails(address, "Inställt:")) for name, address in people.items()}
    assert counted == {"ja": 1, "tyst": 1, "nej": 0}
    assert "Vägen är avstängd." in Visitor(suite.url).see(f"/traffar/{slug}").text


def _answer(desk: Desk, link: str, **typed: str) -> None:
    """Fill in a guest's own page."""
    guest = Visitor(desk.suite.url)
    assert "sparat=svar" in guest.send(guest.see(link), "/svar/" + link.rpartition("/")[2], **typed).url


def _same_to_both(text: str) -> None:
    """An independent reader finds the same in it."""
    ours, theirs = _event_in(text), vobject.readOne(text).vevent
    assert str(ours["UID"]) == theirs.uid.value
    assert str(ours["SUMMARY"]) == theirs.summary.value
    assert (ours["DTSTART"].dt, ours["DTEND"].dt) == (theirs.dtstart.value, theirs.dtend.value)
    assert ours["DTSTART"].dt.astimezone(STOCKHOLM).hour == 9
    assert str(ours["ORGANIZER"]) == theirs.organizer.value
    assert ours["ATTENDEE"].params["PARTSTAT"] == theirs.attendee.params["PARTSTAT"][0]


def _event_in(text: str) -> Any:
    return Calendar.from_ical(text).walk("VEVENT")[0]


def _remind(desk: Desk, slug: str, people: dict[str, str]) -> None:
    """The day before comes: once, twice, and with the clock set back."""
    starts_at: datetime = desk.ask("SELECT starts_at FROM rsvp.event WHERE slug = %s", slug)[0][0]
    database = Database(desk.settings, Role.RSVP, pool_size=1)
    for hours in (20, 19, 22, 20):
        RemindGuests(database, lambda hours=hours: starts_at - timedelta(hours=hours))()  # type: ignore[misc]
    database.dispose()
    coming = sorted(people[name] for name in ("olle", "gun", "ari", "vera"))
    reminded = "SELECT recipient_address FROM notify.notification WHERE kind = 'day-reminder' ORDER BY 1"
    wait_until(lambda: len(desk.ask(reminded)) >= len(coming), SECONDS, every=0.1)
    desk.settle()
    assert [row[0] for row in desk.ask(reminded)] == coming
    if is_working_day(now().astimezone(STOCKHOLM).date()):  # on a day off they wait for its end
        for address in coming:
            assert desk.mail(address, "Snart är det dags:")
            assert len(desk.mails(address, "Snart är det dags:")) == 1


def _hold_the_day(desk: Desk, slug: str, people: dict[str, str], links: dict[str, str]) -> None:
    """The door, and an idea from a telephone in the room."""
    suite, contact = desk.suite, desk.contact
    desk.ask(
        "UPDATE rsvp.event SET starts_at = now() - interval '1 hour', ends_at = now() + interval '2 hours',"
        " reply_by = now() - interval '2 hours' WHERE slug = %s",
        slug,
    )
    for name, came in (("olle", "1"), ("vera", "2")):
        own_page = Visitor(suite.url).see(links[name])
        code = re.search(r'class="door-code-words">([^<]+)<', own_page.markup)[1].replace(" ", "").replace("-", "")
        door = contact.see(f"{START}{slug}/dorren/{code}")
        assert contact.send(door, "/dorren/kom", {"do": "came"}, came=came).status == 200
    assert contact.see(f"{START}{slug}/dorren/lista").markup.count('"came":3')

    opened = contact.send(contact.see(f"{START}{slug}/verkstad"), "/verkstad/oppna")
    address = re.search(rf"http://[^\s\"<]+/traffar/{slug}/ide/\w+", opened.markup)[0]
    phone = Visitor(suite.url)
    form = phone.see(address)
    proof = phone.solve(f"caught:{slug}", "/prov/traff")
    wait_until(lambda: time.monotonic() > form.fetched + SHORTEST.total_seconds() + 0.1)
    words = "Låna ut verktyg på biblioteket."
    sent = phone.send(form, "/ide/" + address.rpartition("/")[2], altcha=proof, text=words)
    assert "skickad=1" in sent.url
    notice = heard(suite, CONTACT, words)
    [idea] = [each for each in suite.ideas(sluice="krokom") if each["text"] == words]
    assert idea["reference"] in notice["Subject"] + notice["Text"]
    assert not idea["held"]
    detail = suite.api(f"/api/intake/v1/ideas/{idea['reference']}")
    assert slug in str(detail["timeline"])
    assert "Provturné i" in contact.see(f"/kontakt/ide/{idea['reference']}").text


def _tell_of_it(desk: Desk, slug: str, people: dict[str, str]) -> None:
    """Summary, feedback and figures."""
    suite, contact = desk.suite, desk.contact
    page = contact.see(f"{START}{slug}/summering")
    proposed = page.form("/summering").fields["text-sv"]
    assert "Låna ut verktyg" in proposed, "it begins with what was caught in the room"
    published = contact.send(page, "/summering", {"do": "publish"}, **{"text-sv": f"Vi provar.\n\n{proposed}"})
    assert "gjort=published" in published.url
    assert "Vi provar." in Visitor(suite.url).see(f"/traffar/{slug}").text
    contact.send(published, "/summering/mejla")
    there = [people["olle"], people["vera"]]
    for address in there:
        assert "Låna ut verktyg" in desk.mail(address, "Det här kom vi fram till:")["Text"]

    desk.ask(
        "UPDATE rsvp.event SET starts_at = starts_at - interval '3 hours', ends_at = now() - interval '1 minute'"
        " WHERE slug = %s",
        slug,
    )
    assert "sparat=held" in contact.send(contact.see(f"{START}{slug}/"), "/har-varit").url
    database = Database(desk.settings, Role.RSVP, pool_size=1)
    for _ in range(2):
        RemindGuests(database, lambda: now() + timedelta(days=2))()
    database.dispose()
    link = link_in(desk.mail(people["vera"], "Hur var det?"), "/svar/tyck/")
    guest = Visitor(suite.url)
    assert (
        guest.send(guest.see(link), "/svar/tyck/" + link.rpartition("/")[2], rating="5", text="Bra fika.").status == 200
    )
    desk.settle()
    for subject in ("Hur var det?", "Det här kom vi fram till:"):
        assert {name: len(desk.mails(address, subject)) for name, address in people.items()} == {
            "asa": 0,
            "olle": 1,
            "gun": 0,
            "ari": 0,
            "vera": 1,
        }
    figures = contact.see(f"{START}{slug}/summering")
    numbers = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", figures.markup))
    assert list(numbers.values()) == ["5", "5", "5", "3", "1"], numbers
    assert "Bra fika." in figures.text
