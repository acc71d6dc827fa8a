"""Why a message did not arrive, in words for people: one catalogue for everybody who shows it.

Its keys are ``reason.`` and a code: ``shared.mail.bounce_class.BounceClass``, or one of notify's own reasons.
"""

from __future__ import annotations

from pathlib import Path

TEXTS = Path(__file__).parent / "texts" / "reasons"
