"""Every bench, one after the other: `make bench`. A bench that lacks what it measures against says so and is left out.

`python -m bench NAME…` runs some of them.
"""

from __future__ import annotations

import subprocess
import sys
import time

BENCHES = {
    "smtp_accept": "durable accept over SMTP, beside Postfix and plain aiosmtpd",
    "latency": "from mail to confirmation, by hop",
    "sending": "messages sent by notify, beside plain smtplib",
    "form_submit": "ideas taken in by the public form, beside bare Flask and psycopg",
    "rsvp_rush": "replies when many answer at once for few seats, beside pretix",
    "reading": "reading mail: exactness and time",
    "scaling": "ideas read and mails sent by one and by two workers of each kind",
    "flames": "where the hot path spends its time",
    "size": "memory and start-up time of the whole suite",
}


def main() -> int:
    """Run the benches named on the command line, or all; the number that failed."""
    failed = 0
    for name in sys.argv[1:] or BENCHES:
        print(f"\n## {name}: {BENCHES[name]}", flush=True)
        began = time.perf_counter()
        failed += subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
        print(f"({time.perf_counter() - began:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
