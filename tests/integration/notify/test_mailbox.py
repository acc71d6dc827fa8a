"""The catching mailbox: stored before 250, one message per Message-ID, and pages where nothing runs."""

from __future__ import annotations

import asyncio
import re
import smtplib
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from services.notify.mailbox.server import Catcher, listen
from services.notify.mailbox.store import MailStore
from services.notify.mailbox.web import blueprint
from shared.ids import new_id
from shared.settings import Settings, load
from shared.web.tokens import issue
from tests.integration.notify.workbench import web_client
from tests.support.relays import catching_mailbox

MAIL = (
    b"From: =?utf-8?q?Id=C3=A9slussen?= <ide@krokom.example>\r\n"
    b"To: Asa <asa@invanare.example>\r\n"
    b"Reply-To: <ide+svar@krokom.example>\r\n"
    b"Subject: =?utf-8?q?Vi_har_tagit_emot?=\r\n =?utf-8?q?_din_id=C3=A9?=\r\n"
    b"Message-ID: <ett@krokom.example>\r\n"
    b"References: <a@x.example>\r\n <b@x.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHej \xc3\x85sa!\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hej</p><script>alert(1)</script>\r\n--x--\r\n"
)


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[tuple[int, MailStore]]:
    with catching_mailbox(settings) as found:
        yield found


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with web_client(settings) as found:
        yield found


def submit(port: int, raw: bytes = MAIL, recipient: str = "asa@invanare.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("studs@krokom.example", [recipient], raw)


def messages(client: FlaskClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/mailbox/api/v1/messages{query}")
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    return answer.json


def test_a_mail_is_listed_in_the_known_form(mailbox: tuple[int, MailStore], client: FlaskClient) -> None:
    submit(mailbox[0])

    listed = messages(client)

    assert {key: listed[key] for key in ("total", "start", "count")} == {"total": 1, "start": 0, "count": 1}
    (found,) = listed["messages"]
    assert found["MessageID"] == "ett@krokom.example"
    assert found["From"] == {"Name": "Idéslussen", "Address": "ide@krokom.example"}
    assert found["To"] == [{"Name": "Asa", "Address": "asa@invanare.example"}]
    assert found["Subject"] == "Vi har tagit emot din idé"
    assert found["Snippet"] == "Hej Åsa!"
    assert found["Size"] == len(MAIL)
    assert found["submissions"] == 1


def test_one_mail_is_given_whole(mailbox: tuple[int, MailStore], client: FlaskClient) -> None:
    submit(mailbox[0])
    identity = messages(client)["messages"][0]["ID"]

    whole = client.get(f"/mailbox/api/v1/message/{identity}").json
    headers = client.get(f"/mailbox/api/v1/message/{identity}/headers").json
    raw = client.get(f"/mailbox/api/v1/message/{identity}/raw")

    assert whole is not None
    assert whole["Text"] == "Hej Åsa!\n" or whole["Text"] == "Hej Åsa!"
    assert whole["HTML"].startswith("<p>Hej</p>")
    assert whole["ReturnPath"] == "studs@krokom.example"
    assert whole["ReplyTo"] == [{"Name": "", "Address": "ide+svar@krokom.example"}]
    assert whole["Bcc"] == []
    assert headers is not None
    assert headers["References"] == ["<a@x.example> <b@x.example>"]
    assert raw.mimetype == "message/rfc822"
    assert raw.data == MAIL


def test_a_message_id_submitted_again_is_one_message_that_counts(
    mailbox: tuple[int, MailStore], client: FlaskClient
) -> None:
    for _ in range(3):
        submit(mailbox[0])
    submit(mailbox[0], MAIL.replace(b"<ett@", b"<tva@"))

    listed = messages(client)["messages"]

    assert [(each["MessageID"], each["submissions"]) for each in listed] == [
        ("tva@krokom.example", 1),
        ("ett@krokom.example", 3),
    ]


def test_mails_without_a_message_id_are_each_their_own(mailbox: tuple[int, MailStore], client: FlaskClient) -> None:
    for _ in range(2):
        submit(mailbox[0], b"Subject: utan\r\n\r\nx\r\n")
    assert messages(client)["total"] == 2


def test_the_list_is_newest_first_and_comes_in_parts(mailbox: tuple[int, MailStore], client: FlaskClient) -> None:
    for number in range(5):
        submit(mailbox[0], MAIL.replace(b"<ett@", f"<{number}@".encode()))

    part = messages(client, "?start=1&limit=2")

    assert (part["total"], part["start"], part["count"]) == (5, 1, 2)
    assert [each["MessageID"] for each in part["messages"]] == ["3@krokom.example", "2@krokom.example"]
    assert messages(client, "?start=-1&limit=x")["count"] == 5


@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/api/v1/messages"])
def test_a_start_beyond_all_numbers_shows_nothing_and_breaks_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(f"{path}?start={10**30}").status_code == 200


def test_without_its_database_the_mailbox_says_later_and_tells_nothing(settings: Settings) -> None:
    away = load(
        {
            "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere",
            "IDESLUSS_SECRET_KEY": settings.secret_keys[0],
            "IDESLUSS_DATA_DIR": str(settings.data_dir),
        }
    )
    with (
        catching_mailbox(away) as (port, _),
        smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp,
        pytest.raises(smtplib.SMTPDataError) as refused,
    ):
        smtp.sendmail("a@x.example", ["b@x.example"], MAIL)

    assert refused.value.smtp_code == 451
    assert refused.value.smtp_error == b"4.3.0 Cannot store the mail just now, try again later"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"Subject: =?nonsense?q?x?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=rot13\r\n\r\nx",
        b'Content-Type: /\r\nFrom: <<>>, "\r\nMessage-ID: <>\r\n\r\n\x00\xff',
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x--",
        b"Message-ID: " + b"<" + b"x" * 5000 + b"@x>\r\n\r\nx",
    ],
)
def test_whatever_was_submitted_can_be_shown(mailbox: tuple[int, MailStore], client: FlaskClient, raw: bytes) -> None:
    submit(mailbox[0], raw)
    (found,) = messages(client)["messages"]
    for path in (f"/mailbox/{found['ID']}", f"/mailbox/{found['ID']}/html", "/mailbox/"):
        assert client.get(path).status_code == 200
    assert client.get(f"/mailbox/api/v1/message/{found['ID']}").status_code == 200


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_mails_html_is_shown_only_where_nothing_can_run(
    mailbox: tuple[int, MailStore], client: FlaskClient, language: str
) -> None:
    submit(mailbox[0], MAIL.replace(b"Vi_har", b"=3Cscript=3E"))
    identity = messages(client)["messages"][0]["ID"]

    page = client.get(f"/mailbox/{identity}?lang={language}")
    framed = client.get(f"/mailbox/{identity}/html")

    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="' in page.text
    assert "alert(1)" not in page.text
    assert "<script" not in page.text
    policy = framed.headers["Content-Security-Policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_links_in_a_mail_open_as_pages_of_their_own(mailbox: tuple[int, MailStore], client: FlaskClient) -> None:
    link = b"http://127.0.0.1:8000/kontakt/in/abc"
    text = b"Logga in:\r\n\r\n  " + link + b"\r\n\r\n<i>"
    submit(mailbox[0], MAIL.replace(b"Hej \xc3\x85sa!", text).replace(b"<p>Hej", b"<html><head></head><p>Hej"))
    identity = messages(client)["messages"][0]["ID"]

    page = client.get(f"/mailbox/{identity}").text

    assert re.search(f'<a href="{link.decode()}" rel="[^"]*noopener[^"]*" target="_blank">{link.decode()}</a>', page)
    assert "<i>" not in page
    assert '<head><base target="_blank"></head>' in client.get(f"/mailbox/{identity}/html").text


def test_an_empty_mailbox_says_what_will_come_and_how(client: FlaskClient) -> None:
    assert "Inga mejl än." in client.get("/mailbox/?lang=sv").text
    assert "No mail yet." in client.get("/mailbox/?lang=en").text


def test_a_mailbox_that_stops_first_answers_those_whose_mail_it_has() -> None:
    begun, released = threading.Event(), threading.Event()

    class SlowStore(MailStore):
        def keep(self, sender: str, recipients: object, raw: bytes) -> UUID:
            begun.set()
            released.wait(10)
            return new_id()

    async def stop_meanwhile() -> int:
        catcher = Catcher(SlowStore(None))  # type: ignore[arg-type] # it never asks its database
        server = await listen(catcher, 0, "mailbox.test")
        port = server.sockets[0].getsockname()[1]
        smtp = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", port, timeout=10)
        sending = asyncio.ensure_future(asyncio.to_thread(smtp.sendmail, "a@x.example", ["b@x.example"], MAIL))
        await asyncio.to_thread(begun.wait, 10)
        server.close()
        settling = asyncio.ensure_future(catcher.settle())
        await asyncio.sleep(0)
        assert not settling.done()
        released.set()
        await settling
        await sending
        code, _ = await asyncio.to_thread(smtp.quit)
        return int(code)

    assert asyncio.run(stop_meanwhile()) == 221


def test_what_is_not_there_is_not_found(client: FlaskClient) -> None:
    for path in ("/mailbox/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", "/mailbox/x", "/mailbox/api/v1/message/1"):
        assert client.get(path).status_code == 404


def test_on_an_address_that_others_reach_the_mailbox_takes_a_token(settings: Settings) -> None:
    public = load(
        {
            "DATABASE_URL": settings.database_url,
            "IDESLUSS_SECRET_KEY": settings.secret_keys[0],
            "IDESLUSS_DATA_DIR": str(settings.data_dir),
            "IDESLUSS_HTTP_HOST": "0.0.0.0",
        }
    )
    bearer = {"Authorization": f"Bearer {issue(public.signer, name='test', scopes=['notify:read'])}"}

    with web_client(public) as client:
        for path in ("/mailbox/", "/mailbox/api/v1/messages"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer).status_code == 200


def test_with_a_relay_there_is_no_mailbox(settings: Settings) -> None:
    relayed = load(
        {
            "DATABASE_URL": settings.database_url,
            "IDESLUSS_SECRET_KEY": settings.secret_keys[0],
            "IDESLUSS_DATA_DIR": str(settings.data_dir),
            "SMTP_RELAY_URL": "smtp://relay.example",
        }
    )
    with web_client(relayed) as client:
        assert client.get("/mailbox/").status_code == 404


def test_every_view_of_the_mailbox_is_guarded(settings: Settings) -> None:
    # The guard sits on the blueprint, so a view added later cannot forget it.
    assert blueprint(settings, MailStore(None)).before_request_funcs[None]  # type: ignore[arg-type]
