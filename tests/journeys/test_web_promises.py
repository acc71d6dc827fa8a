"""The web's promises, through the real ports of a whole running suite, by people whose browsers run no scripts.

Each journey has a municipality of its own, so that they may be read and run one by one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests

from shared.clock import STOCKHOLM, now
from shared.web.antibot import SHORTEST
from tests.support.running import Suite, letter
from tests.support.visitor import Page, Visitor
from tests.support.waiting import wait_until

HEARD_SECONDS = 30
FORGOTTEN_SECONDS = 15
"""Within which every process knows that a session or token has ended; 3 s plus a busy machine."""
ADMINISTRATOR = "admin@region.example"
LINK = re.compile(r"http://[^\s<>\"]+")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    # With the demo's ideas, so that the promise about Krokom's first one is the demo's.
    environment = {"IDESLUSS_TRUSTED_AUTHSERV_IDS": "front.example", "IDESLUSS_DEMO_IDEAS": "true"}
    running = Suite(tmp_path_factory.mktemp("suite"), environment).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def administrator(suite: Suite) -> Visitor:
    return signed_in(suite, ADMINISTRATOR)


def test_a_form_becomes_an_idea_that_is_answered_and_the_second_contact_overwrites_nothing(
    suite: Suite, administrator: Visitor
) -> None:
    stranger, submitter = Visitor(suite.url), Visitor(suite.url)
    form = submitter.see("/ide/krokom")
    proof = submitter.solve("idea:krokom")
    old_fashioned = stranger.see("/ide/krokom")
    words = {"title": "Elcyklar för hemtjänsten", "text": "Vi kör bil korta sträckor.", "kind": "citizen"}
    who = {"name": "Åsa Öberg", "email": "asa@privat.example", "consent": "yes"}
    wait_until(lambda: time.monotonic() > old_fashioned.fetched + SHORTEST.total_seconds() + 1)

    receipt = submitter.send(form, "/ide/krokom", altcha=proof, **words, **who)

    assert receipt.status == 200
    reference = f"KRO-{now().astimezone(STOCKHOLM).year}-0001"
    assert f">{reference}<" in receipt.markup
    assert f"/ide/krokom/tack/{reference}" in receipt.url
    follow = re.search(rf'href="(http://[^"]+/i/{reference}\?t=\w+)"', receipt.markup)[1]
    confirmation = heard(suite, "asa@privat.example", reference)
    for mine in ("Elcyklar", "hemtjänsten", "korta sträckor", "Åsa", "Öberg"):
        assert mine not in everything_in(confirmation), "nobody vouches for what was typed into a form"
    assert follow in confirmation["Text"]
    idea = idea_of(suite, reference)
    assert (idea["held"], idea["submitter"]["email"]) == (False, "asa@privat.example")
    notice = heard(suite, "kontakt@krokom.example", "korta sträckor")
    assert reference in notice["Subject"] + notice["Text"]

    # Without a script there is no proof: taken in, with a receipt, but a person looks first.
    held_page = stranger.send(
        old_fashioned, "/ide/krokom", **words | {"title": "Fler bänkar"}, **who | {"email": "bo@privat.example"}
    )
    held = re.search(r"KRO-\d{4}-\d{4}", held_page.url)[0]
    assert (idea_of(suite, held)["held"], idea_of(suite, held)["held_reason"]) == (True, "form-no-proof")
    heard(suite, "kontakt@krokom.example", "Fler bänkar")

    contact = signed_in(suite, "kontakt@krokom.example", scanned=10)
    inbox = contact.see("/kontakt/")
    assert inbox.status == 200
    assert "Elcyklar för hemtjänsten" in inbox.text
    assert not suite.caught_to("bo@privat.example"), "a held idea is confirmed by nobody but the contact"
    contact.send(contact.see("/kontakt/hallna"), f"/hallna/ide/{held}", {"do": "release"})
    heard(suite, "bo@privat.example", held)

    # A second contact opens the same idea to answer it, before the first one does.
    people = administrator.see("/kontakt/admin/sluss/krokom/personer")
    added = administrator.send(
        people, "/sluss/krokom/personer", name="Kim Kontakt", address="kim@krokom.example", role="contact"
    )
    assert (added.status, "Kim Kontakt" in added.text) == (200, True)
    second = signed_in(suite, "kim@krokom.example")
    before_the_answer = second.see(f"/kontakt/ide/{reference}/svara")

    writing = contact.see(f"/kontakt/ide/{reference}/svara")
    answer = {"answer": "Vi provar två cyklar i vår.", "to": "piloting"}
    preview = contact.send(writing, f"/{reference}/svara", {"do": "preview"}, **answer)
    assert "Vi provar två cyklar i vår." in preview.text
    assert "asa@privat.example" in preview.text
    assert idea_of(suite, reference)["stage"] == "received", "a preview moves nothing"
    sent = contact.send(preview, f"/{reference}/svara", {"do": "send"})
    assert (sent.status, sent.url.partition("?")[0]) == (200, f"{suite.url}/kontakt/ide/{reference}")
    told = heard(suite, "asa@privat.example", "Vi provar två cyklar i vår.")
    assert "Prövas" in told["Text"]
    followed = Visitor(suite.url).see(follow)
    assert "Vi provar två cyklar i vår." in followed.text
    assert "Prövas" in followed.text

    mails = len(suite.caught_to("asa@privat.example"))
    late = second.send(
        before_the_answer, f"/{reference}/svara", {"do": "send"}, answer="Nej tack, inte nu.", to="closed"
    )
    assert late.status == 409
    assert "Nej tack, inte nu." in late.text, "what they wrote is kept"
    assert "Vi provar två cyklar i vår." in late.text, "they see what was done meanwhile"
    after = idea_of(suite, reference)
    assert after["stage"] == "piloting"
    assert "Nej tack" not in str(after["timeline"])
    assert len(suite.caught_to("asa@privat.example")) == mails


def test_support_is_counted_once_followers_hear_until_they_stop_and_a_comment_waits_for_the_contact(
    suite: Suite,
) -> None:
    reference = sent_in(suite, "are", "Skridskoled på sjön", "Plogad hela vintern.")
    contact = signed_in(suite, "kontakt@are.example")
    desk = contact.see(f"/kontakt/ide/{reference}/publicera")
    assert contact.send(desk, "/publicera", {"do": "publish"}).status == 200
    stranger, where = Visitor(suite.url), f"/tavla/are/{reference}"
    assert "Plogad hela vintern." in stranger.see(where).text
    address = "granne@annanstans.example"

    asked = stranger.send(stranger.see(where), f"{where}/stod", address=address)
    assert (asked.status, supporters(asked)) == (200, 0)
    verify = heard(suite, address, "/tavla/stod/")
    assert not any(word in everything_in(verify) for word in ("Skridsko", "Plogad"))
    link = link_in(verify, "/tavla/stod/")
    for _ in range(3):
        button = stranger.see(link)
    assert supporters(stranger.see(where)) == 0, "looking is no support"
    for _ in range(2):
        assert stranger.send(button, "/tavla/stod/" + link.rpartition("/")[2]).status == 200
    assert supporters(stranger.see(where)) == 1
    stranger.send(stranger.see(where), f"{where}/stod", address=address.upper())
    assert supporters(stranger.see(where)) == 1

    answered(contact, reference, "Vi frågar isklubben.", to="triage")
    news = heard(suite, address, "Vi frågar isklubben.")
    assert news["Headers"]["List-Unsubscribe-Post"] == ["List-Unsubscribe=One-Click"]
    [unsubscribe] = news["Headers"]["List-Unsubscribe"]
    one_click = requests.post(
        unsubscribe.strip("<>"), data={"List-Unsubscribe": "One-Click"}, allow_redirects=False, timeout=15
    )
    assert one_click.status_code in (200, 202, 204), "RFC 8058 §3.1: no redirect"
    assert supporters(stranger.see(where)) == 1, "who no longer listens still supports"
    stranger.send(stranger.see(where), f"{where}/stod", address="zara@annanstans.example")
    link = link_in(heard(suite, "zara@annanstans.example", "/tavla/stod/"), "/tavla/stod/")
    stranger.send(stranger.see(link), "/tavla/stod/" + link.rpartition("/")[2])
    answered(contact, reference, "Isklubben vill.", to="developing")
    heard(suite, "zara@annanstans.example", "Isklubben vill.")

    writing = stranger.see(f"{where}/kommentar")
    words = {"name": "Lena", "address": "lena@annanstans.example", "text": "Glöm inte belysningen."}
    assert stranger.send(writing, f"{where}/kommentar", **words).status == 200
    verify = heard(suite, "lena@annanstans.example", "/tavla/kommentar/")
    assert "belysningen" not in everything_in(verify)
    link = link_in(verify, "/tavla/kommentar/")
    stranger.send(stranger.see(link), "/tavla/kommentar/" + link.rpartition("/")[2])
    assert "belysningen" not in stranger.see(where).text, "held until a contact has read it"
    comments = contact.see("/kontakt/kommentarer/")
    assert "Glöm inte belysningen." in comments.text
    [decision] = [form.action for form in comments.forms if "/kontakt/kommentarer/" in form.action]
    contact.send(comments, decision.rpartition("/")[2].partition("?")[0], {"state": "shown"})
    assert "Glöm inte belysningen." in stranger.see(where).text
    assert not [mail for mail in suite.caught_to(address) if "Isklubben vill." in mail["Text"]]


def test_a_question_is_answered_by_mail_into_the_same_idea(suite: Suite) -> None:
    reference = sent_in(suite, "berg", "Lånecyklar vid hälsocentralen", "Tre räcker.")
    contact = signed_in(suite, "kontakt@berg.example")

    asking = contact.see(f"/kontakt/ide/{reference}/fraga")
    contact.send(asking, f"/{reference}/fraga", question="Vem sköter dem?")

    question = heard(suite, "asa@berg.example", "Vem sköter dem?")
    assert waits(contact, reference)
    [reply_to] = [to["Address"] for to in question["ReplyTo"]]
    reply = letter("Sv: " + question["Subject"], "Vaktmästaren har sagt ja.", sender="asa@berg.example", to=reply_to)
    suite.send(vouched(reply, "berg.example"), "asa@berg.example", reply_to)
    heard(suite, "kontakt@berg.example", "Vaktmästaren har sagt ja.")
    page = contact.see(f"/kontakt/ide/{reference}")
    assert "Vaktmästaren har sagt ja." in page.text
    assert len(suite.ideas(sluice="berg")) == 1
    assert not waits(contact, reference)


def test_merged_and_passed_on_submitters_hear_and_old_addresses_still_lead_to_the_idea(suite: Suite) -> None:
    first = sent_in(suite, "ragunda", "Solceller på ishallen", "Taket är stort.", sender="eva@ragunda.example")
    second = sent_in(suite, "ragunda", "Sol på ishallens tak", "Åt söder.", sender="ola@ragunda.example")
    contact = signed_in(suite, "kontakt@ragunda.example")
    old_address = reply_address(heard(suite, "eva@ragunda.example", first))

    merging = contact.see(f"/kontakt/ide/{second}/sla-ihop")
    contact.send(merging, f"/{second}/sla-ihop", into=first, answer="Ni tänkte lika.")
    merged = heard(suite, "ola@ragunda.example", "Ni tänkte lika.")
    assert first in merged["Text"]
    answered(contact, first, "Vi räknar på taket.", to="developing")
    for address in ("eva@ragunda.example", "ola@ragunda.example"):
        heard(suite, address, "Vi räknar på taket.")

    third = sent_in(
        suite, "ragunda", "Snöskoter till hemsjukvården", "När vägen är stängd.", sender="per@ragunda.example"
    )
    to_third = reply_address(heard(suite, "per@ragunda.example", third))
    handing = contact.see(f"/kontakt/ide/{third}/skicka-vidare")
    contact.send(handing, f"/{third}/skicka-vidare", to="bracke", note="Er väg.")
    passed_on = heard(suite, "per@ragunda.example", "Bräcke kommun")
    assert "Ragunda kommun" in passed_on["Text"]
    heard(suite, "kontakt@bracke.example", "När vägen är stängd.")
    assert idea_of(suite, third)["sluice"] == "bracke"
    assert contact.see(f"/kontakt/ide/{third}/svara").status == 404

    for old, reference, words, told in (
        (to_third, third, "Skotern finns redan.", "kontakt@bracke.example"),
        (old_address, first, "Taket håller.", "kontakt@ragunda.example"),
    ):
        sender = idea_of(suite, reference)["submitter"]["email"]
        suite.send(vouched(letter("Sv: idén", words, sender=sender, to=old), "ragunda.example"), sender, old)
        heard(suite, told, words)
        assert words in str(idea_of(suite, reference)["timeline"])


def test_an_ended_session_and_a_revoked_token_are_refused_everywhere(suite: Suite, administrator: Visitor) -> None:
    lost = signed_in(suite, ADMINISTRATOR)
    for page in ("/kontakt/du", "/kontakt/drift/"):
        assert lost.see(page).url == f"{suite.url}{page}"
    you = administrator.see("/kontakt/du")
    others = [form.action for form in you.forms if re.search(r"/du/sessioner/[0-9a-f-]{36}", form.action)]
    assert others
    for other in others:
        administrator.send(you, other.rpartition("/")[2].partition("?")[0])
    for page in ("/kontakt/du", "/kontakt/drift/"):
        wait_until(lambda page=page: "/kontakt/in" in lost.see(page).url, FORGOTTEN_SECONDS)
        assert administrator.see(page).url == f"{suite.url}{page}"

    tokens = administrator.see("/kontakt/admin/nycklar")
    form = tokens.form("/admin/nycklar")
    issued = administrator.post(
        form.action, {**form.fields, "name": "kartan", "scopes": ["intake:read", "notify:read"]}
    )
    bearer = {"Authorization": f"Bearer {re.search(r'<code>([^<]+)</code>', issued.markup)[1]}"}
    apis = [f"{suite.url}/api/intake/v1/ideas", f"{suite.url}/api/notify/v1/notifications"]

    def statuses() -> list[int]:
        return [requests.get(api, headers=bearer, timeout=15).status_code for api in apis]

    assert statuses() == [200, 200]
    page = administrator.see("/kontakt/admin/nycklar")
    [revoke] = [form for form in page.forms if form.fields.get("revoked") == "kartan"]
    administrator.post(revoke.action, revoke.fields)
    wait_until(lambda: statuses() == [401, 401], FORGOTTEN_SECONDS)


def test_news_reach_whoever_asked_for_them(suite: Suite) -> None:
    reader, address = Visitor(suite.url), "lasare@annanstans.example"
    asked = reader.send(reader.see("/nyheter/"), "/nyheter/prenumerera", address=address, sluice="stromsund")
    assert asked.status == 200
    link = link_in(heard(suite, address, "/nyheter/prenumeration/"), "/nyheter/prenumeration/")
    reader.send(reader.see(link), "/nyheter/prenumeration/" + link.rpartition("/")[2])

    contact = signed_in(suite, "kontakt@stromsund.example")
    words = {"title": "Snönumret blir kvar", "text": "Ring ett nummer.\n\n- dag\n- natt", "sluice": "stromsund"}
    post = contact.send(contact.see("/kontakt/nyheter/ny"), "/kontakt/nyheter/ny", **words)
    assert "Snönumret blir kvar" not in reader.see("/nyheter/stromsund/").text, "a draft is nobody's news"
    published = contact.send(post, "/publicera")
    assert "Snönumret blir kvar" in reader.see("/nyheter/stromsund/").text
    assert "Snönumret blir kvar" in reader.see("/nyheter/stromsund/flode.rss").text
    contact.send(published, "/mejla")

    mail = heard(suite, address, "Ring ett nummer.")
    assert "Snönumret blir kvar" in mail["Subject"]
    assert mail["Headers"]["List-Unsubscribe-Post"] == ["List-Unsubscribe=One-Click"]
    [unsubscribe] = mail["Headers"]["List-Unsubscribe"]
    assert unsubscribe.strip("<>") in mail["Text"]


def test_whoever_withdraws_and_erases_is_named_nowhere(suite: Suite) -> None:
    address, name = "gunborg@ostersund.example", "Gunborg Häggström"
    reference = sent_in(suite, "ostersund", "Trädgård på taket", "Till huset.", sender=f"{name} <{address}>")
    contact = signed_in(suite, "kontakt@ostersund.example")
    contact.send(contact.see(f"/kontakt/ide/{reference}/publicera"), "/publicera", {"do": "publish"})
    answered(contact, reference, "Tack Gunborg Häggström, vi tittar på taket.", to="triage")
    follow = link_in(heard(suite, address, reference), f"/i/{reference}").partition("#")[0]
    submitter = Visitor(suite.url)
    public = [f"/tavla/ostersund/{reference}", "/tavla/ostersund", "/tavla/ostersund/flode.rss"]
    assert "Trädgård på taket" in submitter.see(public[1]).text
    assert "vi tittar på taket." in submitter.see(public[0]).text
    assert "Häggström" not in submitter.see(public[0]).text, "an answer on the board names nobody"

    withdrawn = submitter.send(submitter.see(follow), "/dra-tillbaka", why="Vi flyttar.")
    assert withdrawn.status == 200
    heard(suite, "kontakt@ostersund.example", "Vi flyttar.")
    erased = submitter.send(withdrawn, "/radera")
    assert erased.status == 200
    heard(suite, "kontakt@ostersund.example", "inte längre stå med")

    detail = suite.api(f"/api/intake/v1/ideas/{reference}")
    assert detail["submitter"] == {"name": "", "email": None}
    # The mail as it came stays, a public record; and what a contact wrote in an official answer, off the board.
    detail["timeline"] = [entry for entry in detail["timeline"] if entry["event"] != "answered"]
    seen = [submitter.see(path).text for path in (*public, follow, "/")]
    assert "Trädgård på taket" not in "".join(seen[:3]), "a withdrawn idea leaves the board"
    sections = contact.see(f"/kontakt/ide/{reference}").text.replace("Tack Gunborg Häggström", "").split("<section")
    desk = "".join(section for section in sections if "/mejl/" not in section)
    listed = contact.see(f"/kontakt/?q={reference[:3]}").text
    for words in (str(detail), desk, listed, *seen[:3], *seen[4:]):
        assert address not in words
        assert "Häggström" not in words


def signed_in(suite: Suite, address: str, *, scanned: int = 0) -> Visitor:
    """A browser in which that person pressed the button behind their link, after a scanner opened it so many times."""
    visitor = Visitor(suite.url)
    known = {mail["ID"] for mail in suite.caught_to(address)}
    asked = visitor.send(visitor.see("/kontakt/in"), "/kontakt/in", address=address)
    assert asked.status == 200

    def links() -> list[str]:
        new = [mail["Text"] for mail in suite.caught_to(address) if mail["ID"] not in known]
        return [url for text in new for url in LINK.findall(text) if "/kontakt/in/" in url]

    [link] = wait_until(links, HEARD_SECONDS)
    for _ in range(scanned):
        assert requests.get(link, timeout=15).status_code == 200
        assert requests.head(link, timeout=15).status_code == 200
    page = visitor.see(link)
    assert address in page.text
    inside = visitor.send(page, "/kontakt/in/" + link.rpartition("/")[2])
    assert (inside.status, inside.url.partition("?")[0]) == (200, f"{suite.url}/kontakt/")
    assert Visitor(suite.url).see(link).status == 404, "it works once"
    return visitor


def sent_in(suite: Suite, slug: str, title: str, text: str, *, sender: str = "") -> str:
    """The reference of an idea that somebody of that municipality mailed, once its contact heard of it."""
    sender = sender or f"asa@{slug}.example"
    address = sender.rpartition("<")[2].rstrip(">")
    mail = vouched(letter(title, text, sender=sender, to=f"ide@{slug}.example"), f"{slug}.example")
    suite.send(mail, address, f"ide@{slug}.example")
    heard(suite, f"kontakt@{slug}.example", text)
    return next(idea["reference"] for idea in suite.ideas(sluice=slug) if idea["title"] == title)


def vouched(message: EmailMessage, domain: str) -> EmailMessage:
    """As a trusted front passes it on after its own checks (RFC 8601)."""
    message["Authentication-Results"] = f"front.example; dmarc=pass header.from={domain}"
    return message


def answered(contact: Visitor, reference: str, words: str, *, to: str) -> None:
    """Let the contact answer and move the idea, by the preview."""
    writing = contact.see(f"/kontakt/ide/{reference}/svara")
    preview = contact.send(writing, f"/{reference}/svara", {"do": "preview"}, answer=words, to=to)
    assert contact.send(preview, f"/{reference}/svara", {"do": "send"}).status == 200


def heard(suite: Suite, address: str, words: str) -> dict:
    """The newest mail to that address that says so."""

    def found() -> list[dict]:
        return [mail for mail in suite.caught_to(address) if words in mail["Text"]]

    found.__name__ = f"{address} hears {words!r}"
    return wait_until(found, HEARD_SECONDS, every=0.1)[0]


def link_in(mail: dict, path: str) -> str:
    """The first link in the mail to such an address."""
    return next(url for url in LINK.findall(mail["Text"]) if path in url)


def reply_address(mail: dict) -> str:
    [reply_to] = [to["Address"] for to in mail["ReplyTo"]]
    return reply_to


def everything_in(mail: dict) -> str:
    return mail["Text"] + mail["HTML"] + mail["Subject"] + str(mail["To"])


def idea_of(suite: Suite, reference: str) -> dict:
    return suite.api(f"/api/intake/v1/ideas/{reference}")


def supporters(board_page: Page) -> int:
    """The number that an idea's page on the board shows."""
    return int(re.search(r'<b class="count">(\d+)</b>', board_page.markup)[1])


def waits(contact: Visitor, reference: str) -> bool:
    """Is the idea listed among those that wait for somebody else?"""
    return reference in contact.see("/kontakt/?group=waiting").markup
