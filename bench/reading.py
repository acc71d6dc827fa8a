"""Reading mail: how much is read right, beside the libraries as they come, and how long it takes.

`python -m bench.reading`. The collections are our own (tests/fixtures/mail/), made in the forms that real clients
and servers write; whoever has a collection of real mail measures with `idesluss mail explain`.
"""

from __future__ import annotations

import email
import logging
import statistics
import time
import warnings
from email.message import Message
from pathlib import Path

from flufl.bounce import all_failures

from services.intake.mail.limited import LimitedReader
from services.intake.mail.model import Kind
from services.intake.mail.read import read_mail
from services.intake.mail.words.body import divide
from shared.mail.bounce_class import BounceClass
from tests.support.hostile import hostile_mails
from tests.unit.intake.mail.reply_corpus import cases
from tests.unit.intake.mail.report_corpus import Sample, samples

FIXTURES = Path(__file__).parents[1] / "tests/fixtures/mail"


def main() -> None:
    """Run all parts and print their tables."""
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    _replies()
    _reports()
    _time()


def _replies() -> None:
    found = cases()
    exact = 0
    for case in found:
        divided = divide(case.sections.get("plain"), case.sections.get("html"), subject=case.sections.get("subject"))
        exact += divided.text == case.text
    print(f"replies: {exact} of {len(found)} exact")


def _reports() -> None:
    reports = [sample for sample in samples("reports") if sample.fact("kind") == "delivery-report"]
    ordinary = samples("ordinary")
    hard = [sample for sample in reports if sample.fact("class") == BounceClass.RECIPIENT_GONE.value]
    soft = [sample for sample in reports if sample not in hard]
    print("| delivery reports | ours | flufl.bounce |\n| --- | --- | --- |")
    rows = (
        ("found", reports, lambda s: _kind(s) is Kind.DELIVERY_REPORT, lambda s: any(_flufl(s))),
        ("hard ones found permanent", hard, _permanent, lambda s: bool(_flufl(s)[1])),
        ("others called permanent", soft, _permanent, lambda s: bool(_flufl(s)[1])),
        ("ordinary mail taken for one", ordinary, lambda s: _kind(s) is Kind.DELIVERY_REPORT, lambda s: any(_flufl(s))),
    )
    for name, group, ours, theirs in rows:
        print(f"| {name} | {sum(map(ours, group))} of {len(group)} | {sum(map(theirs, group))} of {len(group)} |")


def _kind(sample: Sample) -> Kind:
    return read_mail(sample.path.read_bytes(), envelope_from=sample.envelope_from).kind


def _permanent(sample: Sample) -> bool:
    reading = read_mail(sample.path.read_bytes(), envelope_from=sample.envelope_from)
    return any(report.permanent for report in reading.delivery_reports)


def _flufl(sample: Sample) -> tuple[set[bytes], set[bytes]]:
    """What flufl.bounce finds: temporary and permanent failures."""
    message: Message = email.message_from_bytes(sample.path.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            temporary, permanent = all_failures(message)
        except Exception:  # it raises on ordinary mail without From, or with letters outside ASCII in it
            return set(), set()
    return set(temporary), set(permanent)


def _time() -> None:
    mails = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.eml"))]
    with LimitedReader() as reader:
        reader.read(mails[0])
        ordinary = [_seconds(reader, raw) for raw in mails]
        hostile = [_seconds(reader, raw) for _, raw in hostile_mails()]
    print("| in the child process, milliseconds | mails | p50 | p99 | longest |\n| --- | --- | --- | --- | --- |")
    for name, times in (("our collections", ordinary), ("hostile mails", hostile)):
        points = statistics.quantiles(times, n=100)
        print(f"| {name} | {len(times)} | {points[49]:.1f} | {points[98]:.0f} | {max(times):.0f} |")


def _seconds(reader: LimitedReader, raw: bytes) -> float:
    began = time.perf_counter()
    reader.read(raw)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
