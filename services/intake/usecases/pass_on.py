"""Give an idea to another sluice, or let several have a say in it. It keeps its reference and all its words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.store.tables import Idea, Sluice
from services.intake.store.work_tables import IdeaSluice, IdeaTag, Tag
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.handing_over import MAX_WORDS, tell
from services.intake.usecases.move_idea import hindered
from services.intake.usecases.receive import note as write
from services.intake.usecases.sayings import say
from shared.clock import STOCKHOLM, now
from shared.errors import NotFound, Rejected
from shared.mail import reply_addresses
from shared.viewer import Viewer
from shared.web import links
from shared.web.own_links import without_tokens
from shared.words import clean
from shared.working_days import answer_by


def pass_on(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    reference: str,
    *,
    to: str,
    note: str = "",
    version: int | None,
) -> Done:
    """Give the idea to the sluice ``to``, which promises an answer anew; the submitter and its contacts are told.

    :param to: a slug.
    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: there is no such sluice, it has the idea, or the idea is held or merged.
    """
    idea = own_idea(session, viewer, reference, version=version)
    hindered(idea)
    words = _words(note)
    former = sluices.profile(session, idea.sluice_id)
    new = _other(session, idea, to)
    had_it = session.get(IdeaSluice, (idea.id, new.id)) is not None
    moment = now()
    name = acts.name_of(session, viewer, former.id)
    _link(session, idea, former, "passed_on", name, moment)
    session.execute(delete(IdeaSluice).where(IdeaSluice.idea_id == idea.id, IdeaSluice.sluice_id == new.id))
    own_tags = select(Tag.id).where(Tag.sluice_id == former.id)
    session.execute(delete(IdeaTag).where(IdeaTag.idea_id == idea.id, IdeaTag.tag_id.in_(own_tags)))
    idea.sluice_id = new.id
    # One municipality's register is not another's; the former number stands in the timeline.
    idea.registry_state, idea.registry_number = new.registry_default, None
    idea.registered_at = idea.registered_by = idea.archived_at = idea.archive_receipt = None
    idea.assigned_to = idea.asked_at = idea.reminded_at = idea.escalated_at = None
    if idea.answered_at is None:
        promised = answer_by(moment.astimezone(STOCKHOLM).date(), new.answer_days)
        idea.answer_by = datetime.combine(promised, time(12), tzinfo=STOCKHOLM)
    if not new.board:
        idea.published_at = None
    idea.version += 1
    idea.updated_at = moment
    facts: dict[str, object] = {"from": former.name, "to": new.name}
    write(session, idea, event="passed_on", at=moment, actor=name, actor_kind="contact", facts=facts)
    if words:
        write(
            session, idea, event="noted", at=moment, actor=name, actor_kind="contact", text=words,
            facts={"sluice": former.name}, public=False,
        )  # fmt: skip
    _tell_submitter(session, announcer, idea, former, new)
    by = f"{name}, {former.name}" if former.name not in name else name
    if had_it:
        # They had the notice of this idea once, and notify sends it once.
        tell(session, announcer.settings, idea, new, new.contacts, about=_about(idea), by=by, note=words)
    else:
        said = [say("passed_on_by", new.language, who=by), *([without_tokens(words)] if words else [])]
        announcer.passed_on(session, idea, new, notes=said)
    return Done(idea)


def share(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    reference: str,
    *,
    sluices_too: Sequence[str],
    note: str = "",
    version: int | None,
) -> Done:
    """Let other sluices see the idea and write notes; this one goes on answering. Their contacts are mailed.

    Sharing with one that it is shared with already changes nothing.

    :param sluices_too: slugs.
    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: none is named, there is no such sluice, or the idea is held or merged.
    """
    idea = own_idea(session, viewer, reference, version=version)
    hindered(idea)
    words = _words(note)
    if not sluices_too:
        raise Rejected("to", "no_sluice")
    others = [_other(session, idea, slug) for slug in dict.fromkeys(sluices_too)]
    moment = now()
    own = sluices.profile(session, idea.sluice_id)
    name = acts.name_of(session, viewer, own.id)
    new = [one for one in others if _link(session, idea, one, "shared", name, moment)]
    if not new:
        return Done(idea)
    idea.version += 1
    idea.updated_at = moment
    entry = write(
        session,
        idea,
        event="shared",
        at=moment,
        actor=name,
        actor_kind="contact",
        text=words,
        facts={"with": ", ".join(one.name for one in new)},
        public=False,
    )
    by = f"{name}, {own.name}" if own.name not in name else name
    for one in new:
        tell(session, announcer.settings, idea, one, one.contacts, about=entry.id, by=by, note=words)
    return Done(idea)


def unshare(session: Session, viewer: Viewer, reference: str, *, sluice: str, version: int | None) -> Done:
    """Let another sluice see the idea no longer; what its people wrote stays.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    """
    idea = own_idea(session, viewer, reference, version=version)
    other = session.scalar(select(Sluice).where(Sluice.slug == sluice))
    link = session.get(IdeaSluice, (idea.id, other.id)) if other is not None else None
    if other is None or link is None or link.link != "shared":
        return Done(idea)
    session.delete(link)
    idea.version += 1
    idea.updated_at = now()
    write(
        session,
        idea,
        event="unshared",
        at=idea.updated_at,
        actor=acts.name_of(session, viewer, idea.sluice_id),
        actor_kind="contact",
        facts={"with": other.name},
        public=False,
    )
    return Done(idea)


def _words(note: str) -> str:
    words = clean(note).strip()
    if len(words) > MAX_WORDS:
        raise Rejected("note", "note_is_too_long")
    return words


def _other(session: Session, idea: Idea, slug: str) -> SluiceProfile:
    try:
        found = sluices.profile_by_slug(session, slug)
    except NotFound as error:
        raise Rejected("to", "no_sluice") from error
    if found.id == idea.sluice_id:
        raise Rejected("to", "has_it_already")
    return found


def _link(session: Session, idea: Idea, sluice: SluiceProfile, link: str, actor: str, moment: datetime) -> bool:
    """Keep how the sluice knows the idea; False where it was so before."""
    known = session.get(IdeaSluice, (idea.id, sluice.id))
    if known is not None and known.link == link:
        return False
    values = {"link": link, "at": moment, "actor": actor}
    session.execute(
        insert(IdeaSluice)
        .values(idea_id=idea.id, sluice_id=sluice.id, **values)
        .on_conflict_do_update(index_elements=[IdeaSluice.idea_id, IdeaSluice.sluice_id], set_=values)
    )
    return True


def _tell_submitter(
    session: Session, announcer: Announcer, idea: Idea, former: SluiceProfile, new: SluiceProfile
) -> None:
    if idea.submitter_address is None:
        return
    settings = announcer.settings
    ask_for_mail(
        session,
        settings,
        "passed-on",
        about=_about(idea),
        to=Recipient(idea.submitter_name, idea.submitter_address, idea.language),
        sluice=new,
        facts={
            "idea": {"reference": idea.reference, "title": idea.title, "text": without_tokens(idea.text)},
            "former": former.name,
            "answer_by": idea.answer_by.astimezone(STOCKHOLM).date().isoformat(),
            "follow_url": links.follow_url(settings, idea.reference),
        },
        idea=idea,
        reply_to=reply_addresses.make(settings.signer, new.address, reply_addresses.SUBMITTER, idea.reference),
    )


def _about(idea: Idea) -> str:
    """What makes one passing on another than the next of the same idea."""
    return f"{idea.id}:{idea.version}"
