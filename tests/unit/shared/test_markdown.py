"""Markdown: what people mean is shown, what an attacker means is not."""

from __future__ import annotations

import re

import pytest

from shared import markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<?php alert(1) ?><img src=x onerror=alert(1)>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#x61;vascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/)",
    "[x](/kontakt/ut)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://krokom.example "onmouseover=alert(1) x=\\"")',
    '[x](https://krokom.example/"onmouseover="alert(1))',
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '```"onload=alert(1)\n<img src=x onerror=alert(1)>\n```',
    "`<img src=x onerror=alert(1)>`",
    "# <img src=x onerror=alert(1)>",
    "- <img src=x onerror=alert(1)>\n> <script>alert(1)</script>",
    "[<img src=x onerror=alert(1)>](https://krokom.example)",
    "<p style='position:fixed;inset:0'>over all</p>",
    "[x](https://krokom.example){onclick=alert(1)}",
]
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>")
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_becomes_a_tag_an_attribute_or_an_address(text: str) -> None:
    made = str(markdown.html(text))

    for closing, tag, rest in TAG.findall(made):
        assert tag in markdown.TAGS, made
        attributes = dict(ATTRIBUTE.findall(rest))
        assert ATTRIBUTE.sub("", rest).strip() == "", made
        assert not (closing and attributes), made
        assert set(attributes) <= {"href", "rel", "class", "start", "title"}, made
        assert "href" not in attributes or attributes["href"].startswith(("https://", "http://", "mailto:")), made
    assert "<" not in TAG.sub("", made)


def test_people_get_what_they_mean_with_headings_that_leave_no_gap() -> None:
    text = "### Kalas\nVi ses\nkl. 9\n\n# Sen\n#### Till sist\n1. *Fika*\n2. **Idéer** [mer](https://krokom.example/a?b=1&c=2)"

    made = str(markdown.html(text, top=3))

    assert re.findall(r"<(h\d)>", made) == ["h3", "h3", "h4"]
    assert "Vi ses<br>\nkl. 9" in made
    assert '<li><strong>Idéer</strong> <a href="https://krokom.example/a?b=1&amp;c=2" class="ds-link" rel="' in made
    assert str(markdown.html("#### Sist", top=6)) == "<h6>Sist</h6>"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("## Program\nVi ses\nkl. 9\n\nHej", "Program\n\nVi ses\nkl. 9\n\nHej"),
        ("- fika\n- idéer\n  - kort\n\nSlut", "– fika\n– idéer\n  – kort\n\nSlut"),
        ("3. tre\n4. fyra", "3. tre\n4. fyra"),
        ("**Läs** [mer](https://krokom.example/a), <https://b.example>", "Läs mer (https://krokom.example/a), https://b.example"),
        ("Skriv till <kim@krokom.example>", "Skriv till kim@krokom.example"),
        ("[Kim](mailto:kim@krokom.example)", "Kim (kim@krokom.example)"),
        ("1 < 2 & `x`", "1 < 2 & x"),
        ("", ""),
    ],
)  # fmt: skip
def test_plain_text_says_the_same_without_marks(text: str, plain: str) -> None:
    assert markdown.plain(text) == plain


def test_a_long_text_is_read_to_the_limit_alone() -> None:
    assert len(markdown.plain("a" * (markdown.LIMIT + 9))) == markdown.LIMIT
