"""Whether a mail is a delivery report, and by what it shows.

Of real reports one in five has neither the report type nor Auto-Submitted nor a null return path, and people
quote, forward and discuss reports. So who sent the mail decides how much its words must show: next to nothing
for MAILER-DAEMON, the known wordings of a mail server for postmaster, everything at once for anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from services.intake.mail.kinds import senders
from services.intake.mail.kinds.dsn_text import ReportText
from services.intake.mail.model import Part
from services.intake.mail.parts.headers import unstructured

_LEAD_LINES: Final = 45
_FIRST_LINES: Final = 4
_LONGEST_SUBJECT: Final = 2_000


class Machine(IntEnum):
    """How surely a mail system wrote the mail."""

    NO = 0
    PERHAPS = 1
    """A role's address, a system's display name, or Auto-Submitted."""
    LIKELY = 2
    """A postmaster's address, or none at all."""
    SURELY = 3
    """The null sender, a daemon's address, or header fields that only reports have."""


SUBJECT: Final = re.compile(
    r"undeliver|delivery (?:status|failure|failed|fail|delay|problem|notif|report|incomplete"
    r"|has (?:failed|been delayed)|error"
    r"|warning|unsuccess|to the following)|returned mail|return(?:ed)? to sender|mail (?:delivery|failure"
    r"|status|system error"
    r"|could not|returned|not delivered|error|undeliver)|failure (?:notice|notification|delivery)"
    r"|non[- ]?deliver"
    r"|not ?delivered|message status|warning: (?:could not|message|e-?mail)|delayed mail|message delay"
    r"|delivery delayed"
    r"|could not be delivered|couldn't be delivered|user unknown|unknown user|postmaster notify"
    r"|error sending"
    r"|address not found|message (?:delivery|not delivered|undeliver|rejected|blocked|could not)"
    r"|rejected (?:mail|message)"
    r"|mailbox (?:is )?(?:full|unavailable)|success(?:ful)? (?:mail )?delivery|\bbounced?\b"
    r"|e-?mail delivery|failed delivery"
    r"|nondelivery|mail (?:was )?rejected|levering|mislykte|fejl ved|toimitus|(?:message|mail) you sent"
    r"|did not reach"
    r"|un-?sent (?:mail|message)|warning from"
    r"|mail sending failed|can ?not (?:be )?deliver"
    r"|oleverer|oleverbar|kan (?:inte|ikke) levere|gick inte att leverera|kunde inte levereras|leveransst"
    r"|leveransfel|ej levererat|meddelandestatus"
    r"|unzustellbar|unbestellbar|nicht zugestellt|nicht zustellbar|zustellung|mailzustellung|fehlgeschlagen"
    r"|non remis|non distribu|échec (?:de )?(?:la )?(?:remise|livraison|distribution)|avis de non"
    r"|notification d'état|retour de mail"
    r"|no (?:se )?(?:pudo|ha podido|puede) entregar|no entregad|no se puede entregar"
    r"|estado de (?:la )?entrega|error de entrega"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd|besteld)|bezorg|non recapitabile|non consegnat"
    r"|mancata consegna|mancato recapito"
    r"|impossibile recapitare|não (?:foi )?entreg|não pôde ser entreg|falha na entrega|falha (?:de"
    r"|no) (?:entrega|envio)"
    r"|niedostarcz|nie dostarcz|niedoręcz|nie można dostarczyć|недостав|не доставлен|не удалось доставить"
    r"|не может быть доставлен"
    r"|уведомление о (?:статусе|состоянии)|ikke leveret|kan ikke leveres|kunne ikke leveres|ikke levert"
    r"|uleverbar|ulevert"
    r"|toimitusvirhe|ei voitu toimittaa|toimittamaton|ei toimitettu|toimitus epäonnistui|配信|配送|送信(?:でき"
    r"|エラー|失敗)|送達|不達|届(?:け|き)"
    r"|エラーメール|退信|投递失败|无法(?:投递|传递|送达)|無法傳遞|delivery$|delivered:"
    r"|nedoruč|nepodařilo se doručit|kézbesít|teslim edil|не доставлено|μη παραδο|αδυναμία παράδοσης|nelivrat"
    r"|(?:virus|banned|spam|content)\b.{0,60}\b(?:mail|message) from you",
    re.IGNORECASE,
)
"""Subjects that mail servers give their reports; people write some of them too."""

SERVERS_OWN_WORDS: Final = re.compile(
    r"this is the (?:mail system at|postfix program at|mail delivery|\S+ mail system|mailer-daemon"
    r"|e-?mail server|deliver program)"
    r"|this is an automatically generated delivery status|this is a delivery (?:status|failure) notif"
    r"|this (?:message|e-?mail|mail) was (?:created|generated) automatically by"
    r"|this is an? (?:automatic|automated|automatically generated|permanent"
    r"|machine)[\w -]{0,30} (?:message|notification|reply|error|response)"
    r" (?:from|by|about|to inform|that)|this is the machine generated message"
    r"|hi[.!,] this is the|the original message was received at|(?:the|this) following addresses? had"
    r"|-{3,} ?transcript of session follows|your message (?:\w+ ){0,4}did not reach"
    r"|delivery to (?:the|these) following recipients?|delivery has failed to these recipients"
    r"|delivery to these recipients"
    r"|delivery to @|(?:the following|a|your) message (?:that you sent )?(?:to @ |to <@> )?(?:could not"
    r"|was not able to|cannot|has not|was not|couldn't|"
    r"wasn't|can't|can not) (?:yet )?(?:be|been)? ?deliver|the following (?:message|mail) to @"
    r"|the message that you sent was undeliverable"
    r"|a message (?:that )?you sent (?:could not|was rejected|has not|to the following)"
    r"|i'?m (?:sorry to have to inform|afraid i wasn't able)|i wasn't able to deliver|i am sorry to inform"
    r"|this (?:message|mail|report) (?:is|was) (?:undeliverable|not delivered"
    r"|relates to a message you sent|could not be delivered)"
    r"|could not deliver (?:the |your )?(?:message|mail)|unable to deliver (?:the |your "
    r"|this )?(?:message|mail)"
    r"|we were unable to deliver|sorry, (?:we were |i was )?unable to deliver|was unable to deliver"
    r"|we (?:could|are|were) (?:not|unable to) deliver"
    r"|undeliverable to|(?:your )?mail (?:message )?to the following|the (?:recipient"
    r"|following) (?:address|recipient)(?:\(?e?s\)?)? "
    r"(?:could not|failed|was|were|had|has)|could not be delivered to|failed (?:recipient|addresses)"
    r"|here is your list of failed"
    r"|each of the following recipients|(?:following|some) recipients? (?:could not|cannot|did not|was"
    r"|were|can't)|did not reach the following"
    r"|generating server:|diagnostic information for administrators|reporting-mta:|final-recipient:"
    r"|rejected your message"
    r"|message from (?:interscan|yahoo|the mail)|smtp module ?\(|the user\(s\) account|message (?:blocked"
    r"|not delivered)$|^address not found"
    r"|^delivery incomplete|^recipient inbox full|an error occurred while (?:sending|trying to deliver"
    r"|attempting)|there was an error (?:sending|delivering)"
    r"|your (?:e-?)?mail (?:could|was|has|can)(?: not|not|n't)|delivery (?:failure|failed|error|report)\b"
    r"|returned mail"
    r"|-{3,} ?(?:the following|failed|message|error)|unknown user: @|user mailbox exceeds"
    r"|delivery failed \d+ attempts"
    r"|warning message only|has not yet been delivered|could not send (?:your )?message|message (?:is"
    r"|has been|was) delayed"
    r"|(?:this|your) message has been (?:delayed|successfully|delivered|relayed)"
    r"|was successfully (?:delivered|relayed)"
    r"|was not delivered to|host [\w.-]+ ?\[[\d.:a-f]+\] said|server for the recipient"
    r"|tried to deliver your message"
    r"|wasn't delivered to|couldn't be delivered|undelivered (?:mail|message)|unrouteable address"
    r"|smtp error from remote"
    r"|technical details of (?:permanent|temporary) failure|remote (?:host|server|mail server) (?:said"
    r"|rejected|replied|returned|answered)"
    r"|delivery attempt|message will be retried|gave up|giving up on @|mail delivery|failed to deliver"
    r"|non-?delivery|undeliverable"
    r"|nådde inte|nådde ikke|nåede ikke|(?:nicht|niet) (?:erreicht|bereikt)|(?:kann|können"
    r"|konnte[n]?) (?:\w+ ){0,4}nicht erreicht|n'a pas atteint|n'est pas parvenu"
    r"|dostarczenie|nie powiodło|was rejected (?:by|because)|no llegó a|não alcançou|nie dotarł"
    r"|ei tavoittanut|not been delivered|was blocked by our"
    r"|kunde inte levereras|gick inte att leverera|kan inte levereras|levererades inte"
    r"|har inte levererats|leverans(?:en)? (?:till|misslyckades)"
    r"|konnte (?:\w+ ){0,4}nicht (?:\w+ )?(?:zugestellt|ausgeliefert|übermittelt)|nicht (?:zugestellt"
    r"|zustellbar)|unzustellbar|fehler bei der zustellung|zustellung"
    r"|n'a (?:pas pu|pu) être (?:remis|livré|distribué|délivré|transmis|envoyé)|n'a pas été (?:remis"
    r"|livré|distribué|délivré)|échec de (?:la )?(?:remise|livraison|distribution)"
    r"|impossible de (?:remettre|livrer|distribuer)|votre message (?:adressé|n'|ne)"
    r"|no (?:se )?(?:pudo|ha podido|puede|ha sido posible|fue posible|pudo ser"
    r"|ha sido) (?:ser )?(?:entreg|enviar)|no se entregó|error (?:en|al) (?:la )?entreg"
    r"|(?:kan|kon) niet (?:worden )?(?:\w+ )?(?:bezorgd|afgeleverd)|niet (?:worden )?(?:bezorgd"
    r"|afgeleverd)|onbestelbaar|is niet bezorgd"
    r"|impossibile (?:recapitare|consegnare)|non (?:è stato |è stata |può essere "
    r"|ha potuto )?(?:\w+ )?(?:possibile )?(?:consegna|recapita)"
    r"|não (?:pôde|foi|pode) (?:ser |possível )?entreg|não entreg|falha na entrega|nie (?:można|może"
    r"|mogła|udało się|została|został) (?:\w+ )?dostarcz|niedostarcz"
    r"|не (?:может быть|было|была|удалось|удаётся) ?достав|не доставлен|недостав|ошибка доставки"
    r"|kunne ikke (?:leveres|levere)|blev ikke leveret|ble ikke levert|kan ikke leveres"
    r"|(?:ne)?podařilo (?:se )?doručit|nelze doručit|nebyl[ao]? doručen|nem (?:volt |sikerült )?kézbesít"
    r"|teslim edileme|δεν (?:ήταν δυνατή|παραδόθηκε)"
    r"|не вдалося достав|nu a (?:putut fi|fost) livrat|delivery of the (?:e-?mail|message) was stopped"
    r"|ei voitu toimittaa|ei ole toimitettu|ei pystytty toimittamaan|toimitus epäonnistui|toimittaminen"
    r"|配信(?:でき|不能|に失敗|されません|エラー)|送信(?:でき|に失敗|エラー)|届け(?:られ|でき)|送達でき|お届け|無法傳遞|无法(?:投递|送达|传递)|投递失败|退信|退回"
    r"|automatically rejected|returned to (?:the )?sender|could not be (?:found|delivered|sent)"
    r"|not be delivered|delivery (?:was |is )?(?:aborted|unsuccessful)"
    r"|the following organization rejected|message (?:could not|couldn't) be|this user doesn't have"
    r"|your message could not|is not listed in|no such user|not a valid mailbox",
    re.IGNORECASE,
)
"""Sentences in which mail servers announce a report, and hardly anybody else, at a line's beginning."""

CAUSES: Final = re.compile(
    r"\b(?:user|recipient|host|domain|mailbox|account|address) (?:is )?(?:unknown|not found|unavailable"
    r"|full|rejected"
    r"|disabled)|unknown (?:user|recipient|host)|no such (?:user|recipient|mailbox|account)|over ?quota"
    r"|quota exceed"
    r"|\b[45]\d\d[ -]#?[45]\.\d{1,2}\.\d|\b55[0-4] ",
    re.IGNORECASE,
)
"""Causes as servers write them; a person hardly writes two such things beside a report's subject."""

FAILURE_WORDS: Final = re.compile(
    rf"{CAUSES.pattern}|does ?n[o']t exist|deliver|rejected|mailbox|disk quota|fatal error|returned", re.IGNORECASE
)
"""Words about delivery that prove a report only where a mail system surely wrote them."""

_CODE: Final = re.compile(r"(?<![\w.])[45]\.\d{1,2}\.\d{1,3}(?![\w.]\d)|\b5[05]\d[ :-]")

_REFUSED: Final = re.compile(r"automatically rejected|could not be delivered|quota exceeded", re.IGNORECASE)
"""What Dovecot writes where it refuses a mail by a read receipt."""

_ABSENCE_SUBJECT: Final = re.compile(
    r"(?:auto(?:matic|mated)?[- ]?(?:reply|response|svar|antwort)|automatisk|out of (?:the )?office"
    r"|autosvar|frånvar|abwesen|vacation|on leave|on holiday|réponse auto)",
    re.IGNORECASE,
)


def subject_of(tree: Part) -> str:
    """The decoded subject, cut to what is looked at; empty where there is none."""
    return (unstructured((tree.headers.get("Subject") or "")[:_LONGEST_SUBJECT]) or "")[:_LONGEST_SUBJECT]


def machine(tree: Part, envelope_from: str | None) -> Machine:
    """How surely a mail system wrote this mail, by its header fields and envelope alone."""
    headers = tree.headers
    submitted = (headers.get("Auto-Submitted") or "").lower()
    if (
        senders.is_null_sender(headers, envelope_from)
        or senders.is_daemon(senders.envelope_sender(headers, envelope_from) or "")
        or senders.is_daemon(senders.sender_address(headers))
        or headers.get("X-Failed-Recipients") is not None
        or headers.get("X-MS-Exchange-Message-Is-Ndr") is not None
        or "failure" in submitted
        or (tree.type == "multipart/report" and tree.params.get("report-type", "").lower() == "delivery-status")
    ):
        return Machine.SURELY
    if senders.is_postmaster(headers):
        return Machine.LIKELY
    if senders.is_mail_office(headers) or submitted.startswith("auto-"):
        return Machine.PERHAPS
    return Machine.NO


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a mail shows of being a report, beside who sent it."""

    titled: bool
    """The subject is one that mail servers write."""
    announced: str | None
    """The line with a mail server's own wording."""
    early: bool
    """That line is among the first."""
    first: bool
    """That line is the very first."""
    names_recipient: bool
    names_anybody: bool
    gives_back: bool
    """It holds the header of a returned mail."""
    tells_cause: bool
    tells_code: bool
    """An enhanced status code (RFC 3463) or a reply code of a refusal."""
    personal: int
    """How many signs of a person there are."""
    speaks_of_delivery: bool


def why_report(
    tree: Part, text: ReportText, *, author: Machine, names_recipient: bool, names_anybody: bool
) -> str | None:
    """Say by what the mail is a delivery report, or None where it is none.

    ``names_recipient``: whether the words name a recipient together with a code or a cause; ``names_anybody``:
    whether they name one at all.
    """
    subject = subject_of(tree)
    is_receipt = tree.params.get("report-type", "").lower() == "disposition-notification"
    if is_receipt and not any(_REFUSED.search(line) for line in text.lines):
        return None
    lead = _lead(text.lines)
    announced = next((line for line in lead if SERVERS_OWN_WORDS.search(_with_signs(line))), None)
    signs = _Signs(
        titled=SUBJECT.search(subject) is not None,
        announced=announced,
        early=announced is not None and announced in lead[:_FIRST_LINES],
        first=announced is not None and announced == lead[0],
        names_recipient=names_recipient,
        names_anybody=names_anybody,
        gives_back=bool(text.original.fields),
        tells_cause=any(CAUSES.search(line) for line in lead),
        tells_code=any(_CODE.search(line) for line in lead),
        personal=_signs_of_a_person(lead),
        speaks_of_delivery=any(FAILURE_WORDS.search(line) for line in lead),
    )
    by_hand = senders.looks_written_by_hand(tree.headers, subject)
    if text.has_status_part and (author is Machine.SURELY or (not by_hand and _fits_status(tree, author, signs))):
        return "it holds delivery status fields (RFC 3464)"
    is_absence = _ABSENCE_SUBJECT.match(subject) is not None
    if author is Machine.SURELY:
        is_report = not (is_absence and not signs.titled) and _is_report_of_a_system(tree, signs)
    else:
        is_report = not (by_hand or is_absence or signs.personal > 1) and _is_report(author, signs)
    return f"{_WHO[author]}, and it says {_short(announced or subject)!r}" if is_report else None


_WHO: Final = {
    Machine.SURELY: "a mail system sent it",
    Machine.LIKELY: "a postmaster sent it",
    Machine.PERHAPS: "a mail system may have sent it",
    Machine.NO: "its subject and its first lines are a mail server's",
}


def _fits_status(tree: Part, author: Machine, signs: _Signs) -> bool:
    """Whether status fields are this mail's own, and not passed on by a person."""
    return author > Machine.NO or tree.type == "multipart/report" or signs.early


def _is_report_of_a_system(tree: Part, signs: _Signs) -> bool:
    """Whether a mail that a mail system sent is a report; of its other mail there is little."""
    headers = tree.headers
    by_daemon = senders.is_daemon(senders.sender_address(headers)) or senders.is_mail_office(headers)
    return (
        headers.get("X-Failed-Recipients") is not None
        or signs.announced is not None
        or signs.titled
        or signs.gives_back
        or (by_daemon and signs.speaks_of_delivery)
    )


def _is_report(author: Machine, signs: _Signs) -> bool:
    """The same where a person may have sent it: the less sure the sender, the more must come together."""
    announced = signs.announced is not None
    match author:
        case Machine.LIKELY:
            found = (
                signs.early or (announced and signs.titled),
                signs.titled,
                signs.names_recipient,
                signs.gives_back,
                signs.tells_cause,
            )
            return sum(found) > 1 and (signs.titled or announced)
        case Machine.PERHAPS:
            named = signs.names_recipient or (signs.names_anybody and signs.titled)
            return announced and named and signs.tells_code and (signs.titled or signs.early)
        case _:
            return signs.first and signs.titled and signs.tells_code and signs.names_recipient and not signs.personal


def may_be_report(tree: Part, author: Machine) -> bool:
    """Whether the body is worth a look: decided by header fields, since most mail is no report."""
    if author > Machine.NO or tree.type == "multipart/report":
        return True
    return SUBJECT.search(subject_of(tree)) is not None


def _lead(lines: Sequence[str]) -> list[str]:
    """The first lines with words, up to a quotation: what a person quotes is not what the mail says."""
    found: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith(">") and not text.startswith((">>>", "> >>>")) and found:
            break
        if text:
            found.append(text)
        if len(found) >= _LEAD_LINES:
            break
    return found


def _with_signs(line: str) -> str:
    """The line with straight apostrophes and addresses as ``@``, as the wordings are written."""
    return _ADDRESS.sub("@", line.replace("\u2019", "'").strip(" *\"'\t"))


_ADDRESS: Final = re.compile(r"<?[^\s<>@（）：，]{1,64}@[^\s<>@,;:（）：，。]{1,255}>?")


def _signs_of_a_person(lead: Sequence[str]) -> int:
    """How many of greeting, question, farewell and first person there are; servers hardly write two of them."""
    signs = (
        any(_GREETING.match(line) for line in lead[:3]),
        any(line.endswith("?") for line in lead),
        any(_FAREWELL.match(line) for line in lead),
        any(_FIRST_PERSON.search(line) for line in lead),
    )
    return sum(signs)


_GREETING: Final = re.compile(
    r"(?:hej\w*|hallå|tjena|god (?:dag|morgon)|hi|hello|dear|hallo|guten tag|sehr geehrte|bonjour|hola"
    r"|ciao|moi)\b[^.]{0,40}[,!]?$",
    re.IGNORECASE,
)
_FAREWELL: Final = re.compile(
    r"(?:mvh|med vänlig|vänlig(?:a|en)? hälsning|hälsning|tack på förhand|/ ?\w{2,20}$|(?:best|kind"
    r"|with) (?:\w+ )?regards"
    r"|regards|cheers|thanks|mit freundlichen|cordialement|saludos)",
    re.IGNORECASE,
)
_FIRST_PERSON: Final = re.compile(
    r"\b(?:jag|vi (?:har|får|tycker|borde|vill|kan|ser|undrar)|mina?|våra?|i (?:think|suggest|want|would"
    r"|got|get|have|keep)|we (?:should|think|suggest|get|got)"
    r"|my (?:idea|suggestion|colleague)|kan (?:ni|du)|can you|could you|förslag)\b",
    re.IGNORECASE,
)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
