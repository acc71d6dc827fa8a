"""An idea's archive package: whole, verifiable, readable by an archive, and the same for the same state."""

from __future__ import annotations

import io
import json
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from lxml import etree, html
from sqlalchemy import select

from idesluss.cli import main
from services.intake.archive.zipped import DamagedError
from services.intake.domain.idea import Stage
from services.intake.domain.mets import CSIP, METS, XLINK
from services.intake.store.people_tables import Change
from services.intake.store.public_tables import Comment
from services.intake.store.tables import Blob, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.merge_ideas import merge_ideas
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.note_idea import note_idea
from services.intake.usecases.package_idea import take_package, zip_of
from services.intake.usecases.register_idea import register_idea
from shared.clock import now
from shared.db import Database, Role
from shared.errors import NotFound
from shared.ids import new_id
from shared.settings import Settings
from shared.viewer import Viewer
from tests.integration.intake.desk import Desk
from tests.support.ideas import a_file, a_message, a_sluice, an_idea

KIM = Viewer("kontakt@krokom.example", contact_of=frozenset({"krokom"}))
BERG = Viewer("kontakt@berg.example", contact_of=frozenset({"berg"}))
ANSWER = "Vi provar tre cyklar i vinter."
SECRET = "Ring inte chefen än."
NS = {"m": METS, "x": XLINK, "c": CSIP}
DATA = "representations/rep1/data"
HOSTILE = ["../../etc/passwd", "karta.png", "karta.png", "Åsikt <b>&amp;.PDF", "CON", "\u202egnp.exe", "", "a" * 400]
MAIL = (
    "From: Åsa <asa@krokom.example>\nTo: ide@krokom.example\nSubject: Elcyklar & <bilar>\n"
    "Message-ID: <a@krokom.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
    "--x\nContent-Type: text/plain; charset=utf-8\n\nVi kör bil korta sträckor. ]]> <script>alert(1)</script>\n"
    "--x\nContent-Type: image/png; name=karta.png\nContent-Disposition: attachment; filename=karta.png\n"
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--x--\n"
)


@pytest.fixture(scope="module")
def rich(module_settings: Settings) -> Iterator[tuple[Desk, str]]:
    """A mailed idea with an attachment, a reply by mail, an answer, a note, a comment, a merge and a number."""
    database = Database(module_settings, Role.INTAKE)
    with database.transaction() as session:
        krokom = a_sluice(session)
        a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
    desk = Desk(module_settings, database, krokom)
    announcer = Announcer(module_settings)
    idea = desk.idea_of(desk.receive(MAIL))
    reply = (
        MAIL.replace("Elcyklar & <bilar>", "Sv: Elcyklar").replace("<a@", "<b@").replace("Vi kör bil", "Även lådcyklar")
    )
    desk.receive(reply, recipient=desk.reply_address(idea))
    with database.transaction() as session:
        other = an_idea(session, module_settings, krokom, title="Samma igen", submitter="bo@krokom.example")
        merge_ideas(session, announcer, KIM, other.reference, into=idea.reference, version=None)
        move_idea(session, announcer, KIM, idea.reference, to=Stage.DEVELOPING, answer=ANSWER, version=None)
        note_idea(session, KIM, idea.reference, text=SECRET)
        register_idea(session, KIM, idea.reference, state="registered", number="KS 2026/123", version=None)
        a_message(session, idea, kind="answer", recipient="asa@krokom.example", state="delivered")
        session.add(
            Comment(
                id=new_id(),
                idea_id=idea.id,
                name="Bo",
                address="bo@krokom.example",
                text="Bra!\x0b<i>",
                at=now(),
                confirmed_at=now(),
                state="shown",
                decided_by=None,
            )
        )
    yield desk, idea.reference
    database.dispose()


def packed(desk: Desk, reference: str, *, with_notes: bool = True) -> bytes:
    with desk.database.transaction() as session:
        found = take_package(session, KIM, reference, with_notes=with_notes, way="page")
    return b"".join(zip_of(desk.database, [found]))


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
        return folder / archive.namelist()[0].split("/")[0]


def verified(root: Path) -> list[str]:
    """The paths that ``sha256sum`` found to be as the manifest says."""
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest-sha256.txt"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(line.removesuffix(": OK") for line in checked.stdout.splitlines())


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_every_file_is_in_the_manifest_and_described_in_the_mets(rich: tuple[Desk, str], tmp_path: Path) -> None:
    desk, reference = rich
    root = unpacked(packed(desk, reference), tmp_path)

    assert root.name == reference
    every = files_in(root)
    assert verified(root) == [path for path in every if path != "manifest-sha256.txt"]
    mets = etree.parse(root / "METS.xml").getroot()
    assert mets.get("OBJID") == reference
    assert mets.get("PROFILE") == "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
    assert mets.get(f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE") == "idea-1"
    assert mets.find("m:metsHdr", NS).get(f"{{{CSIP}}}OAISPACKAGETYPE") == "SIP"
    assert mets.findtext("m:metsHdr/m:agent[@ROLE='ARCHIVIST']/m:name", namespaces=NS) == "Krokoms kommun"
    assert mets.findtext("m:metsHdr/m:altRecordID", namespaces=NS) == "KS 2026/123"
    listed = {}
    for place in mets.iter(f"{{{METS}}}FLocat", f"{{{METS}}}mdRef"):
        facts = place if place.tag.endswith("mdRef") else place.getparent()
        listed[place.get(f"{{{XLINK}}}href")] = (int(facts.get("SIZE")), facts.get("CHECKSUM"), facts.get("MIMETYPE"))
    assert sorted(listed) == [path for path in every if path not in ("METS.xml", "manifest-sha256.txt")]
    sums = dict(reversed(line.split("  ")) for line in (root / "manifest-sha256.txt").read_text().splitlines())
    for path, (size, checksum, kind) in listed.items():
        assert (root / path).stat().st_size == size, path
        assert checksum == sums[path], path
        assert "/" in kind, path
    assert listed[f"{DATA}/attachments/01-karta.png"][2] == "image/png"
    groups = {group.get("ID") for group in mets.iter(f"{{{METS}}}fileGrp")}
    assert {pointer.get("FILEID") for pointer in mets.iter(f"{{{METS}}}fptr")} == groups


def test_mails_are_as_they_came_and_the_record_tells_all(rich: tuple[Desk, str], tmp_path: Path) -> None:
    desk, reference = rich
    root = unpacked(packed(desk, reference), tmp_path)

    facts = json.loads((root / DATA / "idea.json").read_text())
    jsonschema.validate(facts, json.loads((root / "schemas/idea-1.schema.json").read_text()))
    assert (root / facts["mails"][0]["path"]).read_bytes() == MAIL.replace("\n", "\r\n").encode()
    assert len(facts["mails"]) == 2
    assert desk.reply_address(desk.ideas()[0]) not in json.dumps(facts)
    assert (root / DATA / "answers/01.txt").read_text().startswith(f"{ANSWER}\n\n")
    assert facts["registry"]["number"] == "KS 2026/123"
    assert len(facts["joined"]) == 1
    assert [entry["event"] for entry in facts["timeline"] if entry["internal"]] == ["joined", "noted", "registered"]
    page = html.fromstring((root / DATA / "idea.html").read_text())
    words = page.text_content()
    for said in (reference, "KS 2026/123", ANSWER, SECRET, "<script>alert(1)</script>", "Bra!", "Internt", "Åsa"):
        assert said in words, said
    assert not page.xpath("//script | //img | //link | //iframe | //@onclick | //*[@src]")
    for target in page.xpath("//a/@href"):
        assert (root / DATA / target).is_file(), target


def test_notes_may_be_left_out(rich: tuple[Desk, str], tmp_path: Path) -> None:
    desk, reference = rich
    root = unpacked(packed(desk, reference, with_notes=False), tmp_path)

    assert all(SECRET.encode() not in (root / path).read_bytes() for path in files_in(root))
    assert json.loads((root / DATA / "idea.json").read_text())["left_out"] == ["internal-notes"]


def test_the_same_state_gives_the_same_bytes_and_who_took_it_is_kept(rich: tuple[Desk, str]) -> None:
    desk, reference = rich

    assert packed(desk, reference) == packed(desk, reference)

    with desk.database.transaction() as session:
        taken = session.scalars(select(TimelineEntry).where(TimelineEntry.event == "packaged")).all()
        changes = session.scalars(select(Change).where(Change.what == "idea.packaged")).all()
    assert {(entry.actor, entry.public) for entry in taken} == {(desk.sluice.contacts[0].name, False)}
    assert len(changes) == len(taken) >= 2
    assert changes[-1].actor == KIM.address
    assert changes[-1].after["reference"] == reference


def test_an_idea_of_others_gives_no_package(rich: tuple[Desk, str]) -> None:
    desk, reference = rich

    with pytest.raises(NotFound), desk.database.transaction() as session:
        take_package(session, BERG, reference, with_notes=True, way="page")


def test_names_that_senders_gave_reach_no_path(rich: tuple[Desk, str], tmp_path: Path) -> None:
    desk, _ = rich
    files = [a_file(name, content=name.encode() or b"") for name in HOSTILE]
    with desk.database.transaction() as session:
        reference = an_idea(session, desk.settings, desk.sluice, files=files, title="\x00\ufffe]]>").reference
    root = unpacked(packed(desk, reference), tmp_path)

    verified(root)
    kept = [path for path in files_in(root) if "/attachments/" in path]
    assert len(kept) == len(HOSTILE)
    assert all(path.isascii() and ".." not in path and len(path) < 120 for path in kept)
    facts = json.loads((root / DATA / "idea.json").read_text())
    named = {
        file["name"]: (root / file["path"]).read_bytes() for file in facts["files"] if "/attachments/" in file["path"]
    }
    assert named == {name: name.encode() for name in HOSTILE}
    etree.parse(root / "METS.xml")


def test_a_changed_file_is_not_handed_on_as_whole(rich: tuple[Desk, str]) -> None:
    desk, _ = rich
    file = a_file("fil.bin", content=b"som den var")
    with desk.database.transaction() as session:
        reference = an_idea(session, desk.settings, desk.sluice, files=[file]).reference
        session.get_one(Blob, bytes.fromhex(file.sha256)).content = b"som den bl."

    with pytest.raises(DamagedError):
        packed(desk, reference)


def test_memory_does_not_grow_with_the_file(rich: tuple[Desk, str]) -> None:
    desk, _ = rich
    small, large = (_peak(desk, size) for size in (8, 40))

    assert large < small * 1.5, (small, large)


def _peak(desk: Desk, mebibytes: int) -> int:
    """Bytes that Python held at most while an idea with such a file was packed."""
    content = bytes([mebibytes]) * (mebibytes << 20)
    with desk.database.transaction() as session:
        reference = an_idea(session, desk.settings, desk.sluice, files=[a_file("stor.bin", content=content)]).reference
    del content
    with desk.database.transaction() as session:
        found = take_package(session, KIM, reference, with_notes=True, way="page")
    tracemalloc.start()
    try:
        sent = sum(len(piece) for piece in zip_of(desk.database, [found]))
        assert sent
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_yearly_handing_over_goes_on_where_it_was_stopped(rich: tuple[Desk, str], tmp_path: Path) -> None:
    """What is settled before the day goes; what is there is left; nothing half is left under a package's name."""
    desk, _ = rich
    with desk.database.transaction() as session:
        old = an_idea(session, desk.settings, desk.sluice, received_at=now() - timedelta(days=400))
        old.stage = "closed"
    asked = ["export", "package", "--sluice", "krokom", "--closed-before", str(now().date() - timedelta(days=30))]
    environment = {"DATABASE_URL": desk.settings.database_url, "IDESLUSS_SECRET_KEY": desk.settings.secret_keys[0]}
    run = CliRunner(env=environment)

    first = run.invoke(main, [*asked, "--to", str(tmp_path)])
    again = run.invoke(main, [*asked, "--to", str(tmp_path)])

    assert first.exit_code == 0, first.output
    assert [path.name for path in tmp_path.iterdir()] == [f"{old.reference}.zip"]
    assert first.output.startswith(f"1/1\t{old.reference}.zip\t")
    assert "already" in again.output
    verified(unpacked((tmp_path / f"{old.reference}.zip").read_bytes(), tmp_path / "out"))
