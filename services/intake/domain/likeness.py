"""How much two texts are about the same thing, by the word stems they share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import log
from typing import Final

ALIKE: Final = 0.2
"""From here on two ideas are worth showing to each other's writers."""


def likeness(stems: Mapping[str, int], others: Collection[str], share: Callable[[str], float]) -> float:
    """Between 0 and 1: the weight of the shared stems in that of all. Common words weigh little, a title's much.

    :param stems: of the text that is compared, each with how often it stands there.
    :param share: the share of all ideas that a stem stands in, between 0 and 1.
    """
    weights = {stem: _rarity(share(stem)) * min(count, 6) for stem, count in stems.items()}
    shared = [stem for stem in weights if stem in others]
    if len(shared) < 2:
        return 0.0  # one word in common says nothing, however rare it is
    whole = sum(sorted(weights.values(), reverse=True)[:20])
    return min(1.0, sum(weights[stem] for stem in shared) / whole) if whole else 0.0


def _rarity(share: float) -> float:
    return log(1.0 / max(share, 0.0005))
