"""A mail's HTML becomes readable text and safe HTML, whatever its shape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.words import html as mail_html
from services.intake.mail.words.html import safe, to_text
from tests.support.growth import assert_linear

RUNS = re.compile(
    r"<\s*(?:script|svg|math|style|iframe|object|embed|form|input|meta|base|link|video)"
    r"|\son\w+\s*=|javascript:|ond\.example|spion\.example|style\s*=|srcset|data:",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Ett</p><p>Två</p>", "Ett\n\nTvå"),
        ("<div>Ett</div><div>Två</div>", "Ett\nTvå"),
        ("Ett<br>Två<br><br>Tre", "Ett\nTvå\n\nTre"),
        ("<div>Ett</div><div><br></div><div>Två</div>", "Ett\n\nTvå"),
        ("  mycket \n  luft  ", "mycket luft"),
        ("Tre&nbsp;&amp;&nbsp;fyra &lt;b&gt; &#229;&#xe4;", "Tre & fyra <b> åä"),
        ("<ul><li>ett<li>två<ul><li>inre</li></ul></li></ul>", "- ett\n- två\n  - inre"),
        ("<ol start=3><li><p>tre</p></li><li><p>fyra</p></li></ol>", "3. tre\n4. fyra"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c<td>d</table>", "a\tb\nc\td"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<div style="white-space: pre-wrap">a\nb</div>', "a\nb"),
        ('<a href="https://krokom.example/x">planen</a>', "planen (https://krokom.example/x)"),
        ('<a href="https://krokom.example/">krokom.example</a>', "krokom.example"),
        ('<a href="mailto:ide@krokom.example">ide@krokom.example</a>', "ide@krokom.example"),
        ('<a href="mailto:ide@krokom.example?subject=x">skriv</a>', "skriv (ide@krokom.example)"),
        ('<a href="javascript:alert(1)">klicka</a>', "klicka"),
        ('<div style="display:none">göm</div>syns', "syns"),
        ('<span style="mso-hide:all">göm</span>syns', "syns"),
        ('<div style="max-height:0px;overflow:hidden">göm</div>syns', "syns"),
        ("<style>p{}</style><script>x()</script><title>t</title>syns", "syns"),
        ("<!-- gömd -->syns<![endif]-->", "syns"),
        ("a < b och b > c", "a < b och b > c"),
        ("skriv till <asa@krokom.example> nu", "skriv till <asa@krokom.example> nu"),
        ("<style>aldrig stängd, men orden syns", "aldrig stängd, men orden syns"),
        ("<!-- aldrig stängd, men orden syns <p>slut", "aldrig stängd, men orden syns\n\nslut"),
        ("<blockquote type=cite>citat<br>mer</blockquote>svar", "> citat\n> mer\n\nsvar"),
        ("<blockquote>indraget</blockquote>svar", "indraget\n\nsvar"),
        ('<img src="x" alt="logotyp"><img src="y" alt="😀">', "😀"),
        ("<hr>", "---"),
        ("</div></p>&nbsp;", ""),
        ("<p hidden>göm</p><p>syns</p>", "syns"),
    ],
)
def test_html_reads_as_a_person_sees_it(html: str, text: str) -> None:
    assert to_text(html) == text


def test_text_in_the_innermost_of_100000_elements_is_not_lost() -> None:
    assert to_text("<div>" * 100_000 + "slut") == "slut"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<img src="https://spion.example/pixel.gif">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" jav&#x09;ascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
        "<form action=https://ond.example><input name=a><button>x</button></form>",
        '<div style="background:url(https://ond.example)">x</div>',
        "<style>@import 'https://ond.example'</style>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=x></object><embed src=x>",
        "<base href=https://ond.example><link rel=stylesheet href=https://ond.example>",
        "<meta http-equiv=refresh content='0;url=https://ond.example'>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<template><img src=x onerror=alert(1)></template>",
        "<a href='https://a.example' target=_blank ping=https://ond.example>x</a>",
        "<img src='cid:x' srcset='https://ond.example 1x'>",
        "<table background=https://ond.example><tr><td>x",
        "<video poster=https://ond.example><source src=https://ond.example></video>",
        "<b <script>alert(1)</script>0",
        "<<script>alert(1);//<</script>",
        "<xmp><img src=x onerror=alert(1)></xmp>",
        '<a title="x" onmouseover="alert(1)" href="https://a.example">x</a>',
    ],
)
def test_nothing_that_runs_or_fetches_survives(html: str) -> None:
    shown = safe(html)

    tags = re.findall(r"<[^>]*>", shown)
    assert not any(RUNS.search(tag) for tag in tags), shown


def test_safe_html_keeps_structure_links_and_the_mails_own_images() -> None:
    shown = safe('<p lang="sv">Se <a href="https://krokom.example/">planen</a></p><img src="cid:bild@x" alt="karta">')

    assert '<p lang="sv">' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert '<img src="cid:bild@x" alt="karta">' in shown


def test_safe_html_hides_what_the_mail_hides() -> None:
    assert safe('<div style="display:none">förhandstext</div><p>syns</p>') == "<p>syns</p>"


@given(st.text(alphabet=st.sampled_from("<>/abdivpqtscriptyle =\"'!-&;#x1\n"), max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_html_raises_or_leaves_a_script(html: str) -> None:
    to_text(html)
    assert "<script" not in safe(html).casefold()


@given(
    st.lists(
        st.sampled_from(
            [
                "ord",
                "å",
                "12",
                "<b>",
                "</b>",
                "<p>",
                "</p>",
                "<div>",
                "</div>",
                "<blockquote>",
                "</blockquote>",
                "<td>",
            ]
        )
    )
)
@settings(max_examples=200, deadline=None)
def test_every_visible_word_is_in_the_text_in_its_order(pieces: list[str]) -> None:
    words = [piece for piece in pieces if not piece.startswith("<")]

    assert to_text(" ".join(pieces)).replace(">", " ").split() == words


HOSTILE = {
    "deep div": lambda count: "<div>" * count,
    "deep quotes": lambda count: '<blockquote type="cite">x' * count,
    "angle brackets": lambda count: "<" * count,
    "ampersands": lambda count: "&" * count,
    "endless digits": lambda count: "&#" + "1" * count,
    "attributes": lambda count: "<a " + "".join(f"b{number} " for number in range(count)) + ">slut",
    "unclosed attributes": lambda count: '<a href="' * count,
    "unclosed comments": lambda count: "<!--" * count,
    "unclosed scripts": lambda count: "<script>" * count,
    "misnested": lambda count: "<b></i>" * count,
    "items": lambda count: "<li>" * count,
    "tables": lambda count: "<table><tr><td>" * count,
    "blanks in a tag": lambda count: "<a" + " " * count + ">",
    "links": lambda count: "<a href=x>y" * count,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_takes_time_in_proportion_to_its_length(name: str) -> None:
    assert_linear(to_text, make=HOSTILE[name])
    assert_linear(safe, make=HOSTILE[name])


def test_more_ampersands_than_the_cleaner_can_bear_are_written_full_width() -> None:
    few, many = safe("&" * mail_html.MAX_AMPERSANDS), safe("&" * (mail_html.MAX_AMPERSANDS + 1))

    assert "＆" not in few
    assert "&" not in many
