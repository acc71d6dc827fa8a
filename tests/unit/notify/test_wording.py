"""What may be kept as a wording, and that nothing put into one leaves its place."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from services.notify.domain.kinds import Kind
from services.notify.domain.variable import Form, Variable
from services.notify.domain.variables import samples, variables, worded_kinds
from services.notify.domain.wording import LONGEST_BODY, Wording, WordingError, check, from_source
from services.notify.render import Renderer
from tests.support.growth import FACTOR, assert_linear

RENDERER = Renderer()
GOOD = "# Tack\n\n[Följ idén]({{ follow_url }})"


def faults(body: str, subject: str = "Hej", kind: Kind = Kind.CONFIRMATION) -> list[tuple[str, int, str]]:
    """Where and what, short."""
    return [(each.where, each.line, each.text_key.removeprefix("fault.")) for each in check(kind, subject, body)]


def test_a_wording_without_fault_is_kept() -> None:
    assert faults(GOOD) == []
    assert faults(GOOD.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "{{7*7}}",
        "{{ 7*7 }}",
        "{{ x.__class__ }}",
        "{x.__class__}",
        "{{ ''.__class__.__mro__ }}",
        "{{ idea.__class__ }}",
        "{{ idea.title.__class__ }}",
        "{{ idea['title'] }}",
        "{{ idea.title.upper() }}",
        "{{ idea.title|upper }}",
        "{{ idea.title|attr('x') }}",
        "{{ lipsum.__globals__ }}",
        "{{ config }}",
        "{{ self }}",
        "{{ loop }}",
        "{{ range(9999999) }}",
        "{{ 'x' }}",
        "{{ idea.title ~ 'x' }}",
        "{{ idea.title if idea.title }}",
        "{{ idea }}",
        "{{ asks_kind }}",
        "${7*7}",
        "{idea.__init__.__globals__}",
        "{% set x = 1 %}",
        "{% import 'os' as os %}",
        "{% include 'layout.html' %}",
        "{% extends 'layout.html' %}",
        "{% macro x() %}{% endmacro %}",
        "{% block x %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% with x=1 %}{% endwith %}",
        "{% for a in attachments %}{% for b in attachments %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in attachments recursive %}{{ a }}{% endfor %}",
        "{% for a in attachments if a %}{{ a }}{% endfor %}",
        "{% for a in idea.text %}{{ a }}{% endfor %}",
        "{% for a, b in attachments %}{{ a }}{% endfor %}",
        "{% if idea.title > 1 %}x{% endif %}",
        "{% if idea.title == idea.text %}x{% endif %}",
        "{% if 1 < 2 < 3 %}x{% endif %}",
        pytest.param(f"{{% if idea.title == {'9' * 5000} %}}x{{% endif %}}", id="a number that Python does not read"),
        "{% if idea.title is none %}x{% endif %}",
        "{% if idea.title.__class__ %}x{% endif %}",
        "{% if not (1).__class__ %}x{% endif %}",
        "[x](javascript:alert(1))",
        "[x](//x.example)",
        "[x]({{ idea.reference }})",
        "[x]( {{ follow_url }} )y",
        "**halvt",
        "{{ a }",
        "{{",
        "{% if idea.title %}",
        "{% endif %}",
    ],
)
def test_what_no_wording_may_hold_is_a_fault_on_its_line(line: str) -> None:
    found = faults(f"{GOOD}\n\n\n{line}")
    assert found
    assert {(where, number) for where, number, _ in found} == {("body", 6)}
    if "{" in line and not line.startswith("["):
        assert faults(GOOD, subject=line)


@pytest.mark.parametrize("sign", ["{{", "{%", "{#", "{{a", "{%{#"])
def test_a_body_of_nothing_but_beginnings_is_judged_at_once(sign: str) -> None:
    """In proportion to its length: 18,000 signs took seconds when each beginning looked through all that follow."""

    def body(count: int) -> str:
        return sign * (count // len(sign))

    assert faults(body(18_000))
    assert_linear(faults, make=body, most=LONGEST_BODY // FACTOR)


def test_a_subject_is_one_line_with_something_on_it() -> None:
    assert faults(GOOD, subject="  ") == [("subject", 1, "subject_empty")]
    assert faults(GOOD, subject="en\ntvå") == [("subject", 2, "subject_lines")]
    assert faults(GOOD, subject="{% if asks_kind %}Hej{% endif %}") == [("subject", 1, "subject_empty")]
    assert faults(GOOD, subject="x" * 301) == [("subject", 1, "too_long")]


def test_a_body_says_something_and_not_everything() -> None:
    assert faults(" \n ") == [("body", 1, "body_empty")]
    assert faults("x" * (LONGEST_BODY + 1)) == [("body", 1, "too_long")]
    assert faults("--\n[Följ]({{ follow_url }})") == [("body", 1, "body_empty")]


@pytest.mark.parametrize("kind", worded_kinds())
def test_what_a_kind_cannot_do_without_must_be_in_the_richest_and_in_the_poorest_mail(kind: Kind) -> None:
    needed = {each.name for each in variables(kind) if each.is_needed}
    assert needed
    found = check(kind, "Hej", "# Hej")
    assert {dict(each.facts)["name"] for each in found} == needed
    assert {each.text_key for each in found} == {"fault.needed"}


def test_what_is_needed_may_not_hang_on_something_that_may_lack() -> None:
    assert faults("# Hej\n\n{% if idea.title %}[Följ]({{ follow_url }}){% endif %}") == [("body", 1, "needed")]
    both = "# Hej\n\n{% if idea.title %}[Följ]({{ follow_url }}){% else %}[Se]({{ follow_url }}){% endif %}"
    assert faults(both) == []


@pytest.mark.parametrize(
    ("body", "is_good"),
    [
        ("{{ idea.title }}", False),
        ("{% if idea.title %}{{ idea.title }} {{ idea.text }}{% endif %}", True),
        ("{% if idea.title %}x{% else %}{{ idea.title }}{% endif %}", False),
        ("{% if not idea.title %}x{% else %}{{ idea.title }}{% endif %}", True),
        ("{% if idea.title and asks_kind %}{{ idea.title }}{% endif %}", True),
        ("{% if idea.title or asks_kind %}{{ idea.title }}{% endif %}", False),
        ("{% if not idea.title or asks_kind %}x{% else %}{{ idea.title }}{% endif %}", True),
        ("{% if not idea.title %}x{% elif asks_kind %}{{ idea.title }}{% endif %}", True),
        ("{% if asks_kind %}x{% elif idea.title %}{{ idea.title }}{% endif %}", True),
        ("{% if idea.title != 'x' %}{{ idea.title }}{% endif %}", False),
    ],
)
def test_what_may_lack_is_asked_about_before_it_is_written(body: str, is_good: bool) -> None:
    found = faults(f"{GOOD}\n\n{body}")
    assert found == ([] if is_good else [("body", 5, "may_lack")])


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    found = faults("{{ one }}\n**två\n{{ three }}\n{{ 4 }}", subject="{{ no }}")
    assert [(where, line) for where, line, _ in found] == [
        ("subject", 1),
        ("body", 1),
        ("body", 2),
        ("body", 3),
        ("body", 4),
    ]


def test_an_unclosed_block_is_told_where_it_was_opened() -> None:
    assert faults("a\n{% if asks_kind %}\nb\n{% for x in attachments %}\n{{ x }}\n{% endfor %}\nc") == [
        ("body", 2, "unclosed")
    ]


@pytest.mark.parametrize("sign", ["(", "not ", "-", "[", "{", "idea.", "{{", "{% if asks_kind %}", "{#", "**", "[]("])
def test_a_wording_made_to_exhaust_its_reader_is_a_fault_and_no_crash(sign: str) -> None:
    assert faults("{{ " + sign * (18_000 // len(sign)))


def test_a_file_has_its_subject_on_the_first_line_and_a_blank_one_below() -> None:
    wording = from_source("Ämne\n\n# Hej\n")
    assert (wording.subject, wording.body) == ("Ämne", "# Hej\n")
    with pytest.raises(WordingError):
        from_source("Ämne\n# Hej")


@given(subject=st.text(max_size=80), body=st.text(alphabet="{}%#*[]()->! \nabc._|", max_size=200))
def test_checking_never_fails_and_what_it_lets_through_can_be_written(subject: str, body: str) -> None:
    whole = f"{body}\n\n{GOOD}"
    if check(Kind.CONFIRMATION, subject, whole):
        return

    for lacking in (False, True):
        rendered = RENDERER.render(
            Kind.CONFIRMATION, "sv", samples(Kind.CONFIRMATION, "sv", lacking=lacking), Wording(subject, whole)
        )
        assert "\n" not in rendered.subject


def texts_of(kind: Kind) -> list[Variable]:
    """What people write, in mails of that kind."""
    return [
        each
        for each in variables(kind)
        if each.form in (Form.TEXT, Form.PROSE, Form.LIST)
        and not each.is_derived
        and not (each.fields and all(field.is_derived for field in each.fields))
    ]


def with_value(kind: Kind, name: str, value: str) -> dict[str, Any]:
    """A mail's facts with one of them, or each entry of it, in somebody's words."""
    known = copy.deepcopy(samples(kind, "sv"))
    place: Any = known
    *parents, last = name.split(".")
    for parent in parents:
        place = place[parent]
    if isinstance(place[last], list):
        place[last] = [
            {**each, **dict.fromkeys(("title", "line", "reference", "name"), value)}
            if isinstance(each, dict)
            else value
            for each in place[last]
        ]
    else:
        place[last] = value
    return known


def skeleton(page: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """A page's tags with their attributes; paragraphs of one sort in a row as one, and line ends away."""
    found: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    for each in html.fromstring(page).iter():
        if not isinstance(each.tag, str):
            found.append(("comment", (("", each.text),)))
            continue
        sign = (each.tag, tuple(sorted(each.attrib.items())))
        if each.tag == "br" or (each.tag == "p" and found and found[-1] == sign):
            continue
        found.append(sign)
    return found


WRITTEN_BY_US = (Kind.MESSAGE, Kind.NEWS)
"""Kinds whose prose is the mail itself, and no quotation."""
PUBLIC_TEXTS = ((Kind.SUMMARY, "text"), (Kind.INVITATION, "event.text"))
"""The same of single texts: what contacts have published. A greeting in the same mail is quoted."""

SIGNS = st.one_of(
    st.text(min_size=1, max_size=40),
    st.text(alphabet="<>&\"'{}%#*[]()->! \n\r\t/=:;._-|$\\\u2028\U000f0000\U000f0001abp", min_size=1, max_size=60),
    st.sampled_from(
        [
            "{{7*7}}",
            "{x.__class__}",
            "**fet**",
            "[x](https://x.example)",
            "# a",
            "> b",
            "--",
            "-- \n",
            "</p><a href='x'>",
        ]
    ),
)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), kind=st.sampled_from(worded_kinds()), words=SIGNS)
def test_no_value_leaves_its_place_in_text_or_html(data: st.DataObject, kind: Kind, words: str) -> None:
    """Somebody's words change no tag, no attribute and no link of a mail, and no line of it but those they stand on."""
    value = f"xq{words}qx"
    name = data.draw(st.sampled_from(texts_of(kind))).name

    plain = RENDERER.render(kind, "sv", with_value(kind, name, "xqqx"))
    hostile = RENDERER.render(kind, "sv", with_value(kind, name, value))

    assert skeleton(hostile.html) == skeleton(plain.html)
    assert hostile.subject.count("\n") == 0
    # In the text: whatever stood before and after the words still does, but for where lines are broken.
    before, after = plain.text.split("xqqx")[0], plain.text.split("xqqx")[-1]
    flat = " ".join(hostile.text.split())
    assert flat.startswith(" ".join(before.split()))
    assert flat.endswith(" ".join(after.split()))
    inner = hostile.text.split("xq", 1)[-1].rsplit("qx", 1)[0] if "xq" in hostile.text else ""
    assert "\n-- \n" not in inner or "\n-- \n" in plain.text.split("xqqx", 1)[1].rsplit("xqqx", 1)[0]
    is_prose = Form.PROSE in [each.form for each in variables(kind) if each.name == name]
    if is_prose and kind not in WRITTEN_BY_US and (kind, name) not in PUBLIC_TEXTS:
        assert all(line.startswith("  ") or not line for line in inner.split("\n")[1:])


@pytest.mark.parametrize(
    "value",
    [
        "{{7*7}}",
        "{{ 7*7 }}",
        "{x.__class__}",
        "{{ x.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{idea.__init__.__globals__}",
        "{0.__class__}",
        "${7*7}",
        "#{7*7}",
        "%(idea)s",
        "{% for x in y %}",
        "{% include 'x' %}",
        "{# x #}",
        "{{ config }}",
        "{{ idea_url }}",
        "{{ follow_url }}",
        "{{ sluice.address }}",
        "<%= 7*7 %>",
        "[[ 7*7 ]]",
        "@{7*7}",
    ],
)
def test_a_template_in_somebodys_words_comes_out_literally_everywhere(value: str) -> None:
    for kind in worded_kinds():
        for variable in texts_of(kind):
            rendered = RENDERER.render(kind, "sv", with_value(kind, variable.name, value))
            source = RENDERER.built_in(kind, "sv")
            if not re.search(rf"\b{variable.name}\b", source.body):
                continue
            assert value in rendered.subject + " ".join(rendered.text.split())
            assert value in " ".join(html.fromstring(rendered.html).text_content().split())
