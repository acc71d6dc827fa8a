"""The line that a phone or a client puts below what is written: "Skickat från min iPhone".

It opens as such lines do, and names a device or a client, or says whose it is ("Sent from my rotary phone").
"""

from __future__ import annotations

import re

from services.intake.mail.words.wordlists import phrases, word_set

MAX_WORDS = 12
MAX_SIGNS = 110

_SENT = phrases(
    """
    sent from | sent via | sent with | sent by | sent using | get outlook for | get bluemail | typed on |
    written on my | sent securely | skickat från | skickat via | skickat med | skickades från |
    skickat genom | skickad från | skickad via | hämta outlook för | skaffa outlook för |
    ladda ned outlook | sendt fra | sendt med | sendt via | hent outlook | få outlook |
    skaff deg outlook | von meinem | gesendet mit | gesendet von | gesendet mithilfe |
    diese nachricht wurde von mein | holen sie sich outlook | outlook für | envoyé de mon |
    envoyé depuis | envoyé à partir | envoyé avec | envoyé via | obtenez outlook | téléchargez outlook |
    télécharger outlook | enviado desde | enviado do | enviado de | enviado via | enviado con |
    enviado a partir | obtener outlook | obter o outlook | inviato da | inviato con | ottieni outlook |
    scarica outlook | verstuurd vanaf | verzonden vanaf | verzonden met | verstuurd met | verstuurd via |
    download outlook | outlook voor | wysłano z | wysłane z | wyślij z | pobierz program outlook |
    pobierz aplikację outlook | отправлено с | отправлено из | надіслано з | послано з | скачать outlook | lähetetty |
    hanki outlook | odesláno z | odoslané z | získejte outlook | küldve | elküldve | trimis de pe |
    gönderildi | 发自我的 | 發自我的 | 從我的 | 获取 outlook | 從我的 iphone |
    iphoneから送信 | ipadから送信 | 私の iphone | outlook for | 나의 iphone | 내 iphone |
    στάλθηκε από | נשלח מ | أُرسلت من | أرسلت من | تم الإرسال من |
    poslano z | enviat des | poslano s | saadetud | nosūtīts | sänt från | skickat ifrån | obtenir outlook
    """
)
_SENT_ENDS = ("gönderildi", "から送信", "에서 보냄", "gesendet", "lähetetty")
_BRANDS = word_set(
    """
        ipod samsung galaxy windows huawei blackberry gmail nokia sony xperia htc motorola oneplus pixel
    xiaomi redmi lg macbook imac mac mailbird thunderbird spark bluemail aquamail hotmail superhuman
    boxer typeapp mymail aol zoho mail.ru front
    nine fairphone tutanota tuta     fastmail airmail mailspring postbox ionos gmx web.de laposte treo
    zte honor oppo realme vivo doro jolla     sailfish
    """
)
_BRANDS_WITHIN = (
    "iphon",
    "ipad",
    "android",
    "outlook",
    "samsung",
    "proton",
    "yahoo",
    "icloud",
    "mail für",
    "mail för",
)
_DEVICES = word_set(
    """
    mobil mobile mobiltelefon mobilen telefon telefonen phone smartphone tablet surfplatta handy handheld device
    enhet telefoon téléphone móvil celular telefono телефона puhelimesta e-post mail app
    """
)
_OWNERS = word_set(
    """
    my min mitt mein meinem mon ma mi mijn mio meu moj mojego моего
    """
)
_ARTICLES = ("a", "an", "en", "einem", "un", "una", "um", "een")
_VIA = ("via", "with", "by", "using", "med", "genom", "mit", "avec", "con", "met")
_LINK = re.compile(r"[<(]?https?://[^\s>)]{0,2000}[>)]?")


def is_client_line(words: str) -> bool:
    """True for a line that a client adds. ``words`` is a folded line."""
    low = _LINK.sub(" ", words).casefold().strip(" *_-.!<>[]()|")
    tokens = [token.strip("™®.,:;()\"'*") for token in low.split()]
    if not tokens or len(low) > MAX_SIGNS or len(tokens) > MAX_WORDS:
        return False
    if not low.startswith(_SENT):
        return low.endswith(_SENT_ENDS) and _names_client(low, tokens)
    if _names_client(low, tokens):
        return True
    owned = any(token in _OWNERS for token in tokens[:5])
    if any(token in _DEVICES for token in tokens):
        return owned or any(token in _ARTICLES for token in tokens[2:3]) or (len(tokens) <= 4 and tokens[1] not in _VIA)
    return owned and len(tokens) <= 5 and not any(sign.isdigit() for sign in low)


def _names_client(low: str, tokens: list[str]) -> bool:
    return any(token in _BRANDS for token in tokens) or any(name in low for name in _BRANDS_WITHIN)
