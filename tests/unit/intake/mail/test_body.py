"""A mail's text is told apart from what it quotes, and no word is lost."""

from __future__ import annotations

import textwrap
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.model import Divided
from services.intake.mail.words.body import divide
from services.intake.mail.words.html import to_text
from tests.support.growth import assert_linear
from tests.unit.intake.mail.reply_corpus import Case, cases, said_of_forwarded

CORPUS = cases()
OWN = "Ja, det gör vi gärna.\n\nMen först på våren."
QUOTE = "> Ska vi ta ladan?\n>\n> Den är tom nu."
WHO = "Kim Testperson <kim@are.example>"

# Attribution lines as clients write them in their languages; name and address are ours.
ATTRIBUTIONS = f"""\
Den tis 3 nov. 2026 kl 09:14 skrev {WHO}:
3 nov. 2026 kl. 09:14 skrev {WHO}:
Den tisdag 3 november 2026 {WHO} skrev:
Den 2026-11-03 kl. 09:14, skrev Kim Testperson:
På tis, 2026-11-03 kl. 09:14 +0100, skrev Kim Testperson:
On Tue, Nov 3, 2026 at 9:14 AM {WHO} wrote:
On Nov 3, 2026 9:14 AM, "Kim Testperson" <kim@are.example> wrote:
On Tue, 3 Nov 2026 09:14:22 +0100, {WHO} wrote:
On 2026-11-03 09:14, Kim Testperson via Ideas wrote:
Kim Testperson wrote on 3/11/26 9:14 AM:
"Kim Testperson" <kim@are.example> writes:
{WHO} schrieb am Di., 3. Nov. 2026, 09:14:
Am 03.11.26 um 09:14 schrieb Kim Testperson:
Le 03/11/2026 à 09:14, Kim Testperson a écrit :
Il 03/11/2026 09:14, Kim Testperson ha scritto:
El 3/11/26 a las 9:14, Kim Testperson escribió:
Em 03/11/2026 09:14, Kim Testperson escreveu:
Op 3 nov. 2026 om 09:14 heeft {WHO} het volgende geschreven:
W dniu 03.11.2026 o 09:14, Kim Testperson pisze:
Wiadomość napisana przez {WHO} w dniu 03.11.2026, o godz. 09:14:
Dne 3.11.2026 v 9:14 Kim Testperson napsal(a):
{WHO} ezt írta (időpont: 2026. nov. 3., K, 9:14):
Pe mar., 3 nov. 2026 la 09:14, {WHO} a scris:
uto, 3. stu 2026. u 09:14 {WHO} napisao je:
Στις Τρί, 3 Νοε 2026 στις 9:14 π.μ., ο χρήστης {WHO} έγραψε:
3 нояб. 2026 г., в 9:14, {WHO} написал(а):
вт, 3 лист. 2026 р. о 09:14 {WHO} пише:
{WHO} kirjoitti 3.11.2026 kello 9.14:
Kuupäev T, 3. november 2026 kell 09:14 kirjutas {WHO}:
Den 3. nov. 2026 kl. 09.14 skrev {WHO}:
Vào Th 3, 3 thg 11, 2026 vào lúc 09:14 {WHO} đã viết:
2026년 11월 3일 (화) 오전 9:14, {WHO}님이 작성:
{WHO} 于2026年11月3日周二 上午9:14写道：
2026/11/03 9:14、{WHO}のメール：
Missatge de {WHO} del dia dt., 3 de nov. 2026 a les 9:14:
في الثلاثاء، 3 نوفمبر 2026 في 9:14 ص تمت كتابة ما يلي بواسطة {WHO}:
2026-11-03, an, 09:14 {WHO} rašė:
* {WHO} [2026-11-03 09:14]:
Quoting {WHO}:
Citat {WHO}:
Thus spake {WHO}:
---- On Tue, 03 Nov 2026 09:14:22 +0100 {WHO} wrote ----""".split("\n")

CLIENT_LINES = [
    "Skickat från min iPhone",
    "Skickat från min Samsung Galaxy-smartphone.",
    "Skickat från Mail för Windows 10",
    "Skickat från iCloud",
    "Skickades från Outlook för Android<https://aka.ms/exempel>",
    "Hämta Outlook för iOS<https://aka.ms/exempel>",
    "Skickat med Proton Mail säkra e-post.",
    "Sent from my iPhone",
    "(Sent from my iPhone)",
    "Sent from my phone. Please excuse my brevity.",
    "Sent from my Verizon, Samsung Galaxy smartphone",
    "Sent via BlackBerry by AT&T",
    "Sent from Mailspring",
    "Get Outlook for Android<https://aka.ms/exempel>",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Gesendet von Mail für Windows",
    "Envoyé de mon appareil Samsung",
    "Obtenir Outlook pour iOS",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "iPhoneから送信",
    "发自我的 iPhone",
    "Отправлено из мобильной Почты Mail.ru",
    "Sent from a mobile device",
    "Sent from myMail for iOS",
    "Sent from TypeApp",
    "Sent using Zoho Mail",
    "iPhone'umdan gönderildi",
    "Надіслано з iPhone",
    "נשלח מה-iPhone שלי",
    "أُرسلت من الـ iPhone",
    "Poslano z mojega iPhone",
    "Sent from Front",
    "Sent from Workspace ONE Boxer",
    "Sent from AOL Mobile Mail",
]


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_the_corpus_is_told_apart_exactly(case: Case) -> None:
    divided = _divide(case)

    assert divided.text == case.text, (case.sections["shows"], divided.reasons)
    for name in ("quoted", "signature"):
        if name in case.sections:
            assert getattr(divided, name) == case.sections[name]
    assert said_of_forwarded(divided) == case.sections.get("forwarded", "")


def test_the_corpus_is_large_enough_and_says_what_each_mail_shows() -> None:
    assert len(CORPUS) >= 120
    assert all(case.sections["shows"].strip() for case in CORPUS)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize("width", [None, 60, 40])
def test_an_attribution_in_any_language_and_wrapping_is_set_apart_with_its_quote(
    attribution: str, width: int | None
) -> None:
    wrapped = attribution
    if width:
        wrapped = "\n".join(textwrap.wrap(attribution, width, break_long_words=False, break_on_hyphens=False))

    assert divide(f"{OWN}\n\n{wrapped}\n\n{QUOTE}\n", None).text == OWN
    assert divide(f"{OWN}\n{wrapped}\n{QUOTE}", None).text == OWN
    assert divide(f"{wrapped}\n{QUOTE}\n\n{OWN}\n", None).text == OWN


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_with_no_break_spaces_or_inside_the_quote_is_set_apart(attribution: str) -> None:
    hard = attribution.replace(" ", "\u00a0")

    assert divide(f"{OWN}\n\n{hard}\n\n{QUOTE}", None).text == OWN
    assert divide(f"{OWN}\n\n> {attribution}\n> \n{QUOTE}", None).text == OWN


@pytest.mark.parametrize("line", CLIENT_LINES)
def test_a_clients_own_line_goes_to_the_signature(line: str) -> None:
    alone = divide(f"{OWN}\n\n{line}\n", None)
    before_quote = divide(f"{OWN}\n\n{line}\n\nOn Tue, Nov 3, 2026 at 9:14 AM {WHO} wrote:\n{QUOTE}", None)

    assert (alone.text, alone.signature) == (OWN, line)
    assert (before_quote.text, before_quote.signature) == (OWN, line)


SENTENCES = [
    "Brevet är borta.\nSkickat från min far till kommunen år 1958, utan svar.",
    "Protokollet finns.\n\nSkickat via e-post till alla i går.",
    "We told them.\n\nSent via email to everyone.",
    "Ett förslag.\n\nSkriv inte ut protokoll längre!",
    "Ett förslag.\n\nTänk på miljön och ställ in tjänsteresorna.",
    "Förslag ett: en bro.\n\n---\n\nFörslag två: skapa en e-postlista för alla föräldrar",
    "Förslag:\n---\nBro\nVid ån",
    "Detta kommer utifrån medarbetarnas önskemål.\n\nBygg en bro.",
    "Externt mejl borde märkas tydligare.\n\nDet vore bra.",
    "Ring 0640-161 00 om ni undrar.\n\nMvh\nBo",
    "Kl 10:30 passar\nför alla.",
    "Ny rutin\nFrån: Östersund\nTill: Krokom\nDatum: 2026-12-01\nTid: 07:15",
    "As Kim wrote in the plan of 2026: we need lamps.\n\nI agree.",
    "Den 3 november 2026 kl 09:14 skrev vi till nämnden:\n\nVi vill ha en bro.",
    "Jag fick ett mejl från kim@are.example den 3 november 2026 där hon skrev:\n\nVi vill ha lampor.",
    "Ursprungligt meddelande\nsaknas i arkivet.",
    "Kör så här:\nSQL> select 1\nSQL> select 2",
    "Kim <kim@are.example> wrote this version in 2026. See the\nplan for more.\nCosts: 5\nRemarks:",
    "Byggt av\nKim <kim@are.example> den 3 nov. 2026 09:14\noch sedan av:\n\nEva <eva@are.example>",
    "Tack till:\n  2024 Kim <kim@are.example>\n  2025 Eva <eva@are.example>",
    "Listor\n-----\nVår mailing list lista@are.example är till för alla som vill bygga.",
    "I am happy >:-)\n>:-(\nSometimes not.",
    "Ämne: bron\nTill: alla\n\nLaga den.",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_a_persons_own_sentence_that_looks_like_a_clients_line_is_kept(text: str) -> None:
    assert divide(text, None).text == text


def test_own_words_right_above_an_attribution_are_not_taken_with_it() -> None:
    for own in ("Kl 10:30 passar", "Vi ses 3.11.2026", "Ja. Nej.", "Tack, 3 stolar", "Maila bo@berg.example"):
        for attribution in ATTRIBUTIONS:
            assert divide(f"{own}\n{attribution}\n{QUOTE}", None).text == own, attribution


def test_a_mail_with_nothing_but_a_quote_or_a_signature_keeps_everything() -> None:
    for text in (QUOTE, f"On Tue, Nov 3, 2026 at 9:14 AM {WHO} wrote:\n{QUOTE}", "Sent from my iPhone", "-- \nBo"):
        divided = divide(text, None)
        assert divided.text == "\n".join(line.rstrip() for line in text.split("\n"))
        assert "everything was kept" in divided.reasons[0]


def test_an_empty_mail_gives_empty_text() -> None:
    assert divide(None, None) == divide("", " \n") == Divided("")


def test_the_reasons_count_and_name_what_was_set_apart() -> None:
    divided = divide(
        "Ja.\n\nFrån: Kim <kim@are.example>\nSkickat: den 3 november 2026 09:14\nTill: Bo\nÄmne: Bro\n\nVill du?",
        None,
    )

    assert divided.reasons == ("5 lines set apart at 'Från:'",)


def test_the_subject_decides_whether_a_header_block_is_quoted_or_forwarded() -> None:
    block = "Från: Kim <kim@are.example>\nSkickat: den 3 november 2026 09:14\nTill: Bo\nÄmne: Bro"
    mail = f"Se nedan.\n\n{block}\n\nVill du?"

    assert divide(mail, None, subject="Sv: Bro").forwarded is None
    assert divide(mail, None, subject="VB: Bro").forwarded is not None
    assert divide(mail, None, subject="VB: Bro").text == divide(mail, None, subject="Sv: Bro").text == "Se nedan."


def test_wanted_blank_lines_and_indentation_stay_as_typed() -> None:
    own = "  1. Bro\n     a. vid ån\n\n\n  2. Bastu"

    assert divide(f"\n{own}   \n\n", None).text == own


PIECES = [
    OWN,
    QUOTE,
    *ATTRIBUTIONS[:12],
    *CLIENT_LINES[:6],
    "-- \nBo Provsson\n070-123 45 67",
    "________________________________",
    "-----Original Message-----",
    "---------- Forwarded message ---------",
    "Från: Kim <kim@are.example>\nSkickat: den 3 november 2026 09:14\nTill: Bo\nÄmne: Bro",
    "Mvh\nBo\nTel 0640-161 00",
    "##- Svara ovanför den här raden -##",
    "",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=40)), max_size=8), st.sampled_from(["", "VB: x"]))
@settings(max_examples=200, deadline=None)
def test_no_word_of_any_plain_text_is_lost(pieces: list[str], subject: str) -> None:
    mail = "\n".join(pieces)

    divided = divide(mail, None, subject=subject)

    everything = "\n".join((divided.text, divided.quoted, divided.signature))
    assert not Counter(mail.split()) - Counter(everything.split())


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>ord ett</p>",
                "<div>två, tre</div>",
                '<blockquote type="cite">',
                "<blockquote>",
                "</blockquote>",
                '<div class="gmail_signature">',
                '<div class="gmail_quote">',
                '<div class="gmail_attr">',
                '<div id="divRplyFwdMsg">',
                '<div class="moz-forward-container">',
                "</div>",
                "<br>",
                "<p>On Tue, Nov 3, 2026 at 9:14 AM Kim &lt;kim@are.example&gt; wrote:</p>",
                "<div>Från: Kim &lt;kim@are.example&gt;<br>Skickat: 2026-11-03 09:14<br>Ämne: bro</div>",
                "<div>Skickat från min iPhone</div>",
                "<hr>",
            ]
        ),
        max_size=12,
    ),
    st.sampled_from(["", "Fwd: x"]),
)
@settings(max_examples=200, deadline=None)
def test_no_word_of_any_html_is_lost(pieces: list[str], subject: str) -> None:
    html = "\n".join(pieces)

    divided = divide(None, html, subject=subject)

    everything = "\n".join((divided.text, divided.quoted, divided.signature))
    assert not _bare_words(to_text(html)) - _bare_words(everything)


def _bare_words(text: str) -> Counter[str]:
    return Counter(word for word in text.replace(">", " ").split() if any(map(str.isalnum, word)))


@given(st.text(alphabet=st.sampled_from("<>/abdivpqtblockuoe =\"'!-&;#x1 \n"), max_size=300), st.text(max_size=100))
@settings(max_examples=200, deadline=None)
def test_no_html_however_broken_raises(html: str, plain: str) -> None:
    assert isinstance(divide(plain, html), Divided)


TEXTS = {
    "quote signs": lambda count: ">" * count,
    "lines": lambda count: "x\n" * count,
    "quoted lines": lambda count: "> x\n" * count,
    "one long line of verbs": lambda count: "wrote: " * count,
    "attributions alone": lambda count: "On 3 Nov 2026 Kim <k@x.se> wrote:\n" * count,
    "header lines alone": lambda count: "From: a@b.se\n" * count,
    "wrapped recipients": lambda count: "From: x\n" + "To: a@b.se;\n" * count,
    "rules alone": lambda count: "---\n" * count,
    "delimiters alone": lambda count: "--\n" * count,
    "colons alone": lambda count: "a:\n" * count,
    "interleaved": lambda count: "> a\nb\n" * count,
    "signs of an address": lambda count: "a@" * count,
    "blanks": lambda count: " " * count,
    "blank lines in a quote": lambda count: "AB> x\n" + "\n" * count + "AB> y\n",
    "an ordinary mail": lambda count: (
        f"{OWN}\n\nOn Tue, Nov 3, 2026 at 9:14 AM {WHO} wrote:\n" + "> en citerad rad om cyklar\n" * count
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_takes_time_in_proportion_to_its_length(name: str) -> None:
    assert_linear(lambda text: divide(text, None), make=TEXTS[name], least=200)


def _divide(case: Case) -> Divided:
    sections = case.sections
    return divide(sections.get("plain"), sections.get("html"), subject=sections.get("subject"))
