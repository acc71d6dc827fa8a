"""People who use a cluster: each tries one process after the other until it is taken, as a mail server or a browser
behind a balancer does, and remembers what was taken."""

from __future__ import annotations

import itertools
import random
import re
import smtplib
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import altcha
import psycopg
import requests

from idesluss.demo import MUNICIPALITIES
from shared.db import admin_url, conninfo
from shared.settings import Settings
from shared.web import proof
from tests.support.cluster import Cluster
from tests.support.forms import token
from tests.support.running import letter
from tests.support.visitor import Page, Visitor

SLUGS = [slug for slug, *_ in MUNICIPALITIES]
"""Forms go to them by turns: one sluice writes to so many strangers in an hour only."""
ANSWER_LINK = re.compile(r"/svar/[\w.~=-]+")
CLOSING = 421
"""RFC 5321 §3.8: a server that shuts down; whoever hears it tries another."""
PATIENCE_SECONDS = 5
"""After which somebody turns to another process: the first may be halted, and do it all the same later."""
GIVE_UP_SECONDS = 120

MAILED = """
    SELECT recipients[1], raw, created_at FROM mailbox.message
     WHERE recipients[1] LIKE %s AND created_at > %s ORDER BY created_at LIMIT 100
"""


class Traffic:
    """Threads of people, each of one kind: ``mail``, ``form``, ``reply`` (to an idea) and ``rsvp``."""

    def __init__(self, cluster: Cluster, people: dict[str, tuple[int, float]]) -> None:
        self.cluster = cluster
        self.settings: Settings = cluster.settings
        self.people = people
        """How many of each kind, and how many seconds each pauses."""
        self.taken: dict[str, list[str]] = defaultdict(list)
        """Names of what was taken, by kind."""
        self.slowest: Counter[str] = Counter()
        """The longest, in ms, that one of a kind had to wait until it was taken, tries included."""
        self.refusals: Counter[str] = Counter()
        """Answers that said no, by kind and status."""
        self.failovers = 0
        """Tries that met nobody, or somebody who hung up."""
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._known: set[str] = set()
        self._waiting: dict[str, deque[tuple[str, bytes, datetime]]] = defaultdict(deque)
        self._acted_on: dict[str, datetime] = defaultdict(lambda: datetime(2020, 1, 1, tzinfo=UTC))
        self.fault: BaseException | None = None
        """What ended somebody: theirs, or of the cluster."""
        self._threads: list[threading.Thread] = []
        self._acts: dict[str, Callable[[], str | None]] = {
            "mail": self._mail,
            "form": self._form,
            "reply": self._reply,
            "rsvp": self._rsvp,
        }

    def start(self) -> None:
        """Let everybody begin."""
        for kind, (number, _) in self.people.items():
            for _ in range(number):
                thread = threading.Thread(target=self._go_on, args=(kind,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Let everybody finish what they have begun."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(GIVE_UP_SECONDS * 2)
            assert not thread.is_alive()
        self.check()

    def check(self) -> None:
        """Raise what ended somebody, if anything did."""
        if self.fault is not None:
            raise self.fault

    def number(self, *kinds: str) -> int:
        """How many were taken."""
        return sum(len(self.taken[kind]) for kind in kinds or tuple(self._acts))

    def _go_on(self, kind: str) -> None:
        try:
            self._act_on(kind)
        except BaseException as fault:
            self.fault = fault

    def _act_on(self, kind: str) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            name = self._acts[kind]()
            if name is not None:
                with self._lock:
                    self.taken[kind].append(name)
                    self.slowest[kind] = max(self.slowest[kind], round(1000 * (time.monotonic() - began)))
            self._stopping.wait(self.people[kind][1])

    def _mail(self) -> str:
        name = f"post{next(self._numbers):06d}"
        self._deliver("mail", name, "ide@krokom.example", f"Idé nummer {name}.")
        return name

    def _reply(self) -> str | None:
        """Answer one of the confirmations that came: more words for the idea."""
        recipient, raw = self._next_mail("post%@krokom.example")
        if raw is None:
            return None
        name = recipient.partition("@")[0]
        to = message_from_bytes(raw, policy=default)["Reply-To"].addresses[0].addr_spec
        self._deliver("reply", name, to, f"Ett tillägg till {name}.", "Re: ")
        return name

    def _deliver(self, kind: str, name: str, to: str, words: str, prefix: str = "") -> None:
        sender = f"{name}@krokom.example"
        identity = f"<{kind}-{name}@krokom.example>"
        mail = letter(prefix + name, words, sender=sender, to=to, message_id=identity)

        def once(port: int) -> bool:
            with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) as client:
                client.send_message(mail, sender)
            return True

        self._until_taken(kind, name, self.cluster.smtp_ports, once)

    def _form(self) -> str:
        name, typed = self.filled_form()
        self._until_taken("form", name, self.cluster.urls, lambda url: self.send_form(url, typed))
        return name

    def filled_form(self) -> tuple[str, dict[str, str]]:
        """The form as a browser sends it, each time the same: its token is its idempotency key."""
        name = f"form{next(self._numbers):06d}"
        solution = altcha.solve_challenge(
            task := altcha.Challenge.from_dict(proof.task(self.settings.signer, f"idea:{slug_of(name)}")),
            timeout=GIVE_UP_SECONDS,
        )
        assert solution is not None
        return name, {
            "title": name,
            "text": f"Idé nummer {name}.",
            "kind": "citizen",
            "name": "Åsa Öberg",
            "email": f"{name}@privat.example",
            "consent": "yes",
            "form_token": token(self.settings, slug_of(name)),
            "altcha": altcha.Payload(task, solution).to_base64(),
        }

    def send_form(self, url: str, typed: dict[str, str]) -> bool:
        """One try; True where it was taken. Each comes from an address of its own: one sends only so many."""
        caller = {"X-Forwarded-For": ".".join(map(str, (10, *random.choices(range(1, 255), k=3))))}
        answer = requests.post(
            f"{url}/ide/{slug_of(typed['title'])}",
            data=typed,
            headers=caller,
            timeout=PATIENCE_SECONDS,
            allow_redirects=False,
        )
        return not self._is_refused("form", answer, 303)

    def _rsvp(self) -> str | None:
        """Say yes to one of the invitations that came."""
        recipient, raw = self._next_mail("gast%@gaster.example")
        if raw is None:
            return None
        name = recipient.partition("@")[0]
        text = message_from_bytes(raw, policy=default).get_body(("plain",))
        assert text is not None
        link = ANSWER_LINK.search(text.get_content())
        assert link is not None, "an invitation without a link"
        self._until_taken("rsvp", name, self.cluster.urls, lambda url: self._say_yes(url, link[0]))
        return name

    def _say_yes(self, url: str, path: str) -> bool:
        guest = Visitor(url)
        page = guest.browser.get(url + path, timeout=PATIENCE_SECONDS)
        if self._is_refused("rsvp", page, 200):
            return False
        fields = Page(page).form(path).fields | {"answer": "yes"}
        answer = guest.browser.post(url + path, data=fields, timeout=PATIENCE_SECONDS, allow_redirects=False)
        return not self._is_refused("rsvp", answer, 303)

    def _next_mail(self, pattern: str) -> tuple[str, bytes | None]:
        """Recipient and bytes of the oldest mail that nobody has acted on; none where there is none, or no database."""
        with self._lock:
            waiting = self._waiting[pattern]
            if not waiting:
                waiting.extend(self._new_mails(pattern))
            if not waiting:
                return "", None
            recipient, raw, self._acted_on[pattern] = waiting.popleft()
            if recipient in self._known:
                return "", None  # a later letter to somebody who has acted already
            self._known.add(recipient)
            return recipient, raw

    def _new_mails(self, pattern: str) -> list[tuple[str, bytes, datetime]]:
        try:
            with psycopg.connect(conninfo(admin_url(self.settings)), connect_timeout=PATIENCE_SECONDS) as connection:
                return connection.execute(MAILED, [pattern, self._acted_on[pattern]]).fetchall()
        except psycopg.Error:
            return []

    def _until_taken(self, kind: str, name: str, places: list, once: Callable[..., bool]) -> None:  # type: ignore[type-arg]
        began = time.monotonic()
        for place in itertools.cycle(random.sample(places, len(places))):
            try:
                if once(place):
                    return
            except smtplib.SMTPResponseException as error:
                self._count_refusal(kind, error.smtp_code)
            except smtplib.SMTPRecipientsRefused as error:
                for code, _ in error.recipients.values():
                    self._count_refusal(kind, code)
            except (OSError, smtplib.SMTPException, requests.RequestException):
                self.failovers += 1
            assert time.monotonic() - began < GIVE_UP_SECONDS, f"{kind} {name} was never taken: {self.refusals}"
            time.sleep(0.05)

    def _is_refused(self, kind: str, answer: requests.Response, wanted: int) -> bool:
        if answer.status_code == wanted:
            return False
        self._count_refusal(kind, answer.status_code)
        return True

    def _count_refusal(self, kind: str, code: int) -> None:
        if code == CLOSING:
            self.failovers += 1
        else:
            self.refusals[f"{kind} {code}"] += 1


def slug_of(name: str) -> str:
    """The sluice that a form goes to."""
    return SLUGS[int(name[-6:]) % len(SLUGS)]
