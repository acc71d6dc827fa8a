"""Mail is read in a child process that may hang, grow or die without harm."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from services.intake.mail import limited, wire
from services.intake.mail.limited import Bounds, LimitedReader
from services.intake.mail.read import read_mail
from tests.support.waiting import wait_until

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
MAIL = "From: Åsa <a@b.example>\nSubject: Väg\nMessage-ID: <1@b.example>\n\nBygg en väg.\n".encode()


@pytest.fixture
def reader() -> Iterator[LimitedReader]:
    with LimitedReader() as started:
        yield started


@pytest.mark.parametrize("path", sorted((FIXTURES / "mime").glob("*.eml")), ids=lambda path: path.stem)
def test_a_reading_crosses_the_pipe_unchanged(path: Path) -> None:
    reading = read_mail(path.read_bytes(), envelope_from="a@b.example", recipient="ide@krokom.example")

    assert wire.load(*wire.dump(reading)) == reading


def test_a_child_reads_as_the_parent_would_and_is_used_again(reader: LimitedReader) -> None:
    first = reader.pid

    for path in sorted((FIXTURES / "mime").glob("*.eml")):
        raw = path.read_bytes()
        assert reader.read(raw, envelope_from="", recipient="x@y.example") == read_mail(
            raw, envelope_from="", recipient="x@y.example"
        )
    assert reader.pid == first


def test_a_mail_whose_child_was_stopped_is_read_by_another() -> None:
    with LimitedReader(Bounds(wall_seconds=2)) as reader:
        first = reader.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)

        assert reader.read(MAIL).text == "Bygg en väg."
        assert reader.pid != first
        assert not psutil.pid_exists(first)


def test_a_mail_that_takes_too_long_is_read_by_its_header() -> None:
    with LimitedReader(Bounds(wall_seconds=0)) as reader:
        reading = reader.read(MAIL)

    assert reading.reasons[0] == "reading took longer than 0 s"
    assert (reading.subject, reading.title, reading.message_id, reading.text) == ("Väg", "Väg", "<1@b.example>", "")


def test_a_mail_that_computes_too_long_is_ended_by_the_system() -> None:
    heavy = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--a\n" * 15_000_000

    with LimitedReader(Bounds(cpu_seconds=0)) as reader:
        reading = reader.read(heavy)

    assert reading.reasons[0] == "reading took longer than 0 s of computing"
    assert reading.subject == "x"


def test_a_mail_that_needs_too_much_memory_is_an_idea_all_the_same() -> None:
    big = b"Subject: x\nContent-Transfer-Encoding: base64\nContent-Type: a/b\n\n" + base64.encodebytes(
        b"x" * 30_000_000
    )

    with LimitedReader(Bounds(memory_bytes=80_000_000)) as reader:
        reading = reader.read(big)
        assert "MemoryError" in reading.reasons[0] or "ended" in reading.reasons[0]
        assert reading.subject == "x"
        assert reader.read(MAIL).text == "Bygg en väg."


def test_a_child_killed_between_two_mails_is_replaced(reader: LimitedReader) -> None:
    assert reader.read(MAIL).text == "Bygg en väg."
    first = reader.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    assert reader.read(MAIL).text == "Bygg en väg."
    assert reader.pid != first


def test_a_child_killed_while_it_reads_gets_the_mail_once_more(
    reader: LimitedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = limited._Conversation.send
    killed: list[int] = []

    def kill_then_send(self: limited._Conversation, data: bytes) -> None:
        if not killed and reader.pid is not None:
            killed.append(reader.pid)
            os.kill(reader.pid, signal.SIGKILL)
        send(self, data)

    monkeypatch.setattr(limited._Conversation, "send", kill_then_send)

    assert reader.read(MAIL).text == "Bygg en väg."
    assert killed


def test_a_child_is_replaced_after_its_mails() -> None:
    with LimitedReader(Bounds(mails=2)) as reader:
        first = reader.pid
        reader.read(MAIL)
        assert reader.pid == first
        reader.read(MAIL)
        assert reader.pid is None
        assert reader.read(MAIL).text == "Bygg en väg."


def test_a_child_that_grew_is_replaced() -> None:
    with LimitedReader(Bounds(resident_bytes=1)) as reader:
        assert reader.read(MAIL).text == "Bygg en väg."
        assert reader.pid is None


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0" * 12, b"\xff" * 200, b"\0\0\0\1\0\0\0\2\0\0\0\0{}\0\0\0\0", b"\0\0\0\1\0\0\0\0\xff\xff\xff\xff"],
)
def test_a_child_that_answers_nonsense_is_not_believed(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen
    program = f"import sys; sys.stdin.buffer.read(20); sys.stdout.buffer.write({answer!r})"
    monkeypatch.setattr(
        limited.subprocess, "Popen", lambda command, **options: popen([sys.executable, "-c", program], **options)
    )

    reading = LimitedReader(Bounds(wall_seconds=10)).read(MAIL)

    assert reading.subject == "Väg"
    assert reading.reasons[0].startswith("the process that read it")


def test_no_child_can_be_started_and_the_mail_is_read_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(limited.subprocess, "Popen", refuse)

    assert LimitedReader().read(MAIL).subject == "Väg"


def test_a_child_inherits_no_file_and_no_secret(reader: LimitedReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@db/x")
    with (FIXTURES / "mime" / "README.md").open() as kept, LimitedReader() as another:
        os.set_inheritable(kept.fileno(), True)
        for one in (reader, another):
            assert one.pid is not None
            child = psutil.Process(one.pid)
            assert kept.name not in [file.path for file in child.open_files()]
            assert child.net_connections() == []
            assert "DATABASE_URL" not in child.environ()


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_a_child_dies_with_its_parent() -> None:
    program = (
        "from services.intake.mail.limited import LimitedReader; r = LimitedReader(); r.start();"
        "r.read(b'Subject: x'); print(r.pid, flush=True); input()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    child = int(parent.stdout.readline())
    assert psutil.pid_exists(child)

    parent.kill()
    parent.wait()

    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    parent.stdin.close()
    parent.stdout.close()


def test_closing_ends_the_child() -> None:
    reader = LimitedReader()
    reader.start()
    child = reader.pid
    assert child is not None

    reader.close()
    reader.close()

    assert reader.pid is None
    assert not psutil.pid_exists(child)


def test_a_mail_of_forty_megabytes_is_read_whole(reader: LimitedReader) -> None:
    file = base64.encodebytes(os.urandom(7_000_000))
    parts = (
        b"--b\nContent-Type: application/x-y; name=%d.bin\nContent-Transfer-Encoding: base64\n\n" % number + file
        for number in range(4)
    )
    raw = b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n" + b"".join(parts) + b"--b--\n"

    reading = reader.read(raw)

    assert [file.size for file in reading.attachments] == [7_000_000] * 4
    assert reading.text == "Text"
