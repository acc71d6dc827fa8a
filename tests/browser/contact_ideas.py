"""Ideas as contacts see them: one just in, one long with everything, one held."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.correct_address import correct_address
from services.intake.usecases.receive import Addition, add_to_idea, note
from shared.clock import now
from shared.settings import Settings
from shared.web import links
from tests.browser.pages import Page
from tests.support.ideas import a_draft, a_file, a_mail, a_message, an_idea

CHECK = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "source": "own check"}
REASONS = [
    "text taken from the HTML part: the plain part is empty",
    "4 lines set apart at 'Från: Kontaktperson <kontakt@krokom.example>'",
    "DMARC passes for krokom.example",
    "a new idea: KRO-2026-0002",
]
HTML = "<html><body><h1>Elcyklar</h1><p>Vi <b>delar</b> på tre.</p><blockquote>Idén i korthet: cyklar.</blockquote>"


def contact_pages(
    session: Session, settings: Settings, sluice: SluiceProfile, *, words: str, unbroken: str
) -> dict[str, Page]:
    """Each page by name."""
    new = an_idea(session, settings, sluice, title="Ett fikabord utanför biblioteket")
    long = _long(session, settings, sluice, words, unbroken)
    held = _held(session, settings, sluice)
    contact = sluice.contacts[0].id
    return {
        "contact, new": Page(links.contact_url(settings, new.reference, contact)),
        "contact, long": Page(links.contact_url(settings, long.reference, contact)),
        "contact, held": Page(links.contact_url(settings, held.reference, contact)),
        "contact, wrong link": Page(links.contact_url(settings, "KRO-2026-9999", contact), status=404),
    }


def _long(session, settings, sluice, words, unbroken):
    announcer = Announcer(settings)
    mail = a_mail(
        session,
        sluice,
        raw=f"Subject: Elcyklar\r\nContent-Type: text/html\r\n\r\n{HTML}".encode(),
        reasons=[*REASONS, f"reply address for {unbroken}, which this sluice does not know"],
        reading={"sender": "Åsa Öberg <asa@krokom.example>", "sender_check": CHECK},
    )
    idea = an_idea(
        session,
        settings,
        sluice,
        mail=mail,
        title="Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på under vinterhalvåret",
        text=f"{words}\n\n{words}\n{unbroken}",
        set_apart="> Idén i korthet: cyklar.\n> " + unbroken,
        html=HTML,
        vouched=True,
        kind=SubmitterKind.EMPLOYEE,
        submitter="asa.margareta.oberg-lindstrom.hemtjansten.nalden@krokom.example",
        submitter_name="Åsa Margareta Öberg-Lindström, hemtjänsten i Nälden",
        files=[
            *(a_file(name=f"karta {number}.png", content=b"\x89PNG" * number) for number in range(1, 9)),
            a_file(name=f"{unbroken}.pdf", kind="application/pdf", content=b"%PDF" * 400_000),
            a_file(
                name="Kalkyl för elcyklar, vinterdäck och service 2026-2028, tredje versionen.xlsx",
                kind="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ],
    )
    added = a_mail(session, sluice, kind="reply", idea_id=idea.id, envelope_from=f"{unbroken}@krokom.example")
    addition = Addition(
        text=words,
        at=now(),
        author=f"{unbroken}@krokom.example",
        author_kind="other",
        set_apart="> " + words,
        files=[a_file()] * 2,
        inbound_email_id=added.id,
    )
    add_to_idea(session, announcer, sluice, idea, addition)
    away = a_mail(session, sluice, kind="automatic-reply", idea_id=idea.id, envelope_from="", reasons=["automatic"])
    note(
        session,
        idea,
        event="automatic_reply",
        at=now(),
        actor="Åsa Öberg <asa@krokom.example>",
        actor_kind="other",
        text="Jag är ledig till måndag.",
        public=False,
        inbound_email_id=away.id,
    )
    given = a_draft(session, settings, sluice, idea, words)
    answer.confirm(session, announcer, given.id, given.text)
    _messages(session, sluice, idea, unbroken)
    return idea


def _messages(session, sluice, idea, unbroken):
    """What was sent about it: some arrived, some did not, one went to an address that was corrected since."""
    wrong = "asa.margareta.oberg-lindstrom.hemtjansten.nalden@krokm.example"
    facts = {"idea_reference": idea.reference, "wrong": idea.submitter_address, "right": wrong, "at": now()}
    for wrong_now, right in ((idea.submitter_address, wrong), (wrong, idea.submitter_address)):
        correct_address(session, facts | {"corrected_by": "contact", "wrong": wrong_now, "right": right})
    line = "550 5.1.1 <asa.margareta.oberg-lindstrom.hemtjansten.nalden@krokm.example>: Recipient address rejected"
    a_message(session, idea, recipient=wrong, state="permanent-failure", reason="recipient-gone", line=line)
    a_message(session, idea, kind="answer", state="permanent-failure", reason="recipient-gone", line=line)
    a_message(
        session,
        idea,
        kind="added",
        recipient=f"{unbroken}@krokom.example",
        state="temporary-failure",
        reason="mailbox-full",
        line=f"452 4.2.2 {unbroken}",
    )
    a_message(session, idea, state="delivered", reason="delivered")
    a_message(session, idea, kind="notice", recipient=sluice.contacts[0].address)
    a_message(session, idea, kind="notice", recipient=f"{unbroken}@krokom.example", state="suppressed", reason="rate")
    a_message(session, idea, kind="event", channel="webhook", recipient="01a20c2d-a652-7054-be86-4fa1a5b49c3e")
    a_message(session, idea, state="suppressed", reason="Precedence: bulk")


def _held(session, settings, sluice):
    check = {"suspected_forged": True, "spf": "fail", "dkim": None, "dmarc": "fail", "source": "mx.krokom.example"}
    reasons = ["DMARC fails for krokom.example, whose policy is reject", "held for the contact: forged"]
    mail = a_mail(session, sluice, held="forged", reasons=reasons, reading={"sender_check": check})
    return an_idea(
        session,
        settings,
        sluice,
        title="Betala fakturan i dag",
        text="Klicka här.",
        mail=mail,
        held="forged",
        no_confirmation="it is held (forged)",
    )
