"""Forged mail: whatever it claims to be, it moves no stage, joins no idea and answers as nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from services.intake.mail import authentication
from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address
from services.intake.store.tables import Idea, InboundEmail
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import ReadMail
from shared.bus import outbox
from shared.bus.inbox import Inbox
from shared.contracts.registry import ANSWER_DRAFTED, IDEA_ADDED_TO, INTAKE, MAIL_RECEIVED
from shared.db import Database, Role
from shared.mail import message_ids
from shared.settings import Settings
from tests.integration.intake.desk import Desk, one_desk
from tests.support.ideas import a_mail, a_sluice

FRONT = "Authentication-Results: front.example; "
EVIL = f"{FRONT}dmarc=pass header.from=evil.example\n"
OURS = f"{FRONT}dmarc=pass header.from=krokom.example\n"
CONTACT = "From: Kim Kontakt <kontakt@krokom.example>\n"

UNTRUSTED = [
    CONTACT,
    CONTACT + OURS,
    CONTACT + "authentication-results : front.example; dmarc=pass\n",
    "From: asa@krokom.example\n" + OURS,
]
"""From a peer that nobody trusts."""

TRUSTED = [
    CONTACT,
    CONTACT + OURS.replace("front.example", "evil.example"),
    CONTACT + "Authentication-Results: evil.example; none\n" + OURS,
    CONTACT + f"{FRONT}dmarc=fail (p=none) header.from=krokom.example\n" + OURS,
    CONTACT + f'{FRONT}spf=pass smtp.mailfrom="x; dkim=pass header.d=krokom.example"@evil.example\n',
    CONTACT + f"{FRONT}spf=pass smtp.mailfrom=a@evil.example (dmarc=pass header.from=krokom.example)\n",
    CONTACT + f"{FRONT}spf=pass smtp.helo=krokom.example smtp.mailfrom=a@evil.example\n",
    CONTACT + f"{FRONT}dkim=pass header.d=evil.example; dkim=fail header.d=krokom.example\n",
    "From: evil@evil.example\nFrom: kontakt@krokom.example\n" + EVIL,
    "From: kontakt@krokom.example\nFrom: evil@evil.example\n" + EVIL,
    "From: <kontakt@krokom.example>, evil@evil.example\n" + EVIL,
    "From: Grupp: kontakt@krokom.example;, evil@evil.example\n" + EVIL,
    "From: undisclosed:; <kontakt@krokom.example>\n" + EVIL,
    'From: "kontakt@krokom.example" <evil@evil.example>\n' + EVIL,
    "From: kontakt@krokom.example <evil@evil.example>\n" + EVIL,
    "From: <kontakt@krokom.example> <evil@evil.example>\n" + EVIL,
    "From: kontakt@krokom.example(<evil@evil.example>)\n" + EVIL,
    "From: evil@evil.example <mailto:kontakt@krokom.example>\n" + EVIL,
    'From: "a\\" <kontakt@krokom.example>" <evil@evil.example>\n' + EVIL,
    "From: =?utf-8?q?kontakt=40krokom=2Eexample?= <evil@evil.example>\n" + EVIL,
    "From: =?utf-8?q?=3Ckontakt=40krokom=2Eexample=3E?= <evil@evil.example>\n" + EVIL,
    "From: kontakt@krokom.example.evil.example\n" + EVIL,
    "From: evil@evil.example\nSender: kontakt@krokom.example\nReply-To: kontakt@krokom.example\n" + EVIL,
    "X-From: nobody\n" + OURS,
]
"""From a trusted front, which passes on what a stranger wrote."""


class TrustingFront:
    """Judges by the Authentication-Results of front.example alone; asks no DNS."""

    def check(
        self,
        raw: bytes,
        *,
        peer_ip: str | None,
        helo: str | None,
        envelope_from: str | None,
        from_addresses: Sequence[Address],
        authentication_results: Sequence[str],
        trusted_peer: bool,
    ) -> SenderCheck:
        if not trusted_peer:
            return SenderCheck()
        return authentication.vouched(authentication_results, trusted={"front.example"}, from_addresses=from_addresses)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    database = Database(settings, Role.INTAKE)
    with database.transaction() as session:
        sluice = a_sluice(session)
    yield Desk(settings, database, sluice)
    database.dispose()


def receive(desk: Desk, raw: str, *, trusted: bool, recipient: str | None = None) -> InboundEmail:
    """As a mail whose envelope says that the contact sent it."""
    with desk.database.transaction() as session:
        mail = a_mail(
            session,
            desk.sluice,
            raw=raw.replace("\n", "\r\n").encode(),
            recipient=recipient or desk.sluice.address,
            envelope_from="kontakt@krokom.example",
            trusted_peer=trusted,
            read_at=None,
            kind=None,
            message_id=None,
            reasons=[],
            reading=None,
        )
        message_id = outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": mail.id})
    read = ReadMail(Announcer(desk.settings), one_desk(TrustingFront()))
    Inbox(desk.database, INTAKE, {MAIL_RECEIVED.name: read}).run(message_id)
    with desk.database.transaction() as session:
        return session.get_one(InboundEmail, mail.id)


def attacks(desk: Desk, idea: Idea) -> Iterator[tuple[str, bool, str | None]]:
    """Each forged mail, whether a trusted front passes it on, and where it is sent."""
    anchor = message_ids.make(desk.settings.signer, idea.id, desk.sluice.address)
    joining = f"In-Reply-To: {anchor}\nReferences: <original@krokom.example> {anchor}\n"
    unsigned = re.sub(r"\.[a-z2-7]{10}@", ".aaaaaaaaaa@", anchor)
    named = f"Subject: Re: [{idea.reference}] Ja\n"
    for trusted, headers in ((False, UNTRUSTED), (True, TRUSTED)):
        for header in headers:
            yield header + joining + named, trusted, None
    yield CONTACT + OURS.replace("krokom", "annan") + f"References: {unsigned}\n", True, None
    contact = desk.reply_address(idea, "kontakt", str(desk.sluice.contacts[0].id))
    submitter = desk.reply_address(idea)
    for address, old, new in (
        (contact, r"\.[a-z2-7]{16}@", ".aaaaaaaaaaaaaaaa@"),
        (submitter, r"\.[a-z2-7]{16}@", ".aaaaaaaaaaaaaaaa@"),
        (contact, r"\+kontakt\.", "+svar."),
        (submitter, r"\+svar\.", "+kontakt."),
        (contact, "0001", "0002"),
    ):
        yield CONTACT, False, re.sub(old, new, address)


def test_no_forged_mail_joins_an_idea_moves_its_stage_or_answers_as_its_contact(desk: Desk) -> None:
    original = f"From: asa@krokom.example\n{OURS}Message-ID: <original@krokom.example>\nSubject: Elcyklar\n\nHej\n"
    idea = desk.idea_of(receive(desk, original, trusted=True))
    forged = list(attacks(desk, idea))
    assert len(forged) > 30

    for number, (header, trusted, recipient) in enumerate(forged):
        raw = f"{header}Message-ID: <forged.{number}@evil.example>\n\nJag avslår idén.\n"
        mail = receive(desk, raw, trusted=trusted, recipient=recipient)

        assert mail.read_at is not None, header
        assert desk.idea_of(mail).id != idea.id, header
        assert not (mail.vouched and "krokom" in (desk.idea_of(mail).submitter_address or "")), header

    assert [entry.event for entry in desk.timeline(idea)] == ["received"]
    assert {each.stage for each in desk.ideas()} == {"received"}
    assert desk.said(ANSWER_DRAFTED.name) == []
    assert desk.said(IDEA_ADDED_TO.name) == []


def test_the_same_references_do_join_where_the_front_vouches_for_the_submitter(desk: Desk) -> None:
    original = f"From: asa@krokom.example\n{OURS}Message-ID: <original@krokom.example>\nSubject: Elcyklar\n\nHej\n"
    idea = desk.idea_of(receive(desk, original, trusted=True))
    anchor = message_ids.make(desk.settings.signer, idea.id, desk.sluice.address)

    mail = receive(desk, f"From: asa@krokom.example\n{OURS}References: {anchor}\nSubject: Sv\n\nMer\n", trusted=True)

    assert desk.idea_of(mail).id == idea.id
