"""What rsvp has counted or used once."""

from __future__ import annotations

from shared.hits import Hits

HITS = Hits("rsvp")
