"""The built face is the one that the theme's source gives, and holds nothing from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from shared.web.app import asset

ROOT = Path(__file__).parents[4]
STATIC = ROOT / "shared/web/static"
SHEET = (STATIC / "face.css").read_text()


def test_the_sheet_was_built_after_the_last_change() -> None:
    ours = [ROOT / "theme/look.css", *sorted((ROOT / "theme/look").glob("*.css"))]
    fingerprint = hashlib.sha256(b"\n".join(sheet.read_bytes() for sheet in ours)).hexdigest()[:12]

    assert f"look {fingerprint}" in SHEET[:200], (
        "theme/look.css or theme/look/ changed: run `npm ci && npm run build` in theme/"
    )


def test_the_sheet_asks_for_fonts_by_the_address_that_pages_preload() -> None:
    for font in ("inter.woff2", "source-serif.woff2"):
        assert asset(font).removeprefix("/static/") in SHEET


def test_nothing_is_fetched_from_elsewhere() -> None:
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", SHEET)

    assert addresses
    assert all(address.startswith("data:") or "/" not in address for address in addresses)
    assert "@import" not in SHEET


def test_what_is_built_in_is_named_with_its_licence() -> None:
    licences = (STATIC / "LICENSES.txt").read_text()
    wanted = json.loads((ROOT / "theme/package.json").read_text())["devDependencies"]

    for name in ("@digdir/designsystemet-css", "@fontsource-variable/inter", "@fontsource-variable/source-serif-4"):
        assert f"== {name} {wanted[name]} ==" in licences


def test_the_lock_file_names_no_download_address() -> None:
    lock = json.loads((ROOT / "theme/package-lock.json").read_text())

    assert lock["packages"]
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
