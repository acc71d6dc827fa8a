"""The main promise: a mail becomes an idea, its sender hears back, and nobody has to press anything."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

import pytest
import requests

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

SENDER = "asa@krokom.example"
CONTACT = "kontakt@krokom.example"
HEARD_SECONDS = 30


def vouched(message: EmailMessage, domain: str = "krokom.example") -> EmailMessage:
    """As a trusted front passes it on after its own checks (RFC 8601)."""
    message["Authentication-Results"] = f"front.example; dmarc=pass header.from={domain}"
    return message


def confirmation_to(suite: Suite, address: str, count: int = 1) -> dict:
    wait_until(lambda: len(suite.caught_to(address)) >= count, HEARD_SECONDS)
    return suite.caught_to(address)[0]


def test_a_mail_becomes_an_idea_and_both_sides_hear_of_it(suite: Suite) -> None:
    mail = vouched(
        letter(
            "Elcyklar som hemtjänsten delar på",
            "Vi kör bil korta sträckor.\n\nMvh Åsa",
            message_id="<first@krokom.example>",
        )
    )
    suite.send(mail, SENDER, "ide@krokom.example")

    confirmation = confirmation_to(suite, SENDER)
    [idea] = [idea for idea in suite.ideas(sluice="krokom") if idea["title"].startswith("Elcyklar")]
    assert re.fullmatch(r"KRO-2026-\d{4}", idea["reference"])
    assert idea["submitter"] == {"name": "Åsa Öberg", "email": SENDER}
    assert idea["kind"] == "employee"
    assert "korta sträckor" in idea["text"]

    assert idea["reference"] in confirmation["Subject"] + confirmation["Text"]
    assert confirmation["Headers"]["Auto-Submitted"] == ["auto-replied"]
    assert confirmation["Headers"]["In-Reply-To"] == ["<first@krokom.example>"]
    assert confirmation["ReturnPath"] in ("", "<>")
    assert "Elcyklar" in confirmation["Text"] + confirmation["Subject"]
    follow = re.search(r"http://\S+/i/KRO-\S+", confirmation["Text"])
    assert follow
    page = requests.get(follow[0], timeout=10)
    assert page.status_code == 200
    assert "Elcyklar" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"

    wait_until(lambda: suite.caught_to(CONTACT), HEARD_SECONDS)
    notice = suite.caught_to(CONTACT)[0]
    assert "korta sträckor" in notice["Text"]
    assert idea["reference"] in notice["Subject"] + notice["Text"]

    [inbound] = suite.inbound(idea=idea["reference"])
    raw = requests.get(
        suite.url + inbound["raw_url"].removeprefix(suite.url),
        headers={"Authorization": f"Bearer {suite.run['api_token']}"},
        timeout=10,
    ).content
    assert b"Message-ID: <first@krokom.example>" in raw
    assert inbound["kind"] == "idea"
    assert inbound["reasons"]


def test_a_reply_to_the_confirmation_adds_to_the_idea(suite: Suite) -> None:
    sender = "erik@krokom.example"
    suite.send(letter("Fler laddstolpar", "Vid stationen.", sender=sender), sender, "ide@krokom.example")
    confirmation = confirmation_to(suite, sender)
    [reply_to] = [to["Address"] for to in confirmation["ReplyTo"]]
    before = len(suite.ideas(sluice="krokom"))

    reply = letter("Sv: " + confirmation["Subject"], "Och vid skolan också.", sender=sender, to=reply_to)
    suite.send(reply, sender, reply_to)

    [idea] = [idea for idea in suite.ideas(sluice="krokom") if idea["title"] == "Fler laddstolpar"]
    path = f"/api/intake/v1/ideas/{idea['reference']}"
    wait_until(lambda: "vid skolan" in str(suite.api(path)["timeline"]), HEARD_SECONDS)
    assert len(suite.ideas(sluice="krokom")) == before
    assert len(suite.caught_to(sender)) == 1, "an addition is not confirmed as an idea"
    wait_until(lambda: any("vid skolan" in mail["Text"] for mail in suite.caught_to(CONTACT)), HEARD_SECONDS)


def test_a_contact_answers_by_mail_and_confirms_it_by_a_link(suite: Suite) -> None:
    sender = "nils@krokom.example"
    suite.send(letter("Digital fika", "På fredagar.", sender=sender), sender, "ide@krokom.example")
    wait_until(lambda: any("fredagar" in mail["Text"] for mail in suite.caught_to(CONTACT)), HEARD_SECONDS)
    notice = next(mail for mail in suite.caught_to(CONTACT) if "fredagar" in mail["Text"])
    [reply_to] = [to["Address"] for to in notice["ReplyTo"]]

    suite.send(
        letter("Sv: " + notice["Subject"], "Vi provar i januari.", sender=CONTACT, to=reply_to), CONTACT, reply_to
    )

    def draft() -> dict | None:
        return next((m for m in suite.caught_to(CONTACT) if "/kontakt/bekrafta/" in m["Text"]), None)

    wait_until(draft, HEARD_SECONDS)
    assert len(suite.caught_to(sender)) == 1, "nothing reaches the submitter before the contact confirms"
    asked = draft()
    assert asked is not None
    link = re.search(r"http://\S+/kontakt/bekrafta/\S+", asked["Text"])
    assert link
    for _ in range(3):
        seen = requests.get(link[0], timeout=10)
        assert seen.status_code == 200
        assert "Vi provar i januari." in seen.text
    assert len(suite.caught_to(sender)) == 1, "looking at the page sends nothing"

    fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', seen.text))
    for _ in range(2):
        sent = requests.post(link[0], data={**fields, "text": "Vi provar i januari."}, timeout=10)
        assert sent.status_code == 200

    wait_until(lambda: len(suite.caught_to(sender)) == 2, HEARD_SECONDS)
    answer = suite.caught_to(sender)[0]
    assert "Vi provar i januari." in answer["Text"]
    [idea] = [idea for idea in suite.ideas(sluice="krokom") if idea["title"] == "Digital fika"]
    assert idea["stage"] == "triage"


def test_the_same_mail_twice_is_one_idea_and_one_confirmation(suite: Suite) -> None:
    sender = "dubbel@krokom.example"
    mail = letter("Två gånger", "Samma mejl.", sender=sender, message_id="<twice@krokom.example>")
    suite.send(mail, sender, "ide@krokom.example")
    confirmation_to(suite, sender)

    suite.send(mail, sender, "ide@krokom.example")

    wait_until(lambda: len(suite.inbound(message_id="<twice@krokom.example>")) == 2, HEARD_SECONDS)
    wait_until(lambda: all(m["kind"] for m in suite.inbound(message_id="<twice@krokom.example>")), HEARD_SECONDS)
    assert len([idea for idea in suite.ideas(sluice="krokom") if idea["title"] == "Två gånger"]) == 1
    assert len(suite.caught_to(sender)) == 1


def test_a_mail_to_two_sluices_is_one_idea_and_one_confirmation_in_each(suite: Suite) -> None:
    sender = "bada@krokom.example"
    mail = letter("Till båda", "Samma idé.", sender=sender, to="ide@are.example, ide@berg.example")
    suite.send(mail, sender, "ide@are.example", "ide+tips@berg.example")

    wait_until(lambda: len(suite.caught_to(sender)) == 2, HEARD_SECONDS)
    assert [i["title"] for i in suite.ideas(sluice="are")] == ["Till båda"]
    assert [i["title"] for i in suite.ideas(sluice="berg")] == ["Till båda"]


def test_the_words_of_an_unvouched_sender_are_not_repeated(suite: Suite) -> None:
    stranger = "offer@annanstans.example"
    suite.send(
        letter("Köp billiga klockor", "http://skurk.example", sender=f"Skurk <{stranger}>"),
        stranger,
        "ide@krokom.example",
    )

    confirmation = confirmation_to(suite, stranger)

    whole = confirmation["Text"] + confirmation["HTML"] + confirmation["Subject"] + str(confirmation["To"])
    assert "klockor" not in whole
    assert "skurk.example" not in whole
    assert "Skurk" not in whole
    assert re.search(r"KRO-2026-\d{4}", whole)


def test_automatic_mails_and_null_senders_are_never_answered(suite: Suite) -> None:
    robot = "robot@krokom.example"
    suite.send(
        letter("Autosvar: semester", "Jag är borta.", sender=robot, Auto_Submitted="auto-replied"),
        robot,
        "ide@krokom.example",
    )
    suite.send(letter("Utan avsändare", "Från tom väg.", sender=robot), "", "ide@krokom.example")
    last = "efter@krokom.example"
    suite.send(letter("Efteråt", "Vanlig.", sender=last), last, "ide@krokom.example")

    confirmation_to(suite, last)
    wait_until(lambda: not [m for m in suite.inbound(sluice="krokom") if m["kind"] is None], HEARD_SECONDS)
    assert suite.caught_to(robot) == []


def test_unknown_recipients_are_refused_and_nothing_is_relayed(suite: Suite) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        suite.send(letter("x", "y", to="ingen@krokom.example"), SENDER, "ingen@krokom.example")
    code, text = refused.value.recipients["ingen@krokom.example"]
    assert code == 550
    assert b"5.1.1" in text


def test_swedish_letters_in_addresses_work_both_ways(suite: Suite) -> None:
    sender = "åsa@exämple.se"
    mail = letter("Utan punycode", "Åäö i adressen.", sender=sender)
    port = int(suite.environment["IDESLUSS_SMTP_PORT"])
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo()
        client.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"])
        assert client.rcpt("ide@krokom.example")[0] == 250
        assert client.data(mail.as_bytes(policy=mail.policy.clone(utf8=True)))[0] == 250

    wait_until(lambda: any(i["title"] == "Utan punycode" for i in suite.ideas(sluice="krokom")), HEARD_SECONDS)
    wait_until(
        lambda: any("xn--exmple-cua.se" in str(m["To"]) or "exämple.se" in str(m["To"]) for m in suite.caught()),
        HEARD_SECONDS,
    )
