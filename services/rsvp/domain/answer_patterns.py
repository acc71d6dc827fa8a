"""The words by which ``answer_words`` knows a yes, a no and a perhaps, in Swedish and English.

Patterns are kept narrow: what follows "kommer" decides whether somebody comes, remembers ("kommer ihåg") or will write
("kommer att skicka"), so it is listed what may follow.
"""

from __future__ import annotations

import re
from typing import Final

SUBJECT_PREFIX: Final = re.compile(r"(?:(?:re|sv|fw|fwd|vb|vs)\s{0,3}:\s{0,3}){1,9}", re.IGNORECASE)
SENTENCE: Final = re.compile(r"[^.!?\n]{1,600}[.!?\n]?")
CLAUSE: Final = re.compile(
    r"[,;:–]|\s-\s|\b(?:men|but|fast|dock|however|eftersom|because|så att|då jag|då vi)\b", re.IGNORECASE
)


_GOES_ON: Final = re.compile(r"\\\n\s*")


def _all(patterns: str, end: str = "") -> re.Pattern[str]:
    """Any of the patterns, one a line, from the beginning of a word; a line that ends in a backslash goes on below."""
    lines = _GOES_ON.sub("", patterns).strip().splitlines()
    return re.compile(rf"\b(?:{'|'.join(line.strip() for line in lines)}){end}", re.IGNORECASE)


_ADVERB: Final = (
    r"(?:(?:tyvärr|dessvärre|då|nog|gärna|alltså|absolut|självklart|naturligtvis|såklart|givetvis|"
    r"definitivt|också|även|"
    r"faktiskt|ju|båda|alla|bägge|själv|mer än gärna|so|gladly|definitely|certainly|both|all|really|very much)\s){0,2}"
)
_WE: Final = r"(?:jag|vi|undertecknad|man)"
_ATTEND: Final = (
    r"(?:komma|delta|deltaga|närvara|medverka|vara med|vara där|vara på plats|vara närvarande|gå|"
    r"hänga med|följa med|dyka upp|ansluta)"
)
_COME_ENG: Final = (
    r"(?:come|attend|join|make it|be there|participate|be able to (?:come|attend|join|make it|be there|"
    r"participate)|take part)"
)
_END: Final = (
    r"(?=\s*$|\s+(?:den\s|då\b|i\s?dag|i\s?morgon|idag|imorgon|på\s|till\s|i år|denna|detta|den här|"
    r"det här|just|this|on\s|to\s|that\s|tyvärr|dessvärre|unfortunately|och\s|and\s|för\s|pga|p\.g\.a|"
    r"på grund))"
)

QUIET: Final = _all(
    r"""
    nästa gång
    en annan gång
    annat tillfälle
    next time
    another time
    some other time
    hade (?:så )?gärna
    skulle (?:så )?gärna ha
    would have loved
    would have liked
    i framtiden
    in the future
    senast jag|förra (?:gången|året)|i fjol|last (?:time|year)
    """
)
"""Said of something else than this event."""
OTHERS: Final = _all(
    r"""
    (?:min|vår|mina|våra|din|er|hans|hennes|my|our)\s(?:\w{1,20}\s)?(?:kollega|kollegor|kollegan|chef|chefer|\
        fru|man|sambo|vän|vänner|son|dotter|medarbetare|medarbetarna|granne|colleague|colleagues|boss|manager|\
        wife|husband|partner|friend|friends)
    han|hon|hen|de|dom|någon|någon annan|vissa|några|somebody|someone|he|she|they|en kollega|en vän|en till|\
        ytterligare
    """,
    r"\b",
)
FIRST: Final = _all("jag|vi|mig|oss|undertecknad|i|i'm|i'll|i've|i'd|we|we're|we'll|we'd|me|us", r"\b")
IF: Final = _all(
    r"""
    om\s(?:jag|vi|det|inte|man|min|mitt|barn\w{0,12}|tåget|vädret|chefen|allt|tiden|schemat)\b
    ifall
    såvida
    förutsatt
    under förutsättning
    beror på
    if\b
    unless
    depends
    depending
    provided
    """
)
PERHAPS_START: Final = re.compile(r"kommer\snog\b", re.IGNORECASE)
COMES: Final = _all("kommer|deltar|coming")
IF_ROOM: Final = _all(
    r"""
    (?:om|if|ifall|förutsatt att)\s(?:\w{1,12}\s){0,3}(?:plats|platser|utrymme|möjlighet|room|space|seats?|\
        place)
    om det går bra
    om det är okej
    om det är ok
    if that's ok\w{0,2}
    if that is ok\w{0,2}
    """
)

NO: Final = _all(
    rf"""
    kan\s{_ADVERB}(?:inte|ej|icke)(?:\s(?:tyvärr|dessvärre|heller))?(?:\s{_ATTEND}|{_END})
    kan\s{_WE}\s{_ADVERB}(?:inte|ej)(?:\s(?:tyvärr|dessvärre|heller))?(?:\s{_ATTEND}|{_END})
    (?:har|får|finner)\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej|ingen)\s(?:någon\s)?(?:möjlighet|chans|\
        tid)(?:\satt\s{_ATTEND})?
    (?:hinner|orkar)\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej)(?:\s{_ATTEND}|{_END})
    (?:kan|kunde|lyckas)\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej)\s(?:få ihop|få till|lösa)\b
    kommer\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej)(?:\s(?:tyvärr|dessvärre|heller))?(?:\s(?:att\s)?(?:kunna\s|\
        ha möjlighet att\s)?{_ATTEND}|\s(?:att\s)?kunna(?=\s*$)|{_END})
    ska\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej)\s{_ATTEND}
    (?:deltar|medverkar|närvarar|ansluter)\s(?:{_WE}\s)?{_ADVERB}(?:inte|ej)\b
    (?:tackar|måste|får|tvungen att|väljer att)\s(?:jag\s|vi\s)?(?:därför\s|tyvärr\s|dessvärre\s|\
        tacka\s){{0,2}}(?:nej|avböja|avstå|avboka|missa|hoppa över|lämna återbud|ställa in|dra mig ur|\
        dra oss ur|utebli)
    tackar\s(?:jag\s|vi\s)?(?:därför\s|tyvärr\s|dessvärre\s){{0,2}}nej
    nej tack
    nej\stackar
    (?:avböjer|avstår|avanmäler|avbokar|uteblir|hoppar över|lämnar återbud|skickar återbud)
    återbud från
    (?:har|fått|fick|får)\s(?:\w{{1,12}}\s){{0,2}}förhinder
    är förhindrad\w{{0,2}}
    har\s(?:tyvärr\s)?blivit sjuka?
    är\s(?:tyvärr\s)?(?:bortresta?|dubbelbokade?|upptagna?|uppbokade?)\b
    (?:passar|funkar|fungerar)\s(?:\w{{1,10}}\s){{0,2}}(?:inte|ej)(?!\s(?:bara|så))
    det går\s{_ADVERB}(?:inte|ej)\b(?!\s(?:att|så|in))
    (?:räkna|anmäl)\s(?:\w{{1,8}}\s)?inte\s(?:med|på)?\s?(?:mig|oss)
    räkna bort (?:mig|oss)
    stryk (?:mig|oss)
    (?:can't|cannot|can not|cant|won't|will not|wont|not going to|shan't|couldn't)\s(?:unfortunately\s|\
        sadly\s)?(?:be able to\s)?(?:{_COME_ENG})
    (?:i|we)\s(?:unfortunately\s|sadly\s)?(?:can't|cannot|can not|cant)(?=\s*$)
    (?:unable|not able|not be able)\sto\s{_COME_ENG}
    (?:have|need|has) to (?:decline|pass|cancel|miss)
    (?:must|will|regretfully|respectfully|i|we)\sdecline
    count (?:me|us) out
    not\s(?:attending|coming|joining|participating)
    no,? thank(?:s| you)
    have (?:a|another|other) (?:prior )?(?:engagement|commitment|appointment)s?
    give it a miss
    """
)
NO_WHOLE: Final = re.compile(
    r"(?:tyvärr |dessvärre )?(?:nej|nope|no|nej tyvärr|tyvärr|tyvärr nej|tyvärr inte|inte|kommer inte|"
    r"kommer tyvärr inte|kommer ej|deltar ej|unfortunately not|sadly not|sorry,? no)",
    re.IGNORECASE,
)

_REST: Final = (
    r"(?=\s*$|\s(?:\d|\+|en\s(?:person|st)|ett|två|tre|fyra|fem|sex|sju|åtta|nio|tio|gärna|mer än gärna|"
    r"själv|ensam|också|även|båda|bägge|alla|med\b(?!\ssvar|\sbesked|\sett svar|\sförslag|\sen fråga|"
    r"\såter)|"
    r"till\b(?!\satt|\sdig|\sslut|\srätta|\sinsikt)|på\s(?:plats|träff\w{0,12}|möte\w{0,12}|works\w{0,10}|"
    r"måndag\w{0,3}|tisdag\w{0,3}|onsdag\w{0,3}|torsdag\w{0,3}|fredag\w{0,3}|lördag\w{0,3}|söndag\w{0,3}|"
    r"det|detta|den|er|kalas\w{0,8})|"
    r"den\s|då|efter|före|strax|först|vid\s|en kvart|en halvtimme|en timme|senare|sent|lite\s|någon minut|"
    r"några minuter|kl\b|klockan|tillsammans|självklart|absolut|naturligtvis|såklart|givetvis|definitivt|"
    r"ändå|och\b|som\s|i sällskap|förbi|dit|i\s?morgon|imorgon|idag|i\s?dag|enligt|samtliga|hela|bara|"
    r"allihop\w{0,2}))"
)
YES: Final = _all(
    rf"""
    {_WE}(?:\s(?:och|och min|och mina|och en|\+)\s(?:\w{{1,20}}\s?){{1,3}})?\s{_ADVERB}kommer{_REST}
    kommer\s(?:jag|vi|undertecknad)\b(?!\s(?:på|ihåg|fram|från|tillbaka|att|hem|aldrig|inte|ej|tyvärr|\
        dessvärre|nog|kanske|troligen|förmodligen|snart|igång|in\b|åt))
    kommer\s(?:jag\s|vi\s)?{_ADVERB}(?:att\s)?(?:kunna\s)?(?:{_ATTEND})
    (?:jag|vi)\skan\s{_ADVERB}{_ATTEND}
    kan\s(?:jag|vi)\s{_ADVERB}{_ATTEND}
    ska\s(?:jag\s|vi\s)?{_ADVERB}{_ATTEND}
    (?:jag|vi)\s(?:\w{{1,12}}\s)?(?:deltar|medverkar|närvarar|ansluter|hänger på|hänger med|följer med|\
        dyker upp)(?!\s(?:\w{{1,8}}\s)?(?:inte|ej))
    (?:deltar|medverkar)\s(?:gärna|jag|vi|med\s\w+)
    (?:jag|vi)\sär\s(?:gärna\s|absolut\s|självklart\s|såklart\s)?med(?=\s*$|\s(?:på|och|den|då)\b)
    är\s(?:jag|vi)\s(?:gärna\s)?med(?=\s*$|\s(?:på|och|den|då)\b)
    räkna\s(?:absolut\s|gärna\s)?med\s(?:mig|oss)
    anmäler\s(?:jag\s|vi\s|härmed\s|gärna\s){{0,2}}(?:mig|oss|\d|en|två|tre|fyra|fem|sex|sju|åtta)\b
    (?:vill|skulle vilja|önskar)\s(?:gärna\s)?anmäla\b
    anmäl\s(?:gärna\s)?(?:mig|oss|\d|två|tre|fyra|fem)\b
    anmälan för\s
    tackar\s(?:jag\s|vi\s)?(?:gärna\s|så mycket och säger\s)?ja\b
    ja tack
    säger\sja\b
    vi (?:blir|är)\s(?:nog\s|då\s)?(?:\d{{1,2}}|en|två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv)\b(?=\s*$|\
        \s(?:st|stycken|pers\w*|från|som kommer|som deltar|och|varav|totalt|deltagare|till)\b)
    det blir\s(?:bara\s)?(?:jag|vi|\d{{1,2}} (?:st|stycken|pers\w*))\b
    (?:vill|får) (?:jag |vi )?(?:absolut )?inte (?:för allt i världen )?missa
    missar (?:vi |jag )?(?:det |detta )?(?:självklart |absolut )?inte
    (?:vi|jag) ses (?:där|då|på|den)
    ses (?:där|på plats)
    inget (?:som )?hindrar (?:mig|oss)
    dyker gärna upp
    (?:i|we)(?:\sand\s\w{{1,15}}(?:\s\w{{1,15}})?)?\s(?:will|shall|can|am going to|are going to|am able to|\
        are able to)\s(?:be happy to\s|gladly\s|definitely\s|certainly\s|both\s|all\s)?{_COME_ENG}
    (?:i'll|we'll)\s(?:gladly\s|definitely\s|certainly\s|both\s|all\s)?{_COME_ENG}
    (?:i am|we are|i'm|we're)\s(?:both\s|all\s|definitely\s|two\s|three\s)?(?:coming|attending|joining|in)\b
    count (?:me|us) in
    (?:happy|glad|pleased|delighted) to (?:come|attend|join|accept|participate|confirm)
    (?:i|we) (?:gladly |happily )?accept\b
    see you there
    sign (?:me|us) up
    there will be (?:\d|two|three|four|five|six) of us
    we will be (?:\d|two|three|four|five|six)\b
    would ?n[o']t miss it
    """
)
YES_START: Final = re.compile(
    rf"(?:ja|japp|yes|absolut|självklart|gärna|såklart|javisst|jadå|jajamän|tack|ok|okej|jo|yep|"
    rf"sure)?\s?{_ADVERB}(?:kommer|deltar|medverkar)(?!\s(?:inte|ej)){_REST}", re.IGNORECASE
)  # fmt: skip
YES_WHOLE: Final = re.compile(
    r"(?:ja|japp|yes|yep|jadå|jajamän|javisst|ja gärna|ja tack|gärna|absolut|självklart|såklart|givetvis|"
    r"ja absolut|ja självklart|ja jag kommer|jajjemen|med glädje|definitely|of course|sure|certainly|"
    r"gladly|yes please|ja det gör (?:jag|vi)|ja vi kommer)", re.IGNORECASE
)  # fmt: skip
WISH: Final = _all(
    rf"""
    (?:vill|skulle|önskar)\s(?:jag\s|vi\s)?(?:så\s|mycket\s|jätte)?(?:gärna\s)?(?:vilja\s)?(?:{_ATTEND})
    (?:i'd|we'd|i would|we would) (?:love|like|be happy|be delighted|be glad) to
    (?:would love|would like) to (?:come|attend|join)
    """
)
MAYBE: Final = _all(
    r"""
    kanske
    möjligen
    eventuellt
    ev\b
    osäker\w{0,2}
    preliminär\w{0,2}
    troligen|troligtvis|förmodligen|sannolikt|antagligen
    vet (?:jag |vi )?(?:\w{1,8} )?(?:inte|ej)\b
    (?:jag|vi)\skommer\snog\b
    kommer\s(?:jag|vi)\snog\b
    (?:ska |skall |kommer att )?försök(?:er|a)?\s(?:att\s)?(?:komma|delta|vara med|hinna)
    hoppas\s(?:\w{1,10}\s){0,2}(?:komma|kunna|delta|att jag kan|att vi kan|jag kan|vi kan)
    inte säker\w{0,2}
    inte (?:helt )?klart (?:än|ännu)
    oklart
    kan inte (?:svara|säga|lova|garantera)\w{0,4}
    maybe
    perhaps
    might
    possibly
    probably
    not (?:yet )?sure
    don't know
    do not know
    not certain
    tentative\w{0,2}
    (?:try|trying|hope|hoping) to (?:come|attend|join|make it|be there)
    """
)
AGAIN: Final = _all(
    r"""
    återkomm(?:er|a)\b(?!\s(?:\w{1,8}\s)?(?:med|om|kring|ang)\b(?!\s(?:ett\s)?(?:besked|svar)))
    hör av (?:mig|oss)
    meddelar senare
    get back to you
    let you know (?:later|soon|as soon|when|next)
    """
)
TIME_ONLY: Final = _all(
    r"""
    sen\b
    senare
    sent
    lite efter
    några minuter
    en kvart
    halvtimme
    late\b
    later
    gå tidigare
    gå lite
    hela (?:dagen|tiden|eftermiddagen|förmiddagen)
    stanna
    leave early
    tar med
    ta med
    bring
    parkering
    tåg
    bussen
    bil\b
    """
)
"""About how or how long somebody comes, or with whom; not about whether."""
PART: Final = re.compile(r"\b(?:inte|not)\s(?:bara|ensam\w?|själv|only|alone|just)\b", re.IGNORECASE)
"""Not only: no negation."""
NAMED: Final = re.compile(
    r"(?!(?:Jag|Vi|I|We|Tack|Hej|Ja|Nej|Det|Då|Tyvärr|Kan|Kommer|Undertecknad|Dessvärre|Kanske|Eventuellt|"
    r"Troligen|Gärna|Absolut|Självklart|Räkna|Anmäler|Tackar|Har|Får|Unfortunately|Sadly|Sorry|Yes|No|"
    r"Maybe|Deltar|Ses|Ska|Hoppas|Och|Måste|Inget|Both|Båda|Alla|Count|Happy|There|See|This|It|Thank|"
    r"Thanks|Hi|Hello|Dear|Not|Will|Would|Can|Cannot|Could|Unable|Regretfully|Passar|Funkar|Hinner|Är|"
    r"Vill|På|Den|Denna|Till|I\'ll|I\'m|We\'re|We\'ll|Preliminärt|Återkommer|Nope|Missar|Dyker|Medverkar|"
    r"Avböjer|Avstår|Lämnar|Tvungen|Vet|Osäker|Oklart|Perhaps|Probably|Might|Tentatively|Glad|Pleased|"
    r"Delighted|Sign)\b)[A-ZÅÄÖ][a-zåäöé]{1,20}(?:\s[A-ZÅÄÖ][a-zåäöé-]{1,25})?\s(?:kan|kommer|är|har|"
    r"deltar|ska|måste|will|can|cannot|is|won't|can't)\b"
)
"""``Lisa kan`` at a clause's beginning: somebody else."""
