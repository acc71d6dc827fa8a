"""The units for systemd: systemd itself finds no fault, and every command and setting in them is ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from idesluss.cli import main
from shared.settings import FILE, VARIABLES

UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd on this machine")
    for path in UNITS.iterdir():
        if path.is_dir():
            shutil.copytree(path, tmp_path / path.name)
            continue
        text = path.read_text().replace("/opt/idesluss/.venv/bin/idesluss", "/bin/true")
        name = {"idesluss-worker@": "intake", "idesluss-listener@": "1"}.get(path.stem, "")
        (tmp_path / f"{path.stem}{name}{path.suffix}").write_text(text)

    units = sorted(path for path in tmp_path.iterdir() if path.suffix not in {".target", ".d"})
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_commands_and_settings_are_ours_and_the_fence_is_up(path: Path) -> None:
    text = path.read_text()
    [command] = re.findall(r"^ExecStart=/opt/idesluss/\.venv/bin/idesluss (\S+)", text, re.MULTILINE)
    assert command in main.commands
    for name in re.findall(r"^Environment=([A-Z_]+)=", text, re.MULTILINE):
        assert name.removesuffix(FILE) in VARIABLES.values()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "User=idesluss", "MemoryDenyWriteExecute=yes"):
        assert line in text.splitlines()


def test_what_runs_on_says_that_it_lives_and_tells_its_figures_at_a_port_of_its_own() -> None:
    for path in SERVICES:
        lines = path.read_text().splitlines()
        assert ("Type=notify" in lines and "WatchdogSec=30" in lines) == ("Restart=always" in lines), path.stem
    texts = [path.read_text() for path in (*SERVICES, *UNITS.glob("*.d/*.conf"))]
    ports = [port.replace("%i", "1") for text in texts for port in re.findall(r"METRICS_PORT=(\S+)", text)]
    targets = (UNITS.parent / "prometheus/prometheus.yml").read_text()
    assert len(set(ports)) == len(ports) == 6
    assert all(f"127.0.0.1:{port}" in targets for port in ports)


def test_the_target_starts_every_role() -> None:
    wanted = " ".join(re.findall(r"^Wants=(.*)$", (UNITS / "idesluss.target").read_text(), re.MULTILINE))
    for role in ("listener@1", "web", "worker@intake", "worker@rsvp", "worker@notify", "relay", "scheduler", "migrate"):
        assert f"idesluss-{role}.service" in wanted
