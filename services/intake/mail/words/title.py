"""An idea's title from a mail's subject, or from its first sentence where the subject says nothing."""

from __future__ import annotations

import re

from services.intake.mail.words.lines import fold
from services.intake.mail.words.wordlists import phrases

MAX_SUBJECT = 200
"""Signs of a subject that are kept; RFC 5322 sets no limit."""
MAX_SENTENCE = 90
"""Signs of a title taken from the text."""
MIN_SENTENCE = 12
"""A first sentence shorter than this ("Hej!") says too little on its own."""

# Reply and forward prefixes of the common clients in the languages they speak.
_PREFIXES = phrases(
    """
    re | fwd | fw | sv | vb | vs | aw | wg | ang | svar | svar på | vidarebefordrat | vidarebefordran |
    vidarebefordrad | vidare | vid | tr | rv | ref | réf | res | enc | odp | pd | antw | antwort | antwoord |
    doorst | rif | vl | ynt | ilt | atb | bls | trs | r | i | fs | továbbítás | vá | ha | aws | 回复 | 答复 |
    回覆 | 转发 | 轉寄 | 返信 | 転送 | ответ | пер | на | απ | πρθ | videresendt | videresend | weitergeleitet
    """
)
_COUNTER = r"\s?(?:[\[(*^]\s?\d{1,4}\s?[\])]?|\d{1,2})?"
_PREFIX = re.compile(
    rf"(?:(?:{'|'.join(sorted(_PREFIXES, key=len, reverse=True))}){_COUNTER}\s?\.?\s?[:：]|ang\.(?=\s))\s*",
    re.IGNORECASE,
)
_TAG = re.compile(r"(?:\[[^\[\]]{1,60}\]|\*{2,}\s?(?i:spam|bulk|external|externt?)\s?\*{2,})\s*[:：-]?\s*")
_GREETING = re.compile(
    r"(?i)(?:hej(?:san)?|hallå|tjena|tja|god (?:morgon|dag|kväll|middag)|goddag|hi|hello|dear|hey|"
    r"good (?:morning|afternoon|day))\b"
    r"[^.!?\n]{0,40}[,.!?]?$"
)
_END = re.compile(r"[.!?…](?=\s|$)|[。！？]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def clean(subject: str | None, text: str) -> str | None:
    """The title: the subject without prefixes, list tags and counters; else the text's first sentence.

    A tag that is the whole subject is kept. ``None`` where neither subject nor text holds a letter or digit.
    """
    return _from_subject(subject or "") or _from_text(text)


def _from_subject(subject: str) -> str | None:
    rest = fold(_CONTROLS.sub(" ", subject[:2000]))
    tags: list[str] = []
    while rest:
        prefix = _PREFIX.match(rest)
        if prefix:
            rest = rest[prefix.end() :]
            continue
        tag = _TAG.match(rest)
        if not tag:
            break
        tags.append(tag.group().rstrip(" :：-"))
        rest = rest[tag.end() :]
    if not _says_something(rest):
        rest = " ".join(tags)
    return _cut(rest, MAX_SUBJECT) if _says_something(rest) else None


def _from_text(text: str) -> str | None:
    """The first sentence that is not only a greeting; a greeting where there is nothing else."""
    spare = None
    for paragraph in _paragraphs(text[:20_000]):
        sentence = _first_sentence(paragraph)
        if not _says_something(sentence):
            continue
        if not _GREETING.match(sentence):
            return _cut(sentence, MAX_SENTENCE)
        spare = spare or sentence
    return _cut(spare, MAX_SENTENCE) if spare else None


def _paragraphs(text: str) -> list[str]:
    """Paragraphs folded to one line each, quoted lines left out; a greeting on a line of its own stands alone."""
    paragraphs: list[str] = []
    current: list[str] = []
    for raw in [*text.split("\n"), ""]:
        line = fold(_CONTROLS.sub(" ", raw))
        if line and not line.startswith(">"):
            current.append(line)
        if current and (not line or (len(current) == 1 and _GREETING.match(line))):
            paragraphs.append(" ".join(current))
            current = []
    return paragraphs


def _first_sentence(paragraph: str) -> str:
    for end in _END.finditer(paragraph):
        if end.start() >= MIN_SENTENCE:
            return paragraph[: end.end()].rstrip(".。")
    return paragraph.rstrip(":")


def _says_something(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _cut(text: str, longest: int) -> str:
    """At most ``longest`` signs, cut between words where there are any, with an ellipsis for what is gone."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    space = head.rfind(" ")
    return (head[:space] if space > longest // 2 else head).rstrip(" ,;:-–") + "…"
