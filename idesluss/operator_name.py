"""Who works on the command line, as records name them."""

from __future__ import annotations

import getpass


def operator_name() -> str:
    """Such as ``cli:anna``."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user need not have a name
        return "cli"
