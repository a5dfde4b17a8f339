"""Templates: JSON values in whose strings ``${ jmespath }`` stands for what is in scope."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.expressions.expression import MAX_EXPRESSION, Expression, ExpressionError, read_expression
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.interpreter import RENDERING, EvaluationBudget, Interpreter
from chalicelib.core.expressions.reference import NAMES, references
from chalicelib.core.expressions.signature import as_text
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidDefinitionError, TemplateError
from chalicelib.core.values.json import Json, Path, Problem, pointer
from chalicelib.core.values.privacy import HIDDEN
from chalicelib.core.values.value import value

__all__ = [
    "Placeholder",
    "Scope",
    "Template",
    "compile_condition",
    "compile_template",
    "expressions",
    "filling",
    "is_templated",
    "is_true",
    "makes_text",
    "plain_part",
    "render",
    "sign_count",
]

_SECRET = re.compile(r"\s*secret\(\s*'([^']*)'\s*\)\s*")
_IN_BRACES = re.compile(r"\s*\$\{\{?\s*([^{}]*?)\s*\}?\}\s*")
"""A condition that is written as a template."""
_SECRET_NAME = re.compile(r"(?!.*(?:^|/)\.*(?:/|$))[A-Za-z0-9_./-]{1,128}")
_TOKEN = re.compile(r"\s*step\s*\.\s*token\s*")
_OPENING = re.compile(r"\$?\$\{")
_SIGN = re.compile(r"""'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|`(?:[^`\\]|\\.)*`?|\w+|[^\w\s]""", re.DOTALL)
_INSIDE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|[^'"`{}]+|[{}]""", re.DOTALL)


@value
class Scope:
    """What a template can see: the named values, and what makes it deterministic."""

    values: Mapping[str, Json]
    now: datetime
    """The instant of the turn, for ``now()``."""
    seed: str
    """For ``uuid()``; another one for every rendering."""
    budget: EvaluationBudget = RENDERING
    """What a rendering may cost."""


@value
class Placeholder:
    """What is put into a text at the call and never before: a secret of the tenant, or the token of the turn."""

    secret: str | None = None
    """The name of the secret; None: the token."""


@value
class _Literal:
    value: Json


@value
class _Text:
    pieces: tuple[str | Expression | Placeholder, ...]


@value
class _List:
    items: tuple["_Node", ...]


@value
class _Object:
    entries: tuple[tuple[str, "_Node"], ...]


_Node: TypeAlias = _Literal | Expression | _Text | _List | _Object


@value
class Template:
    """A template that can be rendered."""

    source: Json
    _node: _Node
    names: frozenset[str]
    """What its expressions can see of the scope."""
    placeholders: frozenset[Placeholder] = frozenset()
    """What is put in at the call."""


def compile_template(source: Json, path: Path = (), *, call: bool = False) -> Template:
    """Compile a template.

    Args:
        source: any JSON value; keys of objects are taken as they are.
        path: where it stands in its document.
        call: whether it is of a call, so that there may be secrets and tokens in it.

    Raises:
        InvalidDefinitionError: expressions in it cannot be read; there is a problem for each of them, up to as many as
            are told.
    """
    problems: list[Problem] = []
    try:
        node = _compile(source, tuple(path), problems)
        placeholders = [*_placeholders(node)]
    except RecursionError:
        raise InvalidDefinitionError(problems=[Problem(pointer(path), "the template nests too deeply")]) from None
    problems += [_misplaced(placeholder, (*path, *place)) for place, placeholder in placeholders if not call]
    if problems:
        raise InvalidDefinitionError(problems=problems)
    names = frozenset().union(*(_names(expression) for _, expression in _expressions(node)))
    return Template(source, node, names, frozenset(placeholder for _, placeholder in placeholders))


def compile_condition(expression: str, path: Path = ()) -> Template:
    """Compile a bare jmespath expression; ``is_true`` tells the truth of what it renders to.

    Raises:
        InvalidDefinitionError: it cannot be read.
    """
    try:
        condition = read_expression(expression)
        return Template(expression, condition, _names(condition))
    except ExpressionError as error:
        hint = "; a condition is written without ${ }" if "${" in expression else ""
        said = f"{error} at column {error.offset + 1}{hint}"
        if found := _IN_BRACES.fullmatch(expression):
            said = f"a condition is written without ${{ }}: {_mended(found[1])}"
        problem = Problem(pointer(path), said)
        raise InvalidDefinitionError(problems=[problem]) from None


def _mended(condition: str) -> str:
    """Say what to write for a condition, or what else is wrong with it."""
    try:
        read_expression(condition)
    except ExpressionError as error:
        return f"in {condition}, {error}"
    return f"write {condition}"


def render(template: Template, scope: Scope) -> Json:
    """Render a template: ``${ expr }`` alone keeps its type, within a text strings stand as they are, others as JSON.

    Raises:
        TemplateBudgetError: it costs more than the budget of one rendering.
        TemplateError: an expression cannot be evaluated.
    """
    if isinstance(template._node, _Literal):  # noqa: SLF001 (Template is opaque to others only)
        return template._node.value  # noqa: SLF001 (the same)
    return _render(template._node, Interpreter(scope.values, scope.now, scope.seed, scope.budget))  # noqa: SLF001 (the same)


def expressions(template: Template) -> Iterator[tuple[Path, Expression]]:
    """Walk over the expressions of a template: where each stands in it, and the expression."""
    return _expressions(template._node)  # noqa: SLF001 (the same)


def sign_count(source: Json) -> int:
    """Count the names, literals and signs of the expressions in a value, which cost nothing before they are read.

    A text under ``when`` is one expression. What is too long for one is never read, and counts nothing.
    """
    count, waiting = 0, [source]
    while waiting:
        match waiting.pop():
            case str() as text if "${" in text:
                count += sum(map(_signs, _placed(text)))
            case list() as items:
                waiting += items
            case dict() as members:
                waiting += members.values()
                when = members.get("when")
                count += _signs(when) if isinstance(when, str) else 0
    return count


def _signs(text: str) -> int:
    return len(_SIGN.findall(text)) if len(text) <= MAX_EXPRESSION else 0


def _placed(text: str) -> Iterator[str]:
    """Cut what stands in each ``${ }`` out of a text, up to one that is never closed."""
    position = 0
    while found := _OPENING.search(text, position):
        position = found.end()
        if found[0] == "${":
            try:
                end = _closing(text, found)
            except ExpressionError:
                return
            yield text[position:end]
            position = end + 1


def _expressions(root: _Node) -> Iterator[tuple[Path, Expression]]:
    waiting: list[tuple[tuple[str | int, ...], _Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        match node:
            case Expression():
                yield path, node
            case _Text(pieces):
                yield from ((path, piece) for piece in pieces if isinstance(piece, Expression))
            case _:
                waiting += reversed([*_inside(path, node)])


def filling(template: Template, scope: Scope) -> dict[str, list[str | Placeholder]]:
    """Render the texts of a call that have placeholders: each in pieces, by its JSON pointer.

    Raises:
        TemplateError: a function in it fails.
        TemplateBudgetError: it costs too much.
    """
    interpreter = Interpreter(scope.values, scope.now, scope.seed, scope.budget)
    found: dict[str, list[str | Placeholder]] = {}
    for path, text in _texts(template._node) if template.placeholders else ():  # noqa: SLF001 (the same)
        if any(isinstance(piece, Placeholder) for piece in text.pieces):
            found[pointer(path)] = [
                _shown(piece, interpreter) if isinstance(piece, Expression) else piece for piece in text.pieces
            ]
    return found


def _names(expression: Expression) -> frozenset[str]:
    return NAMES if expression.names is None else expression.names & NAMES


def _texts(node: _Node) -> Iterator[tuple[tuple[str | int, ...], _Text]]:
    """Walk over the texts of a template that are put together."""
    waiting: list[tuple[tuple[str | int, ...], _Node]] = [((), node)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, _Text):
            yield path, node
        waiting += reversed([*_inside(path, node)])


def _inside(path: tuple[str | int, ...], node: _Node) -> Iterator[tuple[tuple[str | int, ...], _Node]]:
    if isinstance(node, _List):
        yield from (((*path, index), item) for index, item in enumerate(node.items))
    elif isinstance(node, _Object):
        yield from (((*path, key), value) for key, value in node.entries)


def _placeholders(node: _Node) -> Iterator[tuple[tuple[str | int, ...], Placeholder]]:
    return ((path, piece) for path, text in _texts(node) for piece in text.pieces if isinstance(piece, Placeholder))


def _misplaced(placeholder: Placeholder, path: Path) -> Problem:
    what = "the token" if placeholder.secret is None else "a secret"
    return Problem(pointer(path), f"{what} is known to calls only: to the parameters of http, lambda and aws steps")


def is_templated(source: Json) -> bool:
    """Tell whether rendering may change a value: whether a string in it holds ``${``, be it as ``$${``."""
    match source:
        case str():
            return "${" in source
        case list():
            return any(map(is_templated, source))
        case dict():
            return any(map(is_templated, source.values()))
        case _:
            return False


def makes_text(source: str) -> bool:
    """Tell whether a text that can be compiled always renders to a text: whether it is no ``${ expr }`` alone."""
    return not isinstance(_text(tuple(_pieces(source))), Expression)


def plain_part(source: str) -> str:
    """Answer what stands in a text that can be compiled beside its expressions."""
    return "".join(piece for piece in _pieces(source) if isinstance(piece, str))


def _compile(source: Json, path: tuple[str | int, ...], problems: list[Problem]) -> _Node:
    node: _Node = _Literal(source)
    match source:
        case str() if "${" in source and len(problems) < LIMITS.problems:
            try:
                return _text(tuple(_pieces(source)))
            except ExpressionError as error:
                problems.append(Problem(pointer(path), f"{error} at column {error.offset + 1}"))
        case list():
            items = tuple(_compile(item, (*path, index), problems) for index, item in enumerate(source))
            fixed = [item.value for item in items if isinstance(item, _Literal)]
            node = _Literal(fixed) if len(fixed) == len(items) else _List(items)
        case dict():
            entries = tuple((key, _compile(value, (*path, key), problems)) for key, value in source.items())
            constants = {key: value.value for key, value in entries if isinstance(value, _Literal)}
            node = _Literal(constants) if len(constants) == len(entries) else _Object(entries)
    return node


def _text(pieces: tuple[str | Expression | Placeholder, ...]) -> _Node:
    if len(pieces) == 1 and isinstance(pieces[0], Expression):
        return pieces[0]
    if all(isinstance(piece, str) for piece in pieces):
        return _Literal("".join(map(str, pieces)))
    return _Text(pieces)


def _pieces(text: str) -> Iterator[str | Expression | Placeholder]:
    """Cut a string into texts, expressions and placeholders; offsets of errors count from its beginning."""
    position = 0
    while found := _OPENING.search(text, position):
        if found.start() > position:
            yield text[position : found.start()]
        if found[0] == "$${":
            yield "${"
            position = found.end()
            continue
        end = _closing(text, found)
        try:
            yield _expression(text[found.end() : end])
        except ExpressionError as error:
            raise ExpressionError(str(error), error.offset + found.end()) from None
        position = end + 1
    if position < len(text):
        yield text[position:]


def _expression(text: str) -> Expression | Placeholder:
    """Read what stands in a ``${ }``.

    Raises:
        ExpressionError: it cannot be read, or takes a secret or a token for a value.
    """
    if _TOKEN.fullmatch(text):
        return Placeholder()
    if secret := _SECRET.fullmatch(text):
        if not _SECRET_NAME.fullmatch(secret[1]):
            raise ExpressionError(f"{secret[1]!r} names no secret: letters, digits and _ . / -, with no empty part")
        return Placeholder(secret[1])
    expression = read_expression(text)
    if (expression.names is None or "token" in expression.names) and ("step", "token") in references(expression):
        raise ExpressionError("the token is no value: write ${step.token} by itself, alone or in a text")
    return expression


def _closing(text: str, opening: re.Match[str]) -> int:
    """Find the ``}`` that closes a ``${``, past braces and the quotes of jmespath."""
    depth = 1
    position = opening.end()
    while found := _INSIDE.match(text, position):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
        position = found.end()
    raise ExpressionError("${ is never closed, or a quote inside it is not", opening.start())


def _render(node: _Node, interpreter: Interpreter) -> Json:
    match node:
        case Expression():
            return interpreter.evaluate(node)
        case _Text(pieces):
            return "".join([piece if isinstance(piece, str) else _shown(piece, interpreter) for piece in pieces])
        case _List(items):
            return [_render(item, interpreter) for item in items]
        case _Object(entries):
            return {key: _render(value, interpreter) for key, value in entries}
    return node.value


def _shown(piece: Expression | Placeholder, interpreter: Interpreter) -> str:
    """Write an expression into a text.

    Raises:
        TemplateError: it is null, which would be read as a name or an id by whoever gets the text.
    """
    if isinstance(piece, Placeholder):
        return HIDDEN
    value = interpreter.evaluate(piece)
    if value is None:
        raise TemplateError(
            f"${{{piece.text}}} is null inside of a text: default({piece.text.strip()}, '') is nothing then"
        )
    return as_text(value)
