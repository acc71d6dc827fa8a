"""Every reply that the listener gives, named once, each with its enhanced status code (RFC 2034, RFC 3463).

A reply is the bytes that go out, CRLF included. None holds anything that a client or an exception said,
but for the id of a stored mail: a constant text can neither leak nor be injected into.
Without an enhanced code by rule (RFC 2034 §4) are the greeting, the answers to EHLO and HELO, and 354.
"""

from __future__ import annotations


def _reply(code: int, enhanced: str, text: str) -> bytes:
    return f"{code} {enhanced} {text}\r\n".encode("ascii")


# Good news
OK = _reply(250, "2.0.0", "Ok")
SENDER_OK = _reply(250, "2.1.0", "Sender ok")
RECIPIENT_OK = _reply(250, "2.1.5", "Recipient ok")
START_DATA = b"354 End data with <CR><LF>.<CR><LF>\r\n"
START_TLS = _reply(220, "2.0.0", "Ready to start TLS")
BYE = _reply(221, "2.0.0", "Bye")
HELP = _reply(214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY STARTTLS QUIT")
NOT_VERIFIED = _reply(252, "2.5.0", "Not verified; try RCPT")

# The service's own state: come back later (RFC 3463 X.3, X.7)
NOT_STORED = _reply(451, "4.3.0", "Temporary fault, please try again later")
FULL = _reply(452, "4.3.1", "Too much mail at once, please try again later")
STOPPING = _reply(421, "4.3.2", "Service closing, please try again later")
TOO_MANY_CONNECTIONS = _reply(421, "4.3.2", "Too many connections, please try again later")
TOO_MANY_FROM_PEER = _reply(421, "4.7.0", "Too many connections from your address")
TOO_MANY_MAILS = _reply(450, "4.7.1", "Too many mails from your address, please try again later")
TOO_MANY_ERRORS = _reply(421, "4.7.0", "Too many errors")
TOO_MUCH_JUNK = _reply(421, "4.7.0", "Too many commands without a mail")
TOO_MANY_RECIPIENTS = _reply(452, "4.5.3", "Too many recipients, send the mail again for the rest")
TIMED_OUT = _reply(421, "4.4.2", "Timeout, closing connection")
TOO_SLOW = _reply(421, "4.4.2", "Data comes too slowly, closing connection")

# The client's commands are at fault (X.5)
UNKNOWN_COMMAND = _reply(500, "5.5.1", "Command not recognized")
NOT_IMPLEMENTED = _reply(502, "5.5.1", "Command not implemented")
BAD_LINE = _reply(500, "5.5.2", "Command holds control characters")
NOT_UTF8 = _reply(500, "5.5.2", "Command is neither ASCII nor UTF-8")
BARE_LINE_END = _reply(500, "5.5.2", "Bare CR or LF in a command, closing connection")
LINE_TOO_LONG = _reply(500, "5.5.2", "Command line too long, closing connection")
NOT_SMTP = _reply(500, "5.5.1", "This is a mail server, closing connection")
OUT_OF_STEP = _reply(554, "5.5.0", "Client spoke out of turn, closing connection")
BAD_ARGUMENT = _reply(501, "5.5.4", "Syntax error in argument")
UNKNOWN_PARAMETER = _reply(555, "5.5.4", "Parameter not recognized")
HELLO_FIRST = _reply(503, "5.5.1", "Say hello first")
MAIL_FIRST = _reply(503, "5.5.1", "MAIL first")
RECIPIENT_FIRST = _reply(503, "5.5.1", "No valid recipient")
NESTED_MAIL = _reply(503, "5.5.1", "MAIL was given already")
TLS_ACTIVE = _reply(503, "5.5.1", "TLS is active already")

# The addresses or the mail are at fault (X.1, X.3, X.6)
BAD_SENDER = _reply(553, "5.1.7", "Sender address is malformed")
BAD_RECIPIENT = _reply(553, "5.1.3", "Recipient address is malformed")
UNKNOWN_RECIPIENT = _reply(550, "5.1.1", "No such recipient here")
NOT_RELAYING = _reply(550, "5.7.1", "Mail is not relayed here")
NEEDS_SMTPUTF8 = _reply(553, "5.6.7", "Address needs SMTPUTF8")
TOO_BIG = _reply(552, "5.3.4", "Message is too big")


def stored(correlation_id: str) -> bytes:
    """The mail is durable and now ours to take care of (RFC 5321 §6.1)."""
    return _reply(250, "2.0.0", f"Ok: queued as {correlation_id}")


def greeting(hostname: str, *, lmtp: bool) -> bytes:
    """The first line of a session."""
    return f"220 {hostname} {'LMTP' if lmtp else 'ESMTP'} Idesluss\r\n".encode("ascii", "replace")


def hello(hostname: str) -> bytes:
    """The answer to HELO."""
    return f"250 {hostname}\r\n".encode("ascii", "replace")


def extensions(hostname: str, *, max_size: int, starttls: bool) -> bytes:
    """The answer to EHLO or LHLO: what this server can do, and nothing more."""
    lines = [hostname, f"SIZE {max_size}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
    if starttls:
        lines.append("STARTTLS")
    body = "".join(f"250-{line}\r\n" for line in lines) + "250 ENHANCEDSTATUSCODES\r\n"
    return body.encode("ascii", "replace")


def is_error(reply: bytes) -> bool:
    """Whether the reply refuses something, for now (4yz) or for good (5yz)."""
    return reply[:1] in (b"4", b"5")
