"""A backup from before an erasure, restored: the person is erased again, as often as that is done."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sqlalchemy import URL

from idesluss import archives, backup
from idesluss.restore import restore
from shared.settings import Settings
from tests.integration.people.test_person import ADDRESS, NAME, SPELLED, done, live, start, told
from tests.support import databases
from tests.support.three_services import services


def quiet(_: str) -> None:
    """No progress is shown."""


def test_whoever_was_erased_after_a_backup_stays_erased(
    settings: Settings, database_server: URL, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    with services(settings) as three:
        live(three)
        read_out = start(three, "access")
        three.settle()
        assert NAME in json.dumps(told(three, read_out), ensure_ascii=False)
        archive = backup.back_up(settings, folder, keep=3, with_key=False, progress=quiet).archive
        job = start(three, "erasure", decision="KS 2026/17")
        three.settle()
        assert done(three, job)["state"] == "done"
        backup.write_erasures(settings, folder)

        name = databases.new_name()
        databases.create(database_server, name, "template0")
        try:
            other = databases.settings_for(database_server.set(database=name), tmp_path / "other")
            restored = restore(other, archive, erasures=None, other_key=False, progress=quiet)
            backup.write_erasures(other, folder)
            assert restored.erased["people"] == 1
            for words in (ADDRESS, SPELLED, NAME):
                assert not replace(three, settings=other).where(words), words
        finally:
            databases.drop(database_server, name)
    # What was restored knows nothing of that erasure, and wrote its own list: the next restore must know all the same.
    [person] = json.loads((folder / archives.ERASURES).read_text())["people"]
    assert person["decision"] == "KS 2026/17"
    assert SPELLED not in json.dumps(person)
