"""What stands below the words: delimited signatures, contact details, clients' own lines, legal footers.

A plain closing ("Mvh Åsa", "Thanks, Kim") is part of what the person wrote and stays. What is set apart needs
evidence: RFC 3676's delimiter, contact details below a closing, a device's or client's name, a footer's own
phrases. A delimiter with prose below it is a pause in the text and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail import evidence
from services.intake.mail.header_block import is_rule
from services.intake.mail.lines import Line, Role, last_filled, next_filled, opening

MAX_LINES = 40
"""Lines below a delimiter that may still be a signature, legal footer included."""
MAX_BLOCK = 14
"""Lines in a block of contact details, from the closing on."""

_SENT = tuple(
    "sent from|sent via|sent with|sent by|sent using|get outlook for|get bluemail|typed on|written on my|"
    "sent securely|skickat från|skickat via|skickat med|skickades från|skickat genom|skickad från|skickad via|"
    "hämta outlook för|skaffa outlook för|ladda ned outlook|sendt fra|sendt med|sendt via|hent outlook|få outlook|"
    "skaff deg outlook|von meinem|gesendet mit|gesendet von|gesendet mithilfe|diese nachricht wurde von mein|"
    "holen sie sich outlook|outlook für|envoyé de mon|envoyé depuis|envoyé à partir|envoyé avec|envoyé via|"
    "obtenez outlook|téléchargez outlook|télécharger outlook|enviado desde|enviado do|enviado de|enviado via|"
    "enviado con|enviado a partir|obtener outlook|obter o outlook|inviato da|inviato con|ottieni outlook|scarica outlook|"
    "verstuurd vanaf|verzonden vanaf|verzonden met|verstuurd met|verstuurd via|download outlook|outlook voor|"
    "wysłano z|wysłane z|wyślij z|pobierz program outlook|pobierz aplikację outlook|отправлено с|отправлено из|"
    "скачать outlook|lähetetty|hanki outlook|odesláno z|odoslané z|získejte outlook|küldve|elküldve|trimis de pe|"
    "gönderildi|发自我的|發自我的|從我的|获取 outlook|從我的 iphone|iphoneから送信|ipadから送信|私の iphone|outlook for|"
    "나의 iphone|내 iphone|στάλθηκε από|enviat des|poslano s|saadetud|nosūtīts|sänt från|skickat ifrån|obtenir outlook".split("|")
)
_SENT_ENDS = ("から送信", "에서 보냄", "gesendet", "lähetetty")
_DEVICES = (
    "iphone|ipad|ipod|android|samsung|galaxy|outlook|windows|huawei|yahoo|proton|blackberry|gmail|nokia|sony|"
    "xperia|htc|motorola|oneplus|pixel|xiaomi|redmi|lg|macbook|imac|mac|mobil|mobile|mobiltelefon|telefon|phone|"
    "smartphone|tablet|surfplatta|handy|handheld|e-post|mail|mailbird|thunderbird|spark|bluemail|aquamail|"
    "hotmail|superhuman|nine|k-9|fairphone|telefoon|téléphone|móvil|celular|telefono|телефона|android-enhet|"
    "android-telefon|puhelimesta|tutanota|tuta|fastmail|airmail|canary|workspace|front|mailspring|hey|postbox|"
    "ionos|gmx|web.de|orange|laposte|wifi|treo|zte|honor|oppo|realme|vivo|doro|jolla|sailfish|palm|device|enhet"
).split("|")
_DEVICE_WORDS = frozenset(_DEVICES)
_OWNERS = frozenset("my min mitt mein meinem mon ma mi mijn mio meu moj mojego моего".split())

_CLOSINGS = (
    "med vänlig hälsning|med vänliga hälsningar|vänlig hälsning|vänliga hälsningar|med vänl hälsn|m v h|mvh|m.v.h|"
    "hälsningar|hälsning|bästa hälsningar|varma hälsningar|hjärtliga hälsningar|soliga hälsningar|hälsar|"
    "vh|v h|allt gott|tack på förhand|tack|ha det gott|ha det bra|kram|med vennlig hilsen|vennlig hilsen|hilsen|"
    "med venlig hilsen|venlig hilsen|mvh.|best regards|kind regards|warm regards|regards|best wishes|best|cheers|"
    "sincerely|yours sincerely|yours faithfully|yours truly|many thanks|thanks|thank you|thanks in advance|br|"
    "kr|rgds|mit freundlichen grüßen|mit freundlichem gruß|freundliche grüße|viele grüße|liebe grüße|beste grüße|"
    "schöne grüße|mfg|lg|vg|gruß|grüße|cordialement|bien cordialement|bien à vous|salutations|amicalement|"
    "sincères salutations|saludos|un saludo|saludos cordiales|atentamente|cordiali saluti|distinti saluti|saluti|"
    "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|groeten|groet|pozdrawiam|z poważaniem|"
    "atenciosamente|cumprimentos|abraço|abraços|terveisin|ystävällisin terveisin|terveiset|с уважением|"
    "saygılarımla|s pozdravem|üdvözlettel|cu stimă|lep pozdrav|med vänlig hälsning/best regards|kind regards/mvh"
).split("|")
_CLOSING_SET = frozenset(_CLOSINGS)

_PHONE = re.compile(r"(?<![\w/.,-])(?:\+|00|\(0|0)[\d ()/.–-]{6,22}(?!\w)")
_LABELLED = re.compile(
    r"(?i)\b(?:tel|tfn|telefon|telefoon|téléphone|mobil|mobile|mob|phone|cell|direct|direkt|växel|fax|epost|e-post|email|"
    r"e-mail|mail|webb|web|www|org\.? ?nr|skype|handy|switchboard|besöksadress|postadress|besök|box)\b\s?[.:]?"
)
_URL = re.compile(r"(?i)\b(?:https?://|www\.)\S|\b[\w-]{2,40}\.(?:se|nu|com|org|net|eu|de|fi|dk|no|fr|nl|uk|example)\b")
_POSTAL = re.compile(r"(?<!\d)(?:S?E?-?\d{3} \d{2}|[A-Z]{0,2}-?\d{4,5}) [A-ZÅÄÖ]\w")

_LINK = re.compile(r"[<(]?https?://[^\s>)]{0,2000}[>)]?")

_LEGAL = (
    "confidential|intended recipient|intended solely|intended only|privileged|disclaimer|unauthorised|unauthorized|"
    "received this email in error|received this message in error|received this e-mail in error|notify the sender|"
    "delete it|delete this|any attachments|virus|legally binding|konfidentiell|avsett för|avsedd för|adressaten|"
    "av misstag|radera|kontakta avsändaren|meddela avsändaren|underrätta avsändaren|felaktigt mottagit|inte rätt mottagare|"
    "obehörig|personuppgift|dataskydd|gdpr|behandlar dina|när du mejlar|när du skickar e-post|offentlig handling|"
    "allmän handling|vertraulich|bestimmt|irrtümlich|informieren sie|vernichten|unbefugte|confidentiel|destinataire|"
    "par erreur|détruire|confidencial|destinatario|por error|riservat|erroneamente|vertrouwelijk|geadresseerde|"
    "ten onrechte|poufn|adresat|luottamuksell|vastaanottaj|fortrolig|modtager|mottaker|ved en fejl|ved en feil|"
    "this email|this e-mail|this message|this communication|detta e-postmeddelande|detta meddelande|detta mejl|"
    "detta mail|denna e-post|diese e-mail|diese nachricht|ce message|cet e-mail|este mensaje|este correo|"
    "questo messaggio|dit bericht|deze e-mail|copyright|registered in|registered office|company number"
).split("|")
_GREEN = (
    "consider the environment before print|think before you print|before printing this|tänk på miljön|"
    "skriv inte ut|behöver du skriva ut|innan du skriver ut|denken sie an die umwelt|pensez à l'environnement|"
    "virus-free|virusfri|scanned by|checked by avg|avast|genomsökt|granskats av|kontrollerad av|"
    "save paper|save a tree"
).split("|")
_LIST = (
    "mailing list|unsubscribe|you received this message because|you are receiving this|you're receiving this|"
    "list-info|listinfo|to post to this|to view this discussion|view it on|reply to this email directly|"
    "mute the thread|avsluta prenumeration|avprenumerera|du får det här|du får detta|sändlista|e-postlista|"
    "to stop receiving|manage your subscription|hantera dina utskick|mailman|abmelden|se désabonner|"
    "sign up now|yahoo! groups|view in browser"
).split("|")
_BANNER = (
    "originated outside|originated from outside|from outside the organi|from outside of the organi|"
    "outside of your organi|outside your organi|from an external|external sender|external email|external e-mail|"
    "extern avsändare|externt mejl|externt mail|utanför organisationen|utanför kommunen|utanför regionen|"
    "don't often get email|don’t often get email|får inte ofta e-post|får sällan e-post|learn why this is important|"
    "läs om varför det här är viktigt|externer absender|externe e-mail|expéditeur externe|remitente externo|"
    "kommer utifrån|kommer från en avsändare utanför|ekstern avsender|ekstern afsender|"
    "power of attention: external|ursprung utanför|skickats utifrån|skickats från en extern"
).split("|")
_BANNER_STARTS = (
    "caution varning warning obs external extern externt viktigt important attention observera you some du vissa "
    "detta det this achtung attenzione notice *caution [caution [external *external [extern *varning [varning [obs"
).split()


def client_line(words: str) -> bool:
    """True for a line that a client adds: "Skickat från min iPhone", "Get Outlook for iOS"."""
    low = words.casefold().strip(" *_-.!<>[]()|")
    low = " ".join(_LINK.sub(" ", low).split())
    tokens = low.split()
    if len(low) > 110 or len(tokens) > 12:
        return False
    if not low.startswith(_SENT):
        return len(tokens) <= 10 and low.endswith(_SENT_ENDS) and _names_device(low)
    if _names_device(low):
        return True
    return len(tokens) <= 5 and any(token in _OWNERS for token in tokens) and not any(sign.isdigit() for sign in low)


def _names_device(low: str) -> bool:
    return any(token.strip("™®.,:;()\"'*") in _DEVICE_WORDS for token in low.replace("-", " ").split()) or any(
        name in low for name in ("iphon", "ipad", "android", "outlook", "samsung", "proton", "mail", "yahoo", "icloud")
    )


def split(lines: Sequence[Line], end: int | None = None) -> tuple[int, str]:
    """Where the signature begins that ends the lines, and why; ``(end, "")`` where there is none.

    Peels from below: list footers, legal footers, clients' lines, a delimited block, contact details.
    """
    end = len(lines) if end is None else end
    start, why = end, ""
    for _ in range(8):
        above, reason = _peel(lines, start)
        if above == start:
            break
        start, why = above, reason
    return start, why


def _peel(lines: Sequence[Line], end: int) -> tuple[int, str]:
    last = last_filled(lines, end)
    if last < 0 or lines[last].depth:
        return end, ""
    for rule in (_marked, _client, _delimited, _listed, _legal, _contact):
        start = rule(lines, last)
        if start is not None:
            return start, f"at {opening(lines, start)!r}"
    return end, ""


def _marked(lines: Sequence[Line], last: int) -> int | None:
    """The client's mark-up says signature."""
    start = last
    while start >= 0 and (lines[start].role is Role.SIGNATURE or (lines[start].blank and start < last)):
        start -= 1
    start += 1
    if start > last or last - start > MAX_LINES:
        return None
    above = last_filled(lines, start)
    return above if above >= 0 and lines[above].words in ("--", "—", "__") and not lines[above].depth else start


def _client(lines: Sequence[Line], last: int) -> int | None:
    if client_line(lines[last].words):
        return last
    above = last - 1
    if above >= 0 and not lines[above].blank and not lines[above].depth:
        joined = f"{lines[above].words} {lines[last].words}"
        if len(lines[last].words.split()) <= 4 and client_line(joined) and client_line(lines[above].words):
            return above
        if lines[last].words.lstrip("<(").startswith("http") and client_line(lines[above].words):
            return above
    return None


def _delimited(lines: Sequence[Line], last: int) -> int | None:
    """The topmost delimiter below which everything looks like a signature."""
    found = None
    for place in range(last, max(-1, last - MAX_LINES - 1), -1):
        line = lines[place]
        if line.depth:
            break
        if _is_delimiter(line.words) and _is_signature_like(lines, place + 1, last + 1):
            found = place
    return found


def _is_delimiter(words: str) -> bool:
    return words in ("--", "—", "–", "__", "---", "___", "----", "–-", "-- -", "—-") or (
        len(words) >= 5 and is_rule(words) and not words.startswith("=")
    )


def _is_signature_like(lines: Sequence[Line], start: int, end: int) -> bool:
    """Short lines, few sentences; contact details or a name. Below a long rule more evidence is asked for."""
    filled = [line.words for line in lines[start:end] if not line.blank]
    if not filled:
        return lines[start - 1].words in ("--", "__", "—")
    footer = _starts_footer(filled)
    body = filled[: footer if footer is not None else len(filled)]
    if any(lines[place].depth for place in range(start, end)):
        return False
    if len(body) > 16 or sum(len(words) for words in body) > 900:
        return False
    prose = sum(1 for words in body if _is_prose(words))
    exact = lines[start - 1].text in ("-- ", "--") or lines[start - 1].words in ("--", "__", "—", "–")
    if exact:
        return prose <= 1 and (len(body) <= 3 or prose == 0 or _details(body) > 0 or prose * 3 <= len(body))
    if not body:
        return footer is not None
    return prose == 0 and len(body) <= 10 and (_details(body) >= 1 or _is_name(body[0]))


def _starts_footer(filled: Sequence[str]) -> int | None:
    for place, words in enumerate(filled):
        if _counts(words, _LEGAL) >= 2 or _counts(words, _LIST) >= 1 or _counts(words, _GREEN) >= 1:
            return place
    return None


def _is_prose(words: str) -> bool:
    tokens = words.split()
    return len(tokens) > 10 or (len(tokens) >= 5 and words.endswith((".", "?", "!", ":", ",")) and not _details([words]))


def _is_name(words: str) -> bool:
    tokens = words.split()
    return 1 <= len(tokens) <= 4 and all(token[:1].isupper() for token in tokens) and not words.endswith((".", "?", ":"))


def _details(filled: Sequence[str]) -> int:
    """How many of the lines hold contact details."""
    return sum(1 for words in filled if _has_details(words))


def _has_details(words: str) -> bool:
    if evidence.has_address(words) or _URL.search(words) or _POSTAL.search(words):
        return True
    phone = _PHONE.search(words)
    if phone and sum(sign.isdigit() for sign in phone.group()) >= 7:
        return True
    return bool(_LABELLED.search(words)) and any(sign.isdigit() for sign in words)


def _listed(lines: Sequence[Line], last: int) -> int | None:
    """A mailing list's footer: its phrases in the last paragraphs, under a rule or a delimiter."""
    start = _paragraph(lines, last)
    filled = [line.words for line in lines[start : last + 1]]
    joined = " ".join(filled)[:3000]
    rules = [start + place for place, words in enumerate(filled) if is_rule(words) or words == "--"]
    if not rules:
        above = last_filled(lines, start)
        if above >= 0 and not lines[above].depth and (is_rule(lines[above].words) or lines[above].words == "--"):
            rules = [above]
    if not rules or last - rules[-1] > 15:
        return None
    return rules[-1] if _counts(joined, _LIST) >= 1 else None


def _legal(lines: Sequence[Line], last: int) -> int | None:
    """A legal or environmental footer: the last paragraph, told by its phrases."""
    start = _paragraph(lines, last)
    joined = " ".join(line.words for line in lines[start : last + 1])[:4000]
    if len(joined) < 25 or any(line.depth for line in lines[start : last + 1]):
        return None
    if _counts(joined, _GREEN) >= 1 and len(joined) < 300:
        return start
    return start if len(joined) >= 80 and _counts(joined, _LEGAL) >= 3 else None


def _contact(lines: Sequence[Line], last: int) -> int | None:
    """A closing with contact details below it, or a last paragraph that is little else than details."""
    top = max(-1, last - MAX_BLOCK)
    for place in range(last, top, -1):
        if lines[place].depth:
            return None
        if is_closing(lines[place].words):
            below = [line.words for line in lines[place + 1 : last + 1] if not line.blank]
            short = all(len(words) <= 90 and not _is_prose(words) for words in below)
            return place if len(below) >= 2 and short and _details(below) >= 1 else None
    start = _paragraph(lines, last)
    if start <= top or next_filled(lines, 0) >= start:
        return None
    filled = [line.words for line in lines[start : last + 1]]
    if not 3 <= len(filled) <= 9 or any(len(words) > 70 or _is_prose(words) for words in filled):
        return None
    if any(words[:1] in "-*•·" or words[:1].islower() for words in filled) or not _is_name(filled[0]):
        return None
    return start if _details(filled[1:]) >= 2 else None


def is_closing(words: str) -> bool:
    """True for a line that is a closing, its comma or the name after it aside: "Mvh", "Best regards, Kim"."""
    low = words.casefold().strip(" ,.!*_-/")
    if low in _CLOSING_SET:
        return True
    head = low.split(",", 1)[0].strip()
    return head in _CLOSING_SET and len(low) - len(head) <= 30


def banner_end(lines: Sequence[Line]) -> int:
    """Line after the warnings that a mail gateway wrote at the top; 0 where there are none."""
    end = 0
    for _ in range(3):
        start = next_filled(lines, end)
        if start >= len(lines) or lines[start].depth:
            break
        stop = start
        while stop < len(lines) and not lines[stop].blank and stop - start < 8:
            stop += 1
        joined = " ".join(line.words for line in lines[start:stop])
        low = joined.casefold()
        opening = low.lstrip("*_-[!⚠️ ").split(" ", 1)[0].strip(":*,.!]-")
        if len(joined) > 700 or opening not in _BANNER_STARTS or _counts(low, _BANNER) < 1:
            break
        end = stop
    return end


def _paragraph(lines: Sequence[Line], last: int) -> int:
    """First line of the paragraph that ends with ``last``; bounded."""
    start = last
    while start > 0 and not lines[start - 1].blank and last - start < MAX_LINES:
        start -= 1
    return start


def _counts(text: str, phrases: Sequence[str]) -> int:
    low = text.casefold()
    return sum(1 for phrase in phrases if phrase in low)
