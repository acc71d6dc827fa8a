"""The line "reply above this line" that a service writes on top of what may be cut off from an answer."""

from __future__ import annotations

from services.intake.mail.words.wordlists import phrases

_ABOVE = phrases(
    """
    above this line | above the line | ovanför den här raden | ovanför denna rad | ovanför denna linje |
    ovanför den här linjen | ovanför raden | över den här raden | över denna rad | över denna linje |
    over denne linje | over denne linjen | over linjen | oberhalb dieser | über dieser zeile |
    au-dessus de cette ligne | par-dessus cette ligne | encima de esta línea | por encima de esta |
    sopra questa riga | al di sopra di questa | boven deze lijn | boven deze regel | acima desta linha |
    powyżej tej linii | выше этой строки | tämän viivan yläpuolelle | tämän rivin yläpuolelle
    """
)
_REPLY = phrases(
    """
    reply | respond | answer | type | write | svar | skriv | antwort | schreib | répon | ecri | écri |
    respuesta | escrib | rispo | scriv | antwoord | typ | responda | odpow | pisz | ответ | пиш | vastaa |
    kirjoita
    """
)
_MARKS = "-=#*_~<>|+•—–"


def is_reply_above(words: str) -> bool:
    """True for such a line: the phrase, a word for replying, and the marks around it or little else."""
    if len(words) > 160 or (words[0] not in _MARKS and words[-1] not in _MARKS):
        return False
    low = words.casefold()
    return any(phrase in low for phrase in _ABOVE) and any(word in low for word in _REPLY)
