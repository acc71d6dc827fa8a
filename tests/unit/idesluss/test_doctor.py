"""`idesluss doctor` finds what is wrong, and shows no secret."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from idesluss.doctor import certificates, machine, outgoing, variables
from idesluss.doctor.examine import examine
from idesluss.doctor.finding import Finding, Level
from shared.settings import VARIABLES, load
from tests.support.ports import free_port

KEY = "not-for-anybodys-eyes-" + "k" * 30


def find(findings: list[Finding], subject: str) -> Finding:
    [found] = [finding for finding in findings if finding.subject == subject]
    return found


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 11, 14), Level.WARNING),
        ((3, 11, 15), Level.OK),
        ((3, 12, 12), Level.WARNING),
        ((3, 13, 12), Level.OK),
        ((3, 14, 2), Level.WARNING),
        ((3, 15, 0), Level.OK),
    ],
)
def test_an_old_patch_level_of_python_is_a_warning(version: tuple[int, int, int], level: Level) -> None:
    assert machine.python(version).level is level


def test_a_misspelt_setting_is_found_with_what_was_meant() -> None:
    [finding] = variables.unknown_variables({"IDESLUSS_HTPP_PORT": "80", "IDESLUSS_HTTP_PORT": "80", "HOME": "/"})
    assert finding.level is Level.WARNING
    assert finding.subject == "IDESLUSS_HTPP_PORT"
    assert "IDESLUSS_HTTP_PORT" in finding.text


def test_every_setting_is_listed_and_no_secret_is_shown(tmp_path: Path) -> None:
    environ = {
        "IDESLUSS_DATA_DIR": str(tmp_path),
        "IDESLUSS_SECRET_KEY": KEY,
        "SMTP_RELAY_URL": "smtp://user:pa55word@relay.example:587",
        "DATABASE_URL": "postgresql://owner:pa55word@db.example/idesluss",
        "IDESLUSS_HTTP_PORT": "8001",
        "SMS_URL": "46elks://user:p@55word@api.46elks.com?from=Krokom",
    }
    findings = list(variables.values(environ, load(environ)))

    assert [finding.subject for finding in findings] == list(VARIABLES.values())
    text = " ".join(finding.text for finding in findings)
    assert KEY not in text
    assert "55word" not in text
    assert find(findings, "SMTP_RELAY_URL").text == "smtp://user:***@relay.example:587"
    assert find(findings, "IDESLUSS_HTTP_PORT") == Finding(Level.SET, "IDESLUSS_HTTP_PORT", "8001")
    assert find(findings, "IDESLUSS_SMTP_PORT") == Finding(Level.DEFAULT, "IDESLUSS_SMTP_PORT", "2525")


@pytest.mark.parametrize(
    ("url", "base_url", "level", "text"),
    [
        ("46elks://user:pa55word@api.46elks.com", "https://ide.krokom.example", Level.FAULT, "?from="),
        ("46elks+http://user:pa55word@127.0.0.1:{}?from=Krokom", "http://127.0.0.1:8000", Level.WARNING, "receipts"),
        ("46elks+http://user:pa55word@127.0.0.1:{}?from=Krokom", "https://ide.krokom.example", Level.OK, "answers"),
        ("46elks+http://user:pa55word@127.0.0.1:1?from=Krokom", "https://ide.krokom.example", Level.WARNING, "answer"),
    ],
)
def test_a_provider_of_sms_is_looked_at(url: str, base_url: str, level: Level, text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = outgoing.sms_provider(url.format(server.getsockname()[1]), base_url)

    assert (found.subject, found.level) == ("SMS_URL", level)
    assert text in found.text
    assert "pa55word" not in found.text


def test_it_looks_without_leaving_a_trace(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    environ = {"IDESLUSS_DATA_DIR": str(folder), "IDESLUSS_SMTP_PORT": str(free_port())}

    findings = list(examine(environ))

    assert find(findings, "database").level is Level.WARNING
    assert not folder.exists()


def test_a_wrong_setting_ends_the_examination_with_its_name(tmp_path: Path) -> None:
    findings = list(examine({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_HTTP_PORT": "eighty"}))
    assert findings[-1].level is Level.FAULT
    assert "IDESLUSS_HTTP_PORT" in findings[-1].text


@pytest.mark.parametrize(("megabytes", "level"), [(100, Level.FAULT), (500, Level.WARNING), (5000, Level.OK)])
def test_little_space_is_said_before_there_is_none(
    megabytes: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=megabytes * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert machine.disk(tmp_path / "not" / "yet").level is level


@pytest.fixture
def greeter(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that says one line to one caller."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(request.param)

        thread = threading.Thread(target=greet)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("greeter", "level"), [(b"220 hello\r\n", Level.OK), (b"554 go away\r\n", Level.WARNING)], indirect=["greeter"]
)
def test_a_mail_server_counts_when_it_greets_with_220(greeter: int, level: Level) -> None:
    assert [each.level for each in outgoing.relays(f"smtp://127.0.0.1:{greeter}")] == [level]


def test_a_relay_that_does_not_answer_is_a_warning_and_a_wrong_url_a_fault() -> None:
    away = f"smtp://127.0.0.1:{free_port()}"
    assert [each.level for each in outgoing.relays(away)] == [Level.WARNING]
    assert [each.level for each in outgoing.relays(f"{away},smtps://127.0.0.1:{free_port()}")] == [Level.WARNING] * 2
    assert [each.level for each in outgoing.relays("relay.example:25:25")] == [Level.FAULT]


def test_no_password_of_any_relay_is_shown() -> None:
    text = "smtps://me:pa55word@a.example,smtp+starttls://you:pa55,w@rd@b.example:587"
    assert variables.shown("smtp_relay_url", text) == "smtps://me:***@a.example, smtp+starttls://you:***@b.example:587"


def test_it_says_whether_mails_are_signed(tmp_path: Path) -> None:
    assert outgoing.dkim_keys("").level is Level.WARNING
    assert outgoing.dkim_keys(str(tmp_path)).level is Level.WARNING
    (tmp_path / "krokom.example").mkdir()
    key = tmp_path / "krokom.example" / "x.pem"
    shutil.copy(Path(__file__).parent.parent / "notify" / "dkim_keys" / "rsa.pem", key)
    assert outgoing.dkim_keys(str(tmp_path)) == Finding(Level.OK, "IDESLUSS_DKIM_KEYS", "signs for krokom.example")
    key.write_text("")
    broken = outgoing.dkim_keys(str(tmp_path))
    assert broken.level is Level.FAULT
    assert str(key) in broken.text


@pytest.mark.parametrize(("days", "level"), [(90, Level.OK), (5, Level.WARNING)])
def test_a_certificates_end_is_foreseen(days: int, level: Level, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.example"]
    subprocess.run([*command, "-days", str(days), "-keyout", key, "-out", cert], check=True, capture_output=True)

    assert certificates.certificate(cert, key).level is level


def test_a_certificate_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nothing")
    assert certificates.certificate(tmp_path / "cert.pem", tmp_path / "cert.pem").level is Level.FAULT


@pytest.mark.parametrize(("text", "faults"), [("20-8", 0), ("natten", 1)])
def test_quiet_hours_that_cannot_be_read_are_a_fault(text: str, faults: int) -> None:
    found = list(variables.quiet_hours(text))

    assert len(found) == faults
    assert all(each.level is Level.FAULT and each.subject == "IDESLUSS_QUIET_HOURS" for each in found)
