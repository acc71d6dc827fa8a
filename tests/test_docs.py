"""The documents say what the code does, and nothing that it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from idesluss.cli import main
from shared.contracts.registry import MESSAGES

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])


def messages_page() -> str:
    """docs/messages.md as the registry has it."""
    lines = [
        "# Messages",
        "",
        "What the services tell each other. Written from `shared/contracts/registry.py`;",
        "`.venv/bin/python -m tests.test_docs` writes it anew.",
        "",
        "| message | from | to | meaning | fields |",
        "| --- | --- | --- | --- | --- |",
    ]
    for message in MESSAGES.values():
        fields = ", ".join(f"`{name}`" for name in message.schema().fields)
        lines.append(
            f"| `{message.name}` | {message.owner} | {', '.join(message.consumers)} | {message.meaning} | {fields} |"
        )
    return "\n".join(lines) + "\n"


def test_the_page_of_messages_is_the_registry() -> None:
    assert (ROOT / "docs/messages.md").read_text() == messages_page()


def test_every_make_target_that_documents_name_exists_and_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    named = {target for page in DOCUMENTS for target in re.findall(r"`make ([a-z]+)`", page.read_text())}

    assert named <= explained
    assert {"run", "test", "lint", "bench", "soak", "clean", "help"} <= explained


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_in_the_readme_exists() -> None:
    commands = re.findall(r"\.venv/bin/idesluss ((?:[a-z]+ )*[a-z]+)", (ROOT / "README.md").read_text())

    assert commands
    for command in commands:
        words = [word for word in command.split() if word not in ("some",)]
        assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0, command


if __name__ == "__main__":
    (ROOT / "docs/messages.md").write_text(messages_page())
