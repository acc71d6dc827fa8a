"""`idesluss up` with a role table of a test's own: `python -m tests.support.suite NAME=FUNCTION@STAGE…`.

IDESLUSS_TEST_SILENCE shortens the seconds without a beat after which a role counts as hung, and those between
looks at halted database processes.
"""

from __future__ import annotations

import os
import sys

from idesluss import supervisor, up
from idesluss.roles import Role
from shared import embedded_postgres, settings
from shared.errors import IdeslussenError


def main() -> None:
    """Roles from the command line, settings from the environment; exit code 1 and one line on our own errors."""
    embedded_postgres.TUNING["fsync"] = "off"  # no test cuts the power
    if silence := os.environ.get("IDESLUSS_TEST_SILENCE"):
        supervisor.SILENCE = up.CHORES_EVERY = float(silence)
        up.FIRST_CHORES = 0.0
    roles = []
    for argument in sys.argv[1:]:
        name, _, rest = argument.partition("=")
        function, _, stage = rest.partition("@")
        roles.append(Role(name, f"tests.support.roles:{function}", int(stage or 0), patience=2.0))
    try:
        up.main(settings.load(), roles)
    except IdeslussenError as error:
        sys.exit(f"idesluss: {error}")


if __name__ == "__main__":
    main()
