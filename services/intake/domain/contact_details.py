"""Ways to reach a person, in running text: telephone, email, postal address, account, profile.

Each pattern's parts have a longest form and none can begin in the middle of another's run, so that the time grows as
the text does, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Found = tuple[int, int, bool]
"""Where it begins, where it ends, and whether it is one for certain."""

_LOOK_BACK = 30
_NUMBERED = re.compile(
    r"(?i)(?:dnr|diarienummer|diarienr|ärende\w{0,8}|order\w{0,8}|faktura\w{0,8}|ocr|art\.? ?nr|artikel\w{0,8}|"
    r"serie\w{0,8}|isbn|ref\w{0,8})[\s.:#]*(?:(?:nr|är|med)[\s.:]*){0,2}\Z"
)


def is_filed(before: str) -> bool:
    """True where the words before a number say that something is filed under it: an order, an invoice, a case."""
    return _NUMBERED.search(before[-_LOOK_BACK:]) is not None


# --- telephone

_CALL = re.compile(r"(?<![\w+])(?<![0-9][-–.,/:])(?:\+[1-9]|00[1-9]|\(0|0)[0-9 \u00a0()/–‑.-]{5,30}")
_GROUP = re.compile(r"[0-9]+")
_CALL_SAID = re.compile(
    r"(?i)\b(?:tel|tfn|telefon\w{0,10}|mobil\w{0,10}|ring\w{0,4}|når\w?|nås|sms\w{0,5}|phone|call|mobile|reach|swish\w{0,8})"
    r"[\s.:]*(?:(?:mig|oss|på|är|me|us|on|at|nr|till|to)[\s.:]*){0,3}$"
)
_DAY = re.compile(r"[0-9]{2}([-./ ])[0-9]{2}\1(?:(?:19|20)[0-9]{2}|[0-9]{2})\Z")
_HOURS = re.compile(r"[012][0-9][0-5][0-9] ?[-–] ?[012][0-9][0-5][0-9]\Z")
_MOBILE = re.compile(r"07[02369]")
_SERVICE = re.compile(r"020|0771|0770|0775|0778|0200|0077|0900|0939|0944")
_AREA_OF_TWO = frozenset(
    "010 011 013 016 018 019 020 021 023 026 031 033 035 036 040 042 044 046 054 060 063 090".split()  # noqa: SIM905 (a list of codes)
)


def telephones(text: str) -> Iterator[Found]:
    """Swedish numbers with their area code, and foreign ones with a plus sign."""
    for run in _CALL.finditer(text):
        end = _end_of_number(run[0])
        if not end:
            continue
        number = run[0][:end]
        before = text[max(0, run.start() - _LOOK_BACK) : run.start()]
        is_said = _CALL_SAID.search(before) is not None
        if text[run.start() + end : run.start() + end + 1].isalnum() or (not is_said and _is_other(number, before)):
            continue
        figures = "".join(_GROUP.findall(number))
        is_national = figures[0] == "0" and not figures.startswith("00")
        is_certain = (
            is_said
            or not is_national
            or bool(_MOBILE.match(figures))
            or (figures != number and not _SERVICE.match(figures))
        )
        yield run.start(), run.start() + end, is_certain


def _end_of_number(run: str) -> int:
    """How much of a run of figures is one number; 0 where it is none."""
    is_foreign = run.startswith(("+", "00"))
    least, most = (9, 15) if is_foreign else (8, 10)
    count, end, last = 0, 0, 0
    for group in _GROUP.finditer(run):
        between = run[last : group.start()] if count else ""
        if len(between.strip()) > 2 or ("." in between and not _MOBILE.match(run) and not is_foreign):
            break
        if count + len(group[0]) > most or (is_foreign and len(between) > 3):
            break
        count, last = count + len(group[0]), group.end()
        if count >= least:
            end = last
    figures = "".join(_GROUP.findall(run[:end]))
    if not end or is_foreign:
        return end
    if _MOBILE.match(figures):
        return end if len(figures) == 10 else 0
    area = 2 if figures.startswith("08") else 3 if figures[:3] in _AREA_OF_TWO else 4
    return end if figures[area : area + 1] != "0" else 0


def _is_other(number: str, before: str) -> bool:
    """True for a day, opening hours, or a number that something else is filed under."""
    bare = number.strip()
    return bool(_DAY.match(bare) or _HOURS.match(bare)) or is_filed(before)


# --- email

_MAIL = re.compile(r"(?<![\w.%+'-])[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MAIL_HIDDEN = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{1,64}[ ]?[\[(](?:at|snabel-?a|@)[\])][ ]?[\w-]{1,63}"
    r"(?:(?:\.|[ ]?[\[(](?:dot|punkt)[\])][ ]?)[\w-]{1,63}){1,5}"
)
_OFFICE = re.compile(
    r"(?i)(?:ide|idé|ideer|info|kontakt|kommun|kommunen|region|regionen|registrator|diariet|support|hej|noreply|no-reply|"
    r"postmaster|webbmaster|redaktion|press|kundtjanst|kundtjänst|kundservice|medborgarservice|kansli|office|contact|hello)@"
)


def emails(text: str) -> Iterator[Found]:
    """Email addresses of persons; an office's own (info@…) is nobody's."""
    for found in _MAIL.finditer(text):
        start = found.start() + len(found[0]) - len(found[0].lstrip("'.-%"))
        if found[0][start - found.start()] != "@" and not _OFFICE.match(text, start):
            yield start, found.end(), True
    for found in _MAIL_HIDDEN.finditer(text):
        yield found.start(), found.end(), True


# --- postal address

_CAPITAL = "A-ZÅÄÖÉÜ"
_BEFORE_STREETS = r"(?:Vid|På|I|Från|Till|Mellan|Längs|Bakom|Hos|Mot|Utanför|Nära|At|On|In|From|Near)\b"
_STREET = re.compile(
    rf"""(?<![\w-])(?!{_BEFORE_STREETS})
        (?: (?:(?:Västra|Östra|Norra|Södra|Stora|Lilla|Gamla|Nya|Övre|Nedre|Inre|Yttre)[ ])?
            [{_CAPITAL}][\w’'-]{{0,25}}?
            (?: gatan | gata | vägen | väg | stigen | stig | gränden | gränd | torget | torg | allén | allé
              | backen | liden | plan | platsen | stråket | leden | rundan | ringen | slingan | kroken | bygatan | byväg
              | kajen | esplanaden )
          | (?:[{_CAPITAL}][\w’'-]{{0,25}}[ ]){{1,3}}
            (?i: gata | gatan | väg | vägen | stig | gränd | torg | torget | allé | allén | backe | backen | plan
              | plats | ring | byväg | gårdsväg | esplanaden | kajen )
          | Box | Postbox )
        [ \u00a0]{{1,2}}[0-9]{{1,4}}(?:[ ]?[A-Za-z](?!\w))?(?![\w-]|[.,:][0-9])
        (?:,?[ ](?:lgh|våning|vån|tr)\.?[ ][0-9]{{1,4}})?""",
    re.VERBOSE,
)
_TOWN = re.compile(
    rf"(?<![\w+-])(?<![0-9][ .,:])(?:SE?[ -])?[1-9][0-9]{{2}}[ \u00a0]?[0-9]{{2}}"
    rf"[ \u00a0]{{1,2}}(?P<place>[{_CAPITAL}][\w-]{{1,30}})(?![\w-])"
)
_NOT_A_TOWN = frozenset("kr sek kronor kronan personer st euro tkr mkr".split())  # noqa: SIM905
_CARE_OF = re.compile(
    rf"(?<!\w)[cC]/[oO][ ]{{1,3}}[{_CAPITAL}][\w’'-]{{1,30}}(?:[ ][{_CAPITAL}][\w’'-]{{1,30}}){{0,2}}"
)
_VILLAGE = re.compile(
    rf"(?<![\w-])[{_CAPITAL}][\w’'-]{{2,30}}[ ][0-9]{{1,4}}(?:[ ]?[A-Z](?!\w))?"
    rf"(?=,?[ \n]{{1,2}}(?:SE?[ -])?[1-9][0-9]{{2}} ?[0-9]{{2}} [{_CAPITAL}])"
)
_HOME = re.compile(
    r"(?i)\b(?:bor|bodde|bosatt|adress\w{0,4}|hemadress\w{0,4}|hemma|flyttat|lives?|living|home|address)\b"
    r"[\s.:]*(?:(?:på|i|vid|till|är|at|on|is|in)[\s.:]*){0,2}$"
)


def addresses(text: str) -> Iterator[Found]:
    """Postal addresses: a street with its number (alone it may be any place), a town with its code, c/o."""
    pieces = sorted(
        [(found.start(), found.end(), "care") for found in _CARE_OF.finditer(text)]
        + [(found.start(), found.end(), "street") for found in _STREET.finditer(text)]
        + [(found.start(), found.end(), "street") for found in _VILLAGE.finditer(text)]
        + [
            (found.start(), found.end(), "town")
            for found in _TOWN.finditer(text)
            if found["place"].lower() not in _NOT_A_TOWN
        ]
    )
    joined: list[tuple[int, int, set[str]]] = []
    for start, end, piece in pieces:
        if joined and start < joined[-1][1]:
            continue
        if joined and start - joined[-1][1] <= 4 and not text[joined[-1][1] : start].strip(" ,\r\n\u00a0"):
            joined[-1] = (joined[-1][0], end, joined[-1][2] | {piece})
        else:
            joined.append((start, end, {piece}))
    for start, end, found_pieces in joined:
        is_said = _HOME.search(text[max(0, start - _LOOK_BACK) : start]) is not None
        yield start, end, is_said or "care" in found_pieces or len(found_pieces) > 1


# --- account and profile

_IBAN = re.compile(r"(?<!\w)SE[0-9]{2}(?:[ ]?[0-9]{4}){5}(?!\w)")
_ACCOUNT = re.compile(
    r"(?i)(?<!\w)(?:kontonummer|kontonr|bankkonto|konto|clearing\w{0,10}|bankgiro|plusgiro|postgiro|bg|pg|swish\w{0,8}|account)"
    r"[^0-9\n]{0,15}(?P<number>[0-9][0-9 ,–-]{5,24}[0-9])(?!\w)"
)


def ibans(text: str) -> Iterator[Found]:
    """Swedish accounts in the international form."""
    for found in _IBAN.finditer(text):
        yield found.start(), found.end(), True


def accounts(text: str) -> Iterator[Found]:
    """Numbers that are called an account, giro or Swish number."""
    for found in _ACCOUNT.finditer(text):
        if sum(map(str.isdigit, found["number"])) >= 7:
            yield found.start("number"), found.end("number"), True


_PROFILE = re.compile(
    r"(?i)(?<![\w.@-])(?:https?://)?(?:(?:www|m|[a-z]{2})\.)?"
    r"(?P<site>linkedin\.com/in|facebook\.com|instagram\.com|tiktok\.com/@|twitter\.com|x\.com|snapchat\.com/add)/?(?P<who>[\w.%?=&/-]{2,120})"
)


def profiles(text: str) -> Iterator[Found]:
    """Links to somebody's page in a social network; most may be an organisation's as well."""
    for found in _PROFILE.finditer(text):
        end = found.end() - (len(found[0]) - len(found[0].rstrip("./-")))
        yield found.start(), end, found["site"].lower() == "linkedin.com/in"
