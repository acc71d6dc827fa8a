"""Every address of an app, with things in its places."""

from __future__ import annotations

import re

from flask import Flask

from shared.ids import new_id

CANARY = "canaryq7canaryq7canaryq7ca"
"""Stands where nothing else is given; as long as a token, and in no text of ours."""


def filled(app: Flask, method: str, **known: object) -> list[str]:
    """Every address below /kontakt/ that takes that method, with these things in its places, or our canary."""
    found = []
    for rule in app.url_map.iter_rules():
        if method in rule.methods and rule.rule.startswith("/kontakt/"):
            path = re.sub(r"<any\((\w+)[^>]*\):\w+>", r"\1", rule.rule)
            path = re.sub(r"<uuid:(\w+)>", lambda name: str(known.get(name[1], new_id())), path)
            found.append(re.sub(r"<(\w+)>", lambda name: str(known.get(name[1], CANARY)), path))
    return sorted(found)
