"""A sluice's own questions: what may be asked, what may be answered, and that nothing odd breaks the form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.questions import MAX_QUESTIONS, WITH_OPTIONS, Question, QuestionKind, load, parse_all, read_answers

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=60).filter(str.strip)
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "kind", "label", "help", "options", "required"), PLAIN))


@st.composite
def questions(draw):
    kind = draw(st.sampled_from(QuestionKind))
    languages = draw(st.sampled_from([["sv"], ["sv", "en"]]))
    number = draw(st.integers(2, 5))
    return {
        "id": draw(IDS),
        "kind": kind.value,
        "required": draw(st.booleans()),
        "label": {language: draw(WORDS) for language in languages},
        "help": draw(st.sampled_from([{}, {"sv": "Kort."}])),
        "options": {language: [draw(WORDS) for _ in range(number)] for language in languages}
        if kind in WITH_OPTIONS
        else {},
    }


@given(questions())
def test_a_question_survives_being_kept(raw) -> None:
    question = Question.parse(raw)

    assert Question.parse(question.dump()) == question
    assert load([raw, "odd", None]) == (question,)


@given(st.lists(PARTS, max_size=3), st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=4))
def test_nothing_odd_ever_breaks_the_form(rows, given_answers) -> None:
    asked = load(rows)

    read_answers(asked, given_answers, "en")
    for question in asked:
        assert question.label_in("se")
        question.help_in("se"), question.options_in("se")


@given(questions(), st.text(max_size=400))
def test_an_answer_is_kept_with_the_question_or_told_as_a_fault(raw, given_text) -> None:
    question = Question.parse(raw)

    answers = read_answers([question], {question.field_name: given_text}, "sv")

    if question.id in answers.kept:
        kept = answers.kept[question.id]
        assert not answers.faults
        assert kept["question"] == question.label_in("sv")
        if question.kind is QuestionKind.CHOICE:
            assert kept["answer"] in question.options_in("sv")
    else:
        assert bool(answers.faults) == (question.required or bool(given_text.strip()))


@pytest.mark.parametrize(
    ("change", "part", "fault"),
    [
        ({"id": "Å"}, "id", "wrong_id"),
        ({"id": None}, "id", "wrong_id"),
        ({"kind": "date"}, "kind", "unknown_kind"),
        ({"label": {}}, "label", "empty"),
        ({"label": {"sv": 3}}, "label", "no_words"),
        ({"label": {"sv": "x" * 201}}, "label", "too_long"),
        ({"options": {"sv": ["ett"]}}, "options", "number"),
        ({"options": {"sv": ["ett", ""]}}, "options", "no_words"),
        ({"options": {"sv": ["ett", "två"], "en": ["one", "two", "three"]}}, "options", "uneven"),
        ({"options": {"en": ["one", "two"]}}, "options", "other_languages"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(change, part, fault) -> None:
    right = {"id": "plats", "kind": "choice", "label": {"sv": "Var?"}, "options": {"sv": ["ett", "två"]}}

    with pytest.raises(Rejected) as told:
        Question.parse(right | change)

    assert (told.value.field, told.value.message_key) == (part, fault)


def test_two_questions_have_two_ids_and_there_are_not_too_many() -> None:
    def question(number: int) -> dict[str, object]:
        return {"id": f"q{number}", "kind": "text", "label": {"sv": "Vad?"}}

    with pytest.raises(Rejected, match="doubled"):
        parse_all([question(1), question(1)])
    with pytest.raises(Rejected, match="too_many"):
        parse_all([question(number) for number in range(MAX_QUESTIONS + 1)])
    assert len(load([question(number) for number in range(MAX_QUESTIONS + 9)])) == MAX_QUESTIONS


def test_several_options_are_kept_in_the_words_that_were_shown() -> None:
    raw = {"id": "pass", "kind": "several", "label": {"sv": "Vilka?"}, "options": {"sv": ["Fika", "Vandring", "Lunch"]}}
    (question,) = parse_all([raw])

    def answered(given: str) -> tuple[object, object]:
        answers = read_answers([question], {question.field_name: given}, "sv")
        return answers.kept.get("pass", {}).get("answer"), answers.faults.get(question.field_name)

    assert answered("0,2") == ("Fika; Lunch", None)
    assert answered("1,1") == ("Vandring", None)
    assert answered("0,3") == (None, "unknown_option")
    assert answered("") == (None, None)
