"""Children by fork."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from idesluss.forking import fork
from shared.errors import MisconfiguredError


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fail(error: BaseException) -> None:
    raise error


def test_the_exit_code_tells_how_it_ended(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(fork("well", lambda: None)) == 0
    assert exit_code(fork("misconfigured", lambda: fail(MisconfiguredError("X: is wrong")))) == 2
    assert exit_code(fork("broken", lambda: fail(RuntimeError("unforeseen")))) == 1


def test_a_child_has_a_group_of_its_own_and_ordinary_signals() -> None:
    def body() -> None:
        assert os.getpgid(0) == os.getpid()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        assert exit_code(fork("terminated", body)) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_child_dies_with_its_parent() -> None:
    reading, writing = os.pipe()

    def parent() -> None:
        pid = fork("grandchild", signal.pause)  # holds the pipe open while it lives
        os.write(writing, b"%d\n" % pid)
        os.kill(os.getpid(), signal.SIGKILL)

    assert exit_code(fork("parent", parent)) == -signal.SIGKILL
    os.close(writing)

    with os.fdopen(reading) as pipe:
        assert int(pipe.readline()) > 1
        assert pipe.read() == "", "the end of the file comes when the last holder of the pipe is gone"


def test_descriptors_that_are_none_of_its_business_are_closed() -> None:
    reading, writing = os.pipe()

    def body() -> None:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(reading)

    assert exit_code(fork("child", body, close=[reading])) == 0
    os.close(reading)
    os.close(writing)
