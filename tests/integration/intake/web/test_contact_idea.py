"""A contact's page for one idea: opened by that contact's link alone, complete, safe, and without effect."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from services.intake.domain.idea import SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.model import Kind
from services.intake.store import queries, sluices
from services.intake.store.tables import Base, Contact, Idea, InboundEmail
from services.intake.usecases import answer, undo
from services.intake.usecases.announce import Announcer
from services.intake.usecases.correct_address import correct_address
from services.intake.usecases.receive import Addition, add_to_idea, note
from shared.clock import now
from shared.web import links
from tests.support.ideas import a_draft, a_file, a_mail, a_message, a_sluice, an_idea
from tests.support.pages import PAYLOADS, Elements

RAW = b"Subject: =?utf-8?q?Hej?=\r\n\r\nbare\nLF, bare\rCR, NUL\x00, \xff\xfe <script>\r\n.\r\n"
FILE = b"\x89PNG\r\n\x1a\n\x00\xff<script>"
CHECK = {
    "vouched": True,
    "suspected_forged": False,
    "spf": "softfail",
    "dkim": "pass",
    "dmarc": None,
    "source": "mx.example",
}
NOBODY = "01a20c2d-a652-7054-be86-4fa1a5b49c3e"


@pytest.fixture
def idea(database, web_settings, sluice) -> Idea:
    """An idea that came by mail, with a file, something set apart, and a checked sender."""
    with database.transaction() as session:
        mail = a_mail(
            session,
            sluice,
            raw=RAW,
            reasons=["14 lines set apart at 'Från:'", "a new idea"],
            reading={"sender": "Åsa Öberg <asa@krokom.example>", "sender_check": CHECK},
        )
        return an_idea(
            session,
            web_settings,
            sluice,
            mail=mail,
            submitter_name="Åsa Öberg",
            kind=SubmitterKind.EMPLOYEE,
            vouched=True,
            set_apart="> Det här citerades.",
            files=[a_file(name="karta över Nälden.png", content=FILE)],
        )


@pytest.fixture
def path_of(web_settings, sluice):
    def path_of(idea: Idea, below: str = "", **query: str) -> str:
        token = links.contact_token(web_settings.signer, idea.reference, sluice.contacts[0].id)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return f"/kontakt/ide/{idea.reference}{below}?t={token}{more}"

    return path_of


@pytest.fixture
def read(client: FlaskClient, path_of):
    def read(idea: Idea, **query: str) -> str:
        page = client.get(path_of(idea, **query))
        assert page.status_code == 200
        return page.text

    return read


@pytest.fixture
def neighbour(database) -> SluiceProfile:
    with database.transaction() as session:
        return a_sluice(session, slug="berg", code="BER", name="Bergs kommun")


def files_of(database, idea: Idea) -> list[str]:
    with database.transaction() as session:
        return [file.id for file in queries.attachments(session, idea.id)]


def mails_of(database, idea: Idea) -> list[InboundEmail]:
    with database.transaction() as session:
        return [row.mail for row in queries.find_inbound(session, limit=50, idea=idea.reference)]


def test_the_link_in_the_notice_shows_the_idea_with_all_that_came_with_it(
    client, web_settings, idea, sluice, database
) -> None:
    url = links.contact_url(web_settings, idea.reference, sluice.contacts[0].id)
    page = client.get(url.removeprefix(web_settings.base_url))

    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in page.headers
    for shown in (
        idea.reference,
        idea.title,
        idea.text,
        "Åsa Öberg<br>asa@krokom.example",
        "<dd>medarbetare</dd>",
        "med mejl",
        "Det är lovat senast <strong>",
        "Ja, adressens domän går i god för mejlet",
        "SPF softfail, DKIM pass, DMARC inget resultat",
        "Kontrollerat av mx.example",
        'aria-current="step">Mottagen',
        "&gt; Det här citerades.",
        "karta över Nälden.png",
        f"image/png, {len(FILE)}\u00a0B",
        "14 lines set apart at &#39;Från:&#39;",
        f"/mejl/{mails_of(database, idea)[0].id}",
        "Svara på mejlet som länken hit stod i",
    ):
        assert shown in page.text, shown
    assert page.text.count("<details") == 2
    assert "<details open" not in page.text


def test_the_page_speaks_english_too(read, idea) -> None:
    page = read(idea, lang="en")

    assert '<html lang="en"' in page
    assert "Reply to the mail that had the link to this page" in page
    assert "lang=en" in page.partition("/fil/")[2].partition('"')[0]


def test_no_other_token_opens_the_page_or_its_files(client, web_settings, idea, sluice, neighbour, database) -> None:
    signer, mine = web_settings.signer, sluice.contacts[0].id
    with database.transaction() as session:
        other = an_idea(session, web_settings, sluice, title="En annan idé")
        sluices.add_contact(session, sluice.id, name="Slutade", address="slutade@krokom.example")
        session.flush()
        former = session.scalars(select(Contact).where(Contact.address == "slutade@krokom.example")).one()
        session.delete(former)
    right = links.contact_token(signer, idea.reference, mine)
    wrong = {
        "another idea's": links.contact_token(signer, other.reference, mine),
        "another sluice's contact's": links.contact_token(signer, idea.reference, neighbour.contacts[0].id),
        "a removed contact's": links.contact_token(signer, idea.reference, former.id),
        "the submitter's": links.follow_token(signer, idea.reference),
        "one to confirm an answer": links.confirm_token(signer, mine),
        "forged": right[:-1] + ("a" if right[-1] != "a" else "b"),
        "another contact in its place": neighbour.contacts[0].id.hex + right[32:],
        "half": right[:-1],
        "none": "",
        "not ours": "å" * len(right),
    }
    below = ["", f"/fil/{files_of(database, idea)[0]}", f"/mejl/{mails_of(database, idea)[0].id}"]
    told = set()
    for name, token in wrong.items():
        for each in below:
            page = client.get(f"/kontakt/ide/{idea.reference}{each}", query_string={"t": token})
            assert page.status_code == 404, name
            assert idea.title not in page.text
            told.add(page.text.partition("<main")[2])
    for missing in ("KRO-2026-9999", "x", "BER-2026-0001"):
        page = client.get(f"/kontakt/ide/{missing}", query_string={"t": right})
        assert page.status_code == 404
        told.add(page.text.partition("<main")[2])

    assert len(told) == 1
    assert "Öppna mejlet om idén och tryck på länken där" in told.pop()
    assert client.get(f"/kontakt/ide/{idea.reference}", query_string={"t": right}).status_code == 200


def test_a_contacts_link_does_not_open_the_submitters_page(client, web_settings, idea, sluice) -> None:
    token = links.contact_token(web_settings.signer, idea.reference, sluice.contacts[0].id)

    assert client.get(f"/i/{idea.reference}?t={token}").status_code == 404


def test_files_and_the_original_come_to_the_byte_and_are_never_shown(client, path_of, idea, database) -> None:
    mail = mails_of(database, idea)[0]
    for below, content, kind, name in (
        (
            f"/fil/{files_of(database, idea)[0]}",
            FILE,
            "image/png",
            "filename*=UTF-8''karta%20%C3%B6ver%20N%C3%A4lden.png",
        ),
        (f"/mejl/{mail.id}", RAW, "message/rfc822", f"filename={mail.id}.eml"),
    ):
        given = client.get(path_of(idea, below))

        assert given.status_code == 200
        assert given.data == content
        assert given.content_type == kind
        assert given.headers["Content-Disposition"].startswith("attachment;")
        assert name in given.headers["Content-Disposition"]
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in given.headers["Content-Security-Policy"]
        assert given.headers["Cache-Control"] == "private, no-store"


def test_every_link_of_the_page_to_a_file_works(client, read, idea) -> None:
    hrefs = [attributes["href"] for tag, attributes in Elements(read(idea)).found if "download" in attributes]

    assert len(hrefs) == 2
    assert [client.get(href).status_code for href in hrefs] == [200, 200]


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1.html", 'x"; filename="y.exe', "../../etc/passwd", "\x00", "å" * 400]
)
def test_a_file_name_stays_a_name(client, path_of, web_settings, sluice, database, name: str) -> None:
    with database.transaction() as session:
        mail = a_mail(session, sluice)
        file = a_file(name=name.replace("\x00", ""), content=b"<script>", kind="text/html\r\nX: y")
        stored = an_idea(session, web_settings, sluice, mail=mail, files=[file])
    given = client.get(path_of(stored, f"/fil/{files_of(database, stored)[0]}"))

    assert given.status_code == 200
    assert given.content_type == "application/octet-stream"
    assert "Set-Cookie" not in given.headers
    disposition = given.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.count('filename="') <= 1 or "y.exe" not in disposition.partition(";")[2].partition(";")[2]


def test_another_ideas_files_and_mails_do_not_exist_here(client, path_of, web_settings, idea, sluice, database) -> None:
    with database.transaction() as session:
        mail = a_mail(session, sluice, raw=b"Subject: annan\r\n\r\n.\r\n")
        other = an_idea(session, web_settings, sluice, title="En annan idé", mail=mail, files=[a_file()])
        loose = a_mail(session, sluice, kind="complaint")
    for below in (
        f"/fil/{files_of(database, other)[0]}",
        "/fil/x",
        f"/mejl/{mail.id}",
        f"/mejl/{loose.id}",
        f"/mejl/{NOBODY}",
        "/mejl/x",
    ):
        assert client.get(path_of(idea, below)).status_code == 404, below
    assert client.get(path_of(other, f"/mejl/{mail.id}")).status_code == 200


def test_the_whole_timeline_is_shown_also_what_the_submitter_does_not_see(
    client, read, web_settings, idea, sluice, database
) -> None:
    announcer = Announcer(web_settings)
    with database.transaction() as session:
        stored = session.get(Idea, idea.id)
        added = a_mail(session, sluice, kind="reply", idea_id=idea.id, envelope_from="bo@krokom.example")
        addition = Addition(
            text="Vi är två.", at=now(), author="Bo", author_kind="other", set_apart="> bort", inbound_email_id=added.id
        )
        add_to_idea(session, announcer, sluice, stored, addition)
        away = a_mail(session, sluice, kind="automatic-reply", idea_id=idea.id, envelope_from="")
        note(
            session,
            stored,
            event="automatic_reply",
            at=now(),
            actor="Åsa",
            actor_kind="other",
            text="Jag är ledig till måndag.",
            public=False,
            inbound_email_id=away.id,
        )
        given = a_draft(session, web_settings, sluice, stored, "Vi provar.")
        answer.confirm(session, announcer, given.id, "Vi provar i vinter.")
        a_draft(session, web_settings, sluice, stored, "Ett svar till.")
        undo.split(session, announcer, added.id, title="Två", text="Två.", actor="drift", reason="två idéer")
        note(session, stored, event="teleported", at=now(), actor="", actor_kind="system", public=False)
    page = read(idea)

    for shown in (
        "Bo lade till",
        "Vi är två.",
        "&gt; bort",
        "Automatiskt svar från Åsa",
        "Jag är ledig till måndag.",
        "skrev ett utkast till svar",
        "Ett svar till.",
        "Nytt steg: Granskas",
        "Vi provar i vinter.",
        "drift delade av en egen idé: KRO-",
        "två idéer",
        "Något ändrades i idén",
        "Idén har fått svar",
        "automatiskt svar",
    ):
        assert shown in page, shown
    assert page.count("Syns inte för den som skrev idén") == 5
    follow = client.get(links.follow_url(web_settings, idea.reference).removeprefix(web_settings.base_url)).text
    assert "Ett svar till." not in follow
    assert "Syns inte" not in follow


def test_a_new_idea_says_which_idea_it_was_split_from(read, web_settings, idea, database) -> None:
    with database.transaction() as session:
        second = undo.split(
            session,
            Announcer(web_settings),
            mails_of(database, idea)[0].id,
            title="Den andra",
            text="En idé till.",
            actor="drift",
            reason="två",
        )
    page = read(second)

    assert f"Kommer från idén {idea.reference}" in page
    assert "<h2>Mejl som kom in</h2>" not in page


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("forged", "Avsändaren verkar förfalskad"),
        ("spam", "ser ut som skräppost"),
        ("form-fast", "fylldes i ovanligt fort"),
        ("new", "Något verkar inte stämma"),
    ],
)
def test_a_held_idea_says_why_and_what_to_do(read, web_settings, sluice, database, held: str, told: str) -> None:
    with database.transaction() as session:
        mail = a_mail(
            session, sluice, held=held, reading={"sender_check": CHECK | {"suspected_forged": True, "source": None}}
        )
        stored = an_idea(session, web_settings, sluice, held=held, no_confirmation="held", mail=mail)
    page = read(stored)

    assert "Idén hålls kvar" in page
    assert told in page
    assert "släppa fram den" in page
    assert "Troligen inte" in page
    assert "Ingen har kontrollerat avsändaren" in page


def test_an_anonymous_idea_by_another_way_is_told_without_mail(read, web_settings, sluice, database) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice, submitter=None, text="")
        stored.via = "form"
        stored.answer_by = now().replace(year=2025)
    page = read(stored)

    for shown in ("okänd, utan adress", "från formuläret", "har inte sagt", "svaret visas på idéns sida"):
        assert shown in page, shown
    assert "Svaret var lovat senast <strong>" in page
    assert "Mejlet hade ingen egen text" in page
    for absent in ("<h2>Filer</h2>", "<h2>Mejl som kom in</h2>", "Äkta?", "<details"):
        assert absent not in page, absent


def test_an_answer_that_was_undone_leaves_the_idea_waiting(read, web_settings, sluice, database) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice, submitter=None)
        for event in ("answered", "undone"):
            facts = {"from": "received", "to": "triage"}
            note(session, stored, event=event, at=now(), actor="Kim", actor_kind="contact", text="Ja.", facts=facts)
    page = read(stored)

    assert "Den som skrev väntar på svar" in page
    assert "Idén har fått svar" not in page


def test_a_closed_idea_says_so_with_its_reason(read, idea, database) -> None:
    with database.transaction() as session:
        stored = session.get(Idea, idea.id)
        stored.stage, stored.close_reason = "closed", "Belysningen är redan nattsänkt."
    page = read(idea)

    assert "Idén är avslutad" in page
    assert "Belysningen är redan nattsänkt." in page


@pytest.mark.parametrize("kind", [None, *Kind])
def test_every_kind_of_mail_has_a_name(read, idea, sluice, database, kind: Kind | None) -> None:
    with database.transaction() as session:
        a_mail(
            session, sluice, kind=kind, idea_id=idea.id, reading=None, reasons=[], envelope_from="", received_at=now()
        )

    assert "Avsändare saknas" in read(idea)


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_many_mails_are_cut_off_with_a_word(read, idea, sluice, database, monkeypatch, lang: str) -> None:
    monkeypatch.setattr("services.intake.web.contacts.contact_idea.MAX_MAILS", 2)
    with database.transaction() as session:
        for _ in range(2):
            a_mail(session, sluice, idea_id=idea.id)
    page = read(idea, lang=lang)

    assert page.count("/mejl/") == 2
    assert "API" in page


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nobodys_words_run_in_the_page(client, path_of, web_settings, database, sluice, payload: str) -> None:
    announcer = Announcer(web_settings)
    with database.transaction() as session:
        hostile_check = dict.fromkeys(("spf", "dkim", "dmarc", "source"), payload)
        mail = a_mail(session, sluice, reasons=[payload], reading={"sender": payload, "sender_check": hostile_check})
        hostile = an_idea(
            session,
            web_settings,
            sluice,
            title=payload,
            text=payload,
            html=payload,
            set_apart=payload,
            submitter=payload,
            submitter_name=payload,
            held=payload,
            mail=mail,
            files=[a_file(name=payload, kind=payload)],
        )
        added = a_mail(session, sluice, idea_id=hostile.id, envelope_from=payload, reading=None)
        addition = Addition(
            text=payload,
            at=now(),
            author=payload,
            author_kind="other",
            set_apart=payload,
            files=[a_file(name=payload)],
            inbound_email_id=added.id,
        )
        add_to_idea(session, announcer, sluice, hostile, addition)
        undo.restore(session, added.id, actor=payload, reason=payload)
        a_draft(session, web_settings, sluice, hostile, payload)
    page = client.get(path_of(hostile))

    assert page.status_code == 200
    assert page.text.count("fire") >= 14 or "%(when)s %s" in payload
    assert not Elements(page.text).can_run


def everything(session) -> dict[str, Any]:
    """Every table's rows in one digest each."""
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = session.scalars(text(f"SELECT t::text FROM {table.fullname} t ORDER BY 1")).all()
        found[table.fullname] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    found["bus.message"] = session.scalar(text("SELECT count(*) FROM bus.message"))
    return found


def test_looking_and_downloading_change_nothing(client, path_of, idea, database) -> None:
    below = ["", f"/fil/{files_of(database, idea)[0]}", f"/mejl/{mails_of(database, idea)[0].id}"]
    with database.transaction() as session:
        before = everything(session)
        assert session.scalar(select(func.count()).select_from(Idea)) > 0
    for each in below:
        for method in ("GET", "HEAD"):
            assert client.open(path_of(idea, each), method=method).status_code == 200
        assert client.post(path_of(idea, each)).status_code == 405
    with database.transaction() as session:
        assert everything(session) == before


def test_the_submitters_link_reaches_no_contact_by_what_somebody_quoted(
    read, client, web_settings, idea, sluice, database
) -> None:
    token = links.follow_token(web_settings.signer, idea.reference)
    quoted = f"> Följ idén:\n> {links.follow_url(web_settings, idea.reference)}\n> {idea.reference}"
    with database.transaction() as session:
        stored = session.get(Idea, idea.id)
        stored.text, stored.set_apart = quoted, quoted
        addition = Addition(text=quoted, at=now(), author="Åsa", author_kind="submitter", set_apart=quoted)
        add_to_idea(session, Announcer(web_settings), sluice, stored, addition)
        a_draft(session, web_settings, sluice, stored, quoted)
    page = read(idea)

    assert page.count(f"/i/{idea.reference}?t=…") == 5
    assert token not in page


def test_a_contacts_link_reaches_no_submitter_by_what_a_contact_quoted(
    client, web_settings, idea, sluice, database
) -> None:
    contact = links.contact_url(web_settings, idea.reference, sluice.contacts[0].id)
    with database.transaction() as session:
        given = a_draft(session, web_settings, sluice, session.get(Idea, idea.id), f"Ja.\n> {contact}")
        answer.confirm(session, Announcer(web_settings), given.id, given.text)
    page = client.get(links.follow_url(web_settings, idea.reference).removeprefix(web_settings.base_url)).text

    assert f"/kontakt/ide/{idea.reference}?t=…" in page
    assert contact.partition("?t=")[2] not in page


def messages_on(page: str) -> str:
    """The section of the page on what was sent."""
    found = page.partition('<section id="utskick">')[2].partition("</section>")[0]
    assert found
    return found


def test_what_did_not_arrive_stands_first_with_its_reason_the_servers_line_and_a_way_to_mend_it(
    client, read, web_settings, idea, database
) -> None:
    line = "550 5.1.1 <asa@krokom.example>: Okänd mottagare <b>"
    with database.transaction() as session:
        failed = a_message(session, idea, state="permanent-failure", reason="recipient-gone", line=line)
        a_message(session, idea, kind="notice", recipient="kontakt@krokom.example")
        a_message(session, idea, kind="notice", recipient="bo@krokom.example", state="delivered", reason="delivered")
    page = read(idea)
    section = messages_on(page)

    assert page.index("Utskick</h2>") < page.index("<h2>Idén</h2>")
    for shown in (
        "Bekräftelsen till asa@krokom.example har inte kommit fram",
        "Adressen finns inte.",
        "Servern svarade: <code>550 5.1.1 &lt;asa@krokom.example&gt;: Okänd mottagare &lt;b&gt;</code>",
        f"/kontakt/meddelande/{links.undelivered_token(web_settings.signer, failed.notification_id)}",
        "Rätta adressen eller skicka igen",
        "2 utskick till",
    ):
        assert shown in section, shown
    open_, _, behind = section.partition("<details")
    assert "Beskedet om en ny idé" not in open_
    assert "Beskedet om en ny idé till kontakt@krokom.example" in behind
    assert "Skickat" in behind
    assert "Kom fram" in behind
    follow = client.get(links.follow_url(web_settings, idea.reference).removeprefix(web_settings.base_url)).text
    assert "har inte kommit fram" not in follow
    assert "550 5.1.1" not in follow


@pytest.mark.parametrize(
    ("kind", "state", "reason", "told"),
    [
        ("confirmation", "permanent-failure", None, "Meddelandet kunde inte lämnas."),
        ("confirmation", "temporary-failure", "mailbox-full", "Mottagarens brevlåda är full."),
        ("confirmation", "technical-failure", "own-fault", "Ett fel hos oss"),
        ("answer", "suppressed", "automatic-address", "Skickades inte"),
        ("added", "suppressed", "complained", "märkt ett mejl från oss som skräppost"),
        ("no-such-kind", "permanent-failure", "no-such-reason", "no-such-reason"),
    ],
)
def test_whatever_somebody_waits_for_in_vain_is_open(
    read, web_settings, sluice, database, kind: str, state: str, reason: str | None, told: str
) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice)
        a_message(session, stored, kind=kind, state=state, reason=reason)
    section = messages_on(read(stored))

    assert "har inte kommit fram" in section
    assert told in section
    assert "<details" not in section


@pytest.mark.parametrize(
    ("kind", "state", "reason", "recipient"),
    [
        ("confirmation", "suppressed", "Precedence: bulk", "asa@krokom.example"),
        ("confirmation", "suppressed", "rate", "asa@krokom.example"),
        ("confirmation", "permanent-failure", "recipient-gone", "gammal@krokom.example"),
        ("added", "cancelled", "cancelled", "kontakt@krokom.example"),
    ],
    ids=["a program's mail", "too many", "the address has been corrected", "cancelled"],
)
def test_what_is_as_it_should_be_is_not_called_a_fault(
    read, web_settings, sluice, database, kind: str, state: str, reason: str, recipient: str
) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice)
        a_message(session, stored, kind=kind, state=state, reason=reason, recipient=recipient)
    page = read(stored)

    assert "har inte kommit fram" not in page
    assert page.index("Så har det gått") < page.index("Utskick</h2>")
    assert "1 utskick till" in messages_on(page)


def test_an_idea_about_which_nothing_was_sent_says_what_will_stand_there(read, web_settings, sluice, database) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice)

    assert "Inget har skickats än." in messages_on(read(stored))


@pytest.mark.parametrize(
    ("actor", "told"),
    [("contact", "Adressen rättad av en kontaktperson"), ("Kim", "Adressen rättad av Kim")],
)
def test_a_corrected_address_is_told_on_the_timeline(
    client, read, web_settings, sluice, database, actor: str, told: str
) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice, submitter="asa@krokm.example")
        facts = {"wrong": "asa@krokm.example", "right": "asa@krokom.example", "corrected_by": actor, "at": now()}
        correct_address(session, {"idea_reference": stored.reference, **facts})
    page = read(stored)

    assert told in page
    assert "Från asa@krokm.example till asa@krokom.example" in page
    follow = client.get(links.follow_url(web_settings, stored.reference).removeprefix(web_settings.base_url)).text
    assert "rättad" not in follow


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_server_says_stays_text(read, web_settings, sluice, database, payload: str) -> None:
    with database.transaction() as session:
        stored = an_idea(session, web_settings, sluice)
        a_message(
            session, stored, state="permanent-failure", reason=payload, line=payload, kind=payload, recipient=payload
        )
    before = Elements(read(stored)).found

    with database.transaction() as session:
        session.execute(text("UPDATE intake.idea_message SET reason = 'x', line = 'x', kind = 'x', recipient = 'x'"))
    assert [tag for tag, _ in before] == [tag for tag, _ in Elements(read(stored)).found]
