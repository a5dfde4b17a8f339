import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.core.values.json import Json
from tests import words

SOURCES = {path: ast.parse(path.read_text()) for path in (Path("app.py"), *sorted(Path("chalicelib").rglob("*.py")))}
QUOTES_OTHERS: Mapping[str, str] = {
    "chalicelib/adapters/aws/words.py": "it says in words of its own what botocore says",
    "chalicelib/api/yaml_mistakes.py": "it says in words of its own what libyaml says",
    "chalicelib/core/schemas/dialect.py": "it reads a message of jsonschema",
    "chalicelib/core/ways_around.py": "None is needed: an English word",
}
"""Sources that have words of others in texts that are no messages, and why."""
TELLS_OF_OTHERS: Mapping[str, str] = {
    "chalicelib/testing.py": "the developer of a test is told what Python says",
    "chalicelib/adapters/http/gate.py": "its reader of hosts says it in words of its own",
    "chalicelib/adapters/calls/tokens.py": "its keys say it in words of their own",
    "chalicelib/engine/dead_letters.py": "a line of a log",
    "chalicelib/wiring/settings.py": "its readers say it in words of their own",
}
"""Sources in which what an exception of others says stands in a text, and why."""


@pytest.mark.parametrize(
    "message",
    [
        "5 is not of type 'string'",
        "found character that cannot start any token",
        "expected str, got NoneType",
        "KeyError: 1",
        "Unknown token 'a'",
        "of jmespath",
        "<class int>",
    ],
)
def test_words_of_other_languages_are_found(message: str) -> None:
    problem: dict[str, Json] = {"title": "wrong", "detail": "it is", "status": 400, "type": None, "errors": []}
    for asked in (
        problem | {"detail": message},
        problem | {"errors": [{"pointer": "", "message": message}]},
        {"error": {"name": "ItemsFailed", "message": "1", "details": [{"name": "TemplateFailed", "message": message}]}},
    ):
        with pytest.raises(AssertionError):
            words.require_own(words.messages([asked]))


@pytest.mark.parametrize("shown", [{"input": {"name": "Internal", "message": "KeyError"}}, {"message": "a KeyError"}])
def test_values_and_errors_of_users_are_not_searched(shown: Json) -> None:
    assert [*words.messages(shown)] == []


def test_nor_is_what_a_message_quotes() -> None:
    assert words.foreign("'None' is not one of `True`, \"KeyError\"") == []


def _texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Find the texts of a source that may be a part of a message: no docstrings, no types."""
    other = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        others = [each.annotation] if isinstance(each, ast.AnnAssign | ast.arg) else []
        others += [each.returns] if isinstance(each, ast.FunctionDef) else []
        others += [*each.args[:1]] if isinstance(each, ast.Call) and ast.unparse(each.func) == "cast" else []
        others += (
            [each.value] if isinstance(each, ast.AnnAssign) and "TypeAlias" in ast.unparse(each.annotation) else []
        )
        other |= {id(part) for node in others if node is not None for part in ast.walk(node)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in other:
            yield each


def test_no_text_that_may_be_a_message_has_words_of_others() -> None:
    found = {
        f"{path}:{text.lineno} {wrong}"
        for path, tree in SOURCES.items()
        if str(path) not in QUOTES_OTHERS
        for text in _texts(tree)
        if " " in text.value and (wrong := words.foreign(text.value))
    }
    assert found == set()


def _caught(tree: ast.Module) -> Iterator[tuple[set[str], ast.ExceptHandler]]:
    """Find where exceptions are caught under a name, with the names of their classes."""
    for each in ast.walk(tree):
        if isinstance(each, ast.ExceptHandler) and each.name and each.type is not None:
            kinds = each.type.elts if isinstance(each.type, ast.Tuple) else [each.type]
            yield {ast.unparse(kind).rpartition(".")[2] for kind in kinds}, each


def _passed_on(handler: ast.ExceptHandler) -> Iterator[int]:
    """Find the lines in which what an exception says stands in a text."""
    for each in ast.walk(handler):
        shown = each.value if isinstance(each, ast.FormattedValue) else None
        if isinstance(each, ast.Call) and ast.unparse(each.func) in {"str", "repr"} and each.args:
            shown = each.args[0]
        if isinstance(shown, ast.Name) and shown.id == handler.name:
            yield each.lineno


def test_no_message_passes_on_what_an_exception_of_others_says() -> None:
    own = {each.name for tree in SOURCES.values() for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
    found = {
        f"{path}:{line} {sorted(kinds - own)}"
        for path, tree in SOURCES.items()
        if str(path) not in TELLS_OF_OTHERS
        for kinds, handler in _caught(tree)
        if not kinds <= own
        for line in _passed_on(handler)
    }
    assert found == set()


def test_every_exception_is_needed() -> None:
    assert all(Path(each).is_file() for each in (*QUOTES_OTHERS, *TELLS_OF_OTHERS))
