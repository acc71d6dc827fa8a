"""The wordings by which mail servers say why a mail did not arrive. Data only; ``bounce_class`` reads it.

The texts are matched in lower case, with every address written as ``@`` and host names and links left out,
so that ``antispam.example.com`` or ``spam@example.com`` is no evidence. No pattern has a nested quantifier,
and every gap is bounded: the time is linear in the text.
"""

from __future__ import annotations

import re
from typing import Final


def _any_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_WHO: Final = (
    r"(?:users?|recipients?|mailbox(?:es)?|mail box|accounts?|address(?:es|ee)?|alias(?:es)?|user ?names?"
    r"|user ?ids?|persons?|subscribers?|members?|customers?|inbox|rcpt|maildrop|receivers?|e-?mail id"
    r"|local part|employee)"
)
_WHERE: Final = r"(?:domain(?: name)?s?|host(?: ?name)?s?|mail ?host|mail ?server name)"
_IS_NOT: Final = (
    r"(?:unknown(?! (?:command|error|mailer|reason|problem|failure))|does ?n[o']t exist|do ?n[o']t exist"
    r"|did ?n[o']t exist|doesnt exist|not exist(?:ing)?"
    r"|non-?exist\w*|inexistent|not (?:be )?found|(?:could|can|was|were|is) ?n[o']t (?:be )?found"
    r"|no longer (?:exists?|valid|available|active|in (?:use|service)|here|employed|with|works?|on|accepts?"
    r"|accepting|used|a valid|registered|an active)"
    r"|unrecogni[sz]ed|not (?:known|recogni[sz]ed|listed|valid|defined|registered|a valid|a known"
    r"|an? (?:active|existing)"
    r"|a user|our customer|in (?:our|the|my|this) (?:system|database|directory|list)|deliverable|active)"
    r"|n[o']t (?:known|recogni[sz]ed|listed|valid|defined|registered|have an? \S+ account|been found)"
    r"|is (?:invalid|inactive|disabled|deactivated|closed|undeliverable|incorrect|discontinued)"
    r"|disabled|deactivated|inactive|invalid|discontinued)"
)

DNS_FAULT: Final = _any_of(
    r"temporar",
    r"servfail",
    r"serv(?:er|ice)? ?fail",
    r"timed? ?out",
    r"did not complete",
    r"lookup fail(?:ed|ure)\b.{0,40}\btemp",
)

TRY_AGAIN: Final = _any_of(r"try(?:ing)? again")

MAILBOX_FULL: Final = _any_of(
    r"(?:mail ?box|in ?box|mail ?folder|account|maildrop|message store|mail quota|mail file)\S{0,3}"
    r"(?: [\w@<>'\"()]{1,60}){0,6} (?:is |was |are |too |already |currently )*(?:full\b|over ?quota)",
    r"full mail ?box",
    r"mail ?box[_ ]full",
    r"over (?:the |its |his |her |their |allowed )?(?:disk |storage |mail ?box |mail |size "
    r"|maximum )?quota",
    r"over ?quota",
    r"over (?:their|its|his|her|the) (?:disk |storage |allocated |maximum |allowed )*(?:quota|storage"
    r"|limit|space)",
    r"quota (?:\w+ ){0,4}(?:exceed|violat|full|reached|overdraw|used)",
    r"quota[- ]?exceed",
    r"exceed\w* (?:\w+ ){0,4}(?:quota|storage|disk ?space|mail ?box|mail drop|diskspace)",
    r"(?:mail ?box|storage|account|inbox|user|recipient)(?: [\w@<>'\"()]{1,60}){0,5} exceed\w*"
    r"(?: \w+){0,4} (?:size|limit|quota|space|storage|allocation|allowance|maximum)",
    r"(?:mail ?box|storage) (?:size )?limits? (?:\w+ ){0,3}(?:exceed|reached)",
    r"exceed\w* allowed size",
    r"overdrawn",
    r"out of (?:disk |storage |mailbox )?(?:storage|space|quota)",
    r"(?:not enough|insufficient|no more) (?:\w+ ){0,3}(?:storage|disk|mailbox|mail box|diskspace"
    r"|quota) ?"
    r"(?:space|storage)?(?: \w+){0,4} (?:mail ?box|user|recipient|account|inbox|for @)",
    r"(?:user|recipient|account|mailbox|mail box|@)\S{0,2}(?: \w+){0,5} "
    r"(?:insufficient|not enough) (?:\w+ )?(?:disk ?space|storage|space)",
    r"disk quota",
    r"mail ?box over (?:limit|size)",
    r"utrymme.{0,20}\bfull",
    r"storage (?:is )?full",
    r"(?:insufficient|not enough) (?:\w+ ){0,2}space (?:in|on|for) (?:[\w@']+ ){0,3}mail ?box",
    r"diskspace quota",
    r"storage (?:quota|limit|allocation)",
    r"too (?:many messages|much mail) (?:\w+ ){0,3}(?:in|on)",
    r"maximum (?:\w+ ){0,3}(?:mailbox size|number of messages)",
    r"mailbox (?:size )?(?:limit|maximum)",
    r"quotaexceeded",
    r"storelimitexceeded",
    r"brevlåda.{0,40}\bfull",
    r"postlåda.{0,40}\bfull",
    r"inkorg.{0,40}\bfull",
    r"postfach.{0,60}\b(?:voll|überfüllt|überschritten)",
    r"(?:speicherplatz|quota|mailboxgröße|grenzwert).{0,60}\b(?:erschöpft|überschritten|überzogen|voll)",
    r"bo[iî]te.{0,60}\bplein",
    r"bal pleine",
    r"quota.{0,40}\bdépassé",
    r"buz[oó]n.{0,60}\blleno",
    r"(?:casilla|casella|cassetta).{0,60}\b(?:llena|piena|plena)",
    r"(?:cuota|quota|spazio).{0,60}\b(?:superad|excedid|esaurit|superat)",
    r"caixa.{0,60}\bchei[ao]",
    r"post(?:vak|bus).{0,60}\bvol\b",
    r"mailbox (?:is |zit )?vol\b",
    r"skrzynk.{0,60}(?:pełn|przepełn|zapełn)",
    r"(?:ящик|квот).{0,60}(?:переполн|полон|превыш|заполн)",
    r"переполнен",
    r"(?:postkasse|indbakke|innboks)\w*.{0,40}\b(?:fuld|full)",
    r"(?:posti|sähköposti)?(?:laatikko|lokero).{0,40}\btäynnä",
    r"メールボックス.{0,20}(?:一杯|いっぱい|容量|満杯|フル)",
    r"(?:容量|クォータ).{0,20}(?:超え|超過|オーバー|不足)",
    r"(?:邮箱|郵箱|信箱|空间).{0,12}(?:已?满|滿|不足)",
)

ABOUT_THE_SENDER: Final = _any_of(
    r"\b(?:sender|from|envelope from|mail from|return[- ]path|reverse[- ]path|originator|helo|ehlo|client"
    r"|sending)"
    r"\b(?: (?:e-?mail|address|domain|host ?name|host|user|mailbox|account|ip|name|server|mta)){0,3}"
    r"[^.;]{0,40}\b(?:rejected|refused|unknown|not (?:be )?found|does ?n[o']t exist|not exist|invalid"
    r"|denied"
    r"|verif\w+|unverifi\w+|not (?:allowed|permitted|authorized|valid|accepted)|blocked|listed|forged"
    r"|spoof\w*"
    r"|no (?:mx|a record)|must|bad|unresolv\w*|does not resolve|could not be resolved)",
    r"\b(?:invalid|bad|unknown|illegal|unresolvable|unverified|forged|fake) (?:\w+ )?"
    r"(?:sender|return[- ]path|reverse[- ]path|originator|helo|envelope from)",
    r"(?:domain|address) of (?:the )?(?:sender|@)",
    r"sender (?:callout|callback|verify)",
    r"call(?:out|back) (?:verification|verify)",
    r"sendervalidation",
    r"could not (?:\w+ )?verify (?:the )?(?:\w+ )?sender",
)

BLOCKED: Final = _any_of(
    r"\bspam",
    r"\bsp@m",
    r"antispam",
    r"\buce\b",
    r"\bube\b",
    r"unsolicited",
    r"\bjunk\b",
    r"(?:black|block|deny) ?-?list",
    r"black ?listed",
    r"\brbl\b",
    r"dnsbl",
    r"\bsbl\b",
    r"\bpbl\b",
    r"\bblocked\b(?! (?:due to|for|because of) inactivity)",
    r"\bblocking\b",
    r"reputation",
    r"dmarc",
    r"\bdkim\b",
    r"\bspf\b",
    r"sender policy",
    r"sender id",
    r"rate[- ]?limit",
    r"at a rate",
    r"too quickly",
    r"rule imposed",
    r"too many (?:messages|connections|recipients|mails|emails|concurrent|sessions|errors|invalid|unknown"
    r"|requests)"
    r"(?! in)",
    r"throttl",
    r"\bvirus",
    r"malware",
    r"phish",
    r"suspicious",
    r"suspected",
    r"malicious",
    r"content (?:was |is |has been )?(?:reject|filter|denied|restrict)",
    r"rejected (?:due to|because of|by) (?:\w+ ){0,3}(?:content|filter)",
    r"\bbanned\b",
    r"abus(?:e|ive)\b",
    r"(?:reverse|ptr|rdns)(?: dns)? (?:lookup|record|entry|hostname|address|mapping)?.{0,30}"
    r"(?:fail|missing|not|no\b|required|mismatch)",
    r"no ptr",
    r"invalid (?:\w+ )?ptr",
    r"fix reverse dns",
    r"without (?:a )?(?:reverse|ptr)",
    r"policy (?:violation|reject|restrict|reason)",
    r"for policy reasons",
    r"violat\w+ (?:\w+ ){0,3}polic",
    r"poor ",
    r"bulk (?:e-?)?mail",
    r"gr[ae]y-?list",
    r"message (?:was |has been )?(?:rejected|refused) (?:by|due to|because)",
    r"backscatter",
    r"unauthenticated (?:e-?)?mail",
    r"\bban(?:ned)?\b",
    r"skräppost",
    r"blockerad",
    r"spärrad",
    r"blockiert",
    r"gesperrt",
    r"spamverdacht",
    r"pourriel|indésirable",
    r"bloqu[eé]",
    r"correo no deseado",
    r"bloccat",
    r"geblokkeerd",
    r"zablokowan",
    r"спам",
    r"заблокирован",
    r"迷惑メール",
    r"スパム",
    r"拒否されました",
    r"垃圾邮件|垃圾郵件",
)

RECIPIENT_GONE: Final = _any_of(
    r"\b(?:unknown|invalid|bad|illegal|no such|unrouteable|unroutable|undefined|wrong|incorrect|inexistent"
    r"|non-?exist(?:ent|ant|ing|ing)|not existing|inactive|disabled|deactivated|undeliverable|unresolvable"
    r"|discontinued|closed|expired|terminated|deleted|not a valid|not a known|not an existing|no valid"
    r"|not a"
    r"|non|unrecogni[sz]ed|obsolete|no longer an? (?:active|valid|existing))"
    r"(?: or (?:illegal|invalid|disabled|unknown|inactive))?"
    r"(?: (?:local|mail|e-?mail|smtp|final|destination|delivery|hosted|internet|virtual|final|here"
    r"|hotmail|gmail"
    rf"|yahoo|target|forwarding|domino|intended|receiver|existing|@|user|recipient"
    rf"|mailbox)){{0,3}}[\s:/-]{{1,2}}{_WHO}\b",
    rf"\b{_WHO}\b[^.;]{{0,70}}\b{_IS_NOT}",
    r"\b(?:user|account|mail ?box|address|inbox|recipient)\S{0,2}(?: @\S{0,2}){0,2} (?:is|was|has been"
    r"|have been|had been)"
    r" (?:\w+ ){0,2}(?:closed|deleted|removed|terminated|cancell?ed|retired|decommissioned|deprovisioned)",
    r"@['\"]?\)?[\s:,-]{1,4}(?:is |was |has |are |user |account |mailbox |address |recipient |unknown "
    r"|we |could )*"
    r"(?:unknown|does ?n[o']t exist|not (?:be )?found|not known|invalid|no such|unrouteable|is not (?:a "
    r"|an )?"
    r"(?:valid|known|active|existing|deliverable|user|recipient)|wasn't found|couldn't be found|inactive)",
    r"\b(?:user|recipient|mailbox|address|account)[\s_-]?(?:unknown|not[_ -]?found|nonexist|inconnu)",
    r"no (?:mail ?box|account|user|recipient|one|person|alias|address|such mailbox|entry|record)s?"
    r"(?: (?:here|exists?|found|present|matching|available|known))? (?:by|with|of|for|called|named|under) "
    r"(?:that|this|such|the|the specified)? ?(?:name|address|account|user|recipient|@)",
    r"no (?:mail ?box|account|user|recipient|address) (?:here|found|exists|at this|on this|in this)",
    r"no such (?:\w+ )?(?:person|address|mail|local|recipient|user|mailbox|account|alias|id\b|name|addr"
    r"|rcpt|e-?mail)",
    r"not our (?:customer|user)",
    r"no longer (?:works?|working|employed) (?:here|at|for|with)",
    r"never (?:created|had|existed)",
    r"recipient (?:\w+ )?(?:can ?not|could not) be verified",
    r"\b(?:address|recipient)\b[^.;]{0,30}(?:is ?n[o']t|not) correct",
    r"(?:bruger|modtager|bruker|mottaker)\w{0,3} (?:er )?(?:ukendt|ukjent)",
    r"nie ma takiego",
    r"(?:user|recipient|@) (?:\S+ )?not in (?:the |our )?(?:\w+ )?directory",
    r"\b(?:user|recipient|person|employee|colleague) (?:\S+ )?(?:has )?left (?:the|our|us)\b",
    r"пользователя нет",
    r"recipient must be local",
    r"user (?:path )?(?:reject|no exist|invalid|not exist)",
    r"no mail ?box available",
    r"deactivated",
    r"mail receiver",
    r"(?:not|n't) (?:\w+ )?(?:a |an )(?:\w+ )?\w*(?:\.com)? (?:account|mailbox|user|member"
    r"|customer) (?:here|at|on|with|in|for)",
    r"(?:do|does) ?n[o']t have an? (?:\S+ )?(?:account|mailbox|user)",
    r"(?:do|does) ?n[o']t have (?:such|that|this) (?:an? )?(?:user|account|mailbox|address)",
    r"this user does ?n[o']t",
    r"(?:unable|failed|not able|impossible) to (?:\w+ )?(?:find|locate|look ?up) (?:\w+ ){0,3}"
    r"(?:user|recipient|mailbox|account|address)",
    r"(?:can ?not|can't|could ?n[o']t|could not) (?:\w+ )?(?:find|locate) (?:\w+ ){0,4}"
    r"(?:user|recipient|mailbox|account|address|@)",
    r"(?:user|recipient|address|mailbox) lookup (?:failed|returned no)",
    r"(?:user|person|employee|recipient|owner|colleague|he|she|@) (?:is |has "
    r"|have )?(?:no longer (?:works?|working|employed|at|with|here)"
    r"|left (?:the |our )?(?:company|organi[sz]ation|university|firm))",
    r"has moved(?:,| to|;|$)",
    r"user (?:has )?moved",
    r"moved permanently",
    r"mailbox (?:has )?moved",
    r"not (?:listed|found) in (?:\w+ ){0,3}(?:directory|address book|database|table)",
    r"not in (?:\w+ ){0,2}(?:recipient|user|alias|directory|access) (?:table|map|list|database|directory)",
    r"unknown in (?:\w+ ){0,3}(?:table|map|maps|domain)",
    r"does not match any",
    r"bad destination (?:mail ?box|address|e-?mail|system|host)",
    r"addressee (?:unknown|not known)",
    r"unknown (?:user|recipient|mailbox|account|local|alias|virtual|address(?! error)|addressee|person"
    r"|rcpt)",
    r"invalid (?:final delivery userid|rcpt|recipient|mailbox|user|account|e-?mail)",
    r"delivery (?:userid|user id) (?:unknown|invalid)",
    r"no recipient\b",
    r"undeliverable address",
    r"(?:address|mailbox|account|recipient) (?:is )?(?:unroutable|unrouteable|undeliverable|unresolvable)",
    r"unroutable address",
    r"\baddress (?:you (?:typed|entered)|couldn't|could not be) (?:\w+ ){0,4}(?:found|wrong|correct)",
    r"the e-?mail account (?:that you tried to reach )?does not exist",
    r"wasn't found (?:at|in)",
    r"may be (?:misspelled|mistyped) or (?:\w+ )?(?:not exist|no longer)",
    r"user disabled",
    r"(?:account|mailbox|user) (?:\w+ ){0,4}(?:due to|for|because of) inactivity",
    r"account[- ](?:disabled|closed|inactive|deactivated)",
    r"\bnot local; ",
    r"user not local",
    r"message(?:s)? for (?:that|this) (?:user|address) (?:is|are) no longer",
    r"no longer accepts? (?:mail|messages|e-?mail)",
    r"address (?:is )?(?:dead|retired|no longer)",
    r"nobody (?:here )?(?:by|with) that name",
    r"\bdead (?:account|address|mailbox)",
    # Swedish, Danish, Norwegian, Finnish
    r"(?:adressen|adress|kontot?|mottagaren|användaren|användare|brevlådan|postlådan|e-postadressen|domänen"
    r"|adressaten|inkorgen|e-postadress)\b.{0,80}(?:finns inte|hittades inte|hittas inte|existerar inte"
    r"|okänd"
    r"|finns ej|hittades ej|saknas|gick inte att hitta|ogiltig|inaktiver|avslutat|avslutad|inte längre"
    r"|är stängt"
    r"|upphört|inte finns|inte hittas|inte hittades|är borttag)",
    r"(?:okänd|ogiltig|felaktig) (?:e-?post)?(?:användare|mottagare|adress|adressat|domän|konto"
    r"|mottagaradress)",
    r"hittades inte (?:på|i|hos)",
    r"gick inte att hitta (?:\w+ ){0,3}(?:adress|mottagar|e-post|domän|@)",
    r"(?:adressen|modtageren|mottakeren|brugeren|brukeren|kontoen|postkassen|domænet|domenet|e-mailadressen"
    r"|e-postadressen|mailadressen)\b.{0,80}(?:findes ikke|finnes ikke|ikke fundet|ikke funnet"
    r"|eksisterer ikke"
    r"|ukendt|ukjent|ugyldig|ikke længere|ikke lenger|er lukket|deaktiver)",
    r"(?:ukendt|ukjent|ugyldig) (?:bruger|bruker|modtager|mottaker|adresse)",
    r"(?:blev|ble) ikke (?:fundet|funnet)",
    r"(?:osoitetta|vastaanottajaa|käyttäjää|tiliä|postilaatikkoa|verkkotunnusta)\b.{0,60}(?:ei löy|ei ole)",
    r"(?:osoite|vastaanottaja|käyttäjä|tili)\b.{0,60}(?:ei ole olemassa|tuntematon|on suljettu"
    r"|virheellinen)",
    r"tuntematon (?:käyttäjä|vastaanottaja|osoite)",
    r"ei löy(?:dy|tynyt)",
    # German, Dutch
    r"(?:adresse|empfänger\w*|benutzer|postfach|konto|mailbox|domäne|domain|account|teilnehmer"
    r"|e-mail-adresse)\b"
    r".{0,80}(?:existiert nicht|nicht gefunden|unbekannt|nicht bekannt|ungültig|deaktiviert|nicht vorhanden"
    r"|nicht mehr|gelöscht|nicht existier|gekündigt|abgemeldet|stillgelegt)",
    r"(?:unbekannter?|ungültige[rs]?|kein solcher|keine solche|nicht existierende[rs]?) "
    r"(?:empfänger|benutzer|adresse|adressat|e-mail-adresse|mailbox|empfängeradresse|domain|user|account)",
    r"nicht (?:im|in der|in dem) (?:\w+[- ]){0,3}(?:verzeichnis|adressbuch|directory)",
    r"(?:adres|ontvanger|gebruiker|account|mailbox|postvak|domein|e-mailadres)\b.{0,80}(?:bestaat niet"
    r"|niet gevonden|onbekend|ongeldig|niet bekend|niet meer|opgeheven)",
    r"(?:onbekende?|ongeldige?) (?:gebruiker|ontvanger|adres|geadresseerde)",
    # French
    r"(?:adresse|utilisateur|destinataire|bo[iî]te|compte|domaine|usager)\b.{0,80}(?:introuvable|inconnue?"
    r"|n'existe (?:pas|plus)|n'existent pas|inexistante?|invalide|n'a pas été trouvé|désactivé|fermé"
    r"|supprimé"
    r"|non trouvé|résilié|non répertorié|pas répertorié)",
    # Spanish, Portuguese, Italian
    r"(?:direcci[oó]n|usuario|destinatario|buz[oó]n|cuenta|dominio|casilla|correo)\b.{0,80}(?:no existe"
    r"|desconocid[oa]|no (?:se )?(?:ha )?(?:sido )?encontr|no v[aá]lid|inexistente|inv[aá]lid|desactivad"
    r"|deshabilitad|inhabilitad|cerrad[ao]|no se ha podido encontrar|no se pudo encontrar|ya no)",
    r"no se (?:ha )?(?:podido encontrar|pudo encontrar|encontr[oó]|encontrado)",
    r"(?:endereço|endereco|usu[aá]rio|destinat[aá]rio|caixa|conta|dom[ií]nio|utilizador|e-mail)\b.{0,80}"
    r"(?:n[aã]o (?:existe|encontrad|foi (?:possível )?encontr|é válid|localizad)|inexistente|inv[aá]lid"
    r"|desconhecid"
    r"|desativad|desabilitad|encerrad)",
    r"(?:indirizzo|utente|destinatario|casella|account|dominio|cassetta)\b.{0,80}(?:non esiste|sconosciut"
    r"|non (?:è stato |è stata )?trovat|inesistente|non valid|disattivat|disabilitat"
    r"|non (?:è )?(?:più )?attiv)",
    r"(?:usuario|destinatario|utente|utilisateur|destinataire|usu[aá]rio) (?:desconocido|inconnu"
    r"|sconosciuto|desconhecido)",
    # Polish, Russian
    r"(?:adres|odbiorc|użytkownik|skrzynk|kont[oa]|domen)\w*\b.{0,80}(?:nie istnieje|nie znaleziono|nieznan"
    r"|nieprawidłow|nie została znaleziona|nie został znaleziony|zlikwidowan|usunięt|nie ma)",
    r"(?:nie znaleziono|nieznany) (?:\w+ )?(?:adres|odbiorc|użytkownik|adresat)",
    r"(?:адрес|пользовател|получател|ящик|домен|аккаунт|абонент)\w*.{0,80}(?:не найден|не существует"
    r"|неизвест|недействител|несуществ|удал[её]н|отключ|не зарегистрирован|не обнаружен)",
    r"(?:нет такого|неизвестный|несуществующ\w+|недействительн\w+) (?:пользовател|получател|адрес|почтов)",
    # Czech, Slovak, Hungarian, Turkish, Romanian, Greek, Ukrainian
    r"(?:schránka|adresa|adresát|uživatel|používateľ|příjemce|príjemca)\b.{0,60}(?:neexistuj|nenalez|neznám|nebyl)",
    r"(?:címzett|felhasználó|postafiók|cím|postaláda)\b.{0,60}(?:nem létezik|ismeretlen|nem található)",
    r"(?:kullanıcı|alıcı|adres|posta kutusu|hesap)\w*.{0,60}(?:bulunamadı|mevcut değil|geçersiz|yok\b)",
    r"(?:adresa|utilizatorul|destinatarul|contul)\b.{0,60}(?:nu există|necunoscut|nu a fost găsit)",
    r"(?:διεύθυνση|παραλήπτης|χρήστης|λογαριασμός)\b.{0,60}(?:δεν υπάρχει|δεν βρέθηκε|άγνωστ)",
    r"(?:адрес|користувач|отримувач|скринь)\w*.{0,60}(?:не існує|не знайдено|невідом)",
    # Japanese, Chinese
    r"(?:アドレス|ユーザー?|宛先|受信者|アカウント|メールボックス|ドメイン|利用者).{0,40}(?:見つかりません|見つかりませんでした"
    r"|存在しません|存在しない|不明|無効|登録されていません|有効ではありません)",
    r"宛先(?:メール)?(?:アドレス)?(?:が)?(?:不明|間違)",
    r"(?:用户|收件人|地址|帐号|账号|邮箱|域名|用戶|收件者|帳號|信箱).{0,16}(?:不存在|未找到|找不到|无效|不正确|已?停用)",
    r"(?:无此|没有此|不存在的?|查無此|找不到)(?:用户|收件人|地址|邮箱|帐号|人|使用者)",
)

GONE_MARKERS: Final = _any_of(r"recipnotfound", r"recipientnotfound", r"\bno-?such-?user")
"""Names of Exchange and Gmail for it, which stand inside a link or a dotted word."""

DOMAIN_GONE: Final = _any_of(
    r"nxdomain",
    r"null ?-?mx",
    r"(?:no such|unknown|invalid|illegal|non-?exist\w*|unrouteable|unroutable|unresolvable"
    r"|nonexistent) "
    rf"(?:\w+ ){{0,2}}{_WHERE}(?! literal)",
    rf"\b{_WHERE}\b[^.;]{{0,70}}\b(?:not found|unknown(?! (?:command|error|reason))|does ?n[o']t exist"
    rf"|not exist|no longer exists?"
    rf"|invalid"
    r"|couldn't be found|could not be found|can ?not be found|not known|unrouteable|non-?exist\w*"
    r"|unresolvable"
    r"|has no mail exchanger|has no mx|is not (?:valid|registered)|not registered|has expired|no such)",
    r"\bhost unknown",
    r"\bunknown host",
    r"unrouteable (?:mail )?(?:address|domain)",
    r"no mx (?:or|record|host|exist|found|entr|for)",
    r"no (?:valid )?(?:mail )?(?:exchanger|mx|a|dns)(?: or \w+)? records?",
    r"no mail exchanger",
    r"(?:mail exchangers?|mx)(?: or \w+ \w+)? (?:\w+ ){0,3}(?:not found|non-?exist\w*|does ?n[o']t exist)",
    r"could ?n[o']t find any host",
    r"could ?n[o']t find a mail exchanger",
    r"all relevant mx records point to non-?exist",
    r"mx records? point\w* to non-?exist",
    r"name or service not known",
    r"not appear to be registered",
    r"(?:domain|host) (?:\S+ )?(?:does ?n[o']t|does not) (?:accept|receive|have) (?:\w+ )?(?:mail|e-?mail"
    r"|messages|mx)",
    r"does ?n[o']t (?:accept|receive) (?:mail|e-?mail) \((?:null|no) ?mx",
    r"dns hard error",
    r"dns error.{0,80}(?:not found|non-?exist|does not exist|no such)",
    r"domain name not found",
    r"no route to domain",
    r"(?:domän|doman)\w*\b.{0,80}(?:hittades inte|finns inte|gick inte att hitta|hittas inte"
    r"|existerar inte)",
    r"nombre de host.{0,40}desconocid",
    r"nom d'h[oô]te.{0,40}(?:inconnu|introuvable)",
)

FOR_NOW: Final = _any_of(r"temporar", r"try again", r"later\b", r"at (?:this|the present) (?:time|moment)")
"""Words that make a mailbox that is disabled or closed one that may open again."""

MAY_PASS: Final = re.compile(r"disabled|inactive|suspended|closed|unavailable|deactivated|not active")

ON_THE_WAY: Final = _any_of(
    r"\brelay(?:ing|ed)?\b(?! recipient)",
    r"requests? to connect",
    r"connect(?:ion)? (?:to @?\S{0,80} ?)?(?:timed? ?out|refused|lost|reset|failed)",
    r"connect to ",
    r"rcpthosts",
    r"network messages",
)
"""Faults between the servers: words of refusal beside them are no verdict on the mail."""


WEAKLY_BLOCKED: Final = _any_of(
    r"polic(?:y|ies)",
    r"not (?:allowed|permitted|authori[sz]ed|accepted|accepting|accept|welcome|wanted)",
    r"\bdenied\b",
    r"restrict",
    r"prohibit",
    r"administrative",
    r"complain",
    r"\brefused\b",
    r"\brefuses\b",
    r"\bforbidden",
    r"authenticat\w+ (?:is )?required",
    r"requires? authentication",
    r"unauthori[sz]ed",
    r"\bfiltered\b",
    r"\bfilter\b",
    r"only accept",
    r"only (?:members|subscribers)",
    r"whitelist",
    r"permission",
    r"sendern?othauthenticated",
    r"not the owner",
    r"moderat",
    r"spamhaus|spamcop|barracuda|senderbase|senderscore|proofpoint|sorbs|surbl|uribl",
    r"verweigert",
    r"nicht (?:erlaubt|berechtigt|zugelassen)",
    r"inte (?:tillåt|behörig|rätt att)",
    r"refus[ée]",
    r"rechazad",
)

SOMETHING_ELSE: Final = _any_of(
    r"too (?:large|big|long|old)",
    r"(?:message|mail|size|content length) (?:\w+ ){0,6}(?:exceed|larger|limit)",
    r"exceed\w* (?:\w+ ){0,4}(?:maximum|size|limit|length)",
    r"(?:max|maximum) (?:message )?size",
    r"size limit",
    r"\bloop",
    r"too many hops",
    r"hop count",
    r"hops? exceeded",
    r"timed? ?out",
    r"time ?out",
    r"connection (?:\w+ ){0,3}(?:lost|reset|dropped|closed|refused|failed)",
    r"(?:could not|couldn't|cannot|can't|unable to|failed to|not) (?:\w+ )?(?:connect|contact|reach"
    r"|establish)",
    r"network (?:is )?unreachable",
    r"no route to host",
    r"try again",
    r"temporar",
    r"expired",
    r"local (?:configuration )?error",
    r"configuration (?:error|problem)",
    r"misconfigur",
    r"system (?:error|failure|problem|storage|resources)",
    r"service (?:not |un)available",
    r"insufficient system",
    r"disk (?:is )?full",
    r"no space",
    r"i/o error",
    r"syntax error",
    r"bad (?:sequence|command|content|header)",
    r"command (?:not|unrecognized|rejected)",
    r"unsupported",
    r"not supported",
    r"attachment",
    r"\btls\b",
    r"starttls",
    r"encrypt",
    r"certificate",
    r"suspended",
    r"deferred",
    r"retry",
    r"queue",
    r"delivery time",
    r"mail system (?:problem|error|full)",
    r"mailer (?:error|too)",
    r"list (?:expansion|server)",
    r"rcpt limit",
    r"för stor",
    r"zu groß",
    r"trop (?:volumineux|grand|gros)",
    r"demasiado grande",
    r"slinga",
)

WEAKLY_GONE: Final = _any_of(
    r"mail ?box (?:name )?(?:is )?(?:currently )?(?:unavailable|not available|not allowed|syntax)",
    r"mail ?box @ (?:is )?unavailable",
    r"(?:account|user|recipient|address) (?:is )?(?:unavailable|not available)",
    r"(?:recipient|address|rcpt)(?: address)? (?:@ )?(?:was |has been |is )?(?:rejected|refused"
    r"|not accepted|unacceptable)",
    r"address rejected",
    r"rejected (?:address|recipient)",
    r"destination (?:\w+ )?(?:rejected|unknown|invalid)",
    r"invalid address",
    r"unable to (?:\w+ )?verify (?:recipient|address|user)",
    r"not (?:a )?(?:recipient|valid)",
    r"cannot be delivered to this (?:address|recipient|user)",
)
"""Wordings that most often mean an unknown recipient, and count only where the code does not say otherwise."""

DELAYED: Final = _any_of(
    r"delay",
    r"not yet been delivered",
    r"has not (?:yet )?been (?:collected|delivered) (?:after|yet)",
    r"warning: (?:could not send|message)",
    r"could not send message for past",
    r"(?:will|shall) (?:continue|keep|be retried|retry|try again|be re-?tried|still)",
    r"(?:attempts|attempting) (?:\w+ ){0,4}(?:will continue|continue to be made)",
    r"still (?:trying|being retried|in queue|undelivered|not been)",
    r"warning message only",
    r"just a warning",
    r"no (?:further )?action is (?:required|needed) (?:on|by|from) your",
    r"do not need to (?:resend|take any action|re-?send)",
    r"message will be retried",
    r"advisory-only",
    r"has been postponed",
    r"temporary (?:delivery )?(?:problem|failure) (?:\w+ ){0,3}(?:will|we)",
    r"fördröj|försen",
    r"verzöger|verspät",
    r"retard",
    r"vertraag",
    r"ritard",
    r"atras|retras",
    r"opóźni",
    r"задерж|отложен",
    r"forsink",
    r"viiväst",
    r"遅延|遅れ",
)

DELIVERED: Final = _any_of(
    r"(?:was|were|has been|have been) (?:successfully )?(?:delivered"
    r"|relayed)(?! (?:to )?(?:\w+ )?(?:after|yet))",
    r"delivery (?:status notification )?\(?success",
    r"success(?:ful|fully) (?:delivery|delivered|relayed|mail delivery report)",
    r"delivery to (?:the following|these) recipients? (?:is complete|was successful|has been completed)",
    r"\brelayed\b.{0,60}(?:delivery notification|destination)",
    r"levererades (?:till|utan)",
    r"har levererats",
    r"wurde (?:erfolgreich )?zugestellt",
    r"(?:übermittelt|zugestellt) an",
)

WILL_NOT_TRY: Final = _any_of(
    r"(?:will not|won't|no longer) (?:be )?(?:retr|try|attempt)",
    r"permanent (?:\w+ )?(?:error|fail)",
    r"could not be delivered",
    r"ha(?:s|ve) (?:permanently )?failed",
    r"gave up|giving up|given up",
    r"has been (?:returned|bounced)",
    r"cannot be delivered",
)
"""Words of a final failure, which some reports put beside words of an earlier delay."""
