"""The block of From/Sent/To/Subject lines that Outlook and its like put above an unquoted original.

A block is at least two header lines of different kinds with evidence: an address beside a sender, or a date
beside a date label. "Från: början till slut" has neither. Markers ("-----Original Message-----") and rules
that stand right above belong to the block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.intake.mail.words import evidence
from services.intake.mail.words.lines import Line, last_filled, next_filled
from services.intake.mail.words.wordlists import phrases, word_set

MAX_BLOCK_LINES = 60
"""Lines tried for one block: To and Cc may be wrapped over many."""

_LABELS = {
    "from": phrases(
        """
        from | från | fra | von | de | da | van | od | от | 发件人 | 寄件者 | 寄件人 | 差出人 | lähettäjä | від |
        desde | keltä | saatja | feladó | gönderen | kimden | la | από | 보낸 | 사람 | 보낸사람 | მისგან | من |
        מאת | từ | dari | expéditeur | absender | afsender | avsändare | remitente | mittente | afzender |
        nadawca | remetente | отправитель | odesílatel | odosielateľ | pošiljatelj | выслал | no | nuo |
        送信者 | 差出人名
        """
    ),
    "date": phrases(
        """
        date | sent | datum | dato | data | skickat | sendt | gesendet | envoyé | verzonden | inviato |
        enviado | enviada | wysłano | отправлено | дата | 发送时间 | 日期 | 送信日時 | 日時 | 日付 | lähetetty |
        päivämäärä | päiväys | päivä | odesláno | odoslané | fecha | gönderildi | tarih | надіслано |
        elküldve | dátum | datums | trimis | saadetud | enviat | at | envoyé le | enviado em |
        enviada em | enviado el | sendt den | skickat den | gesendet am | data wysłania | 寄件日期 | 傳送時間 |
        发送日期 | 보낸 날짜 | 날짜 | ημερομηνία | ngày | tanggal | date d'envoi | datum odeslání | sent on |
        στάλθηκε | poslano | изпратено | gesendet um | data/ora
        """
    ),
    "to": phrases(
        """
        to | till | til | an | à | a | para | aan | do | кому | 收件人 | 宛先 | 送信先 | vastaanottaja | komu |
        címzett | kime | către | la | προς | 받는사람 | empfänger | mottagare | modtager | mottaker |
        destinataire | destinatario | destinatário | geadresseerde | adresat | получатель | κ | pour |
        받는 사람 | alıcı | za | kam | kepada | đến | إلى | אל | saaja | 至
        """
    ),
    "cc": phrases(
        """
        cc | kopia | kopi | kopie | копия | копія | 抄送 | 副本 | kopio | bcc | cci | másolat | kópia |
        bilgi | hemlig | c.c. | copie | copia | copie à | cópia | dw | udw | ccn | hemlig kopia | 참조 |
        κοιν.
        """
    ),
    "subject": phrases(
        """
        subject | ämne | emne | betreff | objet | objeto | oggetto | onderwerp | asunto | assunto |
        temat | тема | 主题 | 主旨 | 件名 | aihe | předmět | predmet | tárgy | konu | subiect | θέμα | subjekt |
        sujet | ärende | 제목 | tema | re | ang | teema | tiêu đề | chủ đề | الموضوع | נושא | perihal |
        naslov | относно
        """
    ),
    "other": phrases(
        """
        reply-to | importance | prioritet | priority | wichtigkeit | sensitivity | attachments | bilagor |
        anlagen | importancia | anhänge | svar | till | svara till | reply to | antwort an | répondre à |
        vikt | betydelse | organization | organisation | message-id | user-agent | mailing-list |
        list-id | pièces jointes | liitteet | bijlagen | tärkeys | 添付ファイル | 附件 | resent-from | sender |
        when | where | när | var | required | optional | categories | kategorier
        """
    ),
}
_KIND_OF = {label: kind for kind in reversed(_LABELS) for label in _LABELS[kind]}
_FIELD = re.compile(r"[*_|\s]*([^\W\d_][^:：<>@]{0,24}?)[ \u00a0]?[*_]{0,2}[ \u00a0]?[:：]([*_]{0,3})(.*)")
_RULE = re.compile(r"[-‐‑_=*—–─━ ]{3,}$")
_DECORATION = "-‐‑_=*#<>~|—–─━ \t"

_ORIGINAL = phrases(
    """
    original message | original appointment | original email | original mail | original text |
    original e-mail | ursprungligt meddelande | originalmeddelande | ursprungligt brev |
    ursprungligt mejl | ursprungligt möte | oprindelig meddelelse | original meddelelse |
    oprindelig besked | opprinnelig melding | original melding | ursprüngliche nachricht |
    originalnachricht | original-nachricht | ursprüngliche mail | ursprünglicher termin |
    message d'origine | message d’origine | message original | message initial | mensaje original |
    mensaje de origen | messaggio originale | messaggio originario | oorspronkelijk bericht |
    oorspronkelijke bericht | origineel bericht | mensagem original | wiadomość oryginalna |
    oryginalna wiadomość | wiadomość pierwotna | исходное сообщение | оригинальное сообщение |
    первоначальное сообщение | вихідне повідомлення | 原始邮件 | 原始郵件 | 原邮件 |
    元のメッセージ | オリジナルメッセージ |
    alkuperäinen viesti | původní zpráva | pôvodná správa | eredeti üzenet | orijinal mesaj |
    özgün ileti | mesaj original | αρχικό μήνυμα | 원본 메시지 | 원본 이메일 | izvorna poruka | izvirno sporočilo |
    missatge original | reply message | original besked | originalbericht | ursprungsmeddelande
    """
)
_FORWARD = phrases(
    """
    forwarded message | forwarded mail | forwarded email | forwarded by | forwarded letter |
    begin forwarded message | start of forwarded message | vidarebefordrat meddelande |
    vidarebefordrat brev | vidarebefordrat mejl | vidarebefordrat mail |
    vidarebefordrat e-postmeddelande | vidarebefordrat av | vidaresänt meddelande |
    börja vidarebefordrat meddelande | början på vidarebefordrat meddelande | videresendt meddelelse |
    videresendt besked | videresendt mail | videresendt e-mail | videresendt melding | videresendt av |
    start på videresendt besked | start på videresendt e-mail | begynnelse på videresendt melding |
    weitergeleitete nachricht | weitergeleitete mail | weitergeleitet von |
    anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail | message transféré |
    message réexpédié | début du message transféré | début du message réexpédié |
    début de message transféré | mensaje reenviado | inicio del mensaje reenviado | messaggio inoltrato |
    inizio messaggio inoltrato | inoltrato da | doorgestuurd bericht | begin doorgestuurd bericht |
    mensagem encaminhada | mensagem reencaminhada | início da mensagem encaminhada |
    início da mensagem reencaminhada | välitetty viesti | edelleenlähetetty viesti |
    välitetty viesti alkaa | przekazana wiadomość | wiadomość przekazana | wiadomość przekazana dalej |
    początek przekazywanej wiadomości | пересылаемое сообщение | переадресованное сообщение |
    пересланное сообщение | начало переадресованного сообщения | 转发的邮件 |
    转发邮件 | 轉寄的郵件 | 转发的信息 | 開始轉寄郵件 |
    転送されたメッセージ | 転送メッセージ |
    přeposlaná zpráva | předávaná zpráva | továbbított üzenet | iletilmiş mesaj |
    yönlendirilen ileti | mesaj redirecționat | προωθημένο μήνυμα | 전달된 메시지 | missatge reenviat
    """
)
_END_OF_FORWARD = ("end forwarded message", "end of forwarded message", "slut på vidarebefordrat")
# "Sent:" is a client's word; "Date:" and "Datum:" stand above other things too.
_SENT_LABELS = word_set(
    """
    sent skickat sendt gesendet envoyé verzonden inviato enviado enviada wysłano отправлено 发送时间 送信日時
    lähetetty odesláno odoslané gönderildi
    """
)
_MARKER_STARTS = frozenset(phrase[:3] for phrase in (*_ORIGINAL, *_FORWARD))


@dataclass(frozen=True, slots=True)
class Header:
    """The top of an original: lines ``start`` to ``end`` (exclusive), and what its fields say."""

    start: int
    end: int
    forward: bool
    """True where the marker itself says that the original was forwarded."""
    fields: Mapping[str, str]
    """First value of each kind: ``from``, ``date``, ``to``, ``cc``, ``subject``."""
    label: str
    """The first line's opening word, for people to read."""


def find_at(lines: Sequence[Line], at: int) -> Header | None:
    """The header that begins with line ``at`` (a marker or a field), or None."""
    words = lines[at].words
    if not words or len(words) > 1000:
        return None
    forward = is_forward_marker(words)
    if forward or _is_marker(words, _ORIGINAL):
        below = next_filled(lines, at + 1)
        fields, end = fields_at(lines, below)
        decorated = words.strip("> ")[:2] != words.strip(_DECORATION)[:2]
        certain = decorated or (forward and words.endswith((":", "：")))
        if fields or (certain and below < len(lines)):
            return Header(with_rules(lines, at), end if fields else at + 1, forward, fields, words.strip(_DECORATION))
        return None
    kind = _kind(words)
    if not kind or (kind != "from" and at > 0 and _kind(lines[at - 1].words)):
        # Inside a block that was tried from its top already.
        return None
    fields, end = fields_at(lines, at)
    start = with_rules(lines, at)
    return Header(start, end, False, fields, words.split(":")[0] + ":") if _has_evidence(fields, start < at) else None


def is_forward_marker(words: str) -> bool:
    """True for "---------- Forwarded message ---------", "Vidarebefordrat brev:" and their like."""
    return _is_marker(words, _FORWARD)


def is_end_of_forward(words: str) -> bool:
    """True for the line some clients put below a forwarded mail."""
    return words.strip(_DECORATION).casefold().startswith(_END_OF_FORWARD) and words[:1] in "-=*"


def is_rule(words: str) -> bool:
    """True for a line of at least three dashes, underscores or the like."""
    return len(words) >= 3 and _RULE.match(words) is not None


def _is_titled_rule(words: str) -> bool:
    """True for "------- Mail original -------", whatever the language: a rule with a title of a few words."""
    return is_rule(words[:3]) and is_rule(words[-3:]) and 1 <= len(words.strip(_DECORATION).split()) <= 5


def _kind(words: str) -> str | None:
    """Which header field the line is, or None."""
    field = _FIELD.match(words) if ":" in words or "：" in words else None
    return _KIND_OF.get(field.group(1).strip().casefold()) if field else None


def _is_marker(words: str, phrases: Sequence[str]) -> bool:
    bare = words.strip(_DECORATION)
    if bare[:3].casefold() not in _MARKER_STARTS:
        return False
    decorated = words.lstrip("> ")[:2] != bare[:2]
    low = bare.rstrip(":： ").casefold()
    for phrase in phrases:
        if low.startswith(phrase):
            rest = low[len(phrase) :].strip(_DECORATION)
            if not rest or (decorated and (len(rest) < 150 or low[len(phrase)] in _DECORATION)):
                return True
    return False


def fields_at(lines: Sequence[Line], at: int) -> tuple[dict[str, str], int]:
    """The header fields from line ``at`` on by kind, and the line after them, whatever their evidence."""
    fields: dict[str, str] = {}
    place = end = at
    kind = ""
    while place < len(lines) and place - at < MAX_BLOCK_LINES:
        words = lines[place].words
        field = _FIELD.match(words) if words else None
        found = _KIND_OF.get(field.group(1).strip().casefold()) if field else None
        if field and found:
            kind = found
            if kind != "other" and kind in fields and kind in ("from", "subject"):
                break
            fields.setdefault(kind, field.group(3).strip(" *_"))
            if field.group(1).strip().casefold() in _SENT_LABELS:
                fields.setdefault("sent", field.group(3))
            end = place + 1
        elif not words:
            # Blank lines between the fields come from paragraphs turned into text; one is allowed, and only
            # where the next line is a field too, so nothing is joined across it.
            below = lines[place + 1].words if place + 1 < len(lines) else ""
            if not _kind(below) or (kind == "subject" and len(fields) > 2) or not _shows_evidence(kind, fields):
                break
        elif kind in ("from", "to", "cc", "other", "subject") and (
            evidence.has_address(words) or lines[place].text[:1] in " \t" or words.endswith(";")
        ):
            if fields.get(kind) == "":
                fields[kind] = words
            end = place + 1
        elif kind and fields.get(kind) == "":
            fields[kind] = words
            end = place + 1
        else:
            break
        place += 1
    return fields, end


def _shows_evidence(kind: str, fields: Mapping[str, str]) -> bool:
    """True where a field alone looks like a mail's header: an address, a date, or a subject."""
    value = fields.get(kind, "")
    if kind in ("from", "to", "cc"):
        return evidence.has_address(value)
    return kind == "subject" or (kind == "date" and evidence.has_date(value))


def _has_evidence(fields: Mapping[str, str], ruled: bool) -> bool:
    kinds = set(fields) - {"other", "sent"}
    address = any(evidence.has_address(fields.get(kind, "")) for kind in ("from", "to", "cc"))
    moment = fields.get("date", "")
    dated = evidence.has_date(moment) or evidence.has_time(moment)
    if "from" in kinds:
        if address:
            return len(kinds) >= 3 or dated or "subject" in kinds or (ruled and len(kinds) == 2)
        named = any(sign.isalpha() for sign in fields["from"])
        return named and dated and "date" in kinds and ("subject" in kinds or ("sent" in fields and "to" in kinds))
    return len(kinds) >= 3 and dated and (address or ruled) and "subject" in kinds


def with_rules(lines: Sequence[Line], at: int) -> int:
    """The start moved up over the rules right above, titled or not, which belong to the header."""
    above = last_filled(lines, at)
    while above >= 0 and at - above <= 3 and lines[above].depth == lines[at].depth:
        if not is_rule(lines[above].words) and not _is_titled_rule(lines[above].words):
            break
        at = above
        above = last_filled(lines, at)
    return at
