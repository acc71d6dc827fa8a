"""What machines and lawyers put around a mail: legal and list footers, virus and print notices, warnings.

Each needs more than one of its marks, since an idea may be about any of these things: a footer speaks of the mail
that it stands in, and wishes for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail.words.lines import Line, next_filled
from services.intake.mail.words.wordlists import phrases, word_set

MIN_LEGAL = 80
"""Signs of the shortest legal footer without a delimiter above it."""
MAX_BANNER = 700

_LEGAL = phrases(
    """
    confidential | intended recipient | intended solely | intended only | privileged | disclaimer |
    unauthorised | unauthorized | in error | notify the sender | delete it | delete this | any attachments |
    virus | legally binding | konfidentiell | avsett för | avsedd för | adressaten | av misstag | radera |
    kontakta avsändaren | meddela avsändaren | underrätta avsändaren | felaktigt mottagit |
    inte rätt mottagare | obehörig | personuppgift | dataskydd | gdpr | behandlar dina | när du mejlar |
    när du skickar e-post | offentlig handling | allmän handling | vertraulich | bestimmt | irrtümlich |
    informieren sie | vernichten | unbefugte | confidentiel | destinataire | par erreur | détruire |
    confidencial | destinatario | por error | riservat | erroneamente | vertrouwelijk | geadresseerde |
    ten onrechte | poufn | adresat | luottamuksell | vastaanottaj | fortrolig | modtager | mottaker |
    ved en fejl | ved en feil | this email | this e-mail | this message | this communication |
    detta e-postmeddelande | detta meddelande | detta mejl | detta mail | denna e-post | diese e-mail |
    diese nachricht | ce message | cet e-mail | este mensaje | este correo | questo messaggio |
    dit bericht | deze e-mail | copyright | registered in | registered office | company number
    """
)
_LEGAL_STARTS = phrases(
    """
    this | the information | the content | confidential | disclaimer | notice | important | privileged | if you |
    any views | please note | detta | denna | det här | den här | när du | om du | innehållet | informationen |
    information | sekretess | konfidentiell | observera | e-post | vi behandlar | så behandlar | personuppgift |
    krokoms | regionen | kommunen | diese | dieses | der inhalt | die information | ce message | ce courriel |
    cet | les informations | este | esta | la información | questo | questa | le informazioni | dit | deze |
    de informatie | denne | niniejsz | treść | tämä | viesti | это | данное | copyright | *** | gdpr
    """
)
_PRINT = ("print", "skriv", "druck", "imprim", "stamp", "afdruk")
_GREEN = ("environment", "miljön", "umwelt", "environnement", "ambiente", "milieu", "paper", "papper", "tree")
# A footer speaks of the mail it stands in, or to whoever should not have got it.
_THIS_MAIL = re.compile(
    r"\b(?:this|the|detta|det här|denna|den här|dette|denne|diese\w?|dieses|ce|cet|este|esta|quest[oa]|dit|deze|tämä\w*"
    r"|tej|ta|ten|данн\w+|это\w*) (?:\S{1,20} )?\S{0,2}(?:e-?mail|mail|mejl|e-post|epost|meddel|message|communication"
    r"|transmission|nachricht|bericht|courriel|mensaje|correo|messaggio|sähköposti|viesti|wiadomo|сообщение|письмо)"
    r"|confidentiality notice|intended recipient|copyright|received (?:it|this) (?:in error|by mistake)"
    r"|not the (?:named|addressee)|inte är (?:rätt|avsedd|den avsedda)|n'êtes pas|no es el destinatario"
    r"|nicht der (?:richtige|vorgesehene|beabsichtigte)|non è il destinatario|niet de (?:bedoelde|geadresseerde)"
)
_DATA_PROTECTION = re.compile(
    r"(?:behandl|hanter)\w*(?: \S{1,30}){0,5} \S{0,30}personuppg"
    r"|(?:dina|era) personuppg\w*(?: \S{1,30}){0,5} (?:behandl|hanter)"
)
_WISH = re.compile(
    r"\b(?:borde|jag|vi vill|vi behöver|förslag\w*|föreslår|ska gå|ska kunna|i think|i suggest|i want|i would|we should"
    r"|we need|my idea|suggestion|ich|wir sollten)\b"
)
"""What a person who has an idea says, and a footer does not."""
_SCANNERS = ("avast", "avg", "norton", "mcafee", "f-secure", "kaspersky", "mailscanner")
_SCANNER = phrases(
    """
    avast | avg | scanned | checked by | genomsökt | granskats | kontrollerats | kontrollerad |
    skannat | geprüft | überprüft
    """
)
_LIST = phrases(
    """
    mailing list | unsubscribe | list-info | listinfo | to post to this | to view this discussion | view it on |
    reply to this email directly | mute the thread | avsluta prenumeration | avprenumerera | sändlista |
    e-postlista | to stop receiving | manage your subscription | hantera dina utskick | mailman | abmelden |
    se désabonner | view in browser | email preferences | subscription settings
    """
)
_LIST_FOR_CERTAIN = phrases(
    """
    you received this message because | you are receiving this because | you're receiving this because |
    you received this email because | du får det här meddelandet eftersom | du får detta meddelande eftersom |
    du får det här mejlet eftersom | du får detta mejl eftersom
    """
)
_LINK = re.compile(r"https?://\S|\bwww\.\S")

_OUTSIDE = (
    "external",
    "extern",
    "outside",
    "utanför",
    "utifrån",
    "don't often",
    "don’t often",
    "inte ofta",
    "sällan",
)
_SENDER = phrases(
    """
    sender | originat | email | e-mail | message | avsändare | mejl | mail | e-post | meddelande | absender |
    expéditeur | remitente | mittente | afsender | avsender
    """
)
_CARE = phrases(
    """
    click | klick | link | länk | attachment | bilag | caution | varning | warning | recognize | recognise |
    känner igen | försiktig | careful | learn why | läs om varför | läs mer om varför | achtung | vorsicht |
    attention | attenzione | trust | litar på
    """
)
_TAGS = word_set("external externt extern externe ekstern")


def is_legal(text: str) -> bool:
    """True for a legal footer: it opens as they do and holds three of their phrases."""
    low = text.casefold().lstrip("*_-= ")
    if len(low) < MIN_LEGAL or not low.startswith(_LEGAL_STARTS) or _count(low, _LEGAL) < 3:
        return False
    return (_THIS_MAIL.search(low) or _DATA_PROTECTION.search(low)) is not None and not _WISH.search(low)


def is_notice(text: str) -> bool:
    """True for "think before you print this mail" and for a virus scanner's line."""
    low = text.casefold()
    if len(low) > 300 or _WISH.search(low) or not (_THIS_MAIL.search(low) or _holds(low, _SCANNERS)):
        return False
    return (_holds(low, _GREEN) and _holds(low, _PRINT)) or ("virus" in low and _holds(low, _SCANNER))


def is_list_footer(text: str) -> bool:
    """True for a mailing list's footer: two phrases of theirs, or one and a link to act on."""
    low = text.casefold()
    if _holds(low, _LIST_FOR_CERTAIN):
        return True
    if _WISH.search(low):
        return False
    marks = _count(low, _LIST)
    return marks >= 1 and (marks >= 2 or _LINK.search(low) is not None or "unsubscribe" in low)


def is_any(text: str) -> bool:
    """True for any of the footers; two legal phrases do below a signature's delimiter."""
    return is_list_footer(text) or is_notice(text) or is_legal(text) or _count(text.casefold(), _LEGAL) >= 2


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
        if not _is_banner(" ".join(line.words for line in lines[start:stop])):
            break
        end = stop
    return end


def _is_banner(text: str) -> bool:
    """A warning names the outside, the sender and what to beware of; or is a bracketed tag alone."""
    low = text.casefold()
    if len(low) > MAX_BANNER:
        return False
    if low[:1] in "[*" and low.strip("[]*!:_ ").split(" ")[0] in _TAGS and len(low) <= 30 and low[-1] in "]*":
        return True
    if _WISH.search(low):
        return False
    return _holds(low, _OUTSIDE) and _holds(low, _SENDER) and _count(low, _CARE) >= 1 and _warns(low)


def _warns(low: str) -> bool:
    """True where the text opens as a warning, or says two things to beware of."""
    opening = low.lstrip("*_-[!⚠️ ")
    return opening.startswith(_WARNING_STARTS) and _count(low, _CARE) >= 1


_WARNING_STARTS = phrases(
    """
    caution | warning | varning | obs | external | extern | viktigt | important | attention | observera | you don |
    some people | du får inte ofta | du får sällan | vissa som | this email | this e-mail | this message |
    detta mejl | detta e-post | detta meddelande | det här mejlet | det här meddelandet | achtung | attenzione |
    notice | think before | stop and think
    """
)


def _holds(low: str, marks: Sequence[str]) -> bool:
    return any(mark in low for mark in marks)


def _count(low: str, marks: Sequence[str]) -> int:
    return sum(1 for mark in marks if mark in low)
