"""The language of wordings: of Jinja's grammar the variables that a kind has, ``if`` and ``for``, and nothing else.

Jinja's own parser reads it; what it reads is then translated, node by node, into the four steps below, and a node
that is not translated here is a fault at save. Nothing of Jinja runs: a value is looked up by its name in plain
data, so there is no attribute, method or operator to reach for (pretix CVE-2026-2415 was a ``str.format``).
Values stay apart from the text they stand in, each behind one sign, so that nobody's words are read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from services.notify.domain.variable import Form, Variable
from services.notify.domain.variables import Say, tree
from services.notify.domain.words import cleaned

FIRST = 0xF0000
"""The sign that stands for the first value; the next for the next. Unicode leaves them to private use."""
MOST_VALUES = 60_000

_GRAMMAR = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - it parses, and renders nothing
_PRIVATE = re.compile(r"[\U000f0000-\U000fffff]")
_TAG = re.compile(r"\{%-?\s*(end)?(?:if|for)\b")
_LONG_NUMBER = re.compile(r"[\d_]{4301}")
_LINK = re.compile(r"https?://[!-~\u00a1-\uffff]+")

Scope = Mapping[str, Any]
Condition = Callable[[Scope], bool]
WriteDay = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a wording, and where. ``where`` is ``subject`` or ``body``, ``line`` counts from 1 in it."""

    where: str
    line: int
    text_key: str
    facts: tuple[tuple[str, str], ...] = ()
    """What the text is filled in with, by name."""


class FillError(Exception):
    """A template and its facts do not fit together."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of the template's own."""

    text: str


@dataclass(frozen=True, slots=True)
class Put:
    """A variable that is written."""

    path: tuple[str, ...]
    variable: Variable
    line: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The first case whose condition holds is written."""

    cases: tuple[tuple[Condition, tuple[Step, ...]], ...]


@dataclass(frozen=True, slots=True)
class Each:
    """Written once for each entry of a list."""

    path: tuple[str, ...]
    name: str
    steps: tuple[Step, ...]


Step = Text | Put | Choice | Each


@dataclass(frozen=True, slots=True)
class Template:
    """A wording's subject or body, translated. Good for filling where ``faults`` is empty."""

    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Words that were put into a template. They are never read as anything but words."""

    text: str
    variable: Variable
    line: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A template's own words, with one private sign in the place of each value."""

    text: str
    values: tuple[Value, ...]

    def value(self, sign: str) -> Value | None:
        """The value that a sign stands for."""
        place = ord(sign) - FIRST
        return self.values[place] if 0 <= place < len(self.values) else None


def read(where: str, source: str, declared: Iterable[Variable]) -> Template:
    """Translate a subject or a body (``where``), with every fault in it."""
    reader = _Reader(where)
    try:
        parsed = _GRAMMAR.parse(source)
        steps = reader.steps(parsed.body, tree(declared), frozenset(), in_loop=False)
    except TemplateSyntaxError as error:
        opened = _unclosed(source)
        fault = Fault(where, opened, "fault.unclosed") if opened else Fault(where, error.lineno, "fault.syntax")
        return Template((), (fault,))
    except RecursionError:
        return Template((), (Fault(where, 1, "fault.not_allowed"),))
    except ValueError:  # Python reads no number of more than 4,300 digits
        long = _LONG_NUMBER.search(source)
        line = source.count("\n", 0, long.start()) + 1 if long else 1
        return Template((), (Fault(where, line, "fault.not_allowed"),))
    return Template(steps, tuple(dict.fromkeys(reader.faults)))


def _unclosed(source: str) -> int | None:
    """The line of the innermost ``if`` or ``for`` without its end."""
    opened: list[int] = []
    for match in _TAG.finditer(source):
        if match[1]:
            opened = opened[:-1]
        else:
            opened.append(source.count("\n", 0, match.start()) + 1)
    return opened[-1] if opened else None


class _Reader:
    """Translates Jinja's nodes, and gathers what may not be there."""

    def __init__(self, where: str) -> None:
        self.faults: list[Fault] = []
        self._where = where

    def steps(
        self, found: Iterable[nodes.Node], scope: Scope, asked: frozenset[str], *, in_loop: bool
    ) -> tuple[Step, ...]:
        """Steps from nodes. ``asked``: the variables (their first names) that an ``if`` around found to be there."""
        steps: list[Step] = []
        for node in found:
            if isinstance(node, nodes.Output):
                steps += self._output(node, scope, asked)
            elif isinstance(node, nodes.If):
                steps.append(self._choice(node, scope, asked, in_loop=in_loop))
            elif isinstance(node, nodes.For) and not in_loop:
                steps += self._each(node, scope, asked)
            else:
                self._fault(node, "not_allowed")
        return tuple(steps)

    def _output(self, node: nodes.Output, scope: Scope, asked: frozenset[str]) -> Iterable[Step]:
        before = ""
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                self._own_words(part)
                before = part.data
                yield Text(_PRIVATE.sub("", cleaned(part.data)))
            else:
                put = self._put(part, scope, asked)
                if put is not None:
                    if before.endswith("](") and put.variable.form is not Form.LINK:
                        self._fault(part, "link", name=".".join(put.path))
                    yield put
                before = ""

    def _own_words(self, node: nodes.TemplateData) -> None:
        for number, line in enumerate(node.data.split("\n")):
            if "{" in line or "}" in line:
                self.faults.append(Fault(self._where, node.lineno + number, "fault.braces"))

    def _put(self, node: nodes.Node, scope: Scope, asked: frozenset[str]) -> Put | None:
        path, found = self._named(node, scope)
        if found is None:
            return None
        name = ".".join(path)
        if not isinstance(found, Variable) or found.form is Form.FLAG or found.fields:
            self._fault(node, "not_written", name=name)
            return None
        if found.may_lack and found.lacking is None and path[0] not in asked:
            self._fault(node, "may_lack", name=name)
        return Put(path, found, node.lineno)

    def _choice(self, node: nodes.If, scope: Scope, asked: frozenset[str], *, in_loop: bool) -> Choice:
        cases: list[tuple[Condition, tuple[Step, ...]]] = []
        for case in (node, *node.elif_):
            holds, when_true, when_false = self._condition(case.test, scope)
            cases.append((holds, self.steps(case.body, scope, asked | when_true, in_loop=in_loop)))
            asked |= when_false
        cases.append((lambda _scope: True, self.steps(node.else_, scope, asked, in_loop=in_loop)))
        return Choice(tuple(cases))

    def _each(self, node: nodes.For, scope: Scope, asked: frozenset[str]) -> Iterable[Step]:
        path, found = self._named(node.iter, scope)
        if found is None:
            return
        plain = isinstance(node.target, nodes.Name) and node.test is None and not node.else_ and not node.recursive
        if not plain or not isinstance(found, Variable) or found.form is not Form.LIST:
            self._fault(node, "not_a_list", name=".".join(path))
            return
        assert isinstance(node.target, nodes.Name)
        name = node.target.name
        entry = tree(found.fields) if found.fields else Variable(name, Form.TEXT, found.meaning, None)
        yield Each(path, name, self.steps(node.body, {**scope, name: entry}, asked, in_loop=True))

    def _condition(self, node: nodes.Node, scope: Scope) -> tuple[Condition, frozenset[str], frozenset[str]]:
        """A condition, and the variables known to be there where it holds, and where it does not."""
        nobody: frozenset[str] = frozenset()
        if isinstance(node, nodes.Not):
            inner, when_true, when_false = self._condition(node.node, scope)
            return (lambda values: not inner(values)), when_false, when_true
        if isinstance(node, nodes.And | nodes.Or):
            (one, *left), (two, *right) = self._condition(node.left, scope), self._condition(node.right, scope)
            if isinstance(node, nodes.And):
                return (lambda values: one(values) and two(values)), left[0] | right[0], nobody
            return (lambda values: one(values) or two(values)), nobody, left[1] | right[1]
        if isinstance(node, nodes.Compare):
            return self._comparison(node, scope)
        path, found = self._named(node, scope)
        there = nobody if found is None else frozenset({path[0]})
        return (lambda values: bool(_look_up(path, values))), there, nobody

    def _comparison(self, node: nodes.Compare, scope: Scope) -> tuple[Condition, frozenset[str], frozenset[str]]:
        path, found = self._named(node.expr, scope)
        nobody: frozenset[str] = frozenset()
        operand, *more = node.ops
        constant = operand.expr
        if more or operand.op not in ("eq", "ne") or not isinstance(constant, nodes.Const) or found is None:
            if found is not None:
                self._fault(node, "not_allowed")
            return (lambda _values: False), nobody, nobody
        wanted, equal = constant.value, operand.op == "eq"
        return (lambda values: (_look_up(path, values) == wanted) is equal), nobody, nobody

    def _named(self, node: nodes.Node, scope: Scope) -> tuple[tuple[str, ...], Any]:
        """The path of a variable's name, and what is declared there; None after a fault."""
        path: list[str] = []
        inner = node
        while isinstance(inner, nodes.Getattr):
            path.insert(0, inner.attr)
            inner = inner.node
        if not isinstance(inner, nodes.Name):
            self._fault(node, "not_allowed")
            return (), None
        path.insert(0, inner.name)
        found: Any = scope
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            self._fault(node, "unknown", name=".".join(path))
        return tuple(path), found

    def _fault(self, node: nodes.Node, key: str, **facts: str) -> None:
        self.faults.append(Fault(self._where, node.lineno, f"fault.{key}", tuple(facts.items())))


def fill(template: Template, values: Scope, say: Say, write_day: WriteDay) -> Filled:
    """Put values into a template.

    :raises FillError: a value is missing, or is not of its variable's form.
    """
    filling = _Filling(say, write_day)
    filling.run(template.steps, values)
    return Filled("".join(filling.text), tuple(filling.values))


class _Filling:
    def __init__(self, say: Say, write_day: WriteDay) -> None:
        self.text: list[str] = []
        self.values: list[Value] = []
        self._say = say
        self._write_day = write_day

    def run(self, steps: Iterable[Step], scope: Scope) -> None:
        for step in steps:
            if isinstance(step, Text):
                self.text.append(step.text)
            elif isinstance(step, Put):
                self._put(step, scope)
            elif isinstance(step, Choice):
                self.run(next(steps for holds, steps in step.cases if holds(scope)), scope)
            else:
                for entry in _look_up(step.path, scope):
                    self.run(step.steps, {**scope, step.name: entry})

    def _put(self, step: Put, scope: Scope) -> None:
        name = ".".join(step.path)
        if len(self.values) >= MOST_VALUES:
            raise FillError("too many values")
        try:
            words = self._words(step.variable, _look_up(step.path, scope))
        except (TypeError, ValueError) as error:
            raise FillError(f"{name} (line {step.line}): {error}") from error
        self.text.append(chr(FIRST + len(self.values)))
        self.values.append(Value(cleaned(words), step.variable, step.line))

    def _words(self, variable: Variable, value: Any) -> str:
        if variable.form is Form.NUMBER:
            return str(int(value))
        if variable.form is Form.LIST:
            return ", ".join(value)
        if not isinstance(value, str):
            raise TypeError("not a text" if value is not None else "nothing is there")
        if variable.form is Form.DAY:
            return self._write_day(_day(value))
        if variable.form is Form.CODE:
            return self._in_words(variable.texts, value)
        if variable.form is Form.LINK and not _LINK.fullmatch(value):
            raise ValueError("not a link")
        return value

    def _in_words(self, texts: str, code: str) -> str:
        try:
            return self._say(f"{texts}.{code}")
        except KeyError:
            return self._say(f"{texts}.other")


def _look_up(path: tuple[str, ...], scope: Scope) -> Any:
    value: Any = scope
    for part in path:
        if value is None:
            return None
        try:
            value = value[part]
        except KeyError as error:
            raise FillError(f"{'.'.join(path)} is missing") from error
    return value


def _day(value: str) -> date:
    moment = datetime.fromisoformat(value)
    return moment.date() if len(value) <= len("2026-12-01") else moment
