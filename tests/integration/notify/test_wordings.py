"""Words that an administrator saved, from the table to the mail in somebody's mailbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import update

from services.notify.domain.kinds import Kind
from services.notify.domain.variables import worded_kinds
from services.notify.domain.wording import Place, Wording
from services.notify.mailbox.store import MailStore
from services.notify.render import Renderer
from services.notify.store import operations, sluices, wordings
from services.notify.store.tables import Notification
from services.notify.usecases.wordings import FaultyWording, Wordings
from shared.clock import now
from shared.contracts.registry import ANSWER_DRAFTED, IDEA_RECEIVED
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from tests.integration.notify import test_sending
from tests.integration.notify.test_sending import mail_to, mails
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.relays import catching_mailbox

EVERYBODY = Place(Kind.CONFIRMATION, "sv", None)
KROKOM = Place(Kind.CONFIRMATION, "sv", "krokom")
LINK = "\n\n[Följ]({{ follow_url }})"


@pytest.fixture
def house(settings: Settings) -> Iterator[tuple[Notify, MailStore, Wordings]]:
    """A worker that sends into our own mailbox, with two sluices known."""
    with catching_mailbox(settings) as (port, store), worker(settings, port) as notify:
        with notify.database.transaction() as session:
            for slug in ("krokom", "are"):
                sluices.keep(session, told(slug))
        yield notify, store, Wordings(settings, Renderer())


def told(slug: str, **changes: Any) -> dict[str, Any]:
    """A sluice as intake tells of it."""
    return {
        "slug": slug,
        "name": f"Idéslussen {slug.capitalize()}",
        "address": f"ide@{slug}.example",
        "language": "sv",
        "contacts": [],
        "at": now(),
        **changes,
    }


def words(mail: EmailMessage) -> str:
    """A mail's text part, with LF line ends."""
    return test_sending.words(mail).replace("\r\n", "\n")


def saved(notify: Notify, use: Wordings, place: Place, lead: str, *, seen: int | None = None) -> int:
    with notify.database.transaction() as session:
        return use.save(session, place, Wording(f"Ämne {lead}", f"# {lead}{LINK}"), seen=seen, author="prov")


def back(notify: Notify, use: Wordings, place: Place, to: int | None) -> int:
    with notify.database.transaction() as session:
        return use.go_back(session, place, to, seen=None, author="prov")


def confirmation(notify: Notify, store: MailStore, slug: str = "krokom") -> EmailMessage:
    """The confirmation of one more idea."""
    address = f"nr{len(mails(store))}@invanare.example"
    sluice = facts.SLUICE | {"slug": slug, "address": f"ide@{slug}.example"}
    notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person(address), contacts=[], sluice=sluice))
    notify.ring_all()
    return mail_to(store, address)[1]


def test_a_sluices_own_words_come_before_those_for_all_and_these_before_the_built_in_ones(
    house: tuple[Notify, MailStore, Wordings],
) -> None:
    notify, store, use = house
    assert words(confirmation(notify, store)).startswith("Vi har tagit emot din idé.")

    assert saved(notify, use, EVERYBODY, "för alla") == 1
    assert words(confirmation(notify, store)).startswith("för alla\n")

    assert saved(notify, use, KROKOM, "för Krokom") == 1
    mine, theirs = confirmation(notify, store), confirmation(notify, store, "are")
    assert mine["Subject"] == "Ämne för Krokom"
    assert words(theirs).startswith("för alla\n")

    assert back(notify, use, KROKOM, None) == 2
    assert words(confirmation(notify, store)).startswith("för alla\n")
    assert back(notify, use, EVERYBODY, None) == 2
    assert words(confirmation(notify, store)).startswith("Vi har tagit emot din idé.")


def test_an_older_version_is_used_again_as_a_new_one_and_nothing_is_lost(
    house: tuple[Notify, MailStore, Wordings],
) -> None:
    notify, store, use = house
    for lead in ("ett", "två", "tre"):
        saved(notify, use, EVERYBODY, lead)

    assert back(notify, use, EVERYBODY, 1) == 4

    assert words(confirmation(notify, store)).startswith("ett\n")
    with notify.database.transaction() as session:
        kept = wordings.versions(session, EVERYBODY, limit=10)
        assert [(each.version, each.subject) for each in kept] == [
            (4, "Ämne ett"),
            (3, "Ämne tre"),
            (2, "Ämne två"),
            (1, "Ämne ett"),
        ]
        with pytest.raises(NotFound):
            use.go_back(session, EVERYBODY, 99, seen=None, author="prov")


def test_a_mail_keeps_the_words_that_were_in_use_when_it_was_asked_for(
    house: tuple[Notify, MailStore, Wordings],
) -> None:
    notify, store, use = house
    saved(notify, use, EVERYBODY, "gammalt")
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[]))
    (received,) = notify.open_deliveries()
    notify.inbox.run(received)

    saved(notify, use, EVERYBODY, "nytt")
    notify.ring_all()

    assert words(mail_to(store, "asa@invanare.example")[1]).startswith("gammalt\n")


def test_words_with_a_fault_are_not_kept(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house
    with notify.database.transaction() as session:
        with pytest.raises(FaultyWording) as refused:
            use.save(session, EVERYBODY, Wording("Hej", f"{{{{ 7*7 }}}}{LINK}"), seen=0, author="prov")
        assert [(each.line, each.text_key) for each in refused.value.faults] == [(1, "fault.not_allowed")]
        assert wordings.newest(session, EVERYBODY) is None


def test_of_two_who_started_from_the_same_version_the_second_is_told(
    house: tuple[Notify, MailStore, Wordings],
) -> None:
    notify, _, use = house
    assert saved(notify, use, KROKOM, "först", seen=0) == 1
    with pytest.raises(Conflict):
        saved(notify, use, KROKOM, "sedan", seen=0)
    assert saved(notify, use, KROKOM, "sedan", seen=1) == 2


def test_twenty_who_save_at_once_make_twenty_versions(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: saved(notify, use, EVERYBODY, f"nr {number}"), range(20)))
    assert sorted(made) == list(range(1, 21))


def test_of_twenty_who_started_from_the_same_version_one_saves(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house

    def attempt(number: int) -> bool:
        try:
            return saved(notify, use, EVERYBODY, f"nr {number}", seen=0) == 1
        except Conflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(20))) == 1


def test_a_sluice_that_nobody_told_of_has_no_words_of_its_own(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house
    with pytest.raises(NotFound):
        saved(notify, use, Place(Kind.CONFIRMATION, "sv", "atlantis"), "hej")


def test_a_preview_shows_the_newest_real_mail_and_made_up_facts_where_there_is_none(
    house: tuple[Notify, MailStore, Wordings],
) -> None:
    notify, store, use = house
    asked = Wording("{{ idea.reference }}", f"# {{% if idea.title %}}{{{{ idea.title }}}}{{% endif %}} ja{LINK}")
    with notify.database.transaction() as session:
        made_up = use.preview(session, EVERYBODY, asked)
    for title, slug in (("Äldre", "krokom"), ("Nyare {{ 7*7 }}", "krokom"), ("I Åre", "are")):
        sluice = facts.SLUICE | {"slug": slug}
        notify.tell(IDEA_RECEIVED, facts.idea_received(idea=facts.idea(title=title), sluice=sluice, contacts=[]))
    notify.ring_all()
    with notify.database.transaction() as session:
        all_of_them, krokoms = use.preview(session, EVERYBODY, asked), use.preview(session, KROKOM, asked)
        english = use.preview(session, Place(Kind.CONFIRMATION, "en", "krokom"), asked)
        session.execute(update(Notification).values(created_at=now() - wordings.LOOKS_BACK - timedelta(days=1)))
        old = use.preview(session, KROKOM, asked)

    assert not made_up.is_real
    assert made_up.rendered.text.startswith("Cykelpump vid busstorget ja")
    assert all_of_them.is_real
    assert all_of_them.rendered.text.startswith("I Åre ja")
    assert krokoms.rendered.text.startswith("Nyare {{ 7*7 }} ja")
    assert english.rendered.text.startswith("Nyare {{ 7*7 }} ja"), "a mail in the other language, where there is none"
    assert not old.is_real
    assert len(mails(store)) == 3, "a preview sends nothing"


def test_a_trial_goes_out_as_any_mail_marked_and_without_power(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, store, use = house
    place = Place(Kind.ANSWER_DRAFT, "sv", "krokom")
    with notify.database.transaction() as session:
        use.save(
            session,
            place,
            Wording("Bekräfta {{ idea.title }}", "# Så\n\n>> {{ answer }}\n\n[Bekräfta]({{ confirm_url }})"),
            seen=None,
            author="prov",
        )
    notify.tell(ANSWER_DRAFTED, facts.answer_drafted())
    notify.ring_all()
    with notify.database.transaction() as session:
        for _ in range(2):
            use.send_trial(session, place, " Jag@kommun.example ", key="en", author="prov")
    notify.ring_all()

    real, (kept, mail) = mail_to(store, "kontakt@krokom.example")[1], mail_to(store, "Jag@kommun.example")
    assert mail["Subject"] == "[Prov] Bekräfta Cykelpump vid busstorget"
    assert "Vi sätter upp en pump i april" in words(mail), "the words of the newest real mail"
    assert "abcdefghijklmnop" in words(real)
    assert b"abcdefghijklmnop" not in kept.raw, "nobody confirms an answer from a trial"
    assert mail["Reply-To"].addresses[0].addr_spec == "ide@krokom.example", "nor writes into an idea"
    assert mail["References"] is None
    row = next(each for each in notify.notifications() if each.idempotency_key == "trial:en")
    assert (row.state, row.idea_reference) == ("sent", None)
    with notify.database.transaction() as session:
        assert json.loads(wordings.latest_facts(session, place.kind, "sv", "krokom", now()) or "{}")["confirm_url"]
    assert use.preview(session, place).rendered.subject.startswith("Bekräfta"), "a trial is no real mail to show"


def test_a_preview_of_a_real_mail_is_without_power(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, store, use = house
    notify.tell(ANSWER_DRAFTED, facts.answer_drafted())
    notify.ring_all()
    with notify.database.transaction() as session:
        seen = use.preview(session, Place(Kind.ANSWER_DRAFT, "sv", "krokom"))

    assert seen.is_real
    assert "Vi sätter upp en pump i april" in seen.rendered.text
    assert "abcdefghijklmnop" in words(mail_to(store, "kontakt@krokom.example")[1])
    assert "abcdefghijklmnop" not in seen.rendered.text + seen.rendered.html


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_trial_of_every_kind_arrives_before_there_is_any_real_mail(
    house: tuple[Notify, MailStore, Wordings], language: str
) -> None:
    notify, store, use = house
    for kind in worded_kinds():
        with notify.database.transaction() as session:
            use.send_trial(session, Place(kind, language, None), f"{kind}@kommun.example", key=kind, author="prov")
    notify.ring_all()

    for kind in worded_kinds():
        mail = mail_to(store, f"{kind}@kommun.example")[1]
        assert mail["Subject"].startswith({"sv": "[Prov] ", "en": "[Test] "}[language])
        assert mail["From"].addresses[0].addr_spec in ("ide@krokom.example", "ide@are.example")


def test_whatever_an_administrator_does_to_words_is_on_record(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house
    saved(notify, use, KROKOM, "hej")
    with notify.database.transaction() as session:
        use.send_trial(session, KROKOM, "jag@kommun.example", key="x", author="prov")
        use.set_sender(session, "are", {"sv": "", "en": ""}, {"sv": "", "en": ""}, author="prov")
    with notify.database.transaction() as session:
        kept = {(each.act, each.target, each.actor) for each in operations.newest(session, 10)}
    assert kept == {
        ("wording-saved", "wording:confirmation/sv/krokom", "prov"),
        ("wording-tried", "wording:confirmation/sv/krokom", "prov"),
        ("sender-changed", "sluice:are", "prov"),
    }


def test_a_trial_needs_an_address(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, _, use = house
    with notify.database.transaction() as session, pytest.raises(Rejected):
        use.send_trial(session, EVERYBODY, "ingen adress", key="x", author="prov")


def test_a_sluices_mails_bear_its_name_and_signature(house: tuple[Notify, MailStore, Wordings]) -> None:
    notify, store, use = house
    names = {"sv": "Krokoms kommun\r\nBcc: x@x.example", "en": "Krokom"}
    signatures = {"sv": "Hälsningar\r\nKansliet {{ 7*7 }}", "en": ""}
    with notify.database.transaction() as session:
        use.set_sender(session, "krokom", names, signatures, author="prov")
        with pytest.raises(Rejected):
            use.set_sender(session, "krokom", names | {"en": "x" * 61}, signatures, author="prov")
        with pytest.raises(Rejected):
            use.set_sender(session, "krokom", names, signatures | {"sv": "x" * 501}, author="prov")
        with pytest.raises(NotFound):
            use.set_sender(session, "atlantis", names, signatures, author="prov")
    with notify.database.transaction() as session:
        sluices.keep(session, told("krokom", name="Nytt namn"))

    mail = confirmation(notify, store)

    assert mail["From"].addresses[0].display_name == "Krokoms kommun Bcc: x@x.example"
    assert mail["Bcc"] is None
    assert "-- \nHälsningar\nKansliet {{ 7*7 }}\nDu får det här mejlet" in words(mail)
