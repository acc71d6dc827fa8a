"""A small DNS server over UDP on 127.0.0.1, for tests that need records of their own and DNS that fails."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset


class DnsServer:
    """Answers from a table: ``{("name.example", "TXT"): ["text", …]}``; every other name does not exist.

    TXT values are given without quotes and split into strings of 255. A name in ``silent`` gets no answer at
    all; with ``is_mute`` nobody gets one, and with ``rcode`` everybody gets that.
    """

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]], *, silent: Sequence[str] = ()) -> None:
        self.records = {(name.lower(), kind): list(values) for (name, kind), values in records.items()}
        self.silent = set(silent)
        self.is_mute = False
        self.rcode = dns.rcode.NOERROR
        self.asked: Counter[tuple[str, str]] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", self._socket.getsockname())
        self._thread.join(timeout=5)
        self._socket.close()

    @property
    def resolver(self) -> dns.resolver.Resolver:
        """A resolver that asks this server only."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self._socket.getsockname()[1]
        return resolver

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(data)
            if answer is not None:
                self._socket.sendto(answer, peer)

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if self.is_mute or name in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.rcode != dns.rcode.NOERROR:
            response.set_rcode(self.rcode)
            return response.to_wire()
        values = self.records.get((name, kind))
        if values:
            texts = [_quoted(value) for value in values] if kind == "TXT" else values
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, texts))
        elif name and not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire(max_size=65535)


def _quoted(text: str) -> str:
    pieces = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
