"""Signs of life through shared memory."""

from __future__ import annotations

import os

from idesluss.beats import Beats
from tests.support.waiting import wait_until


def test_a_beat_of_another_process_is_seen() -> None:
    beats = Beats(2)
    never = beats.silence(1)

    child = os.fork()
    if child == 0:
        beats.beater(1)()
        os._exit(0)
    os.waitpid(child, 0)

    assert beats.silence(1) < never


def test_each_child_has_a_slot_of_its_own() -> None:
    beats = Beats(2)
    beats.beat(0)
    begun = beats.silence(1)
    wait_until(lambda: beats.silence(1) > begun + 0.01)
    beats.beat(1)

    assert beats.silence(1) < beats.silence(0)
