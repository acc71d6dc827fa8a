"""Attribution lines: the "On <date>, <name> <address> wrote:" that a client puts above what it quotes.

Evidence, not shape: a date, a time or an address must stand in it, so that "On Monday she wrote:" remains a
sentence. The lines of one attribution are never joined across a blank line, and at most five are tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.intake.mail.words import evidence
from services.intake.mail.words.lines import Line, Role, next_filled
from services.intake.mail.words.wordlists import word_set

MAX_LINES = 5
MAX_LENGTH = 500
"""Signs in a whole attribution; names and addresses seldom make it longer than 200."""

# "He wrote" in the languages of mail clients, one word each, in the forms that stand in attributions.
_VERBS = word_set(
    """
    wrote writes said says spake sprach skrev skriver schrieb schreibt geschrieben écrit escribió escribio escribe
    scritto scrive scrisse schreef schrijft geschreven napisał napisała napisał(a) pisze escreveu escreve
    escribiu пишет писал писала писал(а) написал написала написал(а) написав пише написа kirjoitti kirjutas
    napsal napsala napsal(a) píše napísal napísala napísal(a) napisao napisala je/la írta ezt scris scrie
    yazdı yazmış yazıyor yazdi έγραψε rakstīja rašė skrifaði idatzi menulis tulis sumulat viết escriure
    escrit כתב כתבה נכתב كتب كتبت نوشت लिखा เขียน schrief skrifar scríobh
    napsal/a napísal/a написал/а писал/а napisana
    """
)
# The same in writing without spaces between words.
_VERB_SIGNS = (
    "写道",
    "寫道",
    "写到",
    "寫到",
    "书写",
    "書きました",
    "書いた",
    "のメッセージ",
    "のメール",
    "작성",
    "썼습니다",
    "เขียนว่า",
)
_STARTERS = word_set(
    """
    on at den d. dne le am im el il op em w dnia il/la a las v в у la pe på the dana datë på: an um dňa ngày
    vào pada tarihinde tanggal στις στισ til ในวันที่ 在 בתאריך في in
    """
)
_QUOTING = (
    "quoting ",
    "citat ",
    "zitat von ",
    "citerar ",
    "citeret fra ",
    "citando ",
    "citerer ",
    "citaat van ",
    "citation de ",
)
# Who writes "vi", "she" or "the board" tells something; a client writes a name.
_PRONOUNS = word_set(
    """
    i we he she they you it who jag vi hon han hen de dom ni man du ich wir er sie es nous il elle ils elles
    yo nosotros él ella io noi lui lei jeg hun dere ik wij hij zij minä me hän
    """
)
_EDGES = "-‐‑_=*#~|•· \t"
MAX_PROSE = 10
"""Uncapitalised words in an attribution: dates bring some, a sentence more."""
_HIDDEN_ADDRESS = "***@***.***>"
"""What some services write for an address that they hide: its closing bracket stays behind."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Lines ``start`` to ``end`` (exclusive) that attribute what follows."""

    start: int
    end: int
    strong: bool
    """Carries enough evidence to set apart what follows even where no quote sign shows it."""


def find_ending_at(lines: Sequence[Line], last: int) -> Attribution | None:
    """The attribution whose last line is ``last``, or None. All its lines have the same quote depth."""
    if lines[last].role is Role.ATTRIBUTION:
        return _by_role(lines, last)
    if not _may_end(lines[last].words):
        return None
    joined = ""
    found: Attribution | None = None
    start = last
    while start >= 0 and last - start < MAX_LINES:
        line = lines[start]
        if line.blank or line.depth != lines[last].depth or len(joined) + len(line.words) > MAX_LENGTH:
            break
        words = line.words.replace(_HIDDEN_ADDRESS, "***@***.***")
        joined = f"{words} {joined}" if joined else words
        if found is None:
            strength = _strength(joined) or int(start == last and _is_name_and_verb(joined))
            if strength:
                found = Attribution(start, last + 1, strength > 1)
        elif _goes_on_above(line.words, joined, lines[found.start : last + 1]):
            strength = _strength(joined)
            if strength:
                found = Attribution(start, last + 1, strength > 1)
        start -= 1
    if found and not found.strong and not is_followed_by_quote(lines, last + 1):
        return found if next_filled(lines, last + 1) == len(lines) and _may_end_the_mail(lines, found) else None
    return found


def _may_end_the_mail(lines: Sequence[Line], found: Attribution) -> bool:
    """True where a weak attribution with nothing below it still has a date, a verb and a colon."""
    words = " ".join(line.words for line in lines[found.start : found.end])
    return evidence.has_date(words) and _has_verb(words) and words.endswith((":", "："))


def is_attribution(text: str) -> bool:
    """True where a text, joined from its lines, attributes what follows."""
    return _may_end(text) and _strength(text) > 0


def is_group_wise(line: Line) -> bool:
    """True for GroupWise's ">>> Kim 03.11.26 9:14 >>>", which stands above an unquoted original."""
    text = line.text
    if not text.startswith(">>>") or not text.endswith(">>>") or len(text) > MAX_LENGTH:
        return False
    return evidence.has_date(text) or evidence.has_address(text)


def is_followed_by_quote(lines: Sequence[Line], end: int) -> bool:
    """True where the first filled line from ``end`` on is quoted, or indented unlike the line above it."""
    below = next_filled(lines, end)
    if below >= len(lines):
        return False
    return lines[below].depth > 0 or (lines[below].indented and not (end and lines[end - 1].indented))


def _by_role(lines: Sequence[Line], last: int) -> Attribution | None:
    """The client marked it. It counts where a quote follows, or where its words alone would do."""
    start = last
    while start > 0 and (lines[start - 1].role is Role.ATTRIBUTION) and not lines[start - 1].blank:
        start -= 1
    if last + 1 < len(lines) and lines[last + 1].role is Role.ATTRIBUTION and not lines[last + 1].blank:
        return None
    joined = " ".join(line.words for line in lines[start : min(last + 1, start + MAX_LINES)])[:MAX_LENGTH]
    strong = _strength(joined) > 1
    return Attribution(start, last + 1, strong) if strong or is_followed_by_quote(lines, last + 1) else None


def _may_end(words: str) -> bool:
    """Cheap first look: a colon, a verb or a closing rule ends an attribution."""
    if not words or len(words) > MAX_LENGTH:
        return False
    bare = words.rstrip(_EDGES)
    if not bare:
        return False
    if len(words) - len(bare) >= 3 or (bare.endswith((">", ")")) and "@" in bare):
        return True
    return bare.endswith((":", "：")) or _has_verb(bare.rsplit(" ", 1)[-1])


def _strength(joined: str) -> int:
    """0: no attribution. 1: one where a quote follows. 2: one whatever follows."""
    if "@" not in joined and not evidence.has_figure(joined) and not joined.casefold().startswith(_QUOTING):
        return 0
    if joined.startswith(">>>>>") and evidence.has_address(joined):
        return 2
    text = joined.strip(_EDGES)
    if text.startswith("[") and text.endswith(("]", "]:")):
        text = text.replace("[", "", 1).replace("]", "")
    if text.count("<") != text.count(">") or text.startswith(("<", "(", "[", "于", "於")):
        return 0
    ruled = len(joined) - len(text) >= 6 and joined[0] == joined[-1] and joined[0] in _EDGES
    colon = text.endswith((":", "："))
    body = text.rstrip(":： ")
    address, time, date = (test(body) for test in (evidence.has_address, evidence.has_time, evidence.has_date))
    low = body.casefold()
    if low.startswith(_QUOTING) and colon and (address or len(body.split()) <= 6):
        return 2 if address else 1
    if address and date and time and colon and _leads_in(body) and _closes_with_address_and_verb(body):
        return 2
    words = [word.strip(".,;:!?()[]\"'“”<>*") or word for word in low.split()]
    if not _has_proper_start(body, words) or (body[0].islower() and words[0] in _VERBS):
        return 0
    if sum(word.isalpha() and word.islower() for word in body.split()) > MAX_PROSE:
        return 0
    if not _has_verb(low):
        if not address:
            return int(colon and date and time and _is_name_and_figures(body))
        return _strength_without_verb(body, colon=colon, dated=date or time, timed=time)
    if not colon and not ruled and not _has_verb(low.rsplit(" ", 1)[-1]):
        return 0
    if _tells(words):
        return 1 if address or date else 0
    if address or (date and time and _names_somebody(body.split())):
        return 2
    return 1 if date or time else 0


def _strength_without_verb(body: str, *, colon: bool, dated: bool, timed: bool) -> int:
    """2 for a date, a time and "Kim <kim@are.example>:" in that order, 1 for the looser forms, 0 for none."""
    bracketed = not {"<", "("}.isdisjoint(body[: evidence.address_at(body)])
    at_end = body.endswith((">", ")")) or " " not in body[evidence.address_at(body) :]
    leads = _leads_in(body) and at_end
    if not dated or not (bracketed or (leads and timed)):
        return 0
    if not colon:
        return int(leads)
    return 2 if leads and timed and bracketed else 1


def _closes_with_address_and_verb(body: str) -> bool:
    """True for "… <kim@are.example> wrote": then the name before it may be anything, "Yahoo! for everybody" too."""
    above, bracket, verb = body.rpartition(">")
    return bool(bracket) and evidence.has_address(above[-320:]) and len(verb.split()) <= 2 and _has_verb(verb)


def _is_name_and_figures(body: str) -> bool:
    """True for "Kim Testperson, 03.11.2026 09:14": a name, a comma, figures; not "Mötet 2026-11-03 9:14"."""
    if not body[: max(0, evidence.first_figure(body))].rstrip().endswith(","):
        return False
    words = [word.strip(",;()\"'") for word in body.split()]
    named = [word for word in words if word[:1].isalpha()]
    return 1 <= len(named) <= 5 and len(words) <= 8 and all(word[0].isupper() for word in named)


def _has_verb(text: str) -> bool:
    low = text.casefold()
    if not low.isascii() and any(signs in low for signs in _VERB_SIGNS):
        return True
    return any(word in _VERBS or word.strip(".,;:!?[]\"'“”<>*()") in _VERBS for word in low.split())


def _has_proper_start(body: str, words: Sequence[str]) -> bool:
    """True where it begins with a date, or with at most six words of name before an address or verb."""
    address = evidence.address_at(body)
    if _ends_sentence(body):
        return False
    if _leads_in(body):
        return True
    if address >= 0 and len(body[:address].split()) <= 7:
        return True
    return any(_has_verb(word) for word in words[:6])


def _ends_sentence(body: str) -> bool:
    """True where a sentence ends inside: then own words stand in front or behind."""
    for word, following in pairwise(body.split()):
        if word.endswith(("!", "?")) or (word.endswith(".") and following[:1].isupper() and len(word) > 5):
            return True
    return False


def _goes_on_above(above: str, joined: str, found: Sequence[Line]) -> bool:
    """True where the lines above a complete attribution hold the date that is missing below, or date and address."""
    below = " ".join(line.words for line in found)
    lacks_address = evidence.has_address(joined) and not evidence.has_address(below)
    if lacks_address and ">," in above:
        # "Kim <kim@are.example>, 3 Kas" wrapped before its year.
        return True
    if evidence.has_date(below) or not evidence.has_date(joined):
        return False
    if lacks_address:
        return True
    if not evidence.has_date(above) or not _leads_in(above.strip(_EDGES)):
        return False
    first, _, rest = above.strip(_EDGES).casefold().partition(" ")
    first = first.strip(",.:")
    return first[:1].isdigit() or first in _STARTERS or (len(first) <= 4 and rest[:1].isdigit())


def _leads_in(words: str) -> bool:
    """True where a date stands within the first words: "On Tue, Nov 3", "3 nov.", "wt., 3 lis 2026"."""
    figure = evidence.first_figure(words[:45])
    if figure < 0:
        return False
    before = words[:figure].casefold().split()
    if len(before) > 5 or _ends_sentence(words[:figure]):
        return False
    if not before or len(before) <= 2 or before[0].strip(",.:") in _STARTERS:
        return True
    return len(before) == 3 and before[-1].endswith((",", "،"))


def _tells(words: Sequence[str]) -> bool:
    """True where a pronoun stands beside the verb: somebody tells what somebody wrote."""
    for place, word in enumerate(words):
        if word in _VERBS and (
            (place + 1 < len(words) and words[place + 1] in _PRONOUNS) or (place > 0 and words[place - 1] in _PRONOUNS)
        ):
            return True
    return False


def _names_somebody(words: Sequence[str]) -> bool:
    """True where a word near the verb has a capital, or a script without capitals: a name, not "the board"."""
    verbs = [place for place, word in enumerate(words) if _has_verb(word)]
    near = [word for place in verbs for word in words[max(0, place - 3) : place + 4]]
    return any(_is_name_like(word.strip(".,:;\"'()")) for word in near)


def _is_name_like(word: str) -> bool:
    """True for "Kim", "Ким", "李" and "kim.testperson", not for "board" or "09.14"."""
    if not word[:1].isalpha():
        return False
    return not word[:1].islower() or "." in word or "_" in word


def _is_name_and_verb(words: str) -> bool:
    """True for "Kim Testperson wrote:": one to five words with a capital, and nothing but the verb after."""
    name = words.rstrip(":： ").split(" ", 7)
    if not words.endswith((":", "：")) or len(name) > 7:
        return False
    verbs = [place for place, word in enumerate(name) if _has_verb(word)]
    if not verbs or not 1 <= verbs[0] <= 5 or len(name) - verbs[0] > 2:
        return False
    name = name[: verbs[0]]
    return all(word[:1].isupper() or not word[:1].isalpha() for word in name) and (
        len(name) > 1 or name[0].casefold() not in _PRONOUNS
    )
