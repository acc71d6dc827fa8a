"""To change what mails say: save after a check, go back, look at it with real facts, send a trial to oneself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Kind
from services.notify.domain.mail import Rendered
from services.notify.domain.template import Fault
from services.notify.domain.variable import Form
from services.notify.domain.variables import samples, variables
from services.notify.domain.wording import Place, Wording, check
from services.notify.domain.words import cleaned, one_line
from services.notify.render import Renderer, RenderError
from services.notify.store import operations, sluices, wordings
from services.notify.store.tables import Sluice
from services.notify.usecases.queue_message import QueueMessage
from shared import logs
from shared.clock import Clock, now
from shared.errors import IdeslussenError, NotFound, Rejected
from shared.mail.addresses import is_sendable
from shared.settings import Settings

log = logs.get(__name__)

LONGEST_SIGNATURE = 500
LONGEST_SENDER_NAME = 60
LONGEST_COMMENT = 200


class FaultyWording(IdeslussenError):
    """A wording that may not be kept, with everything that is wrong in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{each.where} {each.line}: {each.text_key}" for each in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Present:
    """What a place's mails are written in now."""

    wording: Wording
    origin: str
    """``sluice``, ``general`` or ``built-in``."""
    used: int
    """The number of the version whose words they are; 0 for the built-in ones."""
    version: int
    """The newest version of the place itself; 0 where nobody has saved any."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail as it would be."""

    rendered: Rendered
    is_real: bool
    """False where there is no mail of that kind yet, and made-up facts show it."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """What administrators do with the words of mails."""

    settings: Settings
    renderer: Renderer
    clock: Clock = now

    def present(self, session: Session, place: Place) -> Present:
        """What a place's mails are written in.

        :raises NotFound: there is no such sluice.
        """
        self._known(session, place)
        newest = wordings.newest(session, place)
        found = wordings.active(session, place)
        words = wordings.words(found) if found is not None else None
        version = newest.version if newest is not None else 0
        if found is None or words is None:
            return Present(self.renderer.built_in(place.kind, place.language), "built-in", 0, version)
        return Present(words, "general" if found.sluice_slug is None else "sluice", found.version, version)

    def save(
        self, session: Session, place: Place, wording: Wording, *, seen: int | None, author: str, comment: str = ""
    ) -> int:
        """Keep a wording as the next version; mails asked for from now on are written in it. The version's number.

        :raises FaultyWording: it may not be kept.
        :raises Conflict: somebody has saved since the version that was ``seen``.
        :raises NotFound: there is no such sluice.
        """
        self._known(session, place)
        wording = tidied(wording)
        faults = check(place.kind, wording.subject, wording.body)
        if faults:
            raise FaultyWording(faults)
        return self._append(session, place, wording, seen, author, comment)

    def go_back(
        self, session: Session, place: Place, to: int | None, *, seen: int | None, author: str, comment: str = ""
    ) -> int:
        """Use an older version again, as the next one; without a number what stands above: general or built-in.

        :raises FaultyWording: it could be kept once and cannot any more.
        :raises Conflict: somebody has saved since the version that was ``seen``.
        :raises NotFound: there is no such version or sluice.
        """
        self._known(session, place)
        words = None
        if to is not None:
            older = wordings.version(session, place, to)
            if older is None:
                raise NotFound
            words = wordings.words(older)
        if words is not None:
            return self.save(session, place, words, seen=seen, author=author, comment=comment)
        return self._append(session, place, None, seen, author, comment)

    def preview(self, session: Session, place: Place, wording: Wording | None = None) -> Preview:
        """A mail as it would be in these words, or in those that are used now, with the facts of the newest one.

        None of its signed links: whoever may change words may not act as those who got the mails.

        :raises FaultyWording: nothing can be written in these words.
        :raises NotFound: there is no such sluice.
        """
        words = tidied(wording) if wording is not None else self.present(session, place).wording
        faults = check(place.kind, words.subject, words.body)
        if faults:
            raise FaultyWording(faults)
        sluice = self._known(session, place)
        facts, is_real = self._facts(session, place, sluice)
        try:
            safe = self._powerless(place.kind, facts)
            return Preview(self.renderer.render(place.kind, place.language, safe, words), is_real)
        except RenderError:
            # A mail of an older release may lack what is known today.
            made_up = self._made_up(place, sluice)
            return Preview(self.renderer.render(place.kind, place.language, made_up, words), False)

    def send_trial(self, session: Session, place: Place, address: str, *, key: str, author: str) -> None:
        """Send what is saved for a place to one address, through the queue and out as any mail, marked as a trial.

        Its words are those of the newest real mail, but none of its signed links and addresses: whoever gets a trial
        can neither act as a person nor write into an idea.

        :param key: the same key sends once.
        :raises Rejected: the address is none, or no sluice is known that could send.
        :raises NotFound: there is no such sluice.
        """
        address = cleaned(address).strip()
        if not is_sendable(address):
            raise Rejected("address", "wordings.fault.address")
        sluice = self._known(session, place) or next(iter(sluices.list_all(session)), None)
        if sluice is None:
            raise Rejected("address", "wordings.fault.no_sluice")
        facts, _ = self._facts(session, place, sluice)
        sender = facts["sluice"] | {"slug": sluice.slug, "name": sluice.name, "address": sluice.address}
        trial = self._powerless(place.kind, facts) | {
            "sluice": sender,
            "reply_to": sluice.address,
            "thread": {"in_reply_to": None, "references": []},
            "is_trial": True,
        }
        wanted = Asked(
            key=f"{wordings.TRIAL}{key}",
            kind=place.kind,
            address=address,
            name="",
            language=place.language,
            sluice_slug=sluice.slug,
            sluice_address=sluice.address,
            idea_reference=None,
            facts=trial,
            category=Category.ASKED_FOR,
        )
        QueueMessage(self.settings, self.clock)(session, [wanted])
        operations.record(session, at=self.clock(), actor=author, act="wording-tried", target=_target(place))
        log.info("wording_tried", kind=place.kind, language=place.language, sluice=place.slug)

    def set_sender(
        self, session: Session, slug: str, names: Mapping[str, str], signatures: Mapping[str, str], *, author: str
    ) -> None:
        """Keep the name in From and the signature of a sluice's mails, each by language; empty is the sluice's name.

        :raises Rejected: one is too long, or a name holds what no name in From may hold.
        :raises NotFound: there is no such sluice.
        """
        sluice = sluices.find(session, slug)
        if sluice is None:
            raise NotFound
        for language, name in names.items():
            if len(name.strip()) > LONGEST_SENDER_NAME:
                raise Rejected(f"sender_name_{language}", "wordings.fault.sender_name")
        for language, signature in signatures.items():
            if len(signature.strip()) > LONGEST_SIGNATURE:
                raise Rejected(f"signature_{language}", "wordings.fault.signature")
        sluice.sender_name_sv, sluice.sender_name_en = (one_line(names[each]) for each in ("sv", "en"))
        sluice.signature_sv, sluice.signature_en = (cleaned(signatures[each]).strip() for each in ("sv", "en"))
        operations.record(session, at=self.clock(), actor=author, act="sender-changed", target=f"sluice:{slug}")
        log.info("sender_changed", sluice=slug)

    def _append(
        self, session: Session, place: Place, wording: Wording | None, seen: int | None, author: str, comment: str
    ) -> int:
        row = wordings.append(
            session,
            place,
            wording,
            seen=seen,
            author=author,
            comment=one_line(comment, LONGEST_COMMENT),
            at=self.clock(),
        )
        operations.record(
            session, at=self.clock(), actor=author, act="wording-saved", target=_target(place), reason=row.comment
        )
        log.info("wording_saved", kind=place.kind, language=place.language, sluice=place.slug, version=row.version)
        return row.version

    def _known(self, session: Session, place: Place) -> Sluice | None:
        """The place's sluice, or None for what is everybody's."""
        if place.slug is None:
            return None
        sluice = sluices.find(session, place.slug)
        if sluice is None:
            raise NotFound
        return sluice

    def _facts(self, session: Session, place: Place, sluice: Sluice | None) -> tuple[dict[str, Any], bool]:
        kept = wordings.latest_facts(session, place.kind, place.language, place.slug, self.clock())
        if kept is not None:
            return self._presented(json.loads(kept), place, sluice), True
        return self._made_up(place, sluice), False

    def _made_up(self, place: Place, sluice: Sluice | None) -> dict[str, Any]:
        facts = samples(place.kind, place.language)
        if sluice is not None:
            facts["sluice"] |= {"slug": sluice.slug, "name": sluice.name, "address": sluice.address}
        return self._presented(facts, place, sluice)

    def _presented(self, facts: dict[str, Any], place: Place, sluice: Sluice | None) -> dict[str, Any]:
        """With the sluice's signature as it is now."""
        if sluice is None:
            return facts
        return facts | {"signature": sluice.signature_sv if place.language == "sv" else sluice.signature_en}

    def _powerless(self, kind: Kind, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts whose links all lead to the front page."""
        safe: dict[str, Any] = json.loads(json.dumps(dict(facts)))
        for variable in variables(kind):
            if variable.form is Form.LINK:
                _replace(safe, variable.name.split("."), self.settings.base_url)
            for field in variable.fields:
                if field.form is Form.LINK:
                    for entry in safe[variable.name]:
                        entry[field.name] = self.settings.base_url
        for name in ("preferences_url", "unsubscribe_url"):
            if safe.get(name):
                safe[name] = self.settings.base_url
        return safe


def tidied(wording: Wording) -> Wording:
    """As it is kept: LF line ends (HTML's forms send CR LF), no blanks at the ends."""
    return Wording(cleaned(wording.subject).strip(), cleaned(wording.body).strip())


def _target(place: Place) -> str:
    return "/".join(filter(None, (f"wording:{place.kind}", place.language, place.slug)))


def _replace(facts: dict[str, Any], path: list[str], url: str) -> None:
    *parents, last = path
    for parent in parents:
        if facts.get(parent) is None:
            return
        facts = facts[parent]
    if facts.get(last) is not None:
        facts[last] = url
