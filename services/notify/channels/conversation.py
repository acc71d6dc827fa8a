"""One mail over one connection: envelope, content, and what each answer means.

Where the relay announces PIPELINING (RFC 2920), MAIL, RCPT and DATA go out in one piece and their replies are read
in order: one round trip instead of three. After it the connection is either clean, or closed.
"""

from __future__ import annotations

import re

from services.notify.channels.base import (
    CannotCarry,
    Refused,
    RelayAway,
    RelayBusy,
    SenderRefused,
    SignInRefused,
    Unanswered,
)
from services.notify.channels.connection import LOST, NONSENSE, Connection, Reply, away
from services.notify.domain.mail import Submission
from shared import logs
from shared.mail.addresses import is_sendable

log = logs.get(__name__)

_NOT_SIGNED_IN = (530, 534, 535, 538)
"""Replies about our own account (RFC 4954 §6), whichever command they answer."""
_CLOSING = 421
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ENVELOPE_ID = re.compile(r"[!-~]{0,100}")


class EmptyMailTaken(Exception):
    """The relay gave 354 to a mail it had refused, and then took it empty. ``outcome`` is what it said of the mail."""

    def __init__(self, outcome: Refused | RelayBusy) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def check(submission: Submission) -> None:
    """Nothing that could be read as a command or as an end of the mail may leave.

    :raises ValueError: our own fault; compose and the callers have cleaned everything before.
    """
    if not is_sendable(submission.recipient):
        raise ValueError("the recipient is no mailbox")
    if submission.sender and not is_sendable(submission.sender):
        raise ValueError("the envelope sender is no mailbox")
    if _BARE_LINE_END.search(submission.content):
        raise ValueError("a line does not end with CRLF")
    if not submission.utf8 and not (submission.sender + submission.recipient).isascii():
        raise ValueError("an address needs SMTPUTF8")
    if not _ENVELOPE_ID.fullmatch(submission.envelope_id):
        raise ValueError("the envelope's id is not ASCII of at most 100 signs (RFC 3461 §4.4)")


def converse(
    connection: Connection, submission: Submission, content: bytes, *, pipelining: bool, final_timeout: float
) -> str:
    """Hand ``content`` over and return the relay's reply.

    :param pipelining: False: do not, even where the relay announces it.
    :param final_timeout: seconds for the answer after the mail.
    :raises RelayAway, RelayBusy, Refused: as a ``Channel``'s; ``CannotCarry`` before a word was said.
    :raises EmptyMailTaken: a refusal, and a reason never to pipeline DATA with this relay.
    """
    commands = _envelope(connection, submission, content)
    if connection.out_of_step():
        connection.close()
        raise RelayAway("the relay spoke out of turn")
    connection.clean = False
    try:
        if pipelining and connection.has_extn("pipelining"):
            _send_ahead(connection, commands)
        else:
            _send_each(connection, commands)
    except LOST as error:
        connection.close()
        raise away(error) from error
    if connection.out_of_step():
        connection.close()  # one reply too many: the next would be taken for the answer to the mail
        raise RelayAway("the relay spoke out of turn")
    return _hand_over(connection, content, final_timeout)


def _envelope(connection: Connection, submission: Submission, content: bytes) -> tuple[bytes, ...]:
    """MAIL, RCPT and DATA with the parameters that the relay has announced it takes."""
    mail, rcpt = [f"mail FROM:<{submission.sender}>"], [f"rcpt TO:<{submission.recipient}>"]
    if submission.utf8:
        if not connection.has_extn("smtputf8"):
            raise CannotCarry("the relay takes no address with å, ä or ö before the @ (no SMTPUTF8)")
        mail += ["SMTPUTF8", "BODY=8BITMIME"]
    elif not content.isascii():
        if not connection.has_extn("8bitmime"):
            raise CannotCarry("the relay takes no mail of 8-bit octets (no 8BITMIME)")
        mail.append("BODY=8BITMIME")
    if connection.has_extn("size"):
        mail.append(f"SIZE={len(content)}")
    # To the null return path nobody reports.
    if connection.has_extn("dsn") and submission.sender:
        if submission.envelope_id:
            mail += ["RET=HDRS", f"ENVID={xtext(submission.envelope_id)}"]
        rcpt.append("NOTIFY=FAILURE,DELAY" + (",SUCCESS" if submission.wants_receipt else ""))
        if submission.envelope_id:
            rcpt.append(f"ORCPT={_original(submission.recipient)}")
    return " ".join(mail).encode(), " ".join(rcpt).encode(), b"DATA"


def xtext(text: str) -> str:
    """ASCII text as a DSN parameter's value (RFC 3461 §4)."""
    return "".join(sign if "!" <= sign <= "~" and sign not in "+=" else f"+{ord(sign):02X}" for sign in text)


def _original(recipient: str) -> str:
    if recipient.isascii():
        return f"rfc822;{xtext(recipient)}"
    # RFC 6533 §3: as it is, but for signs with a meaning of their own.
    return "utf-8;" + re.sub(r"[+=\\ ]", lambda sign: rf"\x{{{ord(sign[0]):02X}}}", recipient)


def _send_each(connection: Connection, commands: tuple[bytes, ...]) -> None:
    """Each command after the reply to the one before; returns where the relay waits for the content.

    :raises RelayAway, RelayBusy, Refused: it does not.
    """
    for command in commands:
        reply = connection.ask(command)
        if _is_good(command, reply):
            continue
        outcome = _outcome(connection, reply, command)
        start_over(connection)
        raise outcome


def _send_ahead(connection: Connection, commands: tuple[bytes, ...]) -> None:
    """As ``_send_each``, with all commands sent before the first reply is read (RFC 2920 §3.1)."""
    connection.write(b"".join(command + b"\r\n" for command in commands))
    refusal: Refused | RelayBusy | None = None
    reply = Reply(NONSENSE, "")
    for command in commands:
        try:
            reply = connection.read()
        except LOST:
            if refusal is None:
                raise
            raise refusal from None  # what it said before it went still counts
        if _is_good(command, reply):
            continue
        outcome = _outcome(connection, reply, command)
        if refusal is None and not isinstance(outcome, RelayAway):
            refusal = outcome
        elif isinstance(outcome, RelayAway):
            raise refusal or outcome
    if refusal is None:
        return
    if reply.kind == 3:
        _end_empty(connection, refusal)
    start_over(connection)
    raise refusal


def _end_empty(connection: Connection, outcome: Refused | RelayBusy) -> None:
    """DATA was let in though the mail was refused: a lone dot ends it, and is to be refused (RFC 2920 §3.1)."""
    try:
        ending = connection.ask(b".")
    except LOST:
        raise outcome from None
    if ending.kind == 2:
        connection.close()
        raise EmptyMailTaken(outcome)
    if ending.kind not in (4, 5):
        connection.close()


def _hand_over(connection: Connection, content: bytes, final_timeout: float) -> str:
    dotted = re.sub(rb"(?m)^\.", b"..", content)  # RFC 5321 §4.5.2
    ending = b".\r\n" if dotted.endswith(b"\r\n") else b"\r\n.\r\n"
    try:
        # In one piece: a lone dot after it would wait 40 ms for the relay's delayed acknowledgement.
        connection.write(dotted + ending)
    except LOST as error:
        # Not all of it left, so the dot did not, and the relay cannot have taken the mail.
        connection.close()
        raise away(error) from error
    try:
        reply = connection.read(final_timeout)
    except LOST as error:
        raise Unanswered(f"no answer after the mail: {type(error).__name__}") from error
    if reply.kind == 2:
        connection.clean = True
        connection.mails += 1
        return reply.words
    if reply.kind not in (4, 5):
        connection.close()
        raise Unanswered(f"no understandable answer after the mail: {reply.words}")
    outcome = _outcome(connection, reply)
    start_over(connection)
    raise outcome


def _is_good(command: bytes, reply: Reply) -> bool:
    return reply.kind == (3 if command == b"DATA" else 2)


def _outcome(connection: Connection, reply: Reply, command: bytes = b"") -> RelayAway | RelayBusy | Refused:
    """What a reply that is not the wanted one means. Closes the connection where nothing good can follow."""
    if reply.code in _NOT_SIGNED_IN:
        connection.close()
        return SignInRefused(reply.words)
    if reply.code == _CLOSING or reply.kind not in (4, 5):
        connection.close()
        return RelayAway(reply.words)
    if reply.kind == 4:
        return RelayBusy(reply.words)
    return SenderRefused(reply.words) if command.startswith(b"mail ") else Refused(reply.words)


def start_over(connection: Connection) -> None:
    """Back to a clean start; a relay that does not even take RSET is let go, and what it said still counts."""
    if connection.sock is None:
        return
    try:
        connection.clean = connection.ask(b"RSET").code == 250
    except LOST:
        connection.clean = False
    if not connection.clean:
        connection.close()
