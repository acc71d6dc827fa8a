"""The supervisor's care for children that cannot even be started, and for its own surroundings."""

from __future__ import annotations

import os
import signal
import time

from idesluss import supervisor
from idesluss.forking import fork
from idesluss.supervisor import Child, Supervisor


def run(engine: Supervisor) -> None:
    with engine.signals():
        engine.run()


def test_a_child_that_cannot_be_started_is_tried_again() -> None:
    attempts = []

    def start() -> int:
        attempts.append(time.monotonic())
        if len(attempts) < 3:
            raise BlockingIOError("no process to be had")
        engine.request_stop()
        return fork("child", signal.pause)

    engine = Supervisor([Child("child", start)])
    run(engine)

    assert len(attempts) == 3
    assert engine.children[0].pid is None


def test_a_full_disk_does_not_end_the_supervisor() -> None:
    ticks = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            engine.request_stop()
        raise OSError(28, "No space left on device")

    engine = Supervisor([], changed=tick, tick=tick)
    run(engine)

    assert len(ticks) == 3


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        engine = Supervisor([])
        with engine.signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert not engine.stopping
            os.kill(os.getpid(), signal.SIGTERM)
            assert engine.stopping
    finally:
        signal.signal(signal.SIGHUP, before)


def test_after_its_own_halt_it_does_not_take_the_others_for_hung() -> None:
    pid = fork("child", signal.pause)
    engine = Supervisor([Child("child", lambda: pid, silence=lambda: 1000.0, pid=pid)])
    with engine.signals():
        engine._lenient_until = time.monotonic() + 60
        engine._wait_and_watch()
        engine.reap()
        assert engine.children[0].pid == pid

        engine._lenient_until = 0.0
        engine._wait_and_watch()
        while engine.children[0].pid:
            engine.wait(0.05)
            engine.reap()


def test_pauses_grow_to_two_seconds_and_no_further() -> None:
    assert [supervisor.pause(deaths) for deaths in (0, 1, 2, 3, 4)] == [0.0, 0.0, 0.1, 0.2, 0.4]
    assert supervisor.pause(10_000) == supervisor.LONGEST_PAUSE
