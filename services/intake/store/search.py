"""Swedish full-text search over ideas, and how common a word is among them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, cast, false, func, select, text, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from services.intake.store.tables import WEEK_SECONDS, Idea
from services.intake.store.work_tables import IdeaSluice
from shared.clock import now

MAX_WORDS: Final = 12
"""Words of a search that are looked for; the rest are left out."""
_PREFIX_FROM: Final = 4
"""Characters from which a word also finds longer words: ``cykel`` finds ``cykelställ``; ``i`` finds only itself."""
_WORD = re.compile(r"\w+")

MAX_READ: Final = 20_000
"""Characters of a text that are compared with others."""
MAX_FOUND: Final = 200
"""How many of the newest ideas with the words are gone through: it bounds the work, however many ideas there are."""
_WEEKS: Final = (1, 4, 16, 64)
"""How far back a search for words that very many ideas have looks, step by step, before it looks everywhere."""
_FEW_HITS: Final = 2000
_CANDIDATES: Final = 200
"""How many ideas with words in common are ranked."""
_TELLING: Final = 8
"""How many of a text's stems are looked for."""
_TOO_COMMON: Final = 0.05
"""The share of ideas from which a stem tells nothing any more, once there are many ideas."""
_MANY: Final = 1000
_KEPT_SECONDS: Final = 300.0


def public_matches(words: str) -> ColumnElement[bool]:
    """True for ideas with all of these words, or longer ones that begin so, among the words that the board shows.

    Nothing that is hidden there is found.
    """
    asked = []
    for word in _words(words):
        end = ":*" if len(word) >= _PREFIX_FROM else ""
        asked.append(" | ".join(f"'{form}'{end}" for form in _forms(word)))
    query = " & ".join(f"({each})" for each in asked)
    return false() if not query else Idea.public_search.bool_op("@@")(func.to_tsquery("swedish", query))


def newest(
    session: Session, words: str, sluice_ids: Collection[UUID] | None, *, linked_to: Collection[UUID] = ()
) -> list[UUID]:
    """The ids of the newest ideas with all of these words, the newest first, at most ``MAX_FOUND``.

    Rare words are looked for at once. Where there are too many hits to sort them all, the newest weeks are looked
    through first.

    :param sluice_ids: only these sluices' ideas; None is every sluice's.
    :param linked_to: also those that were shared with, or passed on by, these sluices.
    """
    asked, expected = _stemmed(session, words)
    if not asked:
        return []
    found = dict(_of_sluices(session, asked, expected, sluice_ids))
    if linked_to:
        found |= dict(_linked(session, asked, linked_to))
    return sorted(found, key=lambda one: (found[one], one), reverse=True)[:MAX_FOUND]


def _of_sluices(
    session: Session, asked: str, expected: float, sluice_ids: Collection[UUID] | None
) -> list[tuple[UUID, datetime]]:
    """Ids and times of arrival."""
    if sluice_ids is not None and not sluice_ids:
        return []
    # The stem makes it fast and the column makes it certain: anybody may write a word that looks like the stem.
    theirs = true() if sluice_ids is None else Idea.sluice_id.in_(sluice_ids)
    whole = asked if sluice_ids is None else f"{asked} & {_in_sluices(sluice_ids)}"
    if expected <= _FEW_HITS:
        some = session.execute(
            select(Idea.id, Idea.created_at, Idea.sluice_id).where(_has(whole)).limit(MAX_FOUND + 1)
        ).all()
        if len(some) <= MAX_FOUND:
            return [(row.id, row.created_at) for row in some if sluice_ids is None or row.sluice_id in sluice_ids]
    found: list[tuple[UUID, datetime]] = []
    for weeks in (*_WEEKS, None):
        rows = session.execute(
            select(Idea.id, Idea.created_at)
            .where(_has(whole if weeks is None else f"{whole} & {_in_weeks(weeks)}"), theirs)
            .order_by(Idea.created_at.desc(), Idea.id.desc())
            .limit(MAX_FOUND)
        )
        found = [(row.id, row.created_at) for row in rows]
        if len(found) == MAX_FOUND:
            break
    return found


def _linked(session: Session, asked: str, sluice_ids: Collection[UUID]) -> list[tuple[UUID, datetime]]:
    rows = session.execute(
        select(Idea.id, Idea.created_at)
        .join(IdeaSluice, IdeaSluice.idea_id == Idea.id)
        .where(IdeaSluice.sluice_id.in_(sluice_ids), _has(asked))
        .order_by(Idea.created_at.desc(), Idea.id.desc())
        .limit(MAX_FOUND)
    )
    return [(row.id, row.created_at) for row in rows]


def _has(query: str) -> ColumnElement[bool]:
    """True for ideas that a query of quoted stems fits."""
    return Idea.search.bool_op("@@")(cast(query, TSQUERY))


def _stemmed(session: Session, words: str) -> tuple[str, float]:
    """A query for the words' stems, and about how many ideas it fits; empty where only stop words are left.

    A word that very many ideas have finds itself alone: to look for all longer ones would take long, and add little.
    """
    rows = session.execute(
        text(
            "SELECT word, tsvector_to_array(to_tsvector('swedish', word)) FROM unnest(CAST(:words AS text[])) AS word"
        ),
        {"words": _words(words)},
    )
    common = commonness(session)
    parts: dict[str, float] = {}
    for word, stems in rows:
        for stem in stems:
            forms = _forms(stem)
            hits = sum(common.shares.get(form, 0.0) for form in forms) * common.ideas
            end = ":*" if len(word) >= _PREFIX_FROM and hits <= _FEW_HITS else ""
            parts[f"({' | '.join(f'{_quoted(form)}{end}' for form in forms)})"] = hits
    return " & ".join(parts), min(parts.values(), default=0.0)


def _in_sluices(sluice_ids: Collection[UUID]) -> str:
    """The stem that each idea of these sluices has (see ``Idea.search``)."""
    return "(" + " | ".join(f"'s{identity}'" for identity in sluice_ids) + ")"


def _in_weeks(weeks: int) -> str:
    """The stem that each idea of the last so many weeks has."""
    this = int(now().timestamp()) // WEEK_SECONDS
    return "(" + " | ".join(f"'w{this - back}'" for back in range(-1, weeks)) + ")"


def _forms(word: str) -> tuple[str, ...]:
    """As a word may be kept: PostgreSQL reads "KRO-2026" as the word "kro" and the number "-2026"."""
    return (word, f"-{word}") if word.isdigit() else (word,)


def _quoted(stem: str) -> str:
    return "'" + stem.replace("\\", "\\\\").replace("'", "''") + "'"


def _words(words: str) -> list[str]:
    return _WORD.findall(words[:1000].replace("_", " "))[:MAX_WORDS]


@dataclass(frozen=True, slots=True)
class Commonness:
    """In which share of all ideas a word stem stands, as the database last counted (ANALYZE)."""

    ideas: int
    shares: Mapping[str, float] = field(default_factory=dict)
    rare: float = 0.0
    """The share below which stems are not counted one by one."""

    def share(self, stem: str) -> float:
        """Between 0 and 1; a stem that nobody counted is as rare as the rarest that was."""
        return self.shares.get(stem, self.rare)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An idea with words in common, and its stems."""

    id: UUID
    stems: frozenset[str]


def stems_of(session: Session, title: str, body: str) -> dict[str, int]:
    """The word stems of a text, each with how often it stands there; one in the title counts for three."""
    rows = session.execute(
        text("""
            SELECT lexeme, sum(weight) FROM (
                SELECT lexeme, 3 * cardinality(positions) AS weight FROM unnest(to_tsvector('swedish', :title))
                UNION ALL
                SELECT lexeme, cardinality(positions) FROM unnest(to_tsvector('swedish', :body))
            ) AS found GROUP BY lexeme
        """),
        {"title": title[:1000], "body": body[:MAX_READ]},
    )
    return {stem: int(weight) for stem, weight in rows}


def commonness(session: Session) -> Commonness:
    """How common stems are; asked of the database every few minutes."""
    global _known
    kept, found = _known
    if found is not None and monotonic() < kept:
        return found
    row = session.execute(
        text("""
            SELECT greatest(c.reltuples, 0), s.most_common_elems::text::text[], s.most_common_elem_freqs
            FROM pg_class AS c LEFT JOIN pg_stats AS s
                ON s.schemaname = 'intake' AND s.tablename = 'idea' AND s.attname = 'search'
            WHERE c.oid = 'intake.idea'::regclass
        """)
    ).one()
    stems, freqs = row[1] or (), row[2] or ()
    shares = dict(zip(stems, freqs, strict=False))
    fresh = Commonness(int(row[0]), shares, min(shares.values(), default=0.0))
    _known = (monotonic() + _KEPT_SECONDS, fresh)
    return fresh


_known: tuple[float, Commonness | None] = (0.0, None)


def forget() -> None:
    """Ask anew how common words are: much was stored at once."""
    global _known
    _known = (0.0, None)


def telling(stems: Mapping[str, int], common: Commonness) -> list[str]:
    """The stems by which a text is best told from others: rare ones that it uses much, never hopelessly common ones."""
    ordered = sorted(stems, key=lambda stem: (common.share(stem) / stems[stem], stem))
    return [stem for stem in ordered if common.ideas < _MANY or common.share(stem) < _TOO_COMMON][:_TELLING]


def candidates(
    session: Session,
    sluice_id: UUID,
    stems: list[str],
    *,
    public_only: bool,
    exclude: UUID | None,
    limit: int,
) -> list[Candidate]:
    """Ideas of that sluice with two or more of these stems, those with most first; merged and held ones never.

    :param public_only: compare the words on the board alone: what is hidden there could be guessed word by word.
    """
    pairs = " | ".join(f"{_quoted(one)} & {_quoted(other)}" for one, other in combinations(stems, 2))
    if not pairs:
        return []
    asked = cast(f"({pairs}) & {_in_sluices([sluice_id])}", TSQUERY)
    words = Idea.public_search if public_only else Idea.search
    wanted: list[ColumnElement[bool]] = [
        words.bool_op("@@")(asked),
        Idea.sluice_id == sluice_id,
        Idea.held.is_(None),
        Idea.merged_into.is_(None),
    ]
    if public_only:
        wanted.append(Idea.published_at.is_not(None))
    if exclude is not None:
        wanted.append(Idea.id != exclude)
    some = select(Idea.id, words.label("words")).where(*wanted).limit(_CANDIDATES).subquery()
    rows = session.execute(
        select(some.c.id, func.tsvector_to_array(some.c.words))
        .order_by(func.ts_rank(some.c.words, asked).desc(), some.c.id)
        .limit(limit)
    )
    return [Candidate(identity, frozenset(found)) for identity, found in rows]
