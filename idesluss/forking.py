"""Children by fork: what the supervisor has imported is theirs at once, and the memory is shared."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from shared import logs
from shared.errors import IdeslussenError
from shared.processes import die_with_parent, set_process_name

log = logs.get(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
"""Those that the supervisor handles in its own way, and a child anew."""


def fork(name: str, body: Callable[[], None], *, close: Sequence[int] = ()) -> int:
    """Run ``body`` in a child and give its number. Only from a process with one thread.

    The child exits with 0 when ``body`` returns, 2 where our own code gave up with a reason, else 1. It has
    a process group of its own (a terminal's Ctrl-C is for the supervisor), dies by SIGTERM with its parent,
    and closes the descriptors of ``close``.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        die_with_parent(signal.SIGTERM, parent)
        set_process_name(name)
        for descriptor in close:
            os.close(descriptor)
        body()
        status = 0
    except IdeslussenError as error:
        log.error("process_gave_up", process=name, reason=str(error))
        status = 2
    except BaseException:
        log.exception("process_failed", process=name)
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
