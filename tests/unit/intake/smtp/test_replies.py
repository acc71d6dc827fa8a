"""Every reply has its form, and none says what it must not."""

from __future__ import annotations

import re

from services.intake.smtp import replies

REPLIES = {name: value for name, value in vars(replies).items() if name.isupper()}


def test_every_reply_has_an_enhanced_code_of_its_own_class() -> None:
    for name, reply in REPLIES.items():
        if name == "START_DATA":  # RFC 2034 §4: none in 3yz
            continue
        match = re.fullmatch(rb"([245])\d\d ([245])\.\d\.\d [ -~]+\r\n", reply)
        assert match, name
        assert match[1] == match[2], name


def test_every_reply_is_one_line_that_fits() -> None:
    for name, reply in REPLIES.items():
        assert len(reply) <= 512, name
        assert reply.count(b"\r\n") == 1, name
        assert b"(" not in reply, name


def test_every_reply_is_given_somewhere() -> None:
    from pathlib import Path

    source = "".join(path.read_text() for path in Path(replies.__file__).parent.glob("*.py"))
    for name in REPLIES:
        assert f"replies.{name}" in source, name
